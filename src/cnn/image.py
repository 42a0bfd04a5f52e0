"""What the ensemble says of any image of an electrode: ``from cnn import predict``.

The image is parted into void, SE and AM, brought to the scale of the training images, and covered by
overlapping windows of their size. The windows are predicted one by one; the image is their mean.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from os import PathLike
from pathlib import Path

import numpy as np
import xarray as xr
from PIL import Image

from cnn.bundle import Bundle, read_bundle
from cnn.light import mean_and_spread, run_ensemble
from cnn.reference import EDGE, LIKE, UNLIKE, distance, quantities, reasons, verdict
from cnn.segmentation import BRIGHTNESS, PHASES, segment
from cnn.uncertainty import interval

# Where a clone of the repository has its ensemble.
SHIPPED = Path(__file__).resolve().parents[2] / "models/paper"
# Neighbouring windows share at least this of their length.
OVERLAP = 0.25
# An image of `MOST_PIXELS` takes a few GB; pixels beyond these sides [um] show no particle, or only one.
MOST_PIXELS = 36_000_000
SMALLEST_PIXEL, LARGEST_PIXEL = 0.001, 0.5
ADVICE = {
    LIKE: "the ensemble knows images like this one",
    EDGE: "few training images were like this one: take the numbers with care",
    UNLIKE: "the ensemble knows nothing like it: do not rely on the numbers",
}


@lru_cache
def shipped_bundle(folder: str | PathLike = SHIPPED) -> Bundle:
    """A trained ensemble, read once per process."""
    return read_bundle(folder)


def check_pixel(um_per_pixel: float) -> float:
    """Raise ValueError unless the side of a pixel [um] is one at which particles show."""
    if not SMALLEST_PIXEL <= um_per_pixel <= LARGEST_PIXEL:
        raise ValueError(
            f"um_per_pixel must be in [{SMALLEST_PIXEL}, {LARGEST_PIXEL}] um, at which particles of SE show, "
            f"got {um_per_pixel:g} um"
        )
    return um_per_pixel


def check_size(pixels: int, what: str) -> None:
    """Raise ValueError if there are too many pixels for the memory of a small machine."""
    if pixels > MOST_PIXELS:
        raise ValueError(
            f"{what} has {pixels:,} pixels, at most {MOST_PIXELS:,} are read: cut it or scale it down"
        )


def rescale(image: np.ndarray, factor: float) -> np.ndarray:
    """Class image with sides `factor` times as long: each pixel takes the class that covers most of it."""
    rows, columns = (max(1, round(length * factor)) for length in image.shape)
    if (rows, columns) == image.shape:
        return image
    cover = [
        np.asarray(
            Image.fromarray(np.where(image == phase, np.float32(1), np.float32(0))).resize(
                (columns, rows), Image.Resampling.BILINEAR if factor > 1 else Image.Resampling.BOX
            )
        )
        for phase in range(len(PHASES))
    ]
    return np.argmax(cover, axis=0).astype(np.uint8)


def window_starts(length: int, window: int, cell: int) -> list[int]:
    """First pixels of windows that cover `length` pixels with `OVERLAP`, on the grid of the cells."""
    count = math.ceil((length - window) / (window * (1 - OVERLAP))) + 1
    last = (length - window) // cell
    return sorted({round(last * k / max(count - 1, 1)) * cell for k in range(count)})


def predict(
    image: np.ndarray,
    um_per_pixel: float,
    *,
    brightness: Sequence[str] = BRIGHTNESS,
    thresholds: Sequence[float] | None = None,
    model: str | PathLike | Bundle = SHIPPED,
    heat: bool = True,
    done: Callable[[int, int], object] = lambda windows, of: None,
) -> xr.Dataset:
    """Stress and reaction area of an electrode, read off its image.

    Parameters
    ----------
    image
        [rows, columns], top row first. Values 0, 1, 2 alone are classes: void, SE, AM; any others are gray
        values to be parted by `cnn.segmentation.segment`.
    um_per_pixel
        Side of a pixel [um].
    brightness, thresholds
        Of `cnn.segmentation.segment`; without effect on classes.
    model
        Folder of a trained ensemble (``python -m cnn bundle``), or what `cnn.bundle.read_bundle` made of it.
    heat
        Whether to make Grad-CAM maps.
    done
        Told the windows finished and their number, after each.

    Returns
    -------
    xarray.Dataset
        Along ``target``, in the units of ``target_units``, as means over all windows: ``prediction``,
        ``low`` and ``high`` of its 90 % interval (negative ends are set to 0, below which no target is), and
        ``between_windows``, the standard deviation between windows (NaN of a single one).
        Along ``window``: ``window_prediction``, their left and top edges ``window_x``, ``window_y`` [m] in
        the image, and ``distance`` from the training images.
        ``phase_fraction`` (phase); ``class_image`` (y, x) at the scale of the network, whole cells of it;
        ``heatmap`` (target, cell_y, cell_x), Grad-CAM maps in standard deviations of the target.
        Attributes: ``verdict`` (like, at the edge of, or unlike the training images), ``advice``,
        ``reasons``, ``um_per_pixel`` of the class image, ``window_um``.

    Raises
    ------
    ValueError
        If the image or the scale is none to be read, a phase is missing, or the field of view is smaller
        than a window.
    """
    bundle = model if isinstance(model, Bundle) else shipped_bundle(model)
    check_pixel(um_per_pixel)
    given = np.asarray(image)
    if given.ndim != 2 or given.size == 0:
        raise ValueError(f"an image must be an array [rows, columns], got shape {given.shape}")
    check_size(given.size, "it")
    window, cell = bundle.networks[0].image_shape, bundle.networks[0].cell
    sides = [length * um_per_pixel / bundle.um_per_pixel for length in given.shape]
    # Half a pixel of the model is lost to rounding.
    if any(round(side) < wanted for side, wanted in zip(sides, window, strict=True)):
        shown, least = (
            " x ".join(f"{pixel * length:.4g}" for length in reversed(shape))
            for pixel, shape in ((um_per_pixel, given.shape), (bundle.um_per_pixel, window))
        )
        raise ValueError(f"its field of view is {shown} um, at least {least} um are needed")
    check_size(math.prod(map(round, sides)), f"it, at the network's {bundle.um_per_pixel:g} um per pixel,")

    classes = rescale(_classes(given, brightness, thresholds), um_per_pixel / bundle.um_per_pixel)
    classes = classes[: len(classes) // cell * cell, : classes.shape[1] // cell * cell]
    starts = [window_starts(*sides, cell) for sides in zip(classes.shape, window, strict=True)]
    corners = [(top, left) for top in starts[0] for left in starts[1]]
    windows = np.stack([classes[y : y + window[0], x : x + window[1]] for y, x in corners])
    finished = iter(range(1, len(corners) + 1))
    passes = run_ensemble(bundle.networks, windows, heat, lambda _: done(next(finished), len(corners)))

    mean, spread = mean_and_spread(passes.target)
    low, high = interval(mean, spread, bundle.calibration)
    distances = distance(bundle.reference, passes.pooled)
    word = verdict(bundle.reference, distances)
    result = xr.Dataset(
        {
            "prediction": ("target", mean.mean(axis=0), {"long_name": "mean over the windows"}),
            "low": (
                "target",
                np.maximum(low.mean(axis=0), 0.0),
                {"long_name": "lower end of its 90 % interval"},
            ),
            "high": (
                "target",
                np.maximum(high.mean(axis=0), 0.0),
                {"long_name": "upper end of its 90 % interval"},
            ),
            "between_windows": (
                "target",
                mean.std(axis=0, ddof=1) if len(mean) > 1 else np.full(mean.shape[1], np.nan),
                {"long_name": "standard deviation between windows"},
            ),
            "window_prediction": (("window", "target"), mean, {"long_name": "mean of the ensemble"}),
            "distance": (
                "window",
                distances,
                {"units": "1", "long_name": "distance from the training images"},
            ),
            "phase_fraction": (
                "phase",
                [float(np.mean(classes == k)) for k in range(len(PHASES))],
                {"units": "1", "long_name": "share of the image"},
            ),
            "class_image": (
                ("y", "x"),
                classes,
                {"units": "1", "long_name": "0 void, 1 SE, 2 AM; top row first"},
            ),
        },
        coords={
            "target": bundle.targets,
            "target_units": ("target", bundle.target_units),
            "phase": list(PHASES),
            "window_x": ("window", [bundle.um_per_pixel * x / 1e6 for _, x in corners], {"units": "m"}),
            "window_y": ("window", [bundle.um_per_pixel * y / 1e6 for y, _ in corners], {"units": "m"}),
        },
        attrs={
            "title": "stress and reaction area read off an image",
            "verdict": word,
            "advice": ADVICE[word],
            "reasons": "; ".join(reasons(bundle.reference, quantities(classes, bundle.um_per_pixel))),
            "um_per_pixel": bundle.um_per_pixel,
            "window_um": [bundle.um_per_pixel * length for length in reversed(window)],
        },
    )
    for name in ("prediction", "low", "high", "between_windows", "window_prediction"):
        result[name].attrs["units"] = "see target_units"
    if passes.heat is not None:
        result["heatmap"] = (
            ("target", "cell_y", "cell_x"),
            _stitch(passes.heat, corners, classes.shape, cell),
            {"units": "1", "long_name": "Grad-CAM, standard deviations of the target"},
        )
    return result


def _classes(image: np.ndarray, brightness: Sequence[str], thresholds: Sequence[float] | None) -> np.ndarray:
    """Class of each pixel; an image of classes must show all three."""
    if image.dtype.kind in "ui" and image.max() == 2 and image.min() == 0:
        if not (image == 1).any():
            raise ValueError("it shows no SE (class 1); AM, SE and void are needed")
        return image.astype(np.uint8)
    return segment(image, brightness, thresholds)


def _stitch(
    heat: np.ndarray, corners: list[tuple[int, int]], shape: tuple[int, int], cell: int
) -> np.ndarray:
    """Maps of windows [N, targets, rows, columns] laid over the image, mean where they overlap."""
    total = np.zeros((heat.shape[1], shape[0] // cell, shape[1] // cell))
    count = np.zeros(total.shape[1:])
    for maps, (y, x) in zip(heat, corners, strict=True):
        rows, columns = (
            slice(at // cell, at // cell + n) for at, n in zip((y, x), maps.shape[1:], strict=True)
        )
        total[:, rows, columns] += maps
        count[rows, columns] += 1
    return total / count
