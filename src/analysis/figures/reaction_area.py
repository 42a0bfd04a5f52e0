"""Reaction area against AM size, and what it depends on (the paper's Fig. 5C and its claims)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.colors import Normalize
from scipy.stats import t

from analysis.dataset import open_dataset
from analysis.figures import style
from provenance import FilePath
from provenance.netcdf import open_result


class Trend(NamedTuple):
    """Linear fit of the reaction area to AM diameter and AM share, with half 95 % intervals."""

    intercept: float  # [um^2]
    slope: np.ndarray  # per um of AM diameter, per percent of AM share [um^2]
    half_interval: np.ndarray


def fit_trend(diameter: np.ndarray, share: np.ndarray, area: np.ndarray) -> Trend:
    """Least squares of the area [N, um^2] on diameter [N, um] and share [N, %]; intervals by Student's t.

    Raises
    ------
    ValueError
        If there are too few structures for a residual, or all have the same diameter or share.
    """
    design = np.column_stack([np.ones_like(diameter), diameter, share])
    freedom = len(area) - design.shape[1]
    if freedom < 1 or np.linalg.matrix_rank(design) < design.shape[1]:
        raise ValueError(f"{len(area)} structures do not tell AM diameter and AM share apart")
    values, *_ = np.linalg.lstsq(design, area, rcond=None)
    variance = np.sum((area - design @ values) ** 2) / freedom
    error = np.sqrt(variance * np.diag(np.linalg.inv(design.T @ design)))
    return Trend(values[0], values[1:], (t.ppf(0.975, freedom) * error)[1:])


def draw_reaction_area(
    axes: Axes, structures: xr.Dataset, predicted: np.ndarray, scale: Normalize
) -> PathCollection:
    """Draw DEM (dots) and CNN (crosses) reaction area of structures, coloured by their AM share.

    Lines are the fitted trend of the DEM at the quartiles of the share.

    Parameters
    ----------
    axes
        To draw on.
    structures
        Of one width or pressure, N samples.
    predicted
        Reaction area by the CNN [N, m^2].
    scale
        Range of the AM share of the solids [%].
    """
    size, share, area = _columns(structures)
    axes.vlines(size, area, 1e12 * predicted, color="0.8", linewidth=0.6, zorder=0)
    common: dict[str, Any] = {"cmap": style.SEQUENTIAL, "norm": scale, "s": 24}
    axes.scatter(size, 1e12 * predicted, c=share, marker="x", linewidth=1, **common)
    points = axes.scatter(size, area, c=share, edgecolor="white", linewidth=0.3, **common)
    try:
        trend = fit_trend(size, share, area)
    except ValueError:
        axes.text(0.04, 0.97, "too few for a trend", transform=axes.transAxes, va="top", color="0.4")
        return points
    ends = np.array([size.min(), size.max()])
    for quartile in np.quantile(share, [0.25, 0.75]):
        line = trend.intercept + trend.slope[0] * ends + trend.slope[1] * quartile
        axes.plot(ends, line, color=points.cmap(scale(quartile)), linewidth=1.4, zorder=1)
    return points


def _columns(structures: xr.Dataset) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """AM diameter [um], AM share [%], reaction area [um^2]."""
    return (
        1e6 * structures["am_mean_diameter"].values,
        100 * structures["am_solid_fraction"].values,
        1e12 * structures["label"].sel(target="reaction_area").values,
    )


def draw_slopes(axes: Axes, structures: xr.Dataset, predicted: np.ndarray, which: int) -> None:
    """Draw a slope of the trend with its 95 % interval against width or pressure, of DEM and CNN.

    Parameters
    ----------
    axes
        To draw on.
    structures
        All structures, N samples.
    predicted
        Reaction area by the CNN [N, m^2].
    which
        0: slope with the AM diameter; 1: with the AM share.
    """
    settings, unit, meaning = style.setting(structures)
    different = np.unique(settings)
    # Side by side, whatever the step between settings.
    shift_by = 0.012 * np.ptp(different)
    missing: set[str] = set()
    for label, colour, marker, shift in (
        ("DEM", style.DEM_COLOUR, "o", -shift_by),
        ("CNN", style.CNN_COLOUR, "x", shift_by),
    ):
        slopes = []
        for value in different:
            chosen = settings == value
            size, share, area = _columns(structures.isel(sample=chosen))
            if label == "CNN":
                area = 1e12 * predicted[chosen]
            try:
                trend = fit_trend(size, share, area)
            except ValueError:
                missing.add(f"{value:g}")
                continue
            slopes.append((value + shift, trend.slope[which], trend.half_interval[which]))
        if slopes:
            x, slope, half = np.array(slopes).T
            axes.errorbar(x, slope, half, color=colour, fmt=marker, markersize=4, linewidth=1, label=label)
    if missing:
        style.no_data(axes, f"too few structures at {', '.join(sorted(missing))} {unit}")
    axes.axhline(0, color="0.5", linewidth=0.8)
    axes.set_xlabel(f"{meaning} [{unit}]")


def save(dataset: FilePath, predictions: FilePath, outputs: Sequence[FilePath]) -> None:
    """Draw the least, a middle and the strongest compression of a study, and the trends of all."""
    structures = open_dataset(dataset)
    opened = open_result(predictions, "prediction", "target")
    opened = style.select_samples(opened, structures["sample"].values.tolist(), predictions)
    predicted = opened["prediction"].sel(target="reaction_area").values
    values, unit, meaning = style.setting(structures)
    different = np.unique(values)
    share = 100 * structures["am_solid_fraction"]
    scale = Normalize(float(share.min()), float(share.max()))
    with style.in_style():
        figure = style.new_figure(10.5, 6.6)
        upper, lower = figure.subfigures(2, 1, squeeze=False).ravel()
        shown = np.unique(different[[0, different.size // 2, -1]])
        above, below = upper.subplots(1, shown.size, squeeze=False)[0], lower.subplots(1, 2)
        for axes, value in zip(above, shown, strict=True):
            chosen = values == value
            points = draw_reaction_area(axes, structures.isel(sample=chosen), predicted[chosen], scale)
            axes.set_title(f"{meaning}: {value:g} {unit}")
            axes.set_xlabel("mean AM diameter [µm]")
            axes.set_ylabel("reaction area [µm²]")
        draw_slopes(below[0], structures, predicted, 0)
        below[0].set_title("Change with AM diameter, at equal AM share")
        below[0].set_ylabel("µm² per µm of diameter")
        draw_slopes(below[1], structures, predicted, 1)
        below[1].set_title("Change with AM share, at equal AM diameter")
        below[1].set_ylabel("µm² per percent of AM")
        above[0].scatter([], [], color="0.4", s=24, label="DEM")
        above[0].scatter([], [], color="0.4", s=24, marker="x", label="CNN (training structures too)")
        above[0].plot([], [], color="0.4", label="trend of the DEM, at quartiles of the AM share")
        if below[1].containers:
            below[1].legend(loc="best", title="with 95 % interval", title_fontsize=8)
        upper.legend(*above[0].get_legend_handles_labels(), loc="outside upper right", ncols=3)
        style.letter_panels([*above, *below])
        upper.colorbar(points, ax=above, label="AM share of the solid area [%]")
        style.save_figure(figure, outputs)
