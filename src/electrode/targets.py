"""What networks predict: one row per target. Its value is a function in `analysis.labels`."""

from __future__ import annotations

import math
from typing import NamedTuple


class DisplayUnit(NamedTuple):
    """Unit in which readers see what files hold in SI."""

    symbol: str  # in figures, tables and on the page
    column: str  # the same in ASCII, for names of columns
    factor: float  # shown value / SI value


# SI unit of the files -> unit shown.
DISPLAY_UNITS = {
    "Pa": DisplayUnit("MPa", "MPa", 1e-6),
    "m": DisplayUnit("µm", "um", 1e6),
    "m2": DisplayUnit("µm²", "um2", 1e12),
    "1": DisplayUnit("", "1", 1.0),
}


class Target(NamedTuple):
    """One target of the networks."""

    unit: str  # SI, a key of `DISPLAY_UNITS`
    title: str
    lowest: float = 0.0  # no value lies below [unit]
    highest: float = math.inf  # none above

    @property
    def display(self) -> DisplayUnit:
        """Unit in which readers see it."""
        return DISPLAY_UNITS[self.unit]


TARGETS = {
    "am_stress_mean": Target("Pa", "Mean stress on AM"),
    "am_stress_sd": Target("Pa", "SD of stress on AM"),
    "se_stress_mean": Target("Pa", "Mean stress on SE"),
    "se_stress_sd": Target("Pa", "SD of stress on SE"),
    "reaction_area": Target("m2", "Reaction area"),
}


def target_row(name: str, unit: str) -> Target:
    """Row of a target that a file names, with the unit it states; unknown ones go by their name."""
    return TARGETS.get(name, Target(unit, name, lowest=-math.inf))._replace(unit=unit)
