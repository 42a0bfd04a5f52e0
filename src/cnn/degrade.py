"""Copies of images as a microscope might give them: not sharp, not even, parted into phases again."""

from __future__ import annotations

import logging

import numpy as np
import xarray as xr
from PIL import Image
from scipy.ndimage import gaussian_filter
from threadpoolctl import threadpool_limits

from cnn.scale import rescale
from cnn.segmentation import segment
from cnn.several import DEGRADED
from electrode.phases import GRAY_VALUES, PHASES
from provenance import FilePath, atomic_output
from provenance.netcdf import open_result

log = logging.getLogger(__name__)

# Most of each defect: blur, standard deviation [um]; noise, standard deviation / contrast of void and the
# brightest phase; side of a pixel [um]. A copy has one of them, or blur and noise together [C].
# What is uneven is levelled before it is parted, and what has bright edges or charged shows other phases than
# there are: copies have neither.
MOST_BLUR, MOST_NOISE, MOST_PIXEL = 0.2, 0.2, 0.25
KINDS = (("blur",), ("noise",), ("pixel",), ("blur", "noise"))
CONTRAST = float(np.ptp(GRAY_VALUES))
# Photographs have room below and above their phases: their gray values are these at void and brightest.
DARKEST, BRIGHTEST = 60.0, 190.0
# Bright rims have this standard deviation [um]; charged places are so wide [um], one per so many um2.
EDGE_WIDTH, HALO, AREA_OF_HALO = 0.1, 2.0, 250.0
# Share of the rows that are streaked where the specimen charges.
STREAKED = 0.1
# Shares of the phases in a copy may be so far from those of its image; copies are drawn until they are not.
MOST_APART, TRIES = 0.15, 100
# Images that a process is handed at once.
CHUNK = 16


def photograph(
    image: np.ndarray,
    um_per_pixel: float,
    rng: np.random.Generator,
    blur: float = 0.0,
    noise: float = 0.0,
    pixel: float | None = None,
    uneven: float = 0.0,
    edges: float = 0.0,
    charging: float = 0.0,
) -> np.ndarray:
    """Gray values that a microscope might give of a class image.

    Parameters
    ----------
    image, um_per_pixel
        As for `cnn.shape.shapes`.
    rng
        Of all that is random.
    blur
        Standard deviation of a Gaussian [um].
    noise
        Standard deviation of a normal distribution / contrast of void and the brightest phase.
    pixel
        Side of a pixel of the photograph [um], not below `um_per_pixel`; None: the same.
    uneven
        Range of the background / contrast: a ramp and a bowl, added to the phases and scaling them.
    edges
        How much brighter an edge of two phases is / contrast.
    charging
        Brightness of charged places and of streaks along rows / contrast.

    Returns
    -------
    ndarray
        uint8 of the photograph's own shape.
    """
    levels = GRAY_VALUES[image] / CONTRAST
    gray = gaussian_filter(levels, blur / um_per_pixel)
    if edges:
        width = EDGE_WIDTH / um_per_pixel
        for phase in range(len(PHASES)):
            inside = (image == phase).astype(float)
            slope = np.hypot(*(gaussian_filter(inside, width, order) for order in ((0, 1), (1, 0))))
            # Of a step of 1 it is 1 / (sqrt(2 pi) width) in the middle; each edge is one of two phases.
            gray = gray + edges / 2 * np.sqrt(2 * np.pi) * width * slope
    if uneven:
        y, x = np.meshgrid(*(np.linspace(-1, 1, length) for length in image.shape), indexing="ij")
        ground = np.tensordot(rng.normal(size=5), [x, y, x * y, x * x, y * y], 1)
        ground *= uneven / np.ptp(ground)
        added = rng.uniform()
        gray = (gray - 0.5) * (1 + (1 - added) * (ground - ground.mean())) + 0.5 + added * ground
    if charging:
        at = rng.random(image.shape) < um_per_pixel**2 / AREA_OF_HALO
        at[tuple(rng.integers(0, image.shape))] = True
        halo = gaussian_filter(at.astype(float), HALO / um_per_pixel)
        streaked = rng.random(len(image)) < STREAKED
        gray = gray + charging * (halo / halo.max() + 0.5 * (streaked * rng.random(len(image)))[:, None])
    shape = [round(length * um_per_pixel / (pixel or um_per_pixel)) for length in image.shape]
    shown = Image.fromarray(gray.astype(np.float32)).resize(shape[::-1], Image.Resampling.BOX)
    gray = np.asarray(shown) + noise * rng.normal(size=shape)
    return (DARKEST + (BRIGHTEST - DARKEST) * gray).round().clip(0, 255).astype(np.uint8)


def degrade(image: np.ndarray, um_per_pixel: float, rng: np.random.Generator, **defects: float) -> np.ndarray:
    """A class image photographed badly and parted into phases again.

    Parameters
    ----------
    image, um_per_pixel, rng, defects
        Of `photograph`.

    Returns
    -------
    ndarray
        uint8 of the same shape.

    Raises
    ------
    ValueError
        If the photograph cannot be parted in three, or its pixels do not bring back the shape.
    """
    pixel = defects.get("pixel", um_per_pixel)
    parted = segment(photograph(image, um_per_pixel, rng, **defects), um_per_pixel=pixel)
    fine = rescale(parted, pixel / um_per_pixel)
    if fine.shape != image.shape:
        raise ValueError(f"pixels of {pixel:g} um make {fine.shape} of {image.shape} pixels")
    return fine


def readable(image: np.ndarray, degraded: np.ndarray) -> bool:
    """Whether a degraded copy was parted into the phases that it shows.

    Where thresholds part one phase in two, shares are wrong by more than half of the image; closed pores,
    blur and noise change them by less than a tenth.
    """
    apart = [abs(np.mean(image == phase) - np.mean(degraded == phase)) for phase in range(len(PHASES))]
    return max(apart) <= MOST_APART


def _copy(image: np.ndarray, um_per_pixel: float, seed: int, key: tuple[int, ...]) -> np.ndarray | None:
    """A degraded copy that can be read, drawn again until it is, from a seed and spawn key of its own.

    None if the image lacks a phase, or no copy can be parted into its phases.
    """
    if np.unique(image).size < len(PHASES):
        return None
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))
    for _ in range(TRIES):
        chosen = {
            "blur": rng.uniform(0, MOST_BLUR),
            "noise": rng.uniform(0, MOST_NOISE),
            "pixel": rng.uniform(um_per_pixel, max(MOST_PIXEL, um_per_pixel)),
        }
        kind = KINDS[rng.integers(len(KINDS))]
        try:
            # Products this small gain nothing from several threads.
            with threadpool_limits(1):
                copy = degrade(image, um_per_pixel, rng, **{name: chosen[name] for name in kind})
        except ValueError:
            continue
        if readable(image, copy):
            return copy
    return None


def degrade_dataset(
    dataset: FilePath,
    output: FilePath,
    copies: int,
    seed: int,
    originals: bool = False,
    threads: int = 1,
) -> None:
    """Write degraded copies of all samples of a dataset, which keep labels, stress maps and split (NetCDF4).

    Parameters
    ----------
    dataset
        NetCDF file of a study.
    output
        NetCDF file of the same variables; ``study`` and ``sample`` have ``degraded`` in their names.
    copies
        Of each sample.
    seed
        Root seed of the defects; each copy of each image has defects of its own.
    originals
        Whether the samples themselves come first, their copies behind them.
    threads
        Processes. The result does not depend on it.

    Raises
    ------
    RuntimeError
        If more than half of the images have no copy that can be parted into its phases; others stay as they
        are.
    """
    # Predictions import this module, and need no more than the core of the package.
    from joblib import Parallel, delayed

    samples = open_result(dataset, "image", "label", "stress_map", "split", "study")
    um_per_pixel = float(samples.attrs["um_per_pixel"])
    parts = [samples] if originals else []
    for copy in range(1, copies + 1):
        images = np.empty_like(samples["image"].values)
        work = (
            delayed(_copy)(image, um_per_pixel, seed, (3, copy, k))
            for k, image in enumerate(samples["image"].values)
        )
        kept = 0
        for k, image in enumerate(Parallel(threads, return_as="generator", batch_size=CHUNK)(work)):
            images[k] = samples["image"].values[k] if image is None else image
            kept += image is None
        if 2 * kept > len(images):
            raise RuntimeError(
                f"{dataset}: no degraded copy of {kept} of {len(images)} images can be parted into its phases"
            )
        if kept:
            log.info("%d of %d images stay as they are: no copy can be parted", kept, len(images))
        part = samples.assign(image=samples["image"].copy(data=images))
        names = {
            "sample": [f"{name}_{DEGRADED}-{copy}" for name in samples["sample"].values],
            "study": [f"{name}-{DEGRADED}" for name in samples["study"].values],
        }
        described = {name: ("sample", values, samples[name].attrs) for name, values in names.items()}
        parts.append(part.assign_coords(described))
        log.info("copy %d of %d of %d images degraded", copy, copies, len(images))
    result = xr.concat(
        parts, "sample", data_vars="minimal", coords="minimal", compat="override", join="override"
    ).drop_encoding()
    with atomic_output(output, seal=True) as temporary:
        result.to_netcdf(temporary, engine="h5netcdf", encoding={"image": {"zlib": True, "complevel": 4}})
