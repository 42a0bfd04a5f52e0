"""Contact law: Hertz-Mindlin with dashpots and Coulomb slip, as scalar functions of one contact.

Another law is another file with the same functions. Sources:

* normal spring: Hertz (1882); tangential spring: Mindlin (1949), no-slip stiffness 8 G_eff a;
* normal dashpot: Antypov & Elliott, EPL 94 (2011) 50004: a head-on rebound gives exactly the
  nominal restitution at every speed. So et al. (2021) use a dashpot smaller by 1.118 instead;
* sliding: the spring is cut at the Coulomb limit and its dashpot dropped (LIGGGHTS, ``tangential history``).

Distances from centre to contact point ("lever arms") are R - overlap / 2.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numba import njit

from dem.parameters import PAIRS, SPECIES, Contacts, Material

SQRT_5_6 = math.sqrt(5 / 6)


class LawTable(NamedTuple):
    """Constants of the law per pair of species: arrays [3, 3], symmetric, index 0 is the wall."""

    effective_modulus: np.ndarray  # E_eff [Pa]
    effective_shear: np.ndarray  # G_eff [Pa]
    damping_ratio: np.ndarray  # b [-]
    friction: np.ndarray  # mu [-]


def effective_youngs_modulus(first: Material, second: Material | None) -> float:
    """E_eff [Pa]: 1/E_eff = (1 - nu_i^2)/E_i + (1 - nu_j^2)/E_j; the second may be a rigid wall (None)."""
    compliance = sum((1 - m.poissons_ratio**2) / m.youngs_modulus for m in (first, second) if m)
    return 1 / compliance


def effective_shear_modulus(first: Material, second: Material | None) -> float:
    """G_eff [Pa]: 1/G_eff = 2 (2 - nu_i)(1 + nu_i)/E_i + the same for j; None is a rigid wall."""
    compliance = sum(
        2 * (2 - m.poissons_ratio) * (1 + m.poissons_ratio) / m.youngs_modulus for m in (first, second) if m
    )
    return 1 / compliance


def damping_ratio(restitution: float) -> float:
    """b = -ln e / sqrt(ln^2 e + pi^2) [-] of a coefficient of normal restitution e in (0, 1]."""
    logarithm = math.log(restitution)
    return -logarithm / math.hypot(logarithm, math.pi)


def law_table(materials: Mapping[str, Material], contacts: Contacts) -> LawTable:
    """Tabulate the law for every pair of species that can touch.

    Parameters
    ----------
    materials
        By species, ``"AM"`` and ``"SE"``; the wall is rigid.
    contacts
        Friction and restitution per pair.
    """
    table = LawTable(*(np.zeros((3, 3)) for _ in LawTable._fields))
    for pair in PAIRS:
        first, second = pair.split("-")
        both = materials[first], materials.get(second)
        constants = (
            effective_youngs_modulus(*both),
            effective_shear_modulus(*both),
            damping_ratio(contacts.restitution[pair]),
            contacts.friction[pair],
        )
        i, j = SPECIES[first], SPECIES[second]
        for column, constant in zip(table, constants, strict=True):
            column[i, j] = column[j, i] = constant
    return table


@njit(cache=True, nogil=True)
def contact_constants(effective_modulus, effective_shear, ratio, effective_radius, effective_mass):
    """Constants of one pair that leave the law with powers of the overlap only.

    Returns
    -------
    normal_stiffness : float
        (4/3) E_eff sqrt(R_eff) [N/m^1.5]: spring force / overlap^1.5.
    tangential_stiffness : float
        8 G_eff sqrt(R_eff) [N/m^1.5]: tangential spring constant / overlap^0.5.
    normal_damping : float
        eta_N / overlap^0.25 [N s/m^1.25], eta_N = 2 sqrt(5/6) b sqrt(S_N M_eff) with the tangent stiffness
        S_N = 2 E_eff sqrt(R_eff overlap).
    tangential_damping : float
        eta_S / overlap^0.25 [N s/m^1.25], eta_S = 2 sqrt(5/6) b sqrt(k_S M_eff).
    """
    root = math.sqrt(effective_radius)
    damping = 2 * SQRT_5_6 * ratio
    normal_stiffness = 4 / 3 * effective_modulus * root
    tangential_stiffness = 8 * effective_shear * root
    normal_damping = damping * math.sqrt(2 * effective_modulus * root * effective_mass)
    tangential_damping = damping * math.sqrt(tangential_stiffness * effective_mass)
    return normal_stiffness, tangential_stiffness, normal_damping, tangential_damping


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
        See `contact_constants`.
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
    spring = tangential_stiffness * root
    displacement += tangential_velocity * time_step
    elastic = -spring * displacement
    limit = friction * abs(normal_force)
    slides = abs(elastic) > limit
    cut = math.copysign(limit, elastic)
    shortened = -cut / spring if slides else displacement
    tangential_dashpot = tangential_damping * fourth_root * tangential_velocity
    rubbed = (
        cut * (shortened - displacement) if slides else tangential_dashpot * tangential_velocity * time_step
    )
    return (
        normal_force if touches else 0.0,
        (cut if slides else elastic - tangential_dashpot) if touches else 0.0,
        shortened if touches else 0.0,
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
