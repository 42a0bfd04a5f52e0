"""Grad-CAM maps over their images (the paper's Fig. 4C)."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from analysis.figures import style

MOST_ROWS = 4


def draw_heatmap(axes: Axes, image: np.ndarray, heatmap: np.ndarray) -> None:
    """Show a map, scaled to its own maximum, over its class image."""
    style.show_phases(axes, image)
    peak = heatmap.max()
    axes.imshow(
        heatmap / peak if peak > 0 else heatmap, cmap=style.HEAT, vmin=0, vmax=1, alpha=0.6, origin="lower"
    )


def save(gradcam: str | PathLike, outputs: Sequence[str | PathLike]) -> None:
    """Draw images of test structures and the maps of all targets beside them."""
    with xr.open_dataset(gradcam, engine="h5netcdf") as opened:
        maps = opened.load()
    rows = np.unique(
        np.linspace(0, maps.sizes["sample"] - 1, min(MOST_ROWS, maps.sizes["sample"])).round().astype(int)
    )
    targets = maps["target"].values
    with style.in_style():
        figure = style.new_figure(10.5, 0.5 + 1.5 * rows.size)
        grid = figure.subplots(rows.size, 1 + targets.size, squeeze=False)
        for axes, row in zip(grid, rows, strict=True):
            sample = maps.isel(sample=int(row))
            style.show_phases(axes[0], sample["image"].values)
            value, unit, _ = style.setting(sample)
            area = 1e12 * float(sample["label"].sel(target="reaction_area"))
            axes[0].set_ylabel(f"{value:g} {unit}\n{area:.0f} µm²", fontsize=8)
            for target, panel in zip(targets, axes[1:], strict=True):
                draw_heatmap(panel, sample["image"].values, sample["heatmap"].sel(target=target).values)
        grid[0, 0].set_title("Image")
        for target, panel in zip(targets, grid[0, 1:], strict=True):
            panel.set_title(style.TARGET_TITLES[str(target)])
        colours = figure.colorbar(grid[0, 1].images[-1], ax=grid, location="right", shrink=0.6, aspect=30)
        colours.set_label("raises the prediction (share of the map's maximum)")
        style.save_figure(figure, outputs)
