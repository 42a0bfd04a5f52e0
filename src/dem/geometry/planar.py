"""The plane: particles are spheres whose centres move in x and y, in a box of four faces.

The normal of a contact points from owner i to partner j, the tangent is the normal turned by +90 degrees.
Distances from centre to contact point ("lever arms") are R - overlap / 2.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from numba import njit

from electrode.trajectory import WALLS

X, Y = 0, 1


class Face(NamedTuple):
    """A side of the box."""

    name: str
    axis: int  # that its normal is along
    outward: float  # direction of its outward normal along the axis, -1 or 1


# In the order in which files hold them.
FACES = tuple(map(Face, WALLS, (X, X, Y, Y), (-1.0, 1.0, -1.0, 1.0)))


@njit(cache=True, nogil=True, error_model="numpy")
def approach(dx, dy, dvx, dvy, spin_i, spin_j, radius_i, radius_j):
    """How the particles of a pair lie and move, from j relative to i.

    Returns
    -------
    nx, ny : float
        Normal.
    overlap, arm_i, arm_j : float
        [m].
    opening, slip : float
        Normal (positive when separating) and tangential velocity at the contact point [m/s].
    """
    distance = math.sqrt(dx**2 + dy**2)
    nx, ny = dx / distance, dy / distance
    overlap = radius_i + radius_j - distance
    arm_i, arm_j = radius_i - 0.5 * overlap, radius_j - 0.5 * overlap
    slip = dvy * nx - dvx * ny
    opening = dvx * nx + dvy * ny
    return nx, ny, overlap, arm_i, arm_j, opening, slip - spin_i * arm_i - spin_j * arm_j


@njit(cache=True, nogil=True)
def force_vector(normal, tangential, nx, ny):
    """Force on the partner from its normal and tangential part."""
    return normal * nx - tangential * ny, normal * ny + tangential * nx


@njit(cache=True, nogil=True)
def face_gap(particles, walls, i, w):
    """Distance of the surface of particle i from face w [m]; negative when they overlap."""
    centre = particles.x[i] if walls.axis[w] == X else particles.y[i]
    distance = centre - walls.position[w] if walls.outward[w] < 0.0 else walls.position[w] - centre
    return distance - particles.radius[i]


@njit(cache=True, nogil=True)
def face_approach(particles, walls, i, w):
    """How particle i lies and moves against face w: overlap, arm [m], opening and slip [m/s]."""
    overlap = -face_gap(particles, walls, i, w)
    arm = particles.radius[i] - 0.5 * overlap
    outward = walls.outward[w]
    if walls.axis[w] == X:
        along, across = particles.vx[i], particles.vy[i]
    else:
        along, across = particles.vy[i], -particles.vx[i]
    opening = outward * (walls.velocity[w] - along)
    return overlap, arm, opening, -outward * across - particles.omega[i] * arm


@njit(cache=True, nogil=True)
def face_normal(walls, w):
    """Outward normal of face w."""
    outward = walls.outward[w]
    return (outward, 0.0) if walls.axis[w] == X else (0.0, outward)
