"""Grad-CAM maps over their images (the paper's Fig. 4C)."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap

from analysis.figures import style
from electrode.targets import spread_over, target_row
from provenance import FilePath
from provenance.netcdf import open_result

MOST_ROWS = 4
# Of a title above a map [characters].
LONGEST_LINE = 20


def draw_heatmap(axes: Axes, image: np.ndarray | None, heatmap: np.ndarray) -> None:
    """Show a map, scaled to its own maximum, over its class image or alone."""
    if image is not None:
        style.show_phases(axes, image)
    peak = heatmap.max()
    shown = heatmap / peak if peak > 0 else heatmap
    alpha = 1.0 if image is None else 0.6
    axes.imshow(shown, cmap=style.HEAT, vmin=0, vmax=1, alpha=alpha, origin="lower")
    style.bare(axes)


def draw_zones(axes: Axes, image: np.ndarray, zone: np.ndarray) -> None:
    """Show where both AM and SE are near, over the class image."""
    style.show_phases(axes, image)
    shown = np.ma.masked_equal(zone, 0)
    axes.imshow(shown, cmap=ListedColormap([style.ZONE_COLOUR]), origin="lower", interpolation="nearest")


def save(gradcam: FilePath, outputs: Sequence[FilePath]) -> None:
    """Draw images of test structures with the maps of all targets over them, and those of the first alone."""
    maps = open_result(gradcam, "image", "heatmap", "contact_zone", "label")
    chosen = np.unique(
        np.linspace(0, maps.sizes["sample"] - 1, min(MOST_ROWS, maps.sizes["sample"])).round().astype(int)
    )
    targets = maps["target"].values.tolist()
    shown = spread_over(targets)
    row = target_row(shown)
    with style.in_style():
        figure = style.new_figure(11 / 7 * (2 + len(targets)), 0.5 + 1.45 * (1 + chosen.size))
        grid = figure.subplots(1 + chosen.size, 2 + len(targets), squeeze=False)
        for panels, place in zip(grid[1:], chosen, strict=True):
            sample = maps.isel(sample=int(place))
            image = sample["image"].values
            style.show_phases(panels[0], image)
            value, unit, _ = style.setting(sample)
            label = row.display.factor * float(sample["label"].sel(target=shown))
            named = f"{row.title.lower()}\n{label:.0f} {row.display.symbol}"
            panels[0].set_ylabel(f"{value:g} {unit}\n{named}", fontsize=8)
            draw_zones(panels[1], image, sample["contact_zone"].values)
            for target, axes in zip(targets, panels[2:], strict=True):
                draw_heatmap(axes, image, sample["heatmap"].sel(target=target).values)
        alone = maps["heatmap"].isel(sample=int(chosen[0]))
        grid[0, 0].set_axis_off()
        grid[0, 1].set_axis_off()
        grid[0, 1].text(1, 0.5, "maps of the\nfirst structure", ha="right", va="center", fontsize=8)
        for target, axes in zip(targets, grid[0, 2:], strict=True):
            draw_heatmap(axes, None, alone.sel(target=target).values)
            axes.set_title(textwrap.fill(target_row(target).title, LONGEST_LINE, break_long_words=False))
        grid[1, 0].set_title("Image")
        grid[1, 1].set_title("near AM and SE")
        colours = figure.colorbar(grid[0, 2].images[-1], ax=grid, location="right", shrink=0.6, aspect=30)
        colours.set_label("raises the prediction (share of the map's maximum)")
        style.save_figure(figure, outputs)
