"""Uneven background and bright edges of a micrograph, which thresholds take for phases."""

from __future__ import annotations

import numpy as np

from electrode.phases import PHASES

# Warned of from these shares of the contrast on; pictures without either have less than 0.06 and 0.02.
UNEVEN, BRIGHT = 0.1, 0.05
# A rim is this wide, and the inside begins this far from the edge [pixels of the class image].
RIM, INSIDE = 1, 3
# The background is fitted to about so many pixels.
PIXELS = 20_000


def lighting_notes(gray: np.ndarray, classes: np.ndarray, pixels: float) -> list[str]:
    """What readers should know of the lighting of a picture.

    Parameters
    ----------
    gray
        Gray values [rows, columns].
    classes
        Phases [rows, columns] of the same view, at another scale and from the same upper left corner.
    pixels
        Pixels of the picture to a side of one of `classes`.
    """
    rows, columns = (
        np.minimum(((np.arange(own) + 0.5) * pixels).astype(int), length - 1)
        for own, length in zip(classes.shape, gray.shape, strict=True)
    )
    values = gray[np.ix_(rows, columns)].astype(np.float64)
    present = [classes == phase for phase in range(len(PHASES))]
    if np.unique(values).size <= len(PHASES) or not all(phase.any() for phase in present):
        return []
    notes = []
    if (share := unevenness(values, classes)) > UNEVEN:
        notes.append(
            f"its background is uneven by {100 * share:.0f} % of the contrast of its phases: level it"
        )
    if (share := edge_brightness(values, present)) > BRIGHT:
        notes.append(
            f"its edges are bright by {100 * share:.0f} % of the contrast: they are taken for phases"
        )
    return notes


def unevenness(values: np.ndarray, classes: np.ndarray) -> float:
    """Range of the background, a parabola over the picture, as a share of the contrast between phases."""
    step = max(1, round((values.size / PIXELS) ** 0.5))
    values, classes = values[::step, ::step], classes[::step, ::step]
    y, x = np.meshgrid(*(np.linspace(-1, 1, length) for length in values.shape), indexing="ij")
    ground = np.stack([x, y, x * y, x * x, y * y], axis=-1).reshape(values.size, -1)
    levels = (classes.reshape(-1, 1) == np.arange(len(PHASES))).astype(float)
    fitted = np.linalg.lstsq(np.hstack([levels, ground]), values.ravel(), rcond=None)[0]
    contrast = np.ptp(fitted[: len(PHASES)])
    return float(np.ptp(ground @ fitted[len(PHASES) :]) / contrast) if contrast > 0 else 0.0


def edge_brightness(values: np.ndarray, present: list[np.ndarray]) -> float:
    """How much brighter the rim of the brightest phase is than its inside, as a share of the contrast.

    Blur makes the rim of the brightest phase darker, never brighter.
    """
    from scipy.ndimage import binary_erosion

    means = [float(values[phase].mean()) for phase in present]
    brightest = present[int(np.argmax(means))]
    rim = brightest & ~binary_erosion(brightest, iterations=RIM, border_value=1)
    inside = binary_erosion(brightest, iterations=INSIDE, border_value=1)
    if not rim.any() or not inside.any() or max(means) == min(means):
        return 0.0
    return float((values[rim].mean() - values[inside].mean()) / (max(means) - min(means)))
