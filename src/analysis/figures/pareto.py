"""What can be had of reachable capacity and ionic conductivity together, beside the samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize

from analysis.design import Design, read_samples
from analysis.design.process import Predicted
from analysis.design.samples import QUANTITIES
from analysis.design.settings import SETTINGS
from analysis.figures import style
from provenance import FilePath

ACROSS, UP = "reachable_capacity", "ionic_conductivity"
# Settings that are tried for a front, and those of it whose packings are shown with their intervals.
SHARES, SIZES, SHOWN = 121, 9, 6


def front_of(across: np.ndarray, up: np.ndarray) -> np.ndarray:
    """Places [K] of those among M points that no other exceeds in both, by rising `across`."""
    order = np.lexsort([-up, -across])
    highest = np.maximum.accumulate(np.r_[-np.inf, up[order][:-1]])
    return order[up[order] > highest][::-1]


def _shown(name: str, values: np.ndarray) -> np.ndarray:
    return QUANTITIES[name].row.display.factor * values


def _predicted(design: Design, settings: np.ndarray) -> tuple[Predicted, Predicted]:
    return design.processes[ACROSS](settings), design.processes[UP](settings)


def settings_at(design: Design, pressure: float, sizes: np.ndarray) -> np.ndarray:
    """Settings [M, 3] of one pressure and some AM sizes [SI] between the samples, by rising AM share."""
    shares = np.linspace(design.region.lowest[0], design.region.highest[0], SHARES)
    grid = np.stack(np.meshgrid(shares, sizes, [pressure], indexing="ij"), axis=-1).reshape(-1, 3)
    return grid[design.region.contains(grid)]


def draw_curve(axes: Axes, design: Design, settings: np.ndarray, colour: Any, label: str) -> None:
    """Draw what is expected of settings [M, 3], with the interval of the conductivity expected."""
    across, up = _predicted(design, settings)
    low, high = up.mean_interval
    shown = _shown(ACROSS, across.value)
    axes.fill_between(shown, _shown(UP, low), _shown(UP, high), color=colour, alpha=0.3, linewidth=0)
    axes.plot(shown, _shown(UP, up.value), color=colour, linewidth=1.3, label=label)


def draw_packings(axes: Axes, design: Design, settings: np.ndarray, label: str) -> None:
    """Draw intervals of single packings at some settings [K, 3]."""
    points, reach = [], []
    for name, found in zip((ACROSS, UP), _predicted(design, settings), strict=True):
        points.append(_shown(name, found.value))
        reach.append(np.abs(_shown(name, np.stack(found.interval)) - points[-1]))
    look: dict[str, Any] = {"fmt": "none", "ecolor": "black", "elinewidth": 0.8, "capsize": 2}
    axes.errorbar(points[0], points[1], reach[1], reach[0], label=label, **look)


def draw_samples(axes: Axes, design: Design, chosen: np.ndarray, colours: np.ndarray) -> None:
    """Draw measured samples, those that conduct; `colours` [N, 4] of all."""
    values = design.samples.values
    chosen = chosen & (values[UP] > 0)
    axes.scatter(
        _shown(ACROSS, values[ACROSS][chosen]),
        _shown(UP, values[UP][chosen]),
        s=7,
        color=colours[chosen],
        linewidth=0,
        alpha=0.6,
    )
    axes.set_yscale("log")
    axes.set_xlabel("AM that ions and electrons reach / electrode, by volume [1]")
    axes.set_ylabel("ionic conductivity [mS/cm]")


def draw_fronts(axes: Axes, design: Design) -> None:
    """Draw the front of each pressure of the study, over all AM shares and sizes."""
    low, high = design.region.lowest, design.region.highest
    pressures = np.unique(design.samples.settings[:, 2])
    norm = LogNorm(pressures[0] / 1.5, 1.5 * pressures[-1])
    colour = mpl.colormaps[style.SEQUENTIAL]
    everyone = np.ones(len(design.samples.packing), bool)
    draw_samples(axes, design, everyone, colour(norm(design.samples.settings[:, 2])))
    for pressure in pressures:
        tried = settings_at(design, pressure, np.linspace(low[1], high[1], SIZES))
        across, up = _predicted(design, tried)
        front = front_of(across.value, up.value)
        draw_curve(axes, design, tried[front], colour(norm(pressure)), f"{1e-6 * pressure:g} MPa")
    reached = across.value[front]
    few = np.searchsorted(reached, np.linspace(reached[0], reached[-1], SHOWN))
    draw_packings(axes, design, tried[front[few]], "90 % of packings")
    axes.set_title("best of all AM shares and sizes, by pressure")


def draw_sizes(axes: Axes, design: Design) -> None:
    """Draw what AM share does at the highest pressure, for three AM sizes."""
    low, high = design.region.lowest, design.region.highest
    settings = design.samples.settings
    norm, colour = Normalize(low[1], 1.1 * high[1] - 0.1 * low[1]), mpl.colormaps["cividis"]
    draw_samples(axes, design, settings[:, 2] == high[2], colour(norm(settings[:, 1])))
    unit = SETTINGS["am_mean_diameter"].display
    for part in (0.1, 0.5, 0.9):
        size = low[1] + part * (high[1] - low[1])
        along = settings_at(design, high[2], np.array([size]))
        draw_curve(axes, design, along, colour(norm(size)), f"{unit.factor * size:.3g} {unit.symbol}")
        if part == 0.5:
            _draw_shares(axes, design, along)
    axes.set_title(f"AM share and size, {1e-6 * high[2]:g} MPa")


def _draw_shares(axes: Axes, design: Design, along: np.ndarray) -> None:
    """Mark the AM shares of the study on a curve."""
    for share in np.unique(design.samples.settings[:, 0]):
        place = along[[np.argmin(np.abs(along[:, 0] - share))]]
        found = zip((ACROSS, UP), _predicted(design, place), strict=True)
        point = tuple(_shown(name, each.value)[0] for name, each in found)
        axes.plot(*point, "o", color="black", markersize=4)
        axes.annotate(f"AM {100 * share:g} %", point, xytext=(7, 5), textcoords="offset points", fontsize=8)


def save(dataset: FilePath, outputs: Sequence[FilePath]) -> None:
    """Draw the fronts of a study in space, under load."""
    samples = read_samples(dataset)
    with style.in_style():
        figure = style.new_figure(11, 4.8)
        try:
            design = Design(samples, (ACROSS, UP))
        except ValueError as error:
            style.nothing_to_draw(figure, str(error))
        else:
            panels = figure.subplots(1, 2, sharey=True)
            draw_fronts(panels[0], design)
            draw_sizes(panels[1], design)
            for axes, title in zip(panels, ("pressure", "mean AM diameter"), strict=True):
                axes.legend(title=title, loc="lower left", fontsize=8, alignment="left")
            panels[1].set_ylabel("")
            style.letter_panels(panels)
        style.save_figure(figure, outputs)
