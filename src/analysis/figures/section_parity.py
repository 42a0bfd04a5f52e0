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


def draw_parity(axes: Axes, sharp: xr.Dataset, target: str) -> PathCollection:
    """Draw single sections as points and the means over all sections of a sample as rings, by pressure.

    Parameters
    ----------
    axes
        To draw on.
    sharp
        Test part of the predictions, without degraded copies.
    target
        Name of the target.
    """
    chosen = sharp.sel(target=target)
    row = target_row(target, str(chosen["target_units"].item()))
    truth, told = (row.display.factor * chosen[name].values for name in ("truth", "prediction"))
    known = np.isfinite(truth)
    pressure = 1e-6 * chosen["pressure"].values
    _, first, electrode = np.unique(chosen["pressed"].values, return_index=True, return_inverse=True)
    mean = np.bincount(electrode, told) / np.bincount(electrode)
    low, high = min(truth[known].min(), told[known].min()), max(truth[known].max(), told[known].max())
    margin = 0.04 * (high - low)
    axes.axline((low, low), slope=1, color="0.5", linewidth=0.8, zorder=0)
    axes.scatter(truth, told, s=3, color="0.75", linewidth=0, zorder=1, rasterized=True)
    points = axes.scatter(
        truth[first], mean, c=pressure[first], s=14, cmap=style.SEQUENTIAL, edgecolor="white", linewidth=0.3
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
    test = style.test_part(open_result(predictions, *needed))
    sharp = test.sel(sample=test["study"] == test["study"][0])
    study = str(sharp["study"].values[0])
    rows = [
        row
        for row in read_metrics(metrics)
        if (row["split"], row["study"], row["predictor"]) == ("random", study, "cnn")
    ]
    with style.in_style():
        figure, grid = style.panel_grid(test.sizes["target"] + 1, 4, 9.5 / 3.6, 2.7)
        *panels, legend = grid
        for axes, target in zip(panels, test["target"].values.tolist(), strict=True):
            points = draw_parity(axes, sharp, target)
            scores = [(int(row["sections"]), float(row["r2"])) for row in rows if row["target"] == target]
            told = [f"{count} section{'s' * (count > 1)} R² {r2:.3f}" for count, r2 in sorted(scores)]
            axes.text(
                0.04, 0.97, "\n".join((told[0], told[-1])), transform=axes.transAxes, va="top", fontsize=7
            )
        style.letter_panels(panels)
        legend.set_axis_off()
        colours = figure.colorbar(points, cax=legend.inset_axes((0.05, 0.05, 0.06, 0.9)))
        colours.set_label("pressed to [MPa]")
        samples = np.unique(sharp["pressed"].values).size
        legend.text(
            0.5,
            0.5,
            f"{samples} samples of\npackings never seen\n\ngray: single sections\n\n"
            "coloured: mean over\nthe sections of a\nsample",
            transform=legend.transAxes,
            va="center",
            fontsize=8,
        )
        style.save_figure(figure, outputs)
