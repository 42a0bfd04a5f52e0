"""Sections of test samples, along and across the press, and what a microscope may make of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from analysis.figures import style
from analysis.section_dataset import open_sections
from provenance import FilePath

# Settings shown along each axis of the grid.
MOST_SHARES, MOST_PRESSURES = 4, 4
BAR = 5e-6  # [m]


def draw_section(axes: Axes, section: xr.Dataset) -> None:
    """Draw one section with its shares of the phases below it."""
    pixel = float(section["x"][1] - section["x"][0])
    style.show_phases(axes, section["image"].values)
    void, se, am = (100 * np.mean(section["image"].values == phase) for phase in range(3))
    axes.set_xlabel(
        f"{section['orientation'].item()} the press\nAM {am:.0f}, SE {se:.0f}, void {void:.0f} %",
        fontsize=7,
    )
    side = section.sizes["x"]
    style.scale_bar(axes, BAR / pixel, "", 0.05 * side, 0.06 * side, style.WALL_COLOUR)


def save(sections: FilePath, outputs: Sequence[FilePath]) -> None:
    """Draw a sharp section of one sample per AM share and pressure, and one with its degraded copy."""
    opened = open_sections(sections)
    study = opened["study"].values
    sharp = opened.sel(sample=study == study[0])
    loaded = ~np.isfinite(sharp["unloaded_to"].values)
    shares, pressures = (
        _some(np.unique(sharp[name].values), most)
        for name, most in (("am_volume_fraction", MOST_SHARES), ("pressure", MOST_PRESSURES))
    )
    with style.in_style():
        figure = style.new_figure(1.75 * (len(pressures) + 1), 2.05 * len(shares) + 0.3)
        grid = figure.subplots(len(shares), len(pressures) + 1, squeeze=False)
        for row, (share, panels) in enumerate(zip(shares, grid, strict=True)):
            for column, (pressure, axes) in enumerate(zip(pressures, panels, strict=False)):
                of_setting = loaded & (sharp["am_volume_fraction"].values == share)
                of_setting &= sharp["pressure"].values == pressure
                chosen = np.flatnonzero(of_setting)
                # Along and across the press by turns.
                place = int(chosen[min((row + column) % 2, chosen.size - 1)])
                draw_section(axes, sharp.isel(sample=place))
                if row == 0:
                    axes.set_title(f"{pressure / 1e6:g} MPa")
            panels[0].set_ylabel(f"AM {100 * share:g} % of the solids")
            _draw_copy(panels[-1], opened, str(sharp["sample"].values[place]))
        style.save_figure(figure, outputs)


def _some(values: np.ndarray, most: int) -> list[float]:
    """At most so many of some values, spread over them."""
    places = np.linspace(0, values.size - 1, min(most, values.size)).round().astype(int)
    return values[np.unique(places)].tolist()


def _draw_copy(axes: Axes, opened: xr.Dataset, name: str) -> None:
    """Draw the first degraded copy of a section, where there is one."""
    names = opened["sample"].values.tolist()
    copy = next((k for k, other in enumerate(names) if other.startswith(f"{name}_")), None)
    if copy is None:
        axes.set_axis_off()
        return
    draw_section(axes, opened.isel(sample=copy))
    axes.set_title("its degraded copy", fontsize=8)
