"""A law of its own, for the tests: linear springs and dashpots (Cundall & Strack, 1979)."""

import math
from typing import NamedTuple

import numpy as np

from dem.laws.elastic import damping_ratio, pair_table
from dem.laws.response import Response


class Constants(NamedTuple):
    stiffness: float  # [N/m]
    damping: float  # [N s/m]


class Tables(NamedTuple):
    stiffness: np.ndarray  # [N/m]
    damping_ratio: np.ndarray


class LinearSpring(Tables):
    Parameters, Constants, HISTORY = None, Constants, ()

    @classmethod
    def of(cls, materials, restitution, own):
        return cls(pair_table(lambda pair: 2000.0), pair_table(lambda pair: damping_ratio(restitution[pair])))

    def check_time_step(self, time_step):
        pass

    def constants(self, species_i, species_j, radius, mass):
        stiffness = self.stiffness[species_i, species_j]
        return Constants(
            stiffness, 2 * self.damping_ratio[species_i, species_j] * math.sqrt(stiffness * mass)
        )

    def response(self, constants, history, overlap, opening, time_step):
        dashpot, lost = constants.damping * opening, constants.damping * opening * opening * time_step
        force = constants.stiffness * overlap - dashpot
        return Response(overlap > 0.0, force, constants.stiffness, constants.damping, lost, 0.0, 0.0, history)

    def energy(self, constants, history, overlap, displacement):
        return 0.5 * constants.stiffness * (overlap**2 + displacement**2)

    def areas(self, constants, history, species_i, species_j, overlap, normal_force, effective_radius):
        return np.pi * effective_radius * overlap, np.pi * effective_radius * overlap, np.zeros_like(overlap)
