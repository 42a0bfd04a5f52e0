"""What the network reads off sections of test packings, against the truth of the packing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection

from analysis.figures import style
from analysis.metrics import read_metrics
from electrode.targets import target_row
from provenance import FilePath
from provenance.netcdf import open_result


def read_together(predictions: xr.Dataset) -> xr.Dataset:
    """What the most sections of one sample say together, in place of what the first of them says alone."""
    if "group_sections" not in predictions.variables:
        return predictions
    most = predictions.isel(group=predictions["group_sections"] == predictions["group_sections"].max())
    told = predictions["prediction"].dims, most["group_prediction"].values
    return predictions.isel(sample=most["group_first"].values).assign(prediction=told)


def draw_parity(axes: Axes, single: xr.Dataset, together: xr.Dataset, target: str) -> PathCollection:
    """Draw single sections as points, and what those of a sample say together as rings, by pressure.

    Parameters
    ----------
    axes
        To draw on.
    single, together
        Test part of the predictions and of `read_together`, without degraded copies.
    target
        Name of the target.
    """
    row = target_row(target, str(single["target_units"].sel(target=target).item()))
    (truth, told), (whole, answer) = (
        [row.display.factor * part[name].sel(target=target).values for name in ("truth", "prediction")]
        for part in (single, together)
    )
    known = np.isfinite(truth)
    low, high = min(truth[known].min(), told[known].min()), max(truth[known].max(), told[known].max())
    margin = 0.04 * (high - low)
    axes.axline((low, low), slope=1, color="0.5", linewidth=0.8, zorder=0)
    axes.scatter(truth, told, s=3, color="0.75", linewidth=0, zorder=1, rasterized=True)
    pressure = 1e-6 * together["pressure"].values
    points = axes.scatter(
        whole, answer, c=pressure, s=14, cmap=style.SEQUENTIAL, edgecolor="white", linewidth=0.3
    )
    axes.set_xlim(low - margin, high + margin)
    axes.set_ylim(low - margin, high + margin)
    axes.set_aspect("equal")
    axes.locator_params(nbins=4)
    axes.set_title(row.title)
    axes.set_xlabel(f"packing {row.display.in_brackets}")
    axes.set_ylabel(f"from sections {row.display.in_brackets}")
    return points


def save(predictions: FilePath, metrics: FilePath, outputs: Sequence[FilePath]) -> None:
    """Draw all targets, with R2 for one section and for as many as there are."""
    needed = ("truth", "prediction", "split", "pressed", "pressure", "study", "target", "target_units")
    opened = open_result(predictions, *needed)
    study = str(opened["study"].values[0])
    single, together = (
        style.test_part(part.sel(sample=part["study"] == study)) for part in (opened, read_together(opened))
    )
    rows = [
        row
        for row in read_metrics(metrics)
        if (row["split"], row["study"], row["predictor"]) == ("random", study, "cnn")
    ]
    with style.in_style():
        figure, grid = style.panel_grid(opened.sizes["target"] + 1, 4, 9.5 / 3.6, 2.7)
        *panels, legend = grid
        for axes, target in zip(panels, opened["target"].values.tolist(), strict=True):
            points = draw_parity(axes, single, together, target)
            scores = [(int(row["sections"]), float(row["r2"])) for row in rows if row["target"] == target]
            told = [f"{count} section{'s' * (count > 1)} R² {r2:.3f}" for count, r2 in sorted(scores)]
            axes.text(
                0.04, 0.97, "\n".join((told[0], told[-1])), transform=axes.transAxes, va="top", fontsize=7
            )
        style.letter_panels(panels)
        legend.set_axis_off()
        colours = figure.colorbar(points, cax=legend.inset_axes((0.05, 0.05, 0.06, 0.9)))
        colours.set_label("pressed to [MPa]")
        samples = np.unique(single["pressed"].values).size
        legend.text(
            0.5,
            0.5,
            f"{samples} samples of\npackings never seen\n\ngray: single sections\n\n"
            "coloured: all sections\nof a sample together",
            transform=legend.transAxes,
            va="center",
            fontsize=8,
        )
        style.save_figure(figure, outputs)
