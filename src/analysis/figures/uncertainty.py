"""Does the network know how wrong it is? Errors against the intervals it gives, and how often these hold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from scipy.stats import binom

from analysis.figures import style
from electrode.targets import target_row
from provenance import FilePath
from provenance.netcdf import open_result

NOMINAL = 0.9


def draw_errors(axes: Axes, predictions: xr.Dataset, target: str) -> None:
    """Draw the error of each structure against half the width of its interval, inside and outside of it.

    Parameters
    ----------
    axes
        To draw on.
    predictions
        Test part of ``predictions/<fold>.nc``.
    target
        Name of the target.
    """
    chosen = predictions.sel(target=target)
    row = target_row(target, str(chosen["target_units"].item()))
    factor = row.display.factor
    half = 0.5 * factor * (chosen["high"] - chosen["low"]).values
    error = factor * np.abs((chosen["prediction"] - chosen["truth"]).values)
    inside = error <= half
    for where, marker, colour, label in (
        (inside, "o", style.DEM_COLOUR, "truth inside the interval"),
        (~inside, "x", style.CNN_COLOUR, "outside"),
    ):
        axes.scatter(half[where], error[where], s=14, marker=marker, color=colour, linewidth=0.9, label=label)
    end = 1.08 * half.max()
    axes.plot([0, end], [0, end], color="0.5", linewidth=0.8, zorder=0)
    axes.set_xlim(0, end)
    axes.set_ylim(bottom=0)
    axes.set_title(row.title)
    axes.set_xlabel(f"half the 90 % interval {row.display.in_brackets}")
    axes.set_ylabel(f"error {row.display.in_brackets}")


def draw_coverage(axes: Axes, predictions: xr.Dataset) -> None:
    """Draw the share of truths inside the intervals, and what chance allows about the nominal one."""
    inside = (predictions["truth"] >= predictions["low"]) & (predictions["truth"] <= predictions["high"])
    count = predictions.sizes["sample"]
    low, high = np.array(binom.interval(0.95, count, NOMINAL)) / count
    axes.axvspan(low, high, color="0.88", zorder=0, label="95 % of samples if 90 % are true")
    axes.axvline(NOMINAL, color="0.5", linewidth=0.8)
    names = [target_row(target).title for target in predictions["target"].values.tolist()]
    axes.scatter(inside.mean("sample"), range(len(names)), color=style.DEM_COLOUR, s=24, zorder=3)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlim(min(0.7, float(inside.mean("sample").min()) - 0.05), 1.0)
    axes.set_xlabel("truths inside the 90 % interval [1]")
    axes.set_title("Coverage")


def save(predictions: FilePath, outputs: Sequence[FilePath]) -> None:
    """Draw the test part of a split."""
    test = style.test_part(open_result(predictions, *style.PREDICTION))
    with style.in_style():
        figure, grid = style.panel_grid(test.sizes["target"] + 1, 4, 3.5, 2.8)
        *panels, coverage = grid
        for axes, target in zip(panels, test["target"].values.tolist(), strict=True):
            draw_errors(axes, test, target)
        draw_coverage(coverage, test)
        style.letter_panels(grid)
        handles, labels = panels[0].get_legend_handles_labels()
        more, names = coverage.get_legend_handles_labels()
        figure.legend([*handles, *more], [*labels, *names], loc="outside upper center", ncols=3)
        style.save_figure(figure, outputs)
