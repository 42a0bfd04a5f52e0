"""What the contact laws share: constants per pair of species and per contact, and Coulomb friction.

A law is a file of scalar functions of one contact: `dem.hertz_mindlin`, `dem.elastoplastic`. Sources:

* tangential spring: Mindlin (1949), no-slip stiffness 8 G_eff a;
* dashpots: Antypov & Elliott, EPL 94 (2011) 50004: a head-on rebound gives exactly the nominal
  restitution at every speed. So et al. (2021) use one smaller by 1.118 instead;
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
    hardness: np.ndarray  # of the softer partner [Pa]; infinite where nothing yields


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
        The law, and friction and restitution per pair.
    """
    yields = contacts.law == "elastoplastic"
    table = LawTable(*(np.zeros((3, 3)) for _ in LawTable._fields))
    for pair in PAIRS:
        first, second = pair.split("-")
        both = materials[first], materials.get(second)
        constants = (
            effective_youngs_modulus(*both),
            effective_shear_modulus(*both),
            damping_ratio(contacts.restitution[pair]),
            contacts.friction[pair],
            min(material.hardness for material in both if material) if yields else math.inf,
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
        [s].
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
