"""Predicted against simulated targets (the paper's Fig. 4A, 5B)."""

from __future__ import annotations

from collections.abc import Sequence

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection

from analysis.figures import style
from analysis.metrics import read_scores
from electrode.targets import target_row
from provenance import FilePath
from provenance.netcdf import open_result

# Predictors whose R2 stands in the corner.
BASELINES = {"image_boosting": "image descriptors", "process_boosting": "process settings"}


def draw_parity(axes: Axes, predictions: xr.Dataset, target: str) -> PathCollection:
    """Draw test structures of one target with the diagonal and their intervals, by width or pressure.

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
    truth, predicted = factor * chosen["truth"].values, factor * chosen["prediction"].values
    bottom, top = (factor * chosen[name].values for name in ("low", "high"))
    axes.vlines(truth, bottom, top, color="0.8", linewidth=0.7, zorder=0)
    low, high = min(truth.min(), predicted.min()), max(truth.max(), predicted.max())
    margin = 0.05 * (high - low)
    axes.axline((low, low), slope=1, color="0.5", linewidth=0.8, zorder=0)
    points = axes.scatter(
        truth,
        predicted,
        c=style.setting(chosen)[0],
        s=16,
        cmap=style.SEQUENTIAL,
        edgecolor="white",
        linewidth=0.3,
    )
    axes.set_xlim(low - margin, high + margin)
    axes.set_ylim(low - margin, high + margin)
    axes.set_aspect("equal")
    axes.locator_params(nbins=5)
    axes.set_title(row.title)
    axes.set_xlabel(f"DEM {row.display.in_brackets}")
    axes.set_ylabel(f"CNN {row.display.in_brackets}")
    return points


def save(predictions: FilePath, metrics: FilePath, outputs: Sequence[FilePath]) -> None:
    """Draw all targets with R2 and its interval."""
    scores = read_scores(metrics, "random", ("cnn", *BASELINES))
    everything = open_result(predictions, *style.PREDICTION)
    test = style.test_part(everything)
    with style.in_style():
        figure, grid = style.panel_grid(test.sizes["target"] + 1, 4, 9.5 / 3, 3.1)
        *panels, legend = grid
        for axes, target in zip(panels, test["target"].values.tolist(), strict=True):
            points = draw_parity(axes, test, target)
            row = scores["cnn", target]
            r2, low, high = (float(row[name]) for name in ("r2", "r2_low", "r2_high"))
            axes.text(
                0.04,
                0.97,
                f"R² = {r2:.3f}\n[{low:.3f}, {high:.3f}]",
                transform=axes.transAxes,
                va="top",
                fontsize=8,
            )
            axes.text(
                0.97,
                0.03,
                "without network:\n"
                + "\n".join(
                    f"{name} {float(scores[predictor, target]['r2']):.3f}"
                    for predictor, name in BASELINES.items()
                ),
                transform=axes.transAxes,
                va="bottom",
                ha="right",
                color="0.35",
                fontsize=7,
                bbox={"facecolor": "white", "alpha": 0.7, "edgecolor": "none", "pad": 1},
            )
        style.letter_panels(panels)
        legend.set_axis_off()
        colours = figure.colorbar(points, cax=legend.inset_axes((0.1, 0.05, 0.06, 0.9)))
        _, unit, meaning = style.setting(test)
        colours.set_label(f"{meaning} [{unit}]")
        legend.text(
            0.5,
            0.5,
            f"{test.sizes['sample']} test structures\nof {everything.sizes['sample']}\n\n"
            "[ ]: 95 % bootstrap\ninterval of R²\n\nbars: 90 % interval\nof a prediction",
            transform=legend.transAxes,
            va="center",
        )
        style.save_figure(figure, outputs)
