"""What happens while the wall moves: pressure, coordination, porosity, AM coverage, reaction area."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from analysis.figures import style
from provenance import FilePath
from provenance.netcdf import open_result

# Variable: axis label with unit, and factor from SI.
CURVES = {
    "wall_pressure": ("wall pressure [MPa]", 1e-6),
    "coordination_number": ("coordination number [1]", 1.0),
    "porosity": ("porosity [1]", 1.0),
    "am_surface_coverage": ("AM surface in contact with SE [%]", 100.0),
    "reaction_area": ("reaction area, whole box [µm²]", 1e12),
}
# Share of the largest pressure at which the logarithmic axis ends: before the particles jam it is about 0.
LOWEST_PRESSURE = 1e-4
TITLES = ("Wall pressure", "Coordination", "Porosity", "AM coverage", "Reaction area")


def draw_curves(axes: Axes, response: xr.Dataset, name: str, colours: dict[float, tuple[float, ...]]) -> None:
    """Draw one variable against the wall position, a thin line per structure, thick ones for settings.

    Thick lines are the means of the narrowest, the middle and the widest box.

    Parameters
    ----------
    axes
        To draw on.
    response
        ``response.nc``; the last frame, at rest after the wall stopped, is drawn as a dot.
    name
        One of `CURVES`.
    colours
        Of each uncovered fraction.
    """
    label, factor = CURVES[name]
    for fraction, colour in colours.items():
        of_fraction = response.sel(sample=response["uncovered_fraction"] == fraction)
        curves = np.stack([1e6 * of_fraction["wall_position"], factor * of_fraction[name]], axis=-1)
        thin = LineCollection(list(curves), color=colour, linewidth=0.3, alpha=0.15, rasterized=True)
        axes.add_collection(thin)
        width = of_fraction["width"].values
        different = np.unique(width)
        shown = np.unique(different[[0, different.size // 2, -1]])
        means = np.stack([curves[width == value].mean(axis=0) for value in shown])
        axes.add_collection(LineCollection(list(means), color=colour, linewidth=1.1))
        axes.plot(*means[:, -1].T, "o", color=colour, markersize=3)
    if name == "wall_pressure":
        axes.set_yscale("log")
        axes.set_ylim(bottom=LOWEST_PRESSURE * factor * float(response[name][:, -1].max()))
    axes.autoscale_view()
    axes.invert_xaxis()
    axes.set_xlabel("wall position [µm]")
    axes.set_ylabel(label)


def save(response: FilePath, outputs: Sequence[FilePath]) -> None:
    """Draw all structures of a study."""
    opened = open_result(response, "wall_position", "width", "uncovered_fraction", *CURVES)
    fractions = np.unique(opened["uncovered_fraction"])
    shades = mpl.colormaps[style.SEQUENTIAL](np.linspace(0, 0.9, fractions.size))
    colours = dict(zip(fractions.tolist(), map(tuple, shades), strict=True))
    with style.in_style():
        figure = style.new_figure(10.5, 5.6)
        grid = figure.subplots(2, 3).ravel()
        for axes, name in zip(grid, CURVES, strict=False):
            draw_curves(axes, opened, name, colours)
        for axes, title in zip(grid, TITLES, strict=False):
            axes.set_title(title)
        style.letter_panels(grid[: len(CURVES)])
        legend = grid[len(CURVES)]
        legend.set_axis_off()
        for fraction, colour in reversed(colours.items()):
            legend.plot([], [], color=colour, label=f"{fraction:g}")
        legend.legend(loc="upper left", title="uncovered fraction", alignment="left")
        legend.text(
            0.0,
            0.3,
            "thin: one structure\nthick: means of three widths\ndot: at rest after the wall stopped\n\n"
            "Lines are states in motion: the inertia\nof the particles adds to the pressure.",
            transform=legend.transAxes,
            va="top",
            fontsize=8,
        )
        style.save_figure(figure, outputs)
