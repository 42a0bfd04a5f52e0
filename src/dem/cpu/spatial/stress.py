"""Written down while forces pass in space: overlap and force of every contact, and stress in the spheres."""

from __future__ import annotations

import math

from numba import njit

from dem.cpu.spatial.tile import (
    ARM_I,
    ARM_J,
    DX,
    DY,
    DZ,
    FORCE_X,
    FORCE_Y,
    FORCE_Z,
    NORMAL,
    NX,
    NY,
    NZ,
    OVERLAP,
    RADIUS_I,
    RADIUS_J,
    TANGENTIAL,
    TWIST_X,
    TWIST_Y,
    TWIST_Z,
)
from dem.state import TILE


@njit(cache=True, nogil=True, error_model="numpy")
def _resolve(tile):
    """Overlap, normal and the two parts of the force of a whole tile of pairs."""
    for k in range(TILE):
        dx, dy, dz = tile[DX + k], tile[DY + k], tile[DZ + k]
        distance = math.sqrt(dx * dx + dy * dy + dz * dz)
        per_distance = 1.0 / distance
        nx, ny, nz = dx * per_distance, dy * per_distance, dz * per_distance
        tile[NX + k], tile[NY + k], tile[NZ + k] = nx, ny, nz
        tile[OVERLAP + k] = tile[RADIUS_I + k] + tile[RADIUS_J + k] - distance
        tile[NORMAL + k] = tile[FORCE_X + k] * nx + tile[FORCE_Y + k] * ny + tile[FORCE_Z + k] * nz
        tile[TANGENTIAL + k] = math.sqrt(
            tile[TWIST_X + k] ** 2 + tile[TWIST_Y + k] ** 2 + tile[TWIST_Z + k] ** 2
        )


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _add(moment, normal_force_sum, i, arm, nx, ny, nz, fx, fy, fz, normal):
    ax, ay, az = arm * nx, arm * ny, arm * nz
    moment[i, 0] += ax * fx
    moment[i, 1] += ax * fy
    moment[i, 2] += ax * fz
    moment[i, 3] += ay * fx
    moment[i, 4] += ay * fy
    moment[i, 5] += ay * fz
    moment[i, 6] += az * fx
    moment[i, 7] += az * fy
    moment[i, 8] += az * fz
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
        normal = tile[NORMAL + k]
        if normal == 0.0 and tile[TANGENTIAL + k] == 0.0:
            continue
        i, j = owners[k], partners[k]
        nx, ny, nz = tile[NX + k], tile[NY + k], tile[NZ + k]
        fx, fy, fz = tile[FORCE_X + k], tile[FORCE_Y + k], tile[FORCE_Z + k]
        _add(moment, normal_force_sum, i, tile[ARM_I + k], nx, ny, nz, fx, fy, fz, normal)
        _add(moment, normal_force_sum, j, tile[ARM_J + k], nx, ny, nz, fx, fy, fz, normal)


@njit(cache=True, nogil=True)
def measure_wall_contact(contacts, p, move, normal, tangential, fx, fy, fz, stress):
    """Write down wall contact p, with how it moves and the force on its wall."""
    contacts.overlap[p] = move.overlap
    contacts.normal_force[p] = normal
    contacts.tangential_force[p] = tangential
    i, moment, normal_force_sum = contacts.owner[p], stress.moment, stress.normal_force_sum
    _add(moment, normal_force_sum, i, move.arm_i, move.nx, move.ny, move.nz, fx, fy, fz, normal)
