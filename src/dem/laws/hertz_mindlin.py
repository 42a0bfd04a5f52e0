"""Contact law of Hertz (1882) and Mindlin (1949) with dashpots, see `dem.laws.elastic`: nothing yields."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from dem.laws.elastic import ElasticConstants, elastic_constants, elastic_tables
from dem.laws.response import Response


class Tables(NamedTuple):
    """Constants of the law per pair of species: arrays [3, 3], see `dem.laws.elastic.pair_table`."""

    effective_modulus: np.ndarray  # E_eff [Pa]
    effective_shear: np.ndarray  # G_eff [Pa]
    damping_ratio: np.ndarray  # b [-]


class HertzMindlin(Tables):
    """The law, see `dem.laws.Law`."""

    __slots__ = ()
    Parameters = None
    Constants = ElasticConstants
    HISTORY = ()

    @classmethod
    def of(cls, materials, restitution, own=None):
        """Tabulate the law, see `dem.laws.Law`."""
        return cls(**elastic_tables(materials, restitution))

    def check_time_step(self, time_step):
        """None is too long that the Rayleigh time allows."""

    def constants(self, species_i, species_j, radius, mass):
        """Constants of one contact, from effective radius [m] and mass [kg]."""
        return elastic_constants(
            self.effective_modulus[species_i, species_j],
            self.effective_shear[species_i, species_j],
            self.damping_ratio[species_i, species_j],
            radius,
            mass,
        )

    def response(self, constants, history, overlap, opening, time_step):
        """What a contact does in a step, see `dem.laws.Law`. It may pull briefly at the end of a rebound.

        Parameters
        ----------
        constants : ElasticConstants
            Of the contact.
        history : tuple
            Empty.
        overlap : float
            [m].
        opening : float
            Normal velocity of j relative to i [m/s], positive when separating.
        time_step : float
            [s].
        """
        touches = overlap > 0.0
        root = math.sqrt(overlap if touches else 0.0)
        fourth_root = math.sqrt(root)
        dashpot = constants.normal_damping * fourth_root * opening
        return Response(
            touches,
            constants.normal_stiffness * root * overlap - dashpot,
            constants.tangential_stiffness * root,
            constants.tangential_damping * fourth_root,
            dashpot * opening * time_step,
            0.0,
            0.0,
            history,
        )

    def energy(self, constants, history, overlap, displacement):
        """Energy in the springs of a contact [J]: (2/5) k overlap^2.5 + (1/2) k_S displacement^2."""
        root = math.sqrt(overlap)
        normal = 0.4 * constants.normal_stiffness * root * overlap**2
        return normal + 0.5 * constants.tangential_stiffness * root * displacement**2

    def areas(self, constants, history, species_i, species_j, overlap, normal_force, effective_radius):
        """The Hertz circle of the force, and that of the overlap, pi R_eff overlap [N, m2]; see `Law`."""
        modulus = self.effective_modulus[species_i, species_j]
        circle = hertz_contact_area(normal_force, effective_radius, modulus)
        return circle, np.pi * effective_radius * overlap, np.zeros_like(overlap)


def hertz_contact_area(
    normal_force: np.ndarray, effective_radius: np.ndarray, effective_modulus: np.ndarray
) -> np.ndarray:
    """Area of the Hertz circle [m^2]: pi a^2, a = (3 F_N R_eff / (4 E_eff))^(1/3); 0 where F_N pulls."""
    return np.pi * np.maximum(0.75 * normal_force * effective_radius / effective_modulus, 0.0) ** (2 / 3)
