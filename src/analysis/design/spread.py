"""What packings of one setting differ by."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.interpolate import RegularGridInterpolator

from analysis.design.settings import places

# Packings that the spread of more of them weighs as much as, where there are few.
AS_MANY = 3


class Spread:
    """Standard deviation over packings of one setting: by cell of the grid, between them interpolated.

    In a cell, of one AM share and pressure, packings differ in AM size too: what a straight line in it leaves
    is spread. Few packings lean on what all pressures of their AM share tell, and these on all AM shares, as
    on `AS_MANY` more of them.
    """

    def __init__(self, settings: np.ndarray, values: np.ndarray) -> None:
        shares, pressures = np.unique(settings[:, 0]), np.unique(settings[:, 2])
        squares, freedoms = np.zeros((2, shares.size, pressures.size))
        for cell in np.ndindex(squares.shape):
            chosen = (settings[:, 0] == shares[cell[0]]) & (settings[:, 2] == pressures[cell[1]])
            if np.count_nonzero(chosen) > 2:
                sizes = settings[chosen, 1]
                line = np.stack(
                    [np.ones_like(sizes), (sizes - sizes.mean()) / (np.ptp(sizes) or 1.0)], axis=1
                )
                left = values[chosen] - line @ np.linalg.lstsq(line, values[chosen])[0]
                squares[cell], freedoms[cell] = left @ left, left.size - 2
        if not freedoms.any():
            raise ValueError("a design map needs four packings of an AM share, or three of several")
        # Samples of a packing tell the same under all pressures: a share has no more freedoms than a cell.
        of_all = squares.sum() / freedoms.sum()
        of_share = _leaning(squares.sum(axis=1), freedoms.sum(axis=1), of_all, pressures.size)
        variance = _leaning(squares, freedoms, of_share[:, None])
        # What does not differ at all is still no more certain than this.
        floor = (1e-3 * values.std()) ** 2 or 1e-12
        self._axes = shares, np.log(pressures)
        self._log_variance = RegularGridInterpolator(self._axes, np.log(np.maximum(variance, floor)))

    def __call__(self, settings: np.ndarray) -> np.ndarray:
        """Standard deviation at M settings [M]; beyond the outermost cells that of these."""
        placed = places(settings)[:, [0, 2]]
        for column, axis in enumerate(self._axes):
            placed[:, column] = np.clip(placed[:, column], axis[0], axis[-1])
        return np.exp(self._log_variance(placed) / 2)


def _leaning(squares: np.ndarray, freedoms: np.ndarray, on: Any, alike: int = 1) -> np.ndarray:
    """Variances of sums of squares, of which so many are alike; where freedoms are few they lean on others.

    In proportion, as variances differ by orders of magnitude.
    """
    own = np.divide(squares, freedoms, out=np.zeros_like(squares), where=freedoms > 0)
    ratio = np.maximum(own / np.maximum(on, 1e-300), 1e-4)
    weight = (freedoms / alike) / (AS_MANY + freedoms / alike)
    return np.asarray(on * ratio**weight)
