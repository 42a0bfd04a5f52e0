"""Networks trained on one study, on another and on both, each tested on both: does the one know the other?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from analysis.figures import style
from analysis.metrics import read_metrics
from electrode.targets import Target, target_row
from provenance import FilePath
from provenance.netcdf import open_result

# Predictions further than this many times the range of the truth below and above it are drawn at the edge.
BELOW, ABOVE = 0.1, 0.3
LEAST_WIDTH = 9.0  # of the figure, for its legend [inch]


def trained_on(split: str) -> str:
    """Words for what the networks of a split of a joined study learnt from."""
    return "all studies" if split == "random" else f"{split.split('-', 1)[1]} alone"


def draw_transfer(axes: Axes, predictions: Sequence[xr.Dataset], target: str) -> None:
    """Draw predicted against simulated targets of the same structures by several ensembles.

    Parameters
    ----------
    axes
        To draw on.
    predictions
        One per ensemble, with ``fold``: the same structures, N samples.
    target
        Name of the target.
    """
    truth = predictions[0]["truth"].sel(target=target).values
    factor = _row(predictions[0], target).display.factor
    low, high = factor * truth.min(), factor * truth.max()
    bottom, top = low - BELOW * (high - low), high + ABOVE * (high - low)
    axes.axline((low, low), slope=1, color="0.5", linewidth=0.8, zorder=0)
    for number, (colour, marker, ensemble) in enumerate(
        zip(style.SPLIT_COLOURS, style.SPLIT_MARKERS, predictions, strict=False)
    ):
        values = factor * ensemble["prediction"].sel(target=target).values
        shown = np.clip(values, bottom, top)
        for inside, kind in ((shown == values, marker), (values > top, "^"), (values < bottom, "v")):
            axes.scatter(
                factor * truth[inside],
                shown[inside],
                color=colour,
                marker=kind,
                s=11,
                linewidth=0.3,
                edgecolor="white",
                zorder=10 - number,
                clip_on=False,
            )
    axes.set_xlim(bottom, top)
    axes.set_ylim(bottom, top)
    axes.set_aspect("equal")
    axes.locator_params(nbins=4)


def _row(predictions: xr.Dataset, target: str) -> Target:
    return target_row(target, str(predictions["target_units"].sel(target=target).item()))


def save(predictions: Sequence[FilePath], metrics: FilePath, outputs: Sequence[FilePath]) -> None:
    """Draw all targets on the test part of every study, with R2 of every ensemble."""
    opened = [open_result(path, *style.PREDICTION, "study", "fold") for path in predictions]
    # All splits test the same structures: those that no ensemble learnt from.
    tests = [style.test_part(dataset) for dataset in opened]
    splits = [str(dataset["fold"].item()) for dataset in opened]
    studies, targets = np.unique(tests[0]["study"].values), tests[0]["target"].values.tolist()
    r2 = {
        (row["split"], row["study"], row["target"]): float(row["r2"])
        for row in read_metrics(metrics)
        if row["predictor"] == "cnn"
    }
    with style.in_style():
        figure = style.new_figure(max(LEAST_WIDTH, 2.6 * len(targets)), 1 + 2.7 * studies.size)
        grid = figure.subplots(studies.size, len(targets), squeeze=False)
        for panels, study in zip(grid, studies, strict=True):
            chosen = [test.sel(sample=test["study"] == study) for test in tests]
            for axes, target in zip(panels, targets, strict=True):
                draw_transfer(axes, chosen, target)
                row = _row(chosen[0], target)
                scores = zip(splits, style.SPLIT_COLOURS, strict=False)
                for line, (split, colour) in enumerate(scores):
                    axes.text(
                        0.03,
                        0.99 - 0.09 * line,
                        f"R² {r2[split, study, target]:.2f}",
                        transform=axes.transAxes,
                        va="top",
                        fontsize=8,
                        color=colour,
                    )
                axes.set_xlabel(f"DEM {row.display.in_brackets}")
                if study == studies[0]:
                    axes.set_title(row.title)
            panels[0].set_ylabel(f"tested on {study}\n({chosen[0].sizes['sample']} structures)\n\nCNN")
        style.letter_panels(grid.ravel())
        for split, colour, marker in zip(splits, style.SPLIT_COLOURS, style.SPLIT_MARKERS, strict=False):
            grid[0, 0].scatter(
                [], [], color=colour, marker=marker, s=24, label=f"trained on {trained_on(split)}"
            )
        grid[0, 0].scatter([], [], color="0.4", marker="^", s=24, label="beyond the panel (▼ below)")
        figure.legend(*grid[0, 0].get_legend_handles_labels(), loc="outside upper right", ncols=5)
        style.save_figure(figure, outputs)
