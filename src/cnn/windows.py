"""Windows of the size that the network learnt, which cover an image."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

# Neighbouring windows share at least this of their length.
OVERLAP = 0.25


def window_starts(length: int, window: int, cell: int) -> list[int]:
    """First pixels of windows that cover `length` pixels with `OVERLAP`, on the grid of the cells."""
    count = math.ceil((length - window) / (window * (1 - OVERLAP))) + 1
    last = (length - window) // cell
    return sorted({round(last * k / max(count - 1, 1)) * cell for k in range(count)})


def whole_cells(image: np.ndarray, cell: int) -> np.ndarray:
    """An image without the rows and columns that fill no cell [pixels]."""
    rows, columns = (length // cell * cell for length in image.shape)
    return image[:rows, :columns]


def window_corners(shape: tuple[int, ...], window: tuple[int, int], cell: int) -> list[tuple[int, int]]:
    """Top and left pixel of the windows that cover an image of this shape."""
    tops, lefts = (window_starts(length, side, cell) for length, side in zip(shape, window, strict=True))
    return [(top, left) for top in tops for left in lefts]


def cut_windows(image: np.ndarray, corners: Sequence[tuple[int, int]], window: tuple[int, int]) -> np.ndarray:
    """The windows of an image [N, rows, columns]."""
    rows, columns = window
    return np.stack([image[top : top + rows, left : left + columns] for top, left in corners])


def stitch(
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
