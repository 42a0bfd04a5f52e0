"""Elasto-plastic contact law of Maxwell type: a spring whose free length flows.

So et al., MethodsX 9 (2022) 101857; J. Power Sources 508 (2021) 230344; J. Electrochem. Soc. 168 (2021)
030538. Each contact remembers the overlap at which its spring is free, the
*equilibrium overlap* h_eq. Beyond a yield force h_eq creeps after the overlap h:

* spring F = k (h - h_eq), k = (4/3) E_eff sqrt(R_eff h) (1 + c_spring h_eq / R_eff)^(3/2);
* yield force F_th = H (2/3) pi h R_eff (1 + c_area h_eq / R_eff), H the hardness of the softer partner;
* flow dh_eq/dt = (F - F_th) / (t_rel k) above F_th, (F + F_th) / (t_rel k) below -F_th, else 0;
* contact area pi h R_eff (1 + c_area h_eq / R_eff).

Where solid electrolyte takes part particles fuse: the spring may pull. Elsewhere, and at walls, it does not:
such a contact is apart while h < h_eq, and once it has yielded not even its dashpot pulls. Until a contact
yields it is one of `dem.hertz_mindlin`. Dashpots and friction are those of that law, the normal dashpot with
the tangent stiffness of the stiffened spring.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from dem.contact import friction_force
from dem.parameters import Contacts


class Flow(NamedTuple):
    """Constants of the flow, the same for all contacts."""

    spring_growth: float  # c_spring [-]
    area_growth: float  # c_area [-]
    largest: float  # cap of h_eq / R_eff [-]
    rate: float  # 1 / t_rel [1/s]; 0 where nothing yields


ELASTIC = Flow(0.0, 0.0, 0.0, 0.0)


def flow_of(contacts: Contacts) -> Flow:
    """Constants of the flow under the configured law; `ELASTIC` under another."""
    if contacts.law != "elastoplastic":
        return ELASTIC
    given = contacts.elastoplastic
    constants = given.spring_growth, given.area_growth, given.largest_equilibrium_overlap
    # Whole numbers would be another type, and have all kernels compiled anew.
    return Flow(*map(float, constants), rate=1 / given.relaxation_time)


@njit(cache=True, nogil=True)
def yield_stiffness(hardness, effective_radius):
    """Yield force / overlap of a contact that has not yielded: (2/3) pi H R_eff [N/m]."""
    return 2 / 3 * math.pi * hardness * effective_radius


# Left to itself the compiler finds it too long to inline, and a loop with a call in it is no vector loop.
@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def contact_force(
    overlap,
    normal_velocity,
    tangential_velocity,
    displacement,
    flattening,
    time_step,
    normal_stiffness,
    tangential_stiffness,
    normal_damping,
    tangential_damping,
    friction,
    effective_radius,
    yielding,
    fuses,
    flow,
):
    """Force of one contact, and what a step does to it; all 0 without overlap.

    The force is that before the step's flow. Choices are conditional expressions, so that a loop over
    contacts becomes vector instructions.

    Parameters
    ----------
    overlap : float
        h [m].
    normal_velocity, tangential_velocity, displacement, time_step
        As for `dem.hertz_mindlin.contact_force`.
    flattening : float
        Equilibrium overlap before this step, h_eq / R_eff [-].
    normal_stiffness, tangential_stiffness, normal_damping, tangential_damping
        See `dem.contact.contact_constants`.
    friction : float
        Coulomb coefficient [-].
    effective_radius : float
        R_eff [m].
    yielding : float
        See `yield_stiffness` [N/m].
    fuses : float
        1 where the spring may pull, else 0.
    flow : Flow
        Constants of the flow.

    Returns
    -------
    normal_force, tangential_force, displacement : float
        As for `dem.hertz_mindlin.contact_force` [N, N, m].
    flattening : float
        [-].
    dissipated : float
        Work lost in this step to dashpots, slip and flow, or with a bond that breaks [J].
    """
    overlaps = overlap > 0.0
    root = math.sqrt(overlap if overlaps else 0.0)
    equilibrium = flattening * effective_radius
    stiffening = 1.0 + flow.spring_growth * flattening
    root_stiffening = math.sqrt(stiffening)
    # k / ((4/3) E_eff sqrt(R_eff)): the square root of the overlap until the contact yields.
    hardened = root * (stiffening * root_stiffening)
    constant = normal_stiffness * hardened
    stretch = overlap - equilibrium
    touches = overlaps & ((fuses > 0.0) | (stretch > 0.0))
    spring = constant * stretch
    damped = spring - normal_damping * math.sqrt(hardened) * normal_velocity
    normal_force = 0.0 if (damped < 0.0) & (fuses == 0.0) & (flattening > 0.0) else damped
    tangential_force, displacement, rubbed = friction_force(
        normal_force,
        tangential_velocity,
        displacement,
        time_step,
        tangential_stiffness * root,
        tangential_damping * math.sqrt(root),
        friction,
    )
    threshold = yielding * overlap * (1.0 + flow.area_growth * flattening)
    over, under = spring - threshold, spring + threshold
    excess = (over if over > 0.0 else 0.0) + (under if under < 0.0 else 0.0)
    flowed = flattening + flow.rate * time_step * excess / (constant * effective_radius)
    crept = flowed if flowed < flow.largest else flow.largest
    # Energy of the spring, see `elastic_energy`, and what the flow takes from it.
    root_equilibrium = math.sqrt(equilibrium)
    cubes = overlap * root - equilibrium * root_equilibrium
    area = 0.4 * (overlap * overlap * root - equilibrium * equilibrium * root_equilibrium) - 2 / 3 * (
        equilibrium * cubes
    )
    yielded = (
        normal_stiffness
        * (crept - flattening)
        * root_stiffening
        * (2 / 3 * effective_radius * stiffening * cubes - 1.5 * flow.spring_growth * area)
    )
    crept = crept if touches else flattening
    lost = (spring - normal_force) * normal_velocity * time_step + rubbed + yielded
    broken = fuses * (4 / 15) * normal_stiffness * stiffening * root_stiffening
    broken *= equilibrium * equilibrium * root_equilibrium
    crept = crept if overlaps else 0.0
    lost = lost if touches else 0.0
    lost = lost if overlaps else broken
    return (
        normal_force if touches else 0.0,
        tangential_force if touches else 0.0,
        displacement if touches else 0.0,
        crept,
        lost,
    )


@njit(cache=True, nogil=True)
def elastic_energy(
    overlap, displacement, flattening, normal_stiffness, tangential_stiffness, effective_radius, fuses, flow
):
    """Energy in the springs of one contact [J].

    Work of k (x - h_eq) from h_eq to the overlap h: (4/3) E_eff sqrt(R_eff) (1 + c_spring h_eq / R_eff)^(3/2)
    x (2/5 h^(5/2) - 2/3 h_eq h^(3/2) + 4/15 h_eq^(5/2)), and (1/2) k_S displacement^2; 0 while apart.
    """
    equilibrium = flattening * effective_radius
    if overlap < equilibrium and fuses == 0.0:
        return 0.0
    root, root_equilibrium = math.sqrt(overlap), math.sqrt(equilibrium)
    hardened = normal_stiffness * (1.0 + flow.spring_growth * flattening) ** 1.5
    area = (
        0.4 * overlap**2 * root
        - 2 / 3 * equilibrium * overlap * root
        + 4 / 15 * equilibrium**2 * root_equilibrium
    )
    return hardened * area + 0.5 * tangential_stiffness * root * displacement**2


def contact_area(
    overlap: np.ndarray, equilibrium: np.ndarray, effective_radius: np.ndarray, fuses: np.ndarray, flow: Flow
) -> np.ndarray:
    """Contact area pi h R_eff (1 + c_area h_eq / R_eff) [m^2]; 0 of contacts that are apart."""
    area = np.pi * overlap * (effective_radius + flow.area_growth * equilibrium)
    return np.where(fuses | (overlap > equilibrium), area, 0.0)
