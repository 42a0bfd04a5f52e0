"""Distribution of the stress on particles: DEM, its Gaussian, and that of the CNN (the paper's Fig. 4B).

The network predicts a mean and a standard deviation; the paper draws the Gaussian of the two. The last column
tells how far the stress is from Gaussian at all.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from scipy.stats import norm

from analysis.figures import gaussian, style
from electrode.species import SOLIDS
from provenance import FilePath
from provenance.netcdf import open_result

STRUCTURES = 3
MOST_BINS = 30


def draw_distribution(
    axes: Axes, quantile: xr.DataArray, predicted: xr.Dataset, phase: str, particles: int
) -> None:
    """Draw the stress on the particles of one structure, its Gaussian and the predicted one [MPa].

    Parameters
    ----------
    axes
        To draw on.
    quantile
        Of the stress, along ``level`` [Pa].
    predicted
        ``truth``, ``prediction``, ``low`` and ``high`` of the structure, along ``target``.
    phase
        ``SE`` or ``AM``.
    particles
        Number of particles: few make few bins.
    """
    stress = 1e-6 * quantile.values
    values = 1e-6 * predicted[["truth", "prediction", "low", "high"]]
    mean, sd = (values.sel(target=f"{phase.lower()}_stress_{name}") for name in ("mean", "sd"))
    true, told = ([float(moment[name]) for moment in (mean, sd)] for name in ("truth", "prediction"))
    edges = np.linspace(stress[0], stress[-1], int(np.clip(2 * np.sqrt(particles), 4, MOST_BINS)) + 1)
    below = np.interp(edges, stress, quantile["level"].values, left=0.0, right=1.0)
    density = np.diff(below) / np.diff(edges)
    axes.stairs(density, edges, fill=True, color="0.8", label="DEM")
    ends = [(middle + sign * 2.5 * width) for middle, width in (true, told) for sign in (-1, 1)]
    x = np.linspace(min(stress[0], *ends), max(stress[-1], *ends), 400)
    own = gaussian.density(x, *true)
    axes.plot(x, own, color=style.DEM_COLOUR, linestyle="--", label="Gaussian of its mean and SD")
    halves = (0.5 * float(moment["high"] - moment["low"]) for moment in (mean, sd))
    peak = gaussian.draw_predicted(axes, x, *zip(told, halves, strict=True))
    axes.set_xlim(x[0], x[-1])
    # The band of an SD that may be near 0 has no top: it must not press the others flat.
    axes.set_ylim(0, 1.25 * max(density.max(), own.max(), peak))
    axes.set_xlabel(f"stress on {phase} [MPa]")
    axes.set_ylabel("density [1/MPa]")


def draw_quantiles(
    axes: Axes, quantile: xr.DataArray, mean: np.ndarray, sd: np.ndarray, skewness: np.ndarray, phase: str
) -> None:
    """Draw standardised quantiles of all structures against those of a Gaussian.

    Parameters
    ----------
    axes
        To draw on.
    quantile
        Of the stress [sample, level, Pa].
    mean, sd
        Of the stress [sample, Pa].
    skewness
        Of the stress [sample].
    phase
        ``SE`` or ``AM``.
    """
    level = quantile["level"].values
    inner = (level > 0) & (level < 1)
    normal = norm.ppf(level[inner])
    middle = quantile.values[:, inner]
    standard = (middle - mean[:, None]) / np.where(sd > 0, sd, 1.0)[:, None]
    low, half, high = np.quantile(standard, [0.05, 0.5, 0.95], axis=0)
    axes.axline((0, 0), slope=1, color=style.DEM_COLOUR, linestyle="--", linewidth=1)
    axes.fill_between(normal, low, high, color="0.8", linewidth=0)
    axes.plot(normal, half, color="0.2", linewidth=1.2)
    axes.text(
        0.04,
        0.97,
        f"skewness {np.median(skewness):.1f}\n[{np.quantile(skewness, 0.05):.1f}, "
        f"{np.quantile(skewness, 0.95):.1f}]",
        transform=axes.transAxes,
        va="top",
        fontsize=8,
    )
    axes.set_xlabel("quantile of a Gaussian [SD]")
    axes.set_ylabel(f"of the stress on {phase} [SD]")


def save(response: FilePath, predictions: FilePath, outputs: Sequence[FilePath]) -> None:
    """Draw three test structures, from weakly to strongly stressed SE, and the quantiles of all."""
    predicted = style.test_part(open_result(predictions, *style.PREDICTION, "uncovered_fraction"))
    measured = open_result(response, "stress_quantile", "stress_skewness", "particles", "phase", "level")
    measured = style.select_samples(measured, predicted["sample"].values.tolist(), response)
    order = np.argsort(predicted["truth"].sel(target="se_stress_mean").values)
    places = np.unique(np.linspace(0, order.size - 1, STRUCTURES + 2).round().astype(int)[1:-1])
    with style.in_style():
        figure = style.new_figure(11, 5.4)
        grid = figure.subplots(2, STRUCTURES + 1)
        for row, phase in zip(grid, SOLIDS, strict=True):
            of_phase = measured.sel(phase=phase)
            for axes in row[places.size : -1]:
                style.no_data(axes, f"{order.size} test structures")
            for axes, place in zip(row, order[places], strict=False):
                quantile = of_phase["stress_quantile"].isel(sample=place)
                count = int(of_phase["particles"][place])
                draw_distribution(axes, quantile, predicted.isel(sample=place), phase, count)
                width, fraction = (float(predicted[name][place]) for name in ("width", "uncovered_fraction"))
                axes.set_title(f"{count} {phase}, {1e6 * width:g} µm, {fraction:g}")
            mean, sd = (
                predicted["truth"].sel(target=f"{phase.lower()}_stress_{name}").values
                for name in ("mean", "sd")
            )
            skewness = of_phase["stress_skewness"].values
            draw_quantiles(row[-1], of_phase["stress_quantile"], mean, sd, skewness, phase)
            row[-1].set_title(f"{phase}, {order.size} test structures")
        style.letter_panels(grid.ravel())
        named = {
            label: handle
            for axes in grid.ravel()
            for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
        }
        figure.legend(named.values(), named.keys(), loc="outside upper center", ncols=4)
        style.save_figure(figure, outputs)
