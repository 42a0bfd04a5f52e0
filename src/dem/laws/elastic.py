"""What elastic spheres in contact have in common: moduli, springs and dashpots.

Sources:

* normal spring: Hertz (1882);
* tangential spring: Mindlin (1949), no-slip stiffness 8 G_eff a;
* dashpots: Antypov & Elliott, EPL 94 (2011) 50004: a head-on rebound gives exactly the nominal
  restitution at every speed. So et al. (2021) use one smaller by 1.118 instead.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

import numpy as np

from electrode.species import PAIRS, SPECIES

SQRT_5_6 = math.sqrt(5 / 6)


class ElasticConstants(NamedTuple):
    """Of one contact."""

    normal_stiffness: float  # (4/3) E_eff sqrt(R_eff): spring force / overlap^1.5 [N/m^1.5]
    tangential_stiffness: float  # 8 G_eff sqrt(R_eff): tangential spring constant / overlap^0.5 [N/m^1.5]
    normal_damping: float  # eta_N / overlap^0.25 [N s/m^1.25]
    tangential_damping: float  # eta_S / overlap^0.25 [N s/m^1.25]


class Elastic(Protocol):
    """Isotropic elastic material, such as `dem.parameters.Material`."""

    @property
    def youngs_modulus(self) -> float:
        """[Pa]."""

    @property
    def poissons_ratio(self) -> float:
        """[-]."""


def effective_youngs_modulus(first: Elastic, second: Elastic | None) -> float:
    """E_eff [Pa]: 1/E_eff = (1 - nu_i^2)/E_i + (1 - nu_j^2)/E_j; the second may be a rigid wall (None)."""
    compliance = sum((1 - m.poissons_ratio**2) / m.youngs_modulus for m in (first, second) if m)
    return 1 / compliance


def effective_shear_modulus(first: Elastic, second: Elastic | None) -> float:
    """G_eff [Pa]: 1/G_eff = 2 (2 - nu_i)(1 + nu_i)/E_i + the same for j; None is a rigid wall."""
    compliance = sum(
        2 * (2 - m.poissons_ratio) * (1 + m.poissons_ratio) / m.youngs_modulus for m in (first, second) if m
    )
    return 1 / compliance


def damping_ratio(restitution: float) -> float:
    """b = -ln e / sqrt(ln^2 e + pi^2) [-] of a coefficient of normal restitution e in (0, 1]."""
    logarithm = math.log(restitution)
    return -logarithm / math.hypot(logarithm, math.pi)


def pair_table(value: Callable[[str], float]) -> np.ndarray:
    """A constant of every pair of species that can touch: array [3, 3], symmetric, index 0 is the wall.

    Parameters
    ----------
    value
        Gives it for a name of `electrode.species.PAIRS`.
    """
    table = np.zeros((3, 3))
    for pair in PAIRS:
        i, j = (SPECIES[name] for name in pair.split("-"))
        table[i, j] = table[j, i] = value(pair)
    return table


def elastic_tables(
    materials: Mapping[str, Elastic], restitution: Mapping[str, float]
) -> dict[str, np.ndarray]:
    """E_eff [Pa], G_eff [Pa] and damping ratio [-] of every pair of species, see `pair_table`."""

    def both(pair: str) -> tuple[Elastic, Elastic | None]:
        first, second = pair.split("-")
        return materials[first], materials.get(second)

    return {
        "effective_modulus": pair_table(lambda pair: effective_youngs_modulus(*both(pair))),
        "effective_shear": pair_table(lambda pair: effective_shear_modulus(*both(pair))),
        "damping_ratio": pair_table(lambda pair: damping_ratio(restitution[pair])),
    }


def elastic_constants(effective_modulus, effective_shear, ratio, effective_radius, effective_mass):
    """Constants of one contact that leave the law with powers of the overlap only.

    eta_N = 2 sqrt(5/6) b sqrt(S_N M_eff) with the tangent stiffness S_N = 2 E_eff sqrt(R_eff overlap), and
    eta_S = 2 sqrt(5/6) b sqrt(k_S M_eff).

    Returns
    -------
    ElasticConstants
    """
    root = math.sqrt(effective_radius)
    damping = 2 * SQRT_5_6 * ratio
    normal_stiffness = 4 / 3 * effective_modulus * root
    tangential_stiffness = 8 * effective_shear * root
    normal_damping = damping * math.sqrt(2 * effective_modulus * root * effective_mass)
    tangential_damping = damping * math.sqrt(tangential_stiffness * effective_mass)
    return ElasticConstants(normal_stiffness, tangential_stiffness, normal_damping, tangential_damping)
