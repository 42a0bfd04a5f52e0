"""What networks predict: one row per target. Its value is a function in `analysis.labels`."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

from electrode.conduction import CONDUCTION


class DisplayUnit(NamedTuple):
    """Unit in which readers see what files hold in SI."""

    symbol: str  # in figures, tables and on the page
    column: str  # the same in ASCII, for names of columns
    factor: float  # shown value / SI value

    @property
    def in_brackets(self) -> str:
        """For labels of axes."""
        return f"[{self.symbol or 1}]"


# SI unit of the files -> unit shown.
DISPLAY_UNITS = {
    "Pa": DisplayUnit("MPa", "MPa", 1e-6),
    "m": DisplayUnit("µm", "um", 1e6),
    "m2": DisplayUnit("µm²", "um2", 1e12),
    "1/m": DisplayUnit("1/µm", "per_um", 1e-6),
    "S/m": DisplayUnit("mS/cm", "mS_per_cm", 10.0),
    "1": DisplayUnit("", "1", 1.0),
}


class Target(NamedTuple):
    """One target of the networks."""

    unit: str  # SI
    title: str
    lowest: float = 0.0  # no value lies below [unit]
    highest: float = math.inf  # none above

    @property
    def display(self) -> DisplayUnit:
        """Unit in which readers see it: that of the files where `DISPLAY_UNITS` has no other."""
        return DISPLAY_UNITS.get(self.unit, DisplayUnit(self.unit, self.unit, 1.0))


TARGETS = {
    "am_stress_mean": Target("Pa", "Mean stress on AM"),
    "am_stress_sd": Target("Pa", "SD of stress on AM"),
    "se_stress_mean": Target("Pa", "Mean stress on SE"),
    "se_stress_sd": Target("Pa", "SD of stress on SE"),
    "reaction_area": Target("m2", "Reaction area"),
}
# The same of samples in space, measured on the whole packing.
SPATIAL_TARGETS = {
    **{name: target for name, target in TARGETS.items() if target.unit == "Pa"},
    "specific_interface_area": Target("1/m", "Specific interface area"),
    "am_coverage": Target("1", "AM coverage", highest=1.0),
    "relative_density": Target("1", "Relative density"),
    "solid_volume_fraction": Target("1", "Solid volume fraction", highest=1.0),
}
# Of conduction, in both geometries: targets where a study asks for them.
CONDUCTION_TARGETS = {
    name: Target(declared.unit, declared.title, highest=declared.highest)
    for name, declared in CONDUCTION.items()
}
LOG_CONDUCTIVITY = "log10_ionic_conductivity_relative"
# What sections through packings may be asked for; a study names those that it asks for. The logarithm is no
# number where nothing percolates.
SECTION_TARGETS = {
    **SPATIAL_TARGETS,
    **{name: CONDUCTION_TARGETS[name] for name in ("am_utilisation", "se_percolates", "am_percolates")},
    LOG_CONDUCTIVITY: Target("1", "Relative ionic conductivity, log10", lowest=-math.inf),
}


def spread_over(targets: Iterable[str]) -> str:
    """Target over whose range a few structures are spread where they stand for many.

    Raises
    ------
    ValueError
        If there is none.
    """
    names = list(targets)
    for name in ("reaction_area", "specific_interface_area", *names):
        if name in names:
            return name
    raise ValueError("there are no targets")


def target_row(name: str, unit: str | None = None) -> Target:
    """Row of a target that a file names; one that the table does not know goes by its name, without bounds.

    Parameters
    ----------
    name
        Of the target.
    unit
        That the file states, if it states one.
    """
    known = SECTION_TARGETS | TARGETS | CONDUCTION_TARGETS
    row = known.get(name, Target("SI units", name, lowest=-math.inf))
    return row if unit is None else row._replace(unit=unit)
