"""Images of classes at another scale, and which pixels and how many are read."""

from __future__ import annotations

import numpy as np
from PIL import Image

from electrode.phases import PHASES

# An image of `MOST_PIXELS` takes a few GB; pixels beyond these sides [um] show no particle, or only one.
MOST_PIXELS = 36_000_000
SMALLEST_PIXEL, LARGEST_PIXEL = 0.001, 0.5


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
