"""Coulomb friction on a tangential spring: what a law says of the normal goes in.

Sliding cuts the spring at the Coulomb limit and drops its dashpot (LIGGGHTS, ``tangential history``).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np


class Coulomb(NamedTuple):
    """Contacts in space that stick and slide."""

    coefficient: np.ndarray  # per pair of species [3, 3]


class Frictionless(NamedTuple):
    """Contacts in space of which none can push along the tangent: kernels leave all that out."""

    coefficient: np.ndarray  # 0 for each pair of species [3, 3]


def friction_of(coefficient: np.ndarray) -> Coulomb | Frictionless:
    """Friction in space, by its coefficients per pair of species [3, 3]: its type chooses the kernels."""
    return Coulomb(coefficient) if coefficient.any() else Frictionless(coefficient)


def friction_force(
    normal_force, tangential_velocity, displacement, time_step, spring, tangential_damping, friction
):
    """Tangential force of a contact that touches, and what a step does to its spring.

    Parameters
    ----------
    normal_force : float
        [N].
    tangential_velocity : float
        Of j relative to i at the contact point [m/s].
    displacement : float
        Tangential displacement accumulated while in contact, before this step [m].
    time_step : float
        [s]; 0 evaluates the force without advancing the displacement.
    spring : float
        Tangential spring constant [N/m].
    tangential_damping : float
        [N s/m].
    friction : float
        Coulomb coefficient [-].

    Returns
    -------
    tangential_force : float
        On j along the tangent [N].
    displacement : float
        [m].
    dissipated : float
        Work lost in this step to the dashpot, or to slip [J].
    """
    displacement += tangential_velocity * time_step
    elastic = -spring * displacement
    limit = friction * abs(normal_force)
    slides = abs(elastic) > limit
    cut = math.copysign(limit, elastic)
    shortened = -cut / spring if slides else displacement
    dashpot = tangential_damping * tangential_velocity
    rubbed = cut * (shortened - displacement) if slides else dashpot * tangential_velocity * time_step
    return cut if slides else elastic - dashpot, shortened, rubbed


def friction_vector(
    normal_force,
    slip_x,
    slip_y,
    slip_z,
    x,
    y,
    z,
    nx,
    ny,
    nz,
    time_step,
    spring,
    tangential_damping,
    friction,
):
    """Friction of a contact that touches, in space: the tangential displacement is a vector.

    It turns with the normal: what lies along the new normal is taken off, and the rest brought back to its
    length. LIGGGHTS leaves it shortened, by half the square of the turned angle in each step. What both
    particles turn about the normal together does not turn it, as there.

    Parameters
    ----------
    normal_force : float
        [N].
    slip_x, slip_y, slip_z : float
        Tangential velocity of j relative to i at the contact point [m/s].
    x, y, z : float
        Tangential displacement accumulated while in contact, before this step [m].
    nx, ny, nz : float
        Normal, from i to j.
    time_step : float
        [s]; 0 evaluates the force without advancing the displacement.
    spring : float
        Tangential spring constant [N/m].
    tangential_damping : float
        [N s/m].
    friction : float
        Coulomb coefficient [-].

    Returns
    -------
    fx, fy, fz : float
        Force on j [N].
    x, y, z : float
        Displacement [m].
    dissipated : float
        Work lost in this step to the dashpot, or to slip [J].
    """
    along = x * nx + y * ny + z * nz
    length = x * x + y * y + z * z
    x, y, z = x - along * nx, y - along * ny, z - along * nz
    left = x * x + y * y + z * z
    stretch = math.sqrt(length / left) if left > 0.0 else 0.0
    x, y, z = (
        stretch * x + slip_x * time_step,
        stretch * y + slip_y * time_step,
        stretch * z + slip_z * time_step,
    )
    length = math.sqrt(x * x + y * y + z * z)
    limit = friction * abs(normal_force)
    pull = spring * length
    slides = pull > limit
    share = limit / pull if slides else 1.0
    x, y, z = share * x, share * y, share * z
    dashpot = 0.0 if slides else tangential_damping
    rubbed = limit * (1.0 - share) * length + dashpot * time_step * (
        slip_x * slip_x + slip_y * slip_y + slip_z * slip_z
    )
    return (
        -spring * x - dashpot * slip_x,
        -spring * y - dashpot * slip_y,
        -spring * z - dashpot * slip_z,
        x,
        y,
        z,
        rubbed,
    )
