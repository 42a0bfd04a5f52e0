"""Written down while forces pass: overlap and force of every contact, and the stress in particles."""

from __future__ import annotations

import math

from numba import njit

from dem.cpu.tile import (
    DX,
    DY,
    FORCE_X,
    FORCE_Y,
    NORMAL,
    NX,
    NY,
    OVERLAP,
    RADIUS_I,
    RADIUS_J,
    TANGENTIAL,
)
from dem.state import TILE


@njit(cache=True, nogil=True, error_model="numpy")
def _resolve(tile):
    """Overlap, normal and the two parts of the force of a whole tile of pairs."""
    for k in range(TILE):
        distance = math.sqrt(tile[DX + k] ** 2 + tile[DY + k] ** 2)
        nx, ny = tile[DX + k] / distance, tile[DY + k] / distance
        tile[NX + k], tile[NY + k] = nx, ny
        tile[OVERLAP + k] = tile[RADIUS_I + k] + tile[RADIUS_J + k] - distance
        tile[NORMAL + k] = tile[FORCE_X + k] * nx + tile[FORCE_Y + k] * ny
        tile[TANGENTIAL + k] = tile[FORCE_Y + k] * nx - tile[FORCE_X + k] * ny


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _add(moment, normal_force_sum, i, arm, nx, ny, fx, fy, normal):
    moment[i, 0] += arm * (nx * fx)
    moment[i, 1] += arm * (nx * fy)
    moment[i, 2] += arm * (ny * fx)
    moment[i, 3] += arm * (ny * fy)
    normal_force_sum[i] += normal


@njit(cache=True, nogil=True, error_model="numpy")
def measure_pairs(pairs, start, count, tile, stress):
    """Write down `count` pairs from `start` on, whose forces are in `tile`.

    Both particles of a contact get lever arm x force with the same sign: normal and force turn together.
    """
    _resolve(tile)
    pairs.overlap[start : start + count] = tile[OVERLAP : OVERLAP + count]
    pairs.normal_force[start : start + count] = tile[NORMAL : NORMAL + count]
    pairs.tangential_force[start : start + count] = tile[TANGENTIAL : TANGENTIAL + count]
    owners, partners = pairs.owner[start : start + TILE], pairs.partner[start : start + TILE]
    moment, normal_force_sum = stress.moment, stress.normal_force_sum
    for k in range(count):
        i, j = owners[k], partners[k]
        half, normal = 0.5 * tile[OVERLAP + k], tile[NORMAL + k]
        nx, ny, fx, fy = tile[NX + k], tile[NY + k], tile[FORCE_X + k], tile[FORCE_Y + k]
        _add(moment, normal_force_sum, i, tile[RADIUS_I + k] - half, nx, ny, fx, fy, normal)
        _add(moment, normal_force_sum, j, tile[RADIUS_J + k] - half, nx, ny, fx, fy, normal)


@njit(cache=True, nogil=True)
def measure_wall_contact(contacts, p, overlap, normal, tangential, arm, nx, ny, fx, fy, stress):
    """Write down wall contact p, with the outward normal of its wall and the force on it."""
    contacts.overlap[p] = overlap
    contacts.normal_force[p] = normal
    contacts.tangential_force[p] = tangential
    _add(stress.moment, stress.normal_force_sum, contacts.owner[p], arm, nx, ny, fx, fy, normal)
