"""What the ensemble says of any image of an electrode: ``from cnn import predict``.

The image is parted into void, SE and AM, brought to the scale of the training images, and covered by
overlapping windows of their size. The windows are predicted one by one; the image is their mean.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr

from cnn.bundle import Bundle, read_bundle, run_bundle
from cnn.composite import EDGE, LIKE, UNLIKE, scores, strange_shapes, verdict
from cnn.light import Passes
from cnn.particles import Placed, place
from cnn.reference import distance, quantities, reasons
from cnn.scale import check_pixel, check_size, rescale
from cnn.segmentation import Parted, part
from cnn.shape import shapes
from cnn.uncertainty import interval, mean_and_spread
from electrode.particles import Discs, find_discs
from electrode.phases import DARK_TO_BRIGHT, PHASES, VOID
from electrode.species import SE
from electrode.targets import target_row
from provenance import FilePath

# Where a clone of the repository has its ensembles, and the one that predicts unless another is named.
MODELS = Path(__file__).resolve().parents[2] / "models"
SHIPPED = MODELS / "robust"
# Neighbouring windows share at least this of their length.
OVERLAP = 0.25
# The target whose bounds are those of the stress on single particles.
ON_PARTICLES = "am_stress_mean"
ADVICE = {
    LIKE: "the ensemble knows images like this one",
    EDGE: "few training images were like this one: take the numbers with care",
    UNLIKE: "the ensemble knows nothing like it: do not rely on the numbers",
}
WITHHELD = "it knows nothing like it, so its numbers are withheld"
# What is withheld then.
NUMBERS = (
    *("prediction", "low", "high", "between_windows", "window_prediction", "heatmap"),
    *("particle_stress", "particle_low", "particle_high"),
)


class Variable(NamedTuple):
    """Declaration of one variable of a prediction."""

    dims: tuple[str, ...]
    units: str
    long_name: str


OF_TARGET = "see target_units"
# All that a prediction holds along its coordinates; `predict` explains them.
VARIABLES = {
    "prediction": Variable(("target",), OF_TARGET, "mean over the windows"),
    "low": Variable(("target",), OF_TARGET, "lower end of its 90 % interval"),
    "high": Variable(("target",), OF_TARGET, "upper end of its 90 % interval"),
    "between_windows": Variable(("target",), OF_TARGET, "standard deviation between windows"),
    "window_prediction": Variable(("window", "target"), OF_TARGET, "mean of the ensemble"),
    "distance": Variable(("window",), "1", "distance from the training images"),
    "phase_fraction": Variable(("phase",), "1", "share of the image"),
    "class_image": Variable(("y", "x"), "1", "0 void, 1 SE, 2 AM; top row first"),
    "heatmap": Variable(("target", "cell_y", "cell_x"), "1", "Grad-CAM, standard deviations of the target"),
    "particle_x": Variable(("particle",), "m", "centre of an AM particle, from the left edge"),
    "particle_y": Variable(("particle",), "m", "the same from the top edge"),
    "particle_diameter": Variable(("particle",), "m", "diameter of the circle about its outline"),
    "particle_cut": Variable(("particle",), "1", "whether the border of the image cuts it"),
    "particle_stress": Variable(("particle",), "Pa", "contact pressure on it, mean of the ensemble"),
    "particle_low": Variable(("particle",), "Pa", "lower end of its 90 % interval"),
    "particle_high": Variable(("particle",), "Pa", "upper end of its 90 % interval"),
}


@lru_cache
def shipped_bundle(folder: FilePath = SHIPPED) -> Bundle:
    """A trained ensemble, read once per process."""
    return read_bundle(folder)


def window_starts(length: int, window: int, cell: int) -> list[int]:
    """First pixels of windows that cover `length` pixels with `OVERLAP`, on the grid of the cells."""
    count = math.ceil((length - window) / (window * (1 - OVERLAP))) + 1
    last = (length - window) // cell
    return sorted({round(last * k / max(count - 1, 1)) * cell for k in range(count)})


def predict(
    image: np.ndarray,
    um_per_pixel: float,
    *,
    brightness: Sequence[str] = DARK_TO_BRIGHT,
    thresholds: Sequence[float] | None = None,
    model: FilePath | Bundle = SHIPPED,
    heat: bool = True,
    gray: bool = False,
    anyway: bool = False,
    done: Callable[[int, int], object] = lambda windows, of: None,
) -> xr.Dataset:
    """Stress and reaction area of an electrode, read off its image.

    Parameters
    ----------
    image
        [rows, columns], top row first. Values 0, 1, 2 alone are classes: void, SE, AM; any others are gray
        values to be parted by `cnn.segmentation.part`.
    um_per_pixel
        Side of a pixel [um].
    brightness, thresholds
        Of `cnn.segmentation.part`; without effect on classes.
    model
        Folder of a trained ensemble (``python -m cnn bundle``), or what `cnn.bundle.read_bundle` made of it.
    heat
        Whether to make Grad-CAM maps.
    gray
        Whether values 0, 1, 2 alone are gray values too, as those of a file are: there they may be any
        three phases from dark to bright.
    anyway
        Whether to give numbers even if the image is unlike the training images: no pressed composite of AM
        and SE, as far as the ensemble knows.
    done
        Told the windows finished and their number, after each.

    Returns
    -------
    xarray.Dataset
        Along ``target``, in the units of ``target_units``, as means over all windows: ``prediction``,
        ``low`` and ``high`` of its 90 % interval (cut to the target's bounds in `electrode.targets`), and
        ``between_windows``, the standard deviation between windows (NaN of a single one).
        Along ``window``: ``window_prediction``, their left and top edges ``window_x``, ``window_y`` [m] in
        the image, and ``distance`` from the training images.
        ``phase_fraction`` (phase); ``class_image`` (y, x) at the scale of the network, whole cells of it;
        ``heatmap`` (target, cell_y, cell_x), Grad-CAM maps in standard deviations of the target.
        Along ``particle``, of the AM particles found in the class image: ``particle_x``, ``particle_y`` of
        the centre [m] and ``particle_diameter`` [m], ``particle_cut`` by the border, ``particle_stress``
        with ``particle_low`` and ``particle_high`` of its 90 % interval [Pa], each read in the window where
        it lies most central (NaN from an ensemble that does not read particles).
        Attributes: ``verdict`` (like, at the edge of, or unlike the training images), ``advice``,
        ``reasons``, ``withheld`` (1 if all that is predicted is NaN because the image is unlike),
        ``um_per_pixel`` of the class image, ``window_um``.

    Raises
    ------
    ValueError
        If the image or the scale is none to be read, a phase is missing, or the field of view is smaller
        than a window.
    """
    bundle = model if isinstance(model, Bundle) else shipped_bundle(Path(model))
    given = np.asarray(image)
    _check_view(given, um_per_pixel, bundle)
    parted = _parted(given, um_per_pixel, brightness, thresholds, gray)
    classes = rescale(parted.classes, um_per_pixel / bundle.um_per_pixel)
    classes = _whole_cells(classes, bundle.networks[0].cell)
    corners = _corners(classes.shape, bundle)
    discs = find_discs(classes, bundle.um_per_pixel)
    placed = place(classes, bundle.um_per_pixel, discs, corners, bundle.networks[0].image_shape)
    passes = _run_windows(classes, corners, placed.tables, bundle, heat, done)
    values = _values(classes, corners, passes, bundle) | _of_particles(discs, placed, passes, bundle)
    return _result(values, _verdict(classes, corners, passes, bundle, parted.notes, anyway), corners, bundle)


def _check_view(image: np.ndarray, um_per_pixel: float, bundle: Bundle) -> None:
    """Raise ValueError unless an image is one, of pixels that show particles, and shows a window at least."""
    check_pixel(um_per_pixel)
    if image.ndim != 2 or image.size == 0:
        raise ValueError(f"an image must be an array [rows, columns], got shape {image.shape}")
    check_size(image.size, "it")
    window = bundle.networks[0].image_shape
    sides = [length * um_per_pixel / bundle.um_per_pixel for length in image.shape]
    # Half a pixel of the model is lost to rounding.
    if any(round(side) < wanted for side, wanted in zip(sides, window, strict=True)):
        shown, least = (
            " x ".join(f"{pixel * length:.4g}" for length in reversed(shape))
            for pixel, shape in ((um_per_pixel, image.shape), (bundle.um_per_pixel, window))
        )
        raise ValueError(f"its field of view is {shown} um, at least {least} um are needed")
    check_size(math.prod(map(round, sides)), f"it, at the network's {bundle.um_per_pixel:g} um per pixel,")


def _parted(
    image: np.ndarray,
    um_per_pixel: float,
    brightness: Sequence[str],
    thresholds: Sequence[float] | None,
    gray: bool,
) -> Parted:
    """Class of each pixel; an image of classes must show all three."""
    if not gray and image.dtype.kind in "ui" and image.max() == len(PHASES) - 1 and image.min() == VOID:
        if not (image == SE).any():
            raise ValueError(f"it shows no SE (class {SE}); AM, SE and void are needed")
        return Parted(image.astype(np.uint8), [])
    return part(image, brightness, thresholds, um_per_pixel)


def _whole_cells(image: np.ndarray, cell: int) -> np.ndarray:
    """An image without the rows and columns that fill no cell [pixels]."""
    rows, columns = (length // cell * cell for length in image.shape)
    return image[:rows, :columns]


def _corners(shape: tuple[int, ...], bundle: Bundle) -> list[tuple[int, int]]:
    """Top and left pixel of the windows that cover a class image."""
    network = bundle.networks[0]
    tops, lefts = (
        window_starts(length, window, network.cell)
        for length, window in zip(shape, network.image_shape, strict=True)
    )
    return [(top, left) for top in tops for left in lefts]


def _windows(classes: np.ndarray, corners: Sequence[tuple[int, int]], bundle: Bundle) -> np.ndarray:
    """The windows of a class image [N, rows, columns]."""
    rows, columns = bundle.networks[0].image_shape
    return np.stack([classes[top : top + rows, left : left + columns] for top, left in corners])


def _run_windows(
    classes: np.ndarray,
    corners: Sequence[tuple[int, int]],
    particles: np.ndarray,
    bundle: Bundle,
    heat: bool,
    done: Callable[[int, int], object],
) -> Passes:
    """What the ensemble makes of each window."""
    windows = _windows(classes, corners, bundle)
    finished = iter(range(1, len(corners) + 1))
    return run_bundle(bundle, windows, particles, heat, lambda _: done(next(finished), len(corners)))


def _values(
    classes: np.ndarray, corners: Sequence[tuple[int, int]], passes: Passes, bundle: Bundle
) -> dict[str, np.ndarray]:
    """The prediction of an image out of those of its windows, by names of `VARIABLES`."""
    mean, spread = mean_and_spread(passes.target)
    targets = [target_row(*named) for named in zip(bundle.targets, bundle.target_units, strict=True)]
    bounds = [target.lowest for target in targets], [target.highest for target in targets]
    low, high = (np.clip(end.mean(axis=0), *bounds) for end in interval(mean, spread, bundle.calibration))
    values = {
        "prediction": mean.mean(axis=0),
        "low": low,
        "high": high,
        "between_windows": mean.std(axis=0, ddof=1) if len(mean) > 1 else np.full(len(targets), np.nan),
        "window_prediction": mean,
        "distance": distance(bundle.reference, passes.pooled),
        "phase_fraction": np.array([np.mean(classes == phase) for phase in range(len(PHASES))]),
        "class_image": classes,
    }
    if passes.heat is not None:
        values["heatmap"] = _stitch(passes.heat, corners, classes.shape, bundle.networks[0].cell)
    return values


def _of_particles(discs: Discs, placed: Placed, passes: Passes, bundle: Bundle) -> dict[str, np.ndarray]:
    """Where the AM particles are, and the stress on each with its interval: NaN without a head for it."""
    pixel = bundle.um_per_pixel / 1e6
    members = passes.particle_stress[:, placed.window, placed.row][..., None]
    mean, spread = mean_and_spread(members)
    stress, ends = target_row(ON_PARTICLES), (np.full_like(mean, np.nan),) * 2
    if bundle.particle_calibration is not None:
        ends = interval(mean, spread, bundle.particle_calibration)
    low, high = (np.clip(end[:, 0], stress.lowest, stress.highest) for end in ends)
    return {
        "particle_x": pixel * discs.x,
        "particle_y": pixel * discs.y,
        "particle_diameter": 2 * pixel * discs.radius,
        "particle_cut": discs.cut,
        "particle_stress": mean[:, 0],
        "particle_low": low,
        "particle_high": high,
    }


def _verdict(
    classes: np.ndarray,
    corners: Sequence[tuple[int, int]],
    passes: Passes,
    bundle: Bundle,
    notes: Sequence[str],
    anyway: bool,
) -> dict[str, object]:
    """What the ensemble knows of such images, as attributes of a prediction."""
    shown = np.array([shapes(window, bundle.um_per_pixel) for window in _windows(classes, corners, bundle)])
    distances = distance(bundle.reference, passes.pooled)
    word = verdict(bundle.composite, scores(bundle.composite, distances, shown))
    withheld = word == UNLIKE and not anyway
    strange = strange_shapes(bundle.composite, shown) if word != LIKE else []
    why = [
        *notes,
        *([f"unlike those of the training images: {', '.join(strange)}"] if strange else []),
        *reasons(bundle.reference, quantities(classes, bundle.um_per_pixel)),
    ]
    return {
        "verdict": word,
        "advice": WITHHELD if withheld else ADVICE[word],
        "reasons": "; ".join(why),
        "withheld": int(withheld),
    }


def _result(
    values: Mapping[str, np.ndarray],
    judged: Mapping[str, object],
    corners: Sequence[tuple[int, int]],
    bundle: Bundle,
) -> xr.Dataset:
    """A prediction as it is given away: without its numbers if they are withheld."""
    if judged["withheld"]:
        values = {
            name: np.full_like(array, np.nan) if name in NUMBERS else array for name, array in values.items()
        }
    attributes = {
        "title": "stress and reaction area read off an image",
        **judged,
        "um_per_pixel": bundle.um_per_pixel,
        "window_um": [bundle.um_per_pixel * length for length in reversed(bundle.networks[0].image_shape)],
    }
    return xr.Dataset(
        {name: _declared(name, array) for name, array in values.items()},
        _coordinates(corners, bundle),
        attributes,
    )


def _declared(name: str, values: object) -> tuple[tuple[str, ...], object, dict[str, str]]:
    """A variable as xarray takes it."""
    variable = VARIABLES[name]
    return variable.dims, values, {"units": variable.units, "long_name": variable.long_name}


def _coordinates(corners: Sequence[tuple[int, int]], bundle: Bundle) -> Mapping[str, object]:
    return {
        "target": bundle.targets,
        "target_units": ("target", bundle.target_units),
        "phase": list(PHASES),
        "window_x": ("window", [bundle.um_per_pixel * left / 1e6 for _, left in corners], {"units": "m"}),
        "window_y": ("window", [bundle.um_per_pixel * top / 1e6 for top, _ in corners], {"units": "m"}),
    }


def _stitch(
    heat: np.ndarray, corners: Sequence[tuple[int, int]], shape: tuple[int, ...], cell: int
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
