"""The scratch through which pairs pass, many at a time, on their way through the contact law.

Their count is known when the kernels are compiled and all numbers lie in one array, row by row: the compiler
then knows that rows do not overlap, and a loop over a tile becomes vector instructions.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dem.state import TILE

DX, DY, DVX, DVY, SPIN_I, SPIN_J, RADIUS_I, RADIUS_J = (row * TILE for row in range(8))
DISPLACEMENT, FORCE_X, FORCE_Y, TORQUE_I, TORQUE_J = (row * TILE for row in range(8, 13))
DISSIPATED = 13 * TILE  # summed up since the tile was made, over all pairs that passed through a place
NX, NY, OVERLAP, NORMAL, TANGENTIAL = (row * TILE for row in range(14, 19))  # filled when measuring
HISTORY = 19 * TILE  # of the law, as many rows as it has
# A place that no pair fills gets two centres this far apart [m].
APART = 1.0


def empty_tile(law: Any) -> np.ndarray:
    """Room for the numbers of one tile under a law."""
    return np.zeros(HISTORY + len(law.HISTORY) * TILE)


def dissipated_work(tile: np.ndarray) -> float:
    """Work lost to dashpots and slip since the tile was made [J]."""
    return float(tile[DISSIPATED : DISSIPATED + TILE].sum())
