"""Relative density, AM coverage and AM-SE interface against pressure in space, beside published points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import Normalize

from analysis.figures import style
from provenance import FilePath
from provenance.netcdf import open_result

# Variable: title, axis label with unit, and factor from SI.
PANELS = {
    "relative_density": ("Relative density", "volume of all spheres / box [1]", 1.0),
    "am_coverage": ("AM coverage", "share of the AM surface in contact with SE [1]", 1.0),
    "specific_interface_area": ("AM-SE interface", "contact area / box volume [1/µm]", 1e-6),
}
SETTINGS = ("am_volume_fraction", "pressure", "unloaded_to")
# Colours of AM shares of the solids.
SHARES = Normalize(0, 0.8)


class Published(NamedTuple):
    """A value read off a figure by others, not by us: it may be off by `DIGITISED`."""

    source: str
    variable: str  # of `PANELS`
    am_volume_fraction: float  # of the solids [-]
    pressure: float  # [MPa]
    value: float  # middle, where a range is given [-]


DIGITISED = 0.05
SAKUDA = "Sakuda et al. 2013, measured"  # Sci. Rep. 3, 2261: cold-pressed Li2S-P2S5 glass
SO_2021 = "So et al. 2021, DEM"  # J. Power Sources 508, 230344
SO_2022 = "So et al. 2022, DEM"  # MethodsX 9, 101857, calibrated to Sakuda et al.
MARKERS = {SAKUDA: "s", SO_2021: "*", SO_2022: "D"}
PUBLISHED = (
    Published(SAKUDA, "relative_density", 0, 200, 0.80),
    Published(SAKUDA, "relative_density", 0, 300, 0.865),
    Published(SAKUDA, "relative_density", 0, 450, 0.94),
    Published(SO_2021, "relative_density", 0, 300, 0.85),
    Published(SO_2021, "relative_density", 0, 600, 0.98),
    Published(SO_2021, "relative_density", 0.3, 600, 0.93),
    Published(SO_2021, "relative_density", 0.5, 600, 0.86),
    Published(SO_2021, "relative_density", 0.7, 600, 0.76),
    Published(SO_2022, "relative_density", 0, 100, 0.72),
    Published(SO_2022, "relative_density", 0, 400, 0.90),
    Published(SO_2022, "relative_density", 0, 600, 1.0),
    Published(SO_2021, "am_coverage", 0.3, 600, 0.73),
    Published(SO_2021, "am_coverage", 0.5, 600, 0.53),
    Published(SO_2021, "am_coverage", 0.7, 600, 0.30),
)


class Curve(NamedTuple):
    """Mean and standard deviation over the packings of one AM share at P pressures."""

    pressure: np.ndarray  # pressed to, rising [P, MPa]
    mean: np.ndarray  # [P]
    deviation: np.ndarray  # [P]; 0 of a single packing


def curve(dataset: xr.Dataset, variable: str, share: float, unloaded_to: float | None) -> Curve:
    """A variable [SI] against pressure for one AM share, under load or let back to a pressure [Pa]."""
    back = dataset["unloaded_to"].values
    state = np.isnan(back) if unloaded_to is None else back == unloaded_to
    chosen = state & (dataset["am_volume_fraction"].values == share)
    pressure, values = dataset["pressure"].values[chosen], dataset[variable].values[chosen]
    known = np.isfinite(values)
    levels = np.unique(pressure[known])
    groups = [values[known & (pressure == level)] for level in levels]
    mean, deviation = (np.array([measure(group) for group in groups]) for measure in (np.mean, np.std))
    return Curve(1e-6 * levels, mean, deviation)


def draw_variable(axes: Axes, dataset: xr.Dataset, variable: str) -> None:
    """Draw one of `PANELS`: a line per AM share under load, a dashed one let back, and what is published.

    Let back means to the least pressure of the study. Points are drawn of the AM shares that it has.
    """
    title, label, factor = PANELS[variable]
    back = dataset["unloaded_to"].values
    least = float(np.nanmin(back)) if np.isfinite(back).any() else None
    for share in np.unique(dataset["am_volume_fraction"]).tolist():
        colour = mpl.colormaps[style.SEQUENTIAL](SHARES(share))
        for state, line, face in ((None, "-", colour), (least, "--", "white")):
            if state is None and line == "--":
                continue
            pressure, mean, deviation = curve(dataset, variable, share, state)
            if not pressure.size:
                continue
            axes.errorbar(
                pressure,
                factor * mean,
                factor * deviation,
                color=colour,
                linestyle=line,
                linewidth=1.2,
                marker="o",
                markersize=4,
                markerfacecolor=face,
                capsize=2,
            )
        for point in PUBLISHED:
            if point.variable == variable and np.isclose(point.am_volume_fraction, share):
                axes.errorbar(
                    point.pressure,
                    factor * point.value,
                    factor * DIGITISED,
                    color=colour,
                    marker=MARKERS[point.source],
                    markersize=11 if MARKERS[point.source] == "*" else 6,
                    markeredgecolor="black",
                    markeredgewidth=0.6,
                    elinewidth=0.8,
                    zorder=3,
                )
    ticks = 1e-6 * np.unique(dataset["pressure"])
    axes.set_xscale("log")
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.set_title(title)
    axes.set_xlabel("pressed to [MPa]")
    axes.set_ylabel(label)
    if not axes.containers:
        style.no_data(axes, "no AM in this study")


def save(dataset: FilePath, outputs: Sequence[FilePath]) -> None:
    """Draw all packings of a study in space."""
    opened = open_result(dataset, *SETTINGS, *PANELS)
    with style.in_style():
        figure = style.new_figure(10.5, 4.4)
        panels = figure.subplots(1, len(PANELS))
        for axes, variable in zip(panels, PANELS, strict=True):
            draw_variable(axes, opened, variable)
        style.letter_panels(panels)
        key = panels[0]
        shares = np.unique(opened["am_volume_fraction"]).tolist()
        for share in shares:
            colour = mpl.colormaps[style.SEQUENTIAL](SHARES(share))
            key.plot(
                [], [], color=colour, marker="o", markersize=4, label=f"AM {100 * share:g} % of the solids"
            )
        back = opened["unloaded_to"].values
        if np.isfinite(back).any():
            label = f"let back to {1e-6 * np.nanmin(back):g} MPa"
            key.plot([], [], "o--", color="0.4", markersize=4, markerfacecolor="white", label=label)
        for source, marker in MARKERS.items():
            if any(p.source == source and np.isclose(p.am_volume_fraction, shares).any() for p in PUBLISHED):
                size = 11 if marker == "*" else 6
                key.plot([], [], marker, color="0.7", markeredgecolor="black", markersize=size, label=source)
        figure.legend(*key.get_legend_handles_labels(), loc="outside lower center", ncols=4)
        style.save_figure(figure, outputs)
