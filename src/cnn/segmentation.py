"""From gray values to the three phases: void, SE and AM."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from electrode.phases import DARK_TO_BRIGHT, PHASES

GRAY_LEVELS = 256
# Side of a pixel [um] where none is told: that of the study.
UM_PER_PIXEL = 0.1
# Counts of gray values enter with this power: void is rare, and Otsu would rather part a large phase in two.
POWER = 0.25
# Whole numbers up to this are single floats; larger gray values are brought to [0, 1] in double ones.
EXACT = 2.0**24
# Second differences see noise, but no steps and no ramps (Immerkaer, 1996).
NOISE = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]])


def check_brightness(brightness: Sequence[str]) -> list[int]:
    """Classes from dark to bright, for the phases named in that order.

    Raises
    ------
    ValueError
        If these are not the three phases.
    """
    if sorted(brightness) != sorted(PHASES):
        raise ValueError(
            f"brightness must name {', '.join(PHASES)} from dark to bright, got {', '.join(brightness)}"
        )
    return [PHASES.index(name) for name in brightness]


class Parted(NamedTuple):
    """A picture parted into phases."""

    classes: np.ndarray  # uint8 [rows, columns]: 0 void, 1 SE, 2 AM
    notes: list[str]  # what was corrected, and what may be wrong, as sentences


def segment(
    gray: np.ndarray,
    brightness: Sequence[str] = DARK_TO_BRIGHT,
    thresholds: Sequence[float] | None = None,
    um_per_pixel: float = UM_PER_PIXEL,
) -> np.ndarray:
    """Classes of `part`."""
    return part(gray, brightness, thresholds, um_per_pixel).classes


def part(
    gray: np.ndarray,
    brightness: Sequence[str] = DARK_TO_BRIGHT,
    thresholds: Sequence[float] | None = None,
    um_per_pixel: float = UM_PER_PIXEL,
) -> Parted:
    """Class of each pixel of a gray-value image.

    An image of exactly three gray levels is one of classes and is taken as it is. Of any other, noise is
    smoothed as far as there is any (total variation: Chambolle, 2004), an uneven background levelled
    (`cnn.lighting`), and two thresholds part the gray values, those of Otsu (1979).
    Thresholds that are given part the values as they are, without correction.

    Parameters
    ----------
    gray
        [rows, columns], any real numbers.
    brightness
        The three phases from dark to bright; unless given, as in the paper's images and in those of
        ``python -m analysis export``.
    thresholds
        The two gray values between them, in the units of `gray`; a pixel equal to one is on its bright side.
    um_per_pixel
        Side of a pixel [um], for what lies near edges.

    Raises
    ------
    ValueError
        If the image is none, has fewer than three gray levels, values that are no numbers, or a phase is
        missing in the end.
    """
    classes = np.array(check_brightness(brightness), np.uint8)
    gray = np.asarray(gray)
    if gray.ndim != 2 or gray.size == 0 or gray.dtype.kind not in "buif":
        raise ValueError(f"gray values must be real numbers [rows, columns], got {gray.dtype} {gray.shape}")
    if not np.isfinite(gray).all():
        raise ValueError("gray values must be finite, some are not")
    levels = _few_levels(gray)
    if levels is not None and levels.size < 3:
        shown = "a single gray level" if levels.size == 1 else "two gray levels only"
        raise ValueError(f"it shows {shown}; AM, SE and void make three")
    if levels is not None and levels.size == 3 and thresholds is None:
        return Parted(classes[np.searchsorted(levels, gray)], [])
    parts, notes = _three_parts(gray, thresholds, um_per_pixel)
    image = classes[parts]
    missing = [name for k, name in enumerate(PHASES) if not (image == k).any()]
    if missing:
        raise ValueError(
            f"its segmentation shows no {' and no '.join(missing)}: thresholds must part it in three"
        )
    return Parted(image, notes)


def _few_levels(gray: np.ndarray) -> np.ndarray | None:
    """The gray levels of an image that has at most three, or None."""
    levels = np.unique(gray[:: max(1, len(gray) // 50)])
    if levels.size <= 3:
        levels = np.unique(gray)
    return levels if levels.size <= 3 else None


def _on_unit_range(
    low: float, high: float, thresholds: Sequence[float] | None
) -> tuple[float, float, Sequence[float] | None]:
    """Range and thresholds of gray values once these are brought to [0, 1]."""
    if thresholds is not None:
        thresholds = [(threshold - low) / (high - low) for threshold in thresholds]
    return 0.0, 1.0, thresholds


def noise(gray: np.ndarray) -> float:
    """Standard deviation of the noise in an image, estimated from its second differences."""
    from scipy.ndimage import convolve

    # Median of absolute values of a normal distribution of unit variance.
    return float(np.median(np.abs(convolve(gray, NOISE))) / 0.6745 / np.sqrt(np.sum(NOISE**2)))


def _three_parts(
    gray: np.ndarray, thresholds: Sequence[float] | None, um_per_pixel: float
) -> tuple[np.ndarray, list[str]]:
    """0, 1, 2 for dark, middle and bright, after denoising and correction, and what is to be said of them."""
    if thresholds is not None and not (len(thresholds) == 2 and thresholds[0] < thresholds[1]):
        raise ValueError(f"thresholds must be two that ascend, got {', '.join(f'{t:g}' for t in thresholds)}")
    # On demand: images of classes do without.
    from skimage.restoration import denoise_tv_chambolle

    from cnn.lighting import as_it_is, correct

    # Outliers, such as a few hot pixels of 16 bits, must not squeeze the rest into one bin.
    low, high = (float(end) for end in np.quantile(gray, [0.001, 0.999]))
    if low == high:
        low, high = float(gray.min()), float(gray.max())
    if max(abs(low), abs(high)) > EXACT:
        gray = (gray.astype(np.float64) - low) / (high - low)
        low, high, thresholds = _on_unit_range(low, high, thresholds)
    smooth = np.clip((gray.astype(np.float32) - low) / (high - low), 0.0, 1.0)
    weight = noise(smooth)
    if weight > 0:
        smooth = denoise_tv_chambolle(smooth, weight)
    if thresholds is not None:
        parts = np.digitize(smooth, [(threshold - low) / (high - low) for threshold in thresholds])
        return parts, as_it_is(smooth, parts, um_per_pixel)
    lit = correct(smooth, _by_otsu, um_per_pixel)
    return lit.parts, lit.notes


def otsu(values: np.ndarray) -> np.ndarray:
    """Two thresholds of gray values."""
    from skimage.filters import threshold_multiotsu

    count, edges = np.histogram(values, GRAY_LEVELS, (0.0, 1.0))
    return threshold_multiotsu(hist=(count**POWER, (edges[1:] + edges[:-1]) / 2), classes=len(PHASES))


def _by_otsu(values: np.ndarray) -> np.ndarray:
    return np.digitize(values, otsu(values), right=True)
