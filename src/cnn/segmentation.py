"""From gray values to the three phases: void, SE and AM."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from electrode.phases import DARK_TO_BRIGHT, PHASES

GRAY_LEVELS = 256
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


def segment(
    gray: np.ndarray, brightness: Sequence[str] = DARK_TO_BRIGHT, thresholds: Sequence[float] | None = None
) -> np.ndarray:
    """Class of each pixel of a gray-value image.

    An image of exactly three gray levels is one of classes and is taken as it is. Of any other, noise is
    smoothed as far as there is any (total variation: Chambolle, 2004) and two thresholds part the gray
    values, those of Otsu (1979) unless given.

    Parameters
    ----------
    gray
        [rows, columns], any real numbers.
    brightness
        The three phases from dark to bright; unless given, as in the paper's images and in those of
        ``python -m analysis export``.
    thresholds
        The two gray values between them, in the units of `gray`; a pixel equal to one is on its bright side.

    Returns
    -------
    ndarray
        uint8 [rows, columns]: 0 void, 1 SE, 2 AM.

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
        return classes[np.searchsorted(levels, gray)]
    image = classes[_three_parts(gray, thresholds)]
    missing = [name for k, name in enumerate(PHASES) if not (image == k).any()]
    if missing:
        raise ValueError(
            f"its segmentation shows no {' and no '.join(missing)}: thresholds must part it in three"
        )
    return image


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


def _three_parts(gray: np.ndarray, thresholds: Sequence[float] | None) -> np.ndarray:
    """0, 1, 2 for dark, middle and bright, after denoising."""
    if thresholds is not None and not (len(thresholds) == 2 and thresholds[0] < thresholds[1]):
        raise ValueError(f"thresholds must be two that ascend, got {', '.join(f'{t:g}' for t in thresholds)}")
    # On demand: images of classes do without.
    from skimage.filters import threshold_multiotsu
    from skimage.restoration import denoise_tv_chambolle

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
        return np.digitize(smooth, [(threshold - low) / (high - low) for threshold in thresholds])
    count, edges = np.histogram(smooth, GRAY_LEVELS, (0.0, 1.0))
    counted = count**POWER, (edges[1:] + edges[:-1]) / 2
    return np.digitize(smooth, threshold_multiotsu(hist=counted, classes=3), right=True)
