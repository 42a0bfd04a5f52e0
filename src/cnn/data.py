"""What the network sees of a dataset: images and their particles, labels, stress maps, and the parts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import xarray as xr

from cnn.particles import find_tables, no_tables
from electrode.particles import match
from electrode.species import SOLIDS
from provenance import FilePath, check_declared, check_seal
from provenance.netcdf import READING_ERRORS

# What a dataset may know of the AM particles of its images.
KNOWN = ("particle_x", "particle_y", "particle_diameter", "particle_stress")


class Samples(NamedTuple):
    """N samples of a dataset."""

    image: np.ndarray  # uint8 [N, rows, columns]: 0 void, 1 SE, 2 AM
    label: np.ndarray  # [N, targets], SI units
    stress_map: np.ndarray  # [N, rows, columns, 2, Pa]: of SE and AM in each cell
    share: np.ndarray  # [N, rows, columns, 2]: of SE and AM in each cell
    particles: np.ndarray  # [N, P, columns]: tables of the AM particles found (`cnn.particles`)
    particle_stress: np.ndarray  # [N, P, Pa]: contact pressure of each, NaN of those that are not known


def read_dataset(path: FilePath, fold: str = "random") -> xr.Dataset:
    """Load image, label and one split of a dataset (docs/data-formats.md) into memory.

    Raises
    ------
    ValueError
        If the file cannot be read, lacks one of them, has no such fold, or holds labels that are no numbers
        or images without active material; the message names file, sample and what is wrong.
    """
    try:
        check_seal(path)
        with xr.open_dataset(path, engine="h5netcdf") as opened:
            folds = opened["fold"].values.tolist()
            if fold not in folds:
                raise ValueError(f"it has no split {fold!r}, but {', '.join(folds)}")
            known = [name for name in KNOWN if name in opened.variables]
            dataset = opened[["image", "label", "stress_map", "split", *known]].sel(fold=fold)
            check_declared(path, dataset.nbytes)
            dataset.load()
        _check(dataset)
    except READING_ERRORS as error:
        raise ValueError(f"{path} cannot be read as a dataset of a study: {error}") from error
    return dataset


def _check(dataset: xr.Dataset) -> None:
    for attribute in ("um_per_pixel", "code_digest"):
        if attribute not in dataset.attrs:
            raise ValueError(f"it has no attribute {attribute}: made by an older version?")
    names = dataset["sample"].values
    wrong = np.flatnonzero(~np.isfinite(dataset["stress_map"].values).all(axis=(1, 2, 3)))
    if wrong.size:
        raise ValueError(f"the stress map of {names[wrong[0]]} must be finite")
    if of_packings(dataset):
        return
    for target, values in zip(dataset["target"].values, dataset["label"].values.T, strict=True):
        wrong = np.flatnonzero(~np.isfinite(values))
        if wrong.size:
            raise ValueError(f"{target} of {names[wrong[0]]} must be finite, got {values[wrong[0]]}")
    for name, phase in SOLIDS.items():
        missing = np.flatnonzero(~(dataset["image"].values == phase).any(axis=(1, 2)))
        if missing.size:
            raise ValueError(f"the image of {names[missing[0]]} shows no {name} (class {phase})")


def of_packings(dataset: xr.Dataset) -> bool:
    """Whether truths are of the packing behind an image: then some may be no number, and phases be missing.

    In the plane they are of what the image shows.
    """
    return bool(dataset.attrs.get("region") == "packing")


def part(dataset: xr.Dataset, name: str) -> Samples:
    """Samples of one part: ``train``, ``validation`` or ``test``.

    Raises
    ------
    ValueError
        If the part is empty.
    """
    chosen = dataset.sel(sample=dataset["split"] == name)
    if not chosen.sizes["sample"]:
        raise ValueError(
            f"the {name} part of the split is empty: {dataset.sizes['sample']} structures are too few"
        )
    image, maps = chosen["image"].values, chosen["stress_map"]
    rows, columns = maps.sizes["cell_y"], maps.sizes["cell_x"]
    blocks = image.reshape(len(image), rows, image.shape[1] // rows, columns, image.shape[2] // columns)
    share = np.stack([(blocks == phase).mean(axis=(2, 4)) for phase in SOLIDS.values()], axis=-1)
    stress = maps.transpose("sample", "cell_y", "cell_x", "phase").values
    particles = tables(chosen)
    return Samples(
        image,
        chosen["label"].values,
        stress,
        share.astype(np.float32),
        particles,
        known_stress(chosen, particles),
    )


def tables(dataset: xr.Dataset) -> np.ndarray:
    """Tables of the AM particles found in N images [N, P, columns]; none where the dataset knows of none."""
    image = dataset["image"].values
    if not set(KNOWN) <= set(dataset.variables):
        return no_tables(image)
    return find_tables(image, float(dataset.attrs["um_per_pixel"]))


def known_stress(dataset: xr.Dataset, particles: np.ndarray) -> np.ndarray:
    """Contact pressure of the particles found that are particles of the simulation, NaN of others [N, P, Pa].

    Parameters
    ----------
    dataset
        N samples.
    particles
        Tables of the particles found in their images (`cnn.particles.find_tables`).
    """
    pixel = float(dataset.attrs["um_per_pixel"]) / 1e6
    result = np.full(particles.shape[:2], np.nan)
    if not result.size:
        return result
    x, y, diameter, stress = (dataset[name].values for name in KNOWN)
    for k, table in enumerate(particles):
        there = np.isfinite(x[k])
        discs = table[table[:, 2] > 0, :3].T
        number = match(x[k, there] / pixel, y[k, there] / pixel, diameter[k, there] / 2 / pixel, *discs[:2])
        result[k, : number.size] = np.append(stress[k, there], np.nan)[number]
    return result


def cell_pixels(samples: Samples) -> int:
    """Side of a cell of the stress maps [pixels]."""
    return samples.image.shape[1] // samples.share.shape[1]
