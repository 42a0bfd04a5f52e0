"""What the ensemble says of any image of an electrode: ``from cnn import predict``.

The image is parted into void, SE and AM, brought to the scale of the training images, and covered by
overlapping windows of their size. The windows are predicted one by one; the image is their mean.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import xarray as xr

from cnn.bundle import Bundle, read_bundle, run_bundle
from cnn.composite import EDGE, LIKE, UNLIKE, scores, strange_shapes, verdict
from cnn.light import Passes
from cnn.particles import Placed, no_tables, place
from cnn.reference import distance, quantities, reasons
from cnn.result import make_result
from cnn.scale import check_pixel, check_size, rescale
from cnn.segmentation import Parted, part
from cnn.several import answer, next_below
from cnn.shape import shapes
from cnn.uncertainty import Calibration, interval, mean_and_spread
from cnn.windows import cut_windows, stitch, whole_cells, window_corners
from electrode.discs import Discs, find_discs
from electrode.phases import DARK_TO_BRIGHT, PHASES, VOID
from electrode.species import SE
from electrode.targets import target_row
from provenance import FilePath
from provenance.repository import REPOSITORY

# The trained ensembles of the repository, and the one that predicts unless another is named.
MODELS = REPOSITORY / "models"
SHIPPED = MODELS / "robust"
# The target whose bounds are those of the stress on single particles.
ON_PARTICLES = "am_stress_mean"
ADVICE = {
    LIKE: "the ensemble knows images like this one",
    EDGE: "few training images were like this one: take the numbers with care",
    UNLIKE: "the ensemble knows nothing like it: do not rely on the numbers",
}
WITHHELD = "it knows nothing like it, so its numbers are withheld"


@lru_cache
def shipped_bundle(folder: FilePath = SHIPPED) -> Bundle:
    """A trained ensemble, read once per process."""
    return read_bundle(folder)


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
        it lies most central.
        Of an ensemble for packings, which knows no single particles, instead: ``member_prediction`` (member,
        window, target), and ``score`` (target), R2 of as many windows on packings never seen.
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
    window, cell = bundle.networks[0].image_shape, bundle.networks[0].cell
    classes = whole_cells(rescale(parted.classes, um_per_pixel / bundle.um_per_pixel), cell)
    corners = window_corners(classes.shape, window, cell)
    windows = cut_windows(classes, corners, window)
    finished = iter(range(1, len(corners) + 1))

    def run(tables: np.ndarray) -> Passes:
        return run_bundle(bundle, windows, tables, heat, lambda _: done(next(finished), len(corners)))

    if bundle.particle_calibration is None:
        passes = run(no_tables(windows))
        values = _values(classes, corners, passes, bundle)
        values |= of_electrode(passes.target, classes.size / windows[0].size, bundle)
    else:
        discs = find_discs(classes, bundle.um_per_pixel)
        placed = place(classes, bundle.um_per_pixel, discs, corners, window)
        passes = run(placed.tables)
        values = _values(classes, corners, passes, bundle)
        values |= _of_particles(discs, placed, passes, bundle, bundle.particle_calibration)
    judged = _verdict(classes, windows, passes, bundle, parted.notes, anyway)
    return make_result(values, judged, corners, bundle)


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


def _values(
    classes: np.ndarray, corners: Sequence[tuple[int, int]], passes: Passes, bundle: Bundle
) -> dict[str, np.ndarray]:
    """The prediction of an image out of those of its windows, by names of `cnn.result.VARIABLES`."""
    mean, spread = mean_and_spread(passes.target)
    bounds = _bounds(bundle)
    low, high = (np.clip(end.mean(axis=0), *bounds) for end in interval(mean, spread, bundle.calibration))
    values = {
        "prediction": mean.mean(axis=0),
        "low": low,
        "high": high,
        "between_windows": mean.std(axis=0, ddof=1) if len(mean) > 1 else np.full(mean.shape[1], np.nan),
        "window_prediction": mean,
        "distance": distance(bundle.reference, passes.pooled),
        "phase_fraction": np.array([np.mean(classes == phase) for phase in range(len(PHASES))]),
        "class_image": classes,
    }
    if passes.heat is not None:
        values["heatmap"] = stitch(passes.heat, corners, classes.shape, bundle.networks[0].cell)
    return values


def of_electrode(members: np.ndarray, sections: float, bundle: Bundle) -> dict[str, np.ndarray]:
    """What windows say of the whole packing behind them, by names of `cnn.result.VARIABLES`.

    Parameters
    ----------
    members
        Predictions of W windows by M networks [M, W, targets].
    sections
        Number of windows that they amount to, without what they share.
    bundle
        An ensemble for packings.
    """
    bounds = _bounds(bundle)
    mean, low, high = answer(members, bundle.readings, sections)
    scores = bundle.scores[next_below(bundle.scores, sections)]
    alone = bundle.readings[1].combination.of(members).mean(axis=0)
    return {
        "window_prediction": alone,
        "between_windows": alone.std(axis=0, ddof=1) if len(alone) > 1 else np.full(mean.size, np.nan),
        "prediction": np.clip(mean, *bounds),
        "low": np.clip(low, *bounds),
        "high": np.clip(high, *bounds),
        "member_prediction": members,
        "score": np.array(scores),
    }


def _bounds(bundle: Bundle) -> tuple[list[float], list[float]]:
    """Lowest and highest value of the targets."""
    targets = [target_row(*named) for named in zip(bundle.targets, bundle.target_units, strict=True)]
    return [target.lowest for target in targets], [target.highest for target in targets]


def _of_particles(
    discs: Discs, placed: Placed, passes: Passes, bundle: Bundle, calibration: Calibration
) -> dict[str, np.ndarray]:
    """Where the AM particles are, and the stress on each with its interval."""
    pixel = bundle.um_per_pixel / 1e6
    members = passes.particle_stress[:, placed.window, placed.row][..., None]
    mean, spread = mean_and_spread(members)
    stress, ends = target_row(ON_PARTICLES), interval(mean, spread, calibration)
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
    windows: np.ndarray,
    passes: Passes,
    bundle: Bundle,
    notes: Sequence[str],
    anyway: bool,
) -> dict[str, object]:
    """What the ensemble knows of such images, as attributes of a prediction."""
    shown = np.array([shapes(window, bundle.um_per_pixel) for window in windows])
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
