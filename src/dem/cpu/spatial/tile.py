"""The scratch through which pairs in space pass on their way through the contact law, see `dem.cpu.tile`."""

from __future__ import annotations

from typing import Any

import numpy as np

from dem.state import TILE

# With all its rows it stays in the first-level cache.
DX, DY, DZ, DVX, DVY, DVZ = (row * TILE for row in range(6))
SPIN_IX, SPIN_IY, SPIN_IZ, SPIN_JX, SPIN_JY, SPIN_JZ = (row * TILE for row in range(6, 12))
RADIUS_I, RADIUS_J = (row * TILE for row in range(12, 14))
DISPLACEMENT_X, DISPLACEMENT_Y, DISPLACEMENT_Z = (row * TILE for row in range(14, 17))
FORCE_X, FORCE_Y, FORCE_Z = (row * TILE for row in range(17, 20))  # on the partner
TWIST_X, TWIST_Y, TWIST_Z = (row * TILE for row in range(20, 23))  # normal x force on the partner
ARM_I, ARM_J = (row * TILE for row in range(23, 25))
DISSIPATED = 25 * TILE  # summed up since the tile was made, over all pairs that passed through a place
NX, NY, NZ, OVERLAP, NORMAL, TANGENTIAL = (row * TILE for row in range(26, 32))  # filled when measuring
HISTORY = 32 * TILE  # of the law, as many rows as it has
APART = 1.0  # [m]


def empty_tile(law: Any) -> np.ndarray:
    """Room for the numbers of one tile under a law."""
    return np.zeros(HISTORY + len(law.HISTORY) * TILE)


def dissipated_work(tile: np.ndarray) -> float:
    """Work lost to dashpots and slip since the tile was made [J]."""
    return float(tile[DISSIPATED : DISSIPATED + TILE].sum())
