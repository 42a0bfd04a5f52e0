"""Conduction and use of AM in space, against volume fraction and pressure, beside published points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm

from analysis.figures import style
from analysis.figures.density import SHARES, curve
from provenance import FilePath
from provenance.netcdf import open_result

READ = (
    *("am_volume_fraction", "am_share", "relative_density", "pressure", "unloaded_to"),
    *("ionic_conductivity_relative", "electronic_conductivity_relative", "electronic_conductivity"),
    *("se_tortuosity_factor", "am_tortuosity_factor", "am_ionic_access", "am_utilisation"),
)
# What gives the volume fraction of a phase in the middle: tortuosity factor x relative conductivity.
OF_PHASE = {
    "SE": ("se_tortuosity_factor", "ionic_conductivity_relative"),
    "AM": ("am_tortuosity_factor", "electronic_conductivity_relative"),
}
# Values of 0 are drawn at the lower end of an axis.
LOWEST = {"ionic_conductivity_relative": 1e-3, "electronic_conductivity": 1e-3}


class Published(NamedTuple):
    """Measured on pellets; second-hand, see docs/transport.md."""

    source: str
    variable: str
    fractions: tuple[float, ...]  # of the conducting phase in the pellet
    values: tuple[float, ...]  # relative; of electrons [mS/cm]
    marker: str


MINNMANN = "Minnmann et al. 2021, measured"  # NCM622 with Li6PS5Cl at 380 MPa; a pellet of it: 1.6 mS/cm
KATO = "Kato et al. 2018, measured"  # LiCoO2 with Li10GeP2S12 and carbon
PUBLISHED = (
    Published(
        MINNMANN,
        "ionic_conductivity_relative",
        (0.61, 0.53, 0.44, 0.33, 0.25),
        (0.255, 0.166, 0.104, 0.0216, 0.00191),
        "s",
    ),
    Published(KATO, "ionic_conductivity_relative", (0.571,), (0.24,), "D"),
    Published(
        MINNMANN,
        "electronic_conductivity",
        (0.25, 0.33, 0.42, 0.53, 0.61),
        (0.0206, 0.236, 0.556, 1.11, 1.43),
        "s",
    ),
)


def draw_against_fraction(axes: Axes, dataset: xr.Dataset, variable: str, phase: str, factor: float) -> None:
    """Draw a variable [SI] x factor of every sample against the share of a phase where it was measured.

    Filled under load, open let back; colour tells the pressure. What does not percolate is a triangle at the
    lower end, at its share in the box.
    """
    am = dataset["am_share"].values
    tortuosity, relative = (dataset[name].values for name in OF_PHASE[phase])
    fraction = np.where(
        np.isfinite(tortuosity),
        tortuosity * relative,
        dataset["relative_density"].values * (am if phase == "AM" else 1 - am),
    )
    values = np.maximum(factor * dataset[variable].values, LOWEST[variable])
    loaded = np.isnan(dataset["unloaded_to"].values)
    pressure = 1e-6 * dataset["pressure"].values
    norm = LogNorm(max(pressure.min() / 1.5, 1), 1.5 * pressure.max())
    colours = mpl.colormaps[style.SEQUENTIAL](norm(pressure))
    conducts = values > LOWEST[variable]
    for state, faces in ((loaded, colours), (~loaded, np.ones_like(colours))):
        for shown, marker in ((conducts, "o"), (~conducts, "v")):
            chosen = state & shown
            axes.scatter(
                fraction[chosen],
                values[chosen],
                s=18,
                marker=marker,
                facecolor=faces[chosen],
                edgecolor=colours[chosen],
                clip_on=False,
            )
    for level in np.unique(pressure):
        colour = mpl.colormaps[style.SEQUENTIAL](norm(level))
        axes.scatter([], [], s=16, color=colour, label=f"{level:g} MPa")
    for there, marker, label in ((~loaded, "o", "let back"), (~conducts, "v", "does not percolate")):
        if there.any():
            axes.scatter([], [], s=16, marker=marker, facecolor="none", edgecolor="0.4", label=label)
    for point in PUBLISHED:
        if point.variable == variable:
            axes.plot(
                point.fractions,
                point.values,
                point.marker,
                color=style.CNN_COLOUR,
                markeredgecolor="black",
                markersize=6,
                label=point.source,
            )
    axes.set_yscale("log")
    axes.set_ylim(bottom=LOWEST[variable])
    axes.set_xlim(0, 1)
    axes.set_xlabel(f"volume fraction of {phase} [1]")
    axes.legend(fontsize=7, loc="lower right")


def draw_against_pressure(axes: Axes, dataset: xr.Dataset, variable: str, line: str = "-") -> None:
    """Draw a variable under load against pressure, a line per AM share of the solids."""
    for share in np.unique(dataset["am_volume_fraction"]).tolist():
        pressure, mean, deviation = curve(dataset, variable, share, None)
        if pressure.size:
            axes.errorbar(
                pressure,
                mean,
                deviation,
                color=mpl.colormaps[style.SEQUENTIAL](SHARES(share)),
                linestyle=line,
                linewidth=1.2,
                marker="o",
                markersize=4,
                capsize=2,
                label=f"AM {100 * share:g} % of the solids" if line == "-" else None,
            )
    ticks = 1e-6 * np.unique(dataset["pressure"])
    axes.set_xscale("log")
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.set_ylim(bottom=0)
    axes.set_xlabel("pressure [MPa]")


def save(dataset: FilePath, outputs: Sequence[FilePath]) -> None:
    """Draw all packings of a study in space."""
    opened = open_result(dataset, *READ)
    with style.in_style():
        figure = style.new_figure(8.6, 7.2)
        panels = figure.subplots(2, 2).ravel().tolist()
        ionic, electronic, pressed, used = panels
        draw_against_fraction(ionic, opened, "ionic_conductivity_relative", "SE", 1.0)
        ionic.set_ylabel("ionic conductivity / that of dense SE [1]")
        draw_against_fraction(electronic, opened, "electronic_conductivity", "AM", 10.0)
        electronic.set_ylabel("electronic conductivity [mS/cm]")
        draw_against_pressure(pressed, opened, "ionic_conductivity_relative")
        pressed.set_ylabel("ionic conductivity / that of dense SE [1]")
        draw_against_pressure(used, opened, "am_utilisation")
        draw_against_pressure(used, opened, "am_ionic_access", ":")
        used.set_ylim(0, 1.05)
        used.set_ylabel("share of AM volume [1]")
        pressed.plot([], [], color="0.4", label="reached by ions and electrons")
        pressed.plot([], [], color="0.4", linestyle=":", label="reached by ions")
        for axes, title in zip(panels, ("ions", "electrons", "ions under load", "AM in use"), strict=True):
            axes.set_title(title)
        handles, labels = pressed.get_legend_handles_labels()
        if not used.containers:
            style.no_data(used, "no AM in this study")
        style.letter_panels(panels)
        figure.legend(handles, labels, loc="outside lower center", ncols=4)
        style.save_figure(figure, outputs)
