"""Copies of images as a microscope might give them: blurred, noisy or coarse, parted into phases again."""

from __future__ import annotations

import logging

import numpy as np
import xarray as xr
from PIL import Image
from scipy.ndimage import gaussian_filter

from cnn.scale import rescale
from cnn.segmentation import segment
from electrode.phases import GRAY_VALUES
from provenance import FilePath, atomic_output
from provenance.netcdf import open_result

log = logging.getLogger(__name__)

# Most of each defect: blur, standard deviation [um]; noise, standard deviation / contrast of void and the
# brightest phase; side of a pixel [um]. A copy has one of them, or blur and noise together [C].
MOST_BLUR, MOST_NOISE, MOST_PIXEL = 0.2, 0.2, 0.25
KINDS = (("blur",), ("noise",), ("pixel",), ("blur", "noise"))
CONTRAST = float(np.ptp(GRAY_VALUES))


def degrade(
    image: np.ndarray,
    um_per_pixel: float,
    rng: np.random.Generator,
    blur: float = 0.0,
    noise: float = 0.0,
    pixel: float | None = None,
) -> np.ndarray:
    """A class image photographed badly and parted into phases again.

    Parameters
    ----------
    image
        uint8 [rows, columns], 0 void, 1 SE, 2 AM.
    um_per_pixel
        Side of a pixel [um].
    rng
        Of the noise.
    blur
        Standard deviation of a Gaussian [um].
    noise
        Standard deviation of a normal distribution / contrast of void and the brightest phase.
    pixel
        Side of a pixel of the photograph [um], not below `um_per_pixel`; None: the same.

    Returns
    -------
    ndarray
        uint8 of the same shape; the image itself where the photograph cannot be parted in three.
    """
    gray = gaussian_filter(GRAY_VALUES[image].astype(np.float32), blur / um_per_pixel)
    coarse = um_per_pixel / (pixel or um_per_pixel)
    shape = [round(length * coarse) for length in image.shape]
    gray = np.asarray(Image.fromarray(gray).resize(shape[::-1], Image.Resampling.BOX))
    gray = gray + rng.normal(0, CONTRAST * noise, gray.shape)
    try:
        parted = segment(gray.round().clip(0, 255).astype(np.uint8))
    except ValueError:
        return image
    fine = rescale(parted, 1 / coarse)
    return fine if fine.shape == image.shape else image


def degrade_dataset(dataset: FilePath, output: FilePath, copies: int, seed: int) -> None:
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
        Root seed of the defects.
    """
    samples = open_result(dataset, "image", "label", "stress_map", "split", "study")
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(3,)))
    um_per_pixel = float(samples.attrs["um_per_pixel"])
    parts = []
    for copy in range(1, copies + 1):
        images = np.empty_like(samples["image"].values)
        for k, image in enumerate(samples["image"].values):
            chosen = {
                "blur": rng.uniform(0, MOST_BLUR),
                "noise": rng.uniform(0, MOST_NOISE),
                "pixel": rng.uniform(um_per_pixel, max(MOST_PIXEL, um_per_pixel)),
            }
            kind = KINDS[rng.integers(len(KINDS))]
            images[k] = degrade(image, um_per_pixel, rng, **{name: chosen[name] for name in kind})
        part = samples.assign(image=samples["image"].copy(data=images))
        names = {
            "sample": [f"{name}_degraded-{copy}" for name in samples["sample"].values],
            "study": [f"{name}-degraded" for name in samples["study"].values],
        }
        described = {name: ("sample", values, samples[name].attrs) for name, values in names.items()}
        parts.append(part.assign_coords(described))
        log.info("copy %d of %d of %d images degraded", copy, copies, len(images))
    result = xr.concat(
        parts, "sample", data_vars="minimal", coords="minimal", compat="override", join="override"
    ).drop_encoding()
    with atomic_output(output, seal=True) as temporary:
        result.to_netcdf(temporary, engine="h5netcdf", encoding={"image": {"zlib": True, "complevel": 4}})
