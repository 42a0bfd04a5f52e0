"""What a prediction says to readers: made once, for the table, the command, the figure and the page."""

from __future__ import annotations

import math
from typing import NamedTuple

import xarray as xr

from assb.names import sentence, short
from cnn.composite import LIKE
from electrode.targets import DisplayUnit, target_row

# What is told of a target, and the endings of its columns in the table; truth is known of what was simulated.
SUFFIXES = {"truth": "_dem", "prediction": "", "low": "_low", "high": "_high"}
BETWEEN = "between_windows"
# How to get numbers that are withheld from the command.
ANYWAY = "--anyway gives them"
# R2 on packings never seen from which on sections suffice for a quantity.
SUFFICES = 0.9
# Phases in the order of readers.
SHARES = ("AM", "SE", "void")


class TargetRow(NamedTuple):
    """One target of a prediction."""

    name: str
    title: str
    unit: DisplayUnit
    values: dict[str, float]  # of `SUFFIXES`, where known, and `BETWEEN` [unit]
    inside: bool | None  # whether the interval holds the truth, where it is known
    score: float | None = None  # R2 of as many sections on packings never seen, of an ensemble for packings

    @property
    def texts(self) -> dict[str, str]:
        """Its values for readers, without unit."""
        return {name: short(value) for name, value in self.values.items()}


class Rendering(NamedTuple):
    """A prediction for readers."""

    rows: list[TargetRow]
    verdict: str
    known: bool  # whether the ensemble knows such images
    withheld: bool  # whether it keeps its numbers to itself
    advice: str
    reasons: list[str]
    fractions: dict[str, float]  # of the image, in the order of `SHARES`
    distance: float  # of the window in the middle from the training images
    windows: int
    window: str  # its sides [µm]
    sections: int = 1  # of one electrode, which make one answer

    @property
    def shares(self) -> str:
        """Shares of the phases in words."""
        return ", ".join(f"{phase} {100 * fraction:.0f} %" for phase, fraction in self.fractions.items())

    @property
    def sentences(self) -> list[str]:
        """Verdict and reasons as sentences."""
        return [sentence(text) for text in (f"{self.verdict}: {self.advice}", *self.reasons)]


def render(result: xr.Dataset) -> Rendering:
    """Make a prediction readable.

    Parameters
    ----------
    result
        From `cnn.predict`, with or without ``truth`` along ``target``.
    """
    return Rendering(
        rows=[_target_row(result.sel(target=target)) for target in result["target"].values],
        verdict=result.attrs["verdict"],
        known=result.attrs["verdict"] == LIKE,
        withheld=bool(result.attrs["withheld"]),
        advice=result.attrs["advice"],
        reasons=[reason for reason in result.attrs["reasons"].split("; ") if reason],
        fractions={phase: float(result["phase_fraction"].sel(phase=phase)) for phase in SHARES},
        distance=float(result["distance"].median()),
        windows=result.sizes["window"],
        window=" x ".join(f"{side:g}" for side in result.attrs["window_um"]),
        sections=int(result.attrs.get("sections", 1)),
    )


def _target_row(result: xr.Dataset) -> TargetRow:
    """Row of a prediction at one target."""
    name = str(result["target"].values)
    target = target_row(name, str(result["target_units"].values))
    si = {quantity: float(result[quantity]) for quantity in (*SUFFIXES, BETWEEN) if quantity in result}
    values = {quantity: target.display.factor * value for quantity, value in si.items()}
    inside = si["low"] <= si["truth"] <= si["high"] if "truth" in si else None
    score = float(result["score"]) if "score" in result else None
    return TargetRow(name, target.title, target.display, values, inside, score)


def table_row(shown: Rendering) -> dict[str, str | int]:
    """Row of the table for one prediction; every name carries its unit.

    For each target the truth of the DEM, where known, its value, and the ends of its 90 % interval; then what
    else is known. The standard deviation between windows is empty for a single one, as are numbers withheld.
    """
    cells: dict[str, str | int] = {}
    for row in shown.rows:
        for quantity, suffix in SUFFIXES.items():
            if quantity in row.values:
                cells[f"{row.name}{suffix}_{row.unit.column}"] = _cell(row.values[quantity])
    for phase, fraction in shown.fractions.items():
        cells[f"{phase.lower()}_fraction"] = f"{fraction:.4f}"
    cells["verdict"] = shown.verdict
    cells["reasons"] = "; ".join(shown.reasons)
    cells["distance"] = f"{shown.distance:.3f}"
    cells["windows"] = shown.windows
    for row in shown.rows:
        cells[f"{row.name}_{BETWEEN}_{row.unit.column}"] = _cell(row.values[BETWEEN])
    return cells


def _cell(value: float) -> str:
    """A number of the table, empty where there is none."""
    return "" if math.isnan(value) else f"{value:.6g}"


def summary(shown: Rendering) -> str:
    """What a reader wants to know of one image, in a few lines of text."""
    lines = [f"{shown.verdict}; {shown.shares}"]
    if shown.reasons:
        lines.append(f"  {'; '.join(shown.reasons)}")
    if shown.withheld:
        lines.append(f"  {shown.advice}; {ANYWAY}")
        return "\n".join(lines)
    name_width = max(len(row.name) for row in shown.rows) + 2
    unit_width = max(len(row.unit.symbol) for row in shown.rows) + 1
    for row in shown.rows:
        text = row.texts
        value = f"{row.name:{name_width}s} {text['prediction']:>8s} {row.unit.symbol:{unit_width}s}"
        lines.append(f"  {value} [{text['low']}, {text['high']}]")
    lines += [f"  {line}" for line in worth(shown)]
    return "\n".join(lines)


def worth(shown: Rendering) -> list[str]:
    """Which quantities of the packing so much of it suffices for; nothing of images in the plane."""
    known = {row.title: row.score for row in shown.rows if row.score is not None}
    if not known:
        return []
    enough = [title for title, score in known.items() if score >= SUFFICES]
    short = [f"{title} ({max(score, 0):.3f})" for title, score in known.items() if score < SUFFICES]
    what = "this section" if shown.sections == 1 else f"these {shown.sections} sections"
    lines = [f"enough with {what} (R2 at least {SUFFICES:g}): {', '.join(enough) or 'nothing'}"]
    return [*lines, f"not enough (R2): {', '.join(short)}"] if short else lines
