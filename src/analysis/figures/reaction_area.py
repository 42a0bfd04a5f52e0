"""Reaction area against AM size, for the smallest and the largest compression (the paper's Fig. 5C)."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.colors import Normalize

from analysis.dataset import open_dataset
from analysis.figures import style


def draw_reaction_area(
    axes: Axes, structures: xr.Dataset, predicted: np.ndarray, scale: Normalize
) -> PathCollection:
    """Draw DEM (dots) and CNN (crosses) reaction area of structures, coloured by their AM share.

    Parameters
    ----------
    axes
        To draw on.
    structures
        Of one width or pressure, N samples.
    predicted
        Reaction area by the CNN [N, m^2].
    scale
        Range of the AM share of the solids.
    """
    size = 1e6 * structures["am_mean_diameter"].values
    area = 1e12 * structures["label"].sel(target="reaction_area").values
    share = structures["am_solid_fraction"].values
    axes.vlines(size, area, 1e12 * predicted, color="0.8", linewidth=0.6, zorder=0)
    common = {"cmap": style.SEQUENTIAL, "norm": scale, "s": 26}
    axes.scatter(size, 1e12 * predicted, c=share, marker="x", linewidth=1, **common)
    return axes.scatter(size, area, c=share, edgecolor="white", linewidth=0.3, **common)


def save(dataset: str | PathLike, predictions: str | PathLike, outputs: Sequence[str | PathLike]) -> None:
    """Draw the least and the strongest compression of a study side by side."""
    structures = open_dataset(dataset)
    with xr.open_dataset(predictions, engine="h5netcdf") as opened:
        predicted = opened["prediction"].sel(target="reaction_area", sample=structures["sample"]).values
    values, unit, meaning = style.setting(structures)
    ends = values.min(), values.max()
    scale = Normalize(structures["am_solid_fraction"].min(), structures["am_solid_fraction"].max())
    with style.in_style():
        figure = style.new_figure(9.5, 4)
        panels = figure.subplots(1, 2, sharex=True)
        for axes, value in zip(panels, ends, strict=True):
            chosen = values == value
            points = draw_reaction_area(axes, structures.isel(sample=chosen), predicted[chosen], scale)
            axes.set_title(f"{meaning}: {value:g} {unit}")
            axes.set_xlabel("mean AM diameter [µm]")
            axes.set_ylabel("reaction area [µm²]")
        panels[0].scatter([], [], color="0.4", s=26, label="DEM")
        panels[0].scatter([], [], color="0.4", s=26, marker="x", label="CNN (training structures too)")
        figure.legend(loc="outside upper right", ncols=2)
        style.letter_panels(panels)
        figure.colorbar(points, ax=panels, label="AM share of the solid area")
        style.save_figure(figure, outputs)
