"""Contact laws: a file each, and the table that names them.

A law is a named tuple of constants per pair of species, with the functions of the protocol `Law`. They are
plain Python on the numbers of one contact: each engine compiles them into its kernels (`dem.cpu.law`), where
the type of the tuple chooses the law. They may call plain functions of modules, but not each other. They know
neither the dimension nor the engine. Friction is apart, in `dem.laws.friction`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from dem.laws.elastoplastic import Elastoplastic
from dem.laws.hertz_mindlin import HertzMindlin
from dem.laws.response import Response


class Law(Protocol):
    """What a law is to the engines: a named tuple with these attributes. N contacts in `areas`."""

    # Section of the configuration with the constants that are the law's own: a dataclass, see
    # `dem.configured`. None: it has none.
    Parameters: type | None
    # Named tuple of the numbers that `constants` works out per contact.
    Constants: type
    # Names of what a contact remembers from step to step, 0 where there is none.
    HISTORY: tuple[str, ...]

    @classmethod
    def of(cls, materials: Mapping[str, Any], restitution: Mapping[str, float], own: Any) -> Law:
        """Tabulate the law: from materials by species, restitution by pair, and its own parameters."""

    def check_time_step(self, time_step: float) -> None:
        """Raise ValueError if a time step [s] is too long for the law itself."""

    def constants(self, species_i: int, species_j: int, radius: float, mass: float) -> Any:
        """Constants of a contact: from both species, effective radius [m] and effective mass [kg]."""

    def response(self, constants, history, overlap, opening, time_step) -> Response:
        """What a contact does in a step; without branches, so that loops become vector instructions."""

    def energy(self, constants, history, overlap, displacement) -> float:
        """Energy in the springs of a contact that overlaps [J]."""

    def areas(
        self,
        constants: Any,
        history: np.ndarray,
        species_i: np.ndarray,
        species_j: np.ndarray,
        overlap: np.ndarray,
        normal_force: np.ndarray,
        effective_radius: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Contact areas by the force and by the overlap [N, m2], and equilibrium overlaps [N, m]."""


LAWS: dict[str, Any] = {"hertz_mindlin": HertzMindlin, "elastoplastic": Elastoplastic}
