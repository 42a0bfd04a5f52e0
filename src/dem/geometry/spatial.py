"""Space: spheres move in x, y and z, above a floor and below a piston; sides are periodic or rigid.

The normal of a contact points from owner i to partner j. Distances from centre to contact point ("lever
arms") are R - overlap / 2.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from numba import njit

from dem.geometry.planar import Face

# Columns of `dem.state.Spheres`: of its motion, the first three also the axes, and of its load.
X, Y, Z, VX, VY, VZ, SPIN_X, SPIN_Y, SPIN_Z, RADIUS = range(10)
FX, FY, FZ, TORQUE_X, TORQUE_Y, TORQUE_Z = range(6)

# In the order in which files hold them. The sides are faces of a die only; else the box is periodic there.
FACES = tuple(
    map(
        Face,
        ("bottom", "top", "left", "right", "front", "back"),
        (Z, Z, X, X, Y, Y),
        (-1.0, 1.0, -1.0, 1.0, -1.0, 1.0),
    )
)
FLOOR_AND_PISTON = FACES[:2]


class Approach(NamedTuple):
    """How the particles of a contact lie and move, from j relative to i."""

    nx: float  # normal
    ny: float
    nz: float
    overlap: float  # [m]
    arm_i: float  # [m]
    arm_j: float  # [m]
    opening: float  # normal velocity at the contact point, positive when separating [m/s]
    slip_x: float  # tangential velocity there [m/s]
    slip_y: float
    slip_z: float


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def nearest(difference, length, half):
    """Difference of two coordinates [m], of their nearest images in a box that repeats itself.

    Both lie in the box, but for less than the skin of the neighbor list; `length` and `half` are of
    `dem.state.Box`.
    """
    below = difference - length if difference > half else difference
    return difference + length if difference < -half else below


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def approach(dx, dy, dz, dvx, dvy, dvz, ix, iy, iz, jx, jy, jz, radius_i, radius_j):
    """How a pair lies and moves: from differences of place and velocity, spins of both, and radii.

    Velocity of j relative to i at the contact point: v_j - v_i - (a_i w_i + a_j w_j) x n.
    """
    distance = math.sqrt(dx * dx + dy * dy + dz * dz)
    per_distance = 1.0 / distance
    nx, ny, nz = dx * per_distance, dy * per_distance, dz * per_distance
    overlap = radius_i + radius_j - distance
    arm_i, arm_j = radius_i - 0.5 * overlap, radius_j - 0.5 * overlap
    return move(nx, ny, nz, overlap, arm_i, arm_j, dvx, dvy, dvz, ix, iy, iz, jx, jy, jz)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def move(nx, ny, nz, overlap, arm_i, arm_j, dvx, dvy, dvz, ix, iy, iz, jx, jy, jz):
    """How a contact moves whose normal, overlap [m] and arms [m] are known; a wall has no spin."""
    turn_x, turn_y, turn_z = arm_i * ix + arm_j * jx, arm_i * iy + arm_j * jy, arm_i * iz + arm_j * jz
    vx = dvx - (turn_y * nz - turn_z * ny)
    vy = dvy - (turn_z * nx - turn_x * nz)
    vz = dvz - (turn_x * ny - turn_y * nx)
    opening = vx * nx + vy * ny + vz * nz
    return Approach(
        nx,
        ny,
        nz,
        overlap,
        arm_i,
        arm_j,
        opening,
        vx - opening * nx,
        vy - opening * ny,
        vz - opening * nz,
    )


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def face_gap(motion, walls, i, w):
    """Distance of the surface of particle i from face w [m]; negative when they overlap."""
    return walls.outward[w] * (walls.position[w] - motion[i, walls.axis[w]]) - motion[i, RADIUS]


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def face_approach(motion, walls, i, w):
    """How particle i lies and moves against face w."""
    axis, outward, speed = walls.axis[w], walls.outward[w], walls.velocity[w]
    overlap = -face_gap(motion, walls, i, w)
    arm = motion[i, RADIUS] - 0.5 * overlap
    return move(
        outward if axis == X else 0.0,
        outward if axis == Y else 0.0,
        outward if axis == Z else 0.0,
        overlap,
        arm,
        0.0,
        (speed if axis == X else 0.0) - motion[i, VX],
        (speed if axis == Y else 0.0) - motion[i, VY],
        (speed if axis == Z else 0.0) - motion[i, VZ],
        motion[i, SPIN_X],
        motion[i, SPIN_Y],
        motion[i, SPIN_Z],
        0.0,
        0.0,
        0.0,
    )
