"""Maps of what AM share, AM size and pressure give, and how well each is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from analysis.design import Design, read_samples
from analysis.design.samples import QUANTITIES
from analysis.design.settings import SETTINGS
from analysis.figures import style
from provenance import FilePath

MAPPED = ("specific_interface_area", "ionic_conductivity", "am_utilisation", "relative_density")
# Points of a map along each axis: of the processes, which are smooth, and of the edge of the samples.
RESOLUTION, EDGE = 41, 321
COLUMNS = list(SETTINGS)
OUTSIDE = "0.88"


class Map:
    """Settings over AM share and another one, the third held.

    Parameters
    ----------
    design
        That is asked.
    upward
        Setting on the vertical axis.
    held
        Value of the third [SI].
    """

    def __init__(self, design: Design, upward: str, held: float) -> None:
        self.design, self.upward, self.held = design, upward, held
        self.row = COLUMNS.index(upward)

    def settings(self, points: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """AM share and the upward setting along the axes [P, SI], and all settings [P, P, 3, SI]."""
        low, high = self.design.region.lowest, self.design.region.highest
        space = np.geomspace if self.upward == "pressure" else np.linspace
        share = np.linspace(low[0], high[0], points)
        upward = space(low[self.row], high[self.row], points)
        settings = np.full((points, points, len(COLUMNS)), self.held)
        settings[:, :, 0] = share
        settings[:, :, self.row] = upward[:, None]
        return share, upward, settings

    def has_samples_at(self, share: float, upward: float) -> bool:
        """Whether a place of the map, in its shown unit, lies between samples."""
        setting = np.full((1, len(COLUMNS)), self.held)
        setting[0, 0], setting[0, self.row] = share, upward / SETTINGS[self.upward].display.factor
        return bool(self.design.region.contains(setting)[0])

    def of(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """What is expected, in its shown unit, and half of its 90 % interval / it [%]; [P, P] each."""
        _, _, settings = self.settings(RESOLUTION)
        predicted = self.design.processes[name](settings.reshape(-1, len(COLUMNS)))
        low, high = predicted.mean_interval
        expected = QUANTITIES[name].row.display.factor * predicted.value
        return expected.reshape(RESOLUTION, -1), (50 * (high - low) / predicted.value).reshape(RESOLUTION, -1)


def draw_map(axes: Axes, drawn: Map, values: np.ndarray, colours: str) -> None:
    """Fill with colours between lines that tell the value [P, P]; gray where there are no samples."""
    unit = SETTINGS[drawn.upward].display
    share, upward, settings = drawn.settings(RESOLUTION)
    inside = drawn.design.region.contains(settings.reshape(-1, len(COLUMNS))).reshape(values.shape)
    levels = MaxNLocator(7).tick_values(values[inside].min(), values[inside].max())
    axes.contourf(share, unit.factor * upward, values, levels, cmap=colours, extend="both")
    lines = axes.contour(share, unit.factor * upward, values, levels, colors="white", linewidths=0.7)
    for label in axes.clabel(lines, fontsize=7, fmt="%g", inline_spacing=2, zorder=4):
        label.set_path_effects([withStroke(linewidth=1.5, foreground="0.25")])
        # Of a line along an edge it stands out, whole.
        label.set_clip_on(False)
        if not drawn.has_samples_at(*label.get_position()):
            label.remove()
    share, upward, settings = drawn.settings(EDGE)
    beyond = drawn.design.region.beyond(settings.reshape(-1, len(COLUMNS))).reshape(EDGE, -1)
    axes.contourf(share, unit.factor * upward, beyond, [1e-6, 1e6], colors=[OUTSIDE], zorder=2.5)
    points = drawn.design.samples.settings
    axes.scatter(
        points[:, 0], unit.factor * points[:, drawn.row], s=3, color="black", clip_on=False, zorder=3
    )
    if drawn.upward == "pressure":
        axes.set_yscale("log")
        ticks = unit.factor * np.unique(points[:, drawn.row])
        axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.minorticks_off()
    axes.set_ylabel(f"{SETTINGS[drawn.upward].title} {unit.in_brackets}")
    axes.set_xlabel("AM share of the solids [1]")


def save(dataset: FilePath, outputs: Sequence[FilePath]) -> None:
    """Draw the maps of a study in space, under load."""
    samples = read_samples(dataset)
    with style.in_style():
        figure = style.new_figure(12.5, 12.5)
        try:
            design = Design(samples, MAPPED)
        except ValueError as error:
            style.nothing_to_draw(figure, str(error))
        else:
            _draw_maps(figure, design)
        style.save_figure(figure, outputs)


def _draw_maps(figure: Figure, design: Design) -> None:
    """All maps: at the middle of the AM sizes, and under the highest pressure."""
    low, high = design.region.lowest, design.region.highest
    size = (low[1] + high[1]) / 2
    panels: list[Axes] = []
    parts: Any = figure.subfigures(2, 1, hspace=0.03)
    for part, upward, held, third in zip(
        parts,
        ("pressure", "am_mean_diameter"),
        (size, high[2]),
        ("am_mean_diameter", "pressure"),
        strict=True,
    ):
        unit = SETTINGS[third].display
        part.suptitle(f"{SETTINGS[third].title} {unit.factor * held:.3g} {unit.symbol}", fontweight="bold")
        rows = part.subplots(2, len(MAPPED), sharex=True, sharey=True)
        drawn = Map(design, upward, held)
        for name, above, below in zip(MAPPED, *rows, strict=True):
            expected, half = drawn.of(name)
            draw_map(above, drawn, expected, style.SEQUENTIAL)
            draw_map(below, drawn, half, style.HEAT)
            above.set_title(f"{QUANTITIES[name].row.title} {QUANTITIES[name].row.display.in_brackets}")
            below.set_title("known to ± [%]")
        panels += [*rows[0], *rows[1]]
    for axes in panels:
        axes.label_outer()
    style.letter_panels(panels)
