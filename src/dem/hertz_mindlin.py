"""Contact law of Hertz (1882) and Mindlin (1949) with dashpots and Coulomb slip: nothing ever yields."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from dem.contact import friction_force


@njit(cache=True, nogil=True, error_model="numpy")
def contact_force(
    overlap,
    normal_velocity,
    tangential_velocity,
    displacement,
    time_step,
    normal_stiffness,
    tangential_stiffness,
    normal_damping,
    tangential_damping,
    friction,
):
    """Force of one contact, and what a step does to it; all 0 without overlap.

    Choices are conditional expressions, so that a loop over contacts becomes vector instructions.

    Parameters
    ----------
    overlap : float
        [m].
    normal_velocity, tangential_velocity : float
        Of j relative to i at the contact point [m/s]; normal positive when separating.
    displacement : float
        Tangential displacement accumulated while in contact, before this step [m].
    time_step : float
        [s]; 0 evaluates the force without advancing the displacement.
    normal_stiffness, tangential_stiffness, normal_damping, tangential_damping
        See `dem.contact.contact_constants`.
    friction : float
        Coulomb coefficient [-].

    Returns
    -------
    normal_force : float
        [N], positive pushes apart. It may pull briefly at the end of a rebound.
    tangential_force : float
        Force on j along the tangent [N].
    displacement : float
        [m].
    dissipated : float
        Work lost in this step to the dashpots, or to slip [J].
    """
    touches = overlap > 0.0
    root = math.sqrt(overlap if touches else 0.0)
    fourth_root = math.sqrt(root)
    normal_dashpot = normal_damping * fourth_root * normal_velocity
    normal_force = normal_stiffness * root * overlap - normal_dashpot
    tangential_force, displacement, rubbed = friction_force(
        normal_force,
        tangential_velocity,
        displacement,
        time_step,
        tangential_stiffness * root,
        tangential_damping * fourth_root,
        friction,
    )
    return (
        normal_force if touches else 0.0,
        tangential_force if touches else 0.0,
        displacement if touches else 0.0,
        normal_dashpot * normal_velocity * time_step + rubbed if touches else 0.0,
    )


@njit(cache=True, nogil=True)
def elastic_energy(overlap, displacement, normal_stiffness, tangential_stiffness):
    """Energy in the springs of one contact [J]: (2/5) k overlap^2.5 + (1/2) k_S displacement^2."""
    root = math.sqrt(overlap)
    return 0.4 * normal_stiffness * root * overlap**2 + 0.5 * tangential_stiffness * root * displacement**2


def hertz_contact_area(
    normal_force: np.ndarray, effective_radius: np.ndarray, effective_modulus: np.ndarray
) -> np.ndarray:
    """Area of the Hertz circle [m^2]: pi a^2, a = (3 F_N R_eff / (4 E_eff))^(1/3); 0 where F_N pulls."""
    return np.pi * np.maximum(0.75 * normal_force * effective_radius / effective_modulus, 0.0) ** (2 / 3)
