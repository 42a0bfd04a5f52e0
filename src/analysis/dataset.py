"""One xarray dataset from all trajectories of a study, and the table that declares its variables."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import h5netcdf
import numpy as np
import xarray as xr

from analysis.images import am_particles, class_image, image_window, particle_image, stress_map
from analysis.labels import structure_values, target_values
from analysis.split import folds
from analysis.trajectories import read_trajectories
from electrode.phases import PHASES
from electrode.species import PARTICLE_PAIRS, SOLIDS
from electrode.targets import TARGETS
from provenance import FilePath, atomic_output, check_declared, check_seal
from provenance.netcdf import READING_ERRORS

log = logging.getLogger(__name__)


class Variable(NamedTuple):
    """Declaration of one variable of the dataset."""

    dims: tuple[str, ...]
    kind: str  # numpy kind: u, i, f, U (text)
    units: str
    long_name: str


_PER_SAMPLE = ("sample",)

# Everything a dataset holds; docs/data-formats.md shows this table.
VARIABLES = {
    "image": Variable(
        ("sample", "y", "x"), "u", "1", "phase of each pixel after compression: 0 void, 1 SE, 2 AM"
    ),
    "label": Variable(("sample", "target"), "f", "see target_units", "targets of the network, from the DEM"),
    "stress_map": Variable(
        ("sample", "phase", "cell_y", "cell_x"),
        "f",
        "Pa",
        "mean contact pressure over the pixels of a phase in each cell, 0 where there are none",
    ),
    "particle_x": Variable(
        ("sample", "particle"), "f", "m", "centre of an AM particle in the image, from its left edge"
    ),
    "particle_y": Variable(("sample", "particle"), "f", "m", "the same from its bottom edge"),
    "particle_diameter": Variable(("sample", "particle"), "f", "m", "diameter of the particle"),
    "particle_stress": Variable(("sample", "particle"), "f", "Pa", "contact pressure on the particle"),
    "phase": Variable(("phase",), "U", "1", "phase of the stress map"),
    "split": Variable(("fold", "sample"), "U", "1", "part of the sample: train, validation or test"),
    "fold": Variable(("fold",), "U", "1", "split of the study: at random, or what it holds out for the test"),
    "sample": Variable(_PER_SAMPLE, "U", "1", "name of the structure"),
    "target": Variable(("target",), "U", "1", "name of the target"),
    "target_units": Variable(("target",), "U", "1", "units of the target"),
    "pair": Variable(("pair",), "U", "1", "pair of species in contact"),
    "x": Variable(("x",), "f", "m", "distance from the left wall, along the compression"),
    "y": Variable(("y",), "f", "m", "distance from the bottom wall"),
    "study": Variable(_PER_SAMPLE, "U", "1", "study that the structure belongs to"),
    "width": Variable(_PER_SAMPLE, "f", "m", "width of the box before compression"),
    "uncovered_fraction": Variable(_PER_SAMPLE, "f", "1", "setting: share of the box not covered by AM"),
    "pressure": Variable(_PER_SAMPLE, "f", "Pa", "setting: pressure on the moving wall"),
    "replicate": Variable(_PER_SAMPLE, "i", "1", "number of the replicate"),
    "seed": Variable(
        _PER_SAMPLE, "i", "1", "root seed; the spawn key is width, uncovered fraction, replicate"
    ),
    "am_mean_diameter_drawn": Variable(_PER_SAMPLE, "f", "m", "mean of the distribution of AM diameters"),
    "am_sd_diameter_drawn": Variable(
        _PER_SAMPLE, "f", "m", "standard deviation of the distribution of AM diameters"
    ),
    "am_mean_diameter": Variable(_PER_SAMPLE, "f", "m", "mean diameter of the AM particles"),
    "am_sd_diameter": Variable(_PER_SAMPLE, "f", "m", "standard deviation of the AM diameters"),
    "am_count": Variable(_PER_SAMPLE, "i", "1", "number of AM particles"),
    "particle_count": Variable(_PER_SAMPLE, "i", "1", "number of particles"),
    "am_box_fraction": Variable(_PER_SAMPLE, "f", "1", "share of the box covered by AM before compression"),
    "am_disc_fraction": Variable(_PER_SAMPLE, "f", "1", "disc area of AM / disc area of all particles"),
    "am_solid_fraction": Variable(_PER_SAMPLE, "f", "1", "AM pixels / solid pixels of the image"),
    "porosity": Variable(_PER_SAMPLE, "f", "1", "void pixels / pixels of the image"),
    "am_surface": Variable(_PER_SAMPLE, "f", "m2", "sphere surface of AM whose centre the image shows"),
    "am_surface_coverage": Variable(
        _PER_SAMPLE, "f", "1", "area of AM-SE contacts of that AM / its sphere surface"
    ),
    "am_circumference_coverage": Variable(
        _PER_SAMPLE, "f", "1", "share of the circumference of that AM in contact with SE"
    ),
    "coordination_number": Variable(
        _PER_SAMPLE, "f", "1", "mean number of particles that a particle touches"
    ),
    "wall_pressure": Variable(
        _PER_SAMPLE, "f", "Pa", "force on the moving wall / (its height x SE diameter), at rest"
    ),
    "contact_count": Variable(("sample", "pair"), "i", "1", "number of contacts"),
    "contact_force_mean": Variable(("sample", "pair"), "f", "N", "mean normal contact force"),
}
# Of studies that compress to a pressure only; in joined studies not a number for structures that were not.
OPTIONAL = {"pressure"}
# Not a number behind the last particle of an image.
PADDED = ("particle_x", "particle_y", "particle_diameter", "particle_stress")
DATA_VARIABLES = ("image", "label", "stress_map", "split", *PADDED)
# Written structure by structure, and read when asked for: those of a large study do not fit into memory.
STREAMED = ("image", "stress_map")
# Structures looked at together where all are to be seen.
SLICE = 256
PACKED = {"shuffle": True, "fletcher32": True}


def check(dataset: xr.Dataset) -> None:
    """Compare a dataset with `VARIABLES`.

    Raises
    ------
    ValueError
        Naming the first variable that is missing, unknown or of wrong dimensions, type or units, or that
        holds values that are not finite.
    """
    for attribute in ("um_per_pixel", "code_digest"):
        if attribute not in dataset.attrs:
            raise ValueError(f"it has no attribute {attribute}: made by an older version?")
    present = set(map(str, dataset.variables))
    missing, unknown = sorted(set(VARIABLES) - OPTIONAL - present), sorted(present - set(VARIABLES))
    if missing or unknown:
        raise ValueError(f"dataset lacks the variables {missing} and has the unknown ones {unknown}")
    for name, declared in VARIABLES.items():
        if name not in present:
            continue
        variable = dataset[name]
        if variable.dims != declared.dims:
            raise ValueError(f"{name} must have dimensions {declared.dims}, got {variable.dims}")
        kind = "U" if variable.dtype.kind in "OTU" else variable.dtype.kind
        if kind != declared.kind:
            raise ValueError(f"{name} must be of kind {declared.kind!r}, got {variable.dtype}")
        for attribute in ("units", "long_name"):
            wanted, got = getattr(declared, attribute), variable.attrs.get(attribute)
            if got != wanted:
                raise ValueError(f"{name} must have {attribute} {wanted!r}, got {got!r}")
        whole = kind == "f" and name not in OPTIONAL and name not in PADDED
        slices = range(0, len(variable), SLICE) if whole else ()
        if not all(np.isfinite(variable[first : first + SLICE].values).all() for first in slices):
            raise ValueError(f"{name} must be finite")


def open_dataset(path: FilePath) -> xr.Dataset:
    """Open a dataset and check it; all but the variables `STREAMED` is then in memory.

    Raises
    ------
    ValueError
        If it cannot be read or does not match `VARIABLES`; the message names the file.
    """
    try:
        check_seal(path)
        dataset = xr.open_dataset(path, engine="h5netcdf")
        check_declared(path, dataset.nbytes)
        for name, variable in dataset.variables.items():
            if name not in STREAMED:
                variable.load()
        check(dataset)
    except READING_ERRORS as error:
        raise ValueError(f"{path} cannot be read as a dataset of a study: {error}") from error
    return dataset


def build_dataset(
    trajectories: Sequence[FilePath],
    output: FilePath,
    image: Mapping[str, float],
    split: Mapping[str, float],
    seed: int,
    study: str,
    code: str,
) -> None:
    """Turn all trajectories of a study into one NetCDF4 file.

    Images and stress maps go to the file one structure after the other: memory does not grow with them.

    Parameters
    ----------
    trajectories
        HDF5 files.
    output
        NetCDF file; appears under this name when complete.
    image
        ``um_per_pixel``, ``crop_um`` and ``stress_cell_um``.
    split
        Shares of ``train``, ``validation`` and ``test``.
    seed
        Root seed of the split.
    study
        Name of the study, for the title.
    code
        Digest of the code. With those of the trajectories' code it is the ``code_digest`` of the dataset:
        networks refuse datasets of another.
    """
    rows: list[dict[str, Any]] = []
    provenance: set[str] = set()
    codes: set[str] = set()
    with atomic_output(output, seal=True) as temporary:
        with h5netcdf.File(temporary, "w") as file:
            for count, path in enumerate(trajectories, 1):
                for trajectory in read_trajectories(path):
                    window = image_window(trajectory, **image)
                    particle = particle_image(trajectory, window)
                    pixels = class_image(trajectory, window, particle)
                    stress = stress_map(trajectory, window, particle)
                    _append(file, len(rows), image=pixels, stress_map=stress)
                    rows.append(
                        {"sample": trajectory.name, "label": target_values(trajectory, window)}
                        | structure_values(trajectory, window, pixels)
                        | am_particles(trajectory, window, particle)
                    )
                    codes.add(trajectory.provenance["code_digest"])
                    provenance.add(json.dumps(trajectory.provenance, sort_keys=True))
                log.info("%d of %d trajectories read", count, len(trajectories))
        most = max(len(row["particle_x"]) for row in rows)
        for row in rows:
            row |= {name: padded(row[name], most) for name in PADDED}
        columns: dict[str, Any] = {name: np.array([row[name] for row in rows]) for name in rows[0]}
        parts = folds(columns["width"], columns["uncovered_fraction"], split, seed, columns["replicate"])
        columns |= {
            "phase": list(SOLIDS),
            "split": np.stack(list(parts.values())),
            "fold": list(parts),
            "study": [study] * len(rows),
            "target": list(TARGETS),
            "target_units": [target.unit for target in TARGETS.values()],
            "pair": list(PARTICLE_PAIRS),
            # As in the narrowest box: each structure has its own place for the image under pressure control.
            "x": replace(window, left=image["crop_um"] / 1e6).x,
            "y": window.y,
        }
        dataset = _declared(columns)
        dataset.attrs = {
            "um_per_pixel": image["um_per_pixel"],
            "title": f"compressed structures of the study {study!r}: images and targets",
            "Conventions": "CF-1.11",
            "code_digest": " ".join([code, *sorted(codes)]),
            "trajectory_provenance": sorted(provenance),
        }
        dataset.to_netcdf(temporary, mode="a", engine="h5netcdf", encoding=_encoding(dataset))
        with xr.open_dataset(temporary, engine="h5netcdf") as written:
            check(written)


def padded(values: np.ndarray, length: int) -> np.ndarray:
    """Values along the last axis, and not a number up to this length."""
    missing = length - values.shape[-1]
    return np.pad(values, [(0, 0)] * (values.ndim - 1) + [(0, missing)], constant_values=np.nan)


def _declared(columns: Mapping[str, object]) -> xr.Dataset:
    """The variables of which there are columns, with the dimensions and attributes of `VARIABLES`."""
    variables = {
        name: (declared.dims, columns[name], {"units": declared.units, "long_name": declared.long_name})
        for name, declared in VARIABLES.items()
        if name in columns
    }
    data = {name: variables.pop(name) for name in DATA_VARIABLES if name in variables}
    return xr.Dataset(data, variables)


def _append(file: h5netcdf.File, number: int, **values: np.ndarray) -> None:
    """Write the variables `STREAMED` of one structure, the `number`-th; of the first, make them."""
    if number == 0:
        file.dimensions["sample"] = None
        for name, array in values.items():
            declared = VARIABLES[name]
            for dim, size in zip(declared.dims[1:], array.shape, strict=True):
                file.dimensions[dim] = size
            missing = np.nan if declared.kind == "f" else None
            variable = file.create_variable(
                name,
                declared.dims,
                array.dtype,
                fillvalue=missing,
                chunks=(1, *array.shape),
                compression="gzip",
                compression_opts=4,
                **PACKED,
            )
            variable.attrs.update({"units": declared.units, "long_name": declared.long_name})
        file["image"].attrs["flag_values"] = np.arange(len(PHASES), dtype=np.uint8)
        file["image"].attrs["flag_meanings"] = " ".join(PHASES)
    file.resize_dimension("sample", number + 1)
    for name, array in values.items():
        file[name][number] = array


def _encoding(dataset: xr.Dataset) -> dict[str, dict[str, Any]]:
    """Numbers are compressed, with checksums."""
    packed = {"zlib": True, "complevel": 4, **PACKED}
    return {str(name): packed for name, variable in dataset.variables.items() if variable.dtype.kind in "uif"}


def write_netcdf(dataset: xr.Dataset, output: FilePath) -> None:
    """Write a dataset as NetCDF4, compressed and with checksums; the file appears when complete."""
    with atomic_output(output, seal=True) as temporary:
        dataset.to_netcdf(temporary, engine="h5netcdf", encoding=_encoding(dataset))
