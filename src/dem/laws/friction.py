"""Coulomb friction on a tangential spring, in the plane: what a law says of the normal goes in.

Sliding cuts the spring at the Coulomb limit and drops its dashpot (LIGGGHTS, ``tangential history``).
"""

from __future__ import annotations

import math


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
