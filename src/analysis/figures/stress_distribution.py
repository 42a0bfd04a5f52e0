"""Distribution of the stress on particles: DEM, its Gaussian, and that of the CNN (the paper's Fig. 4B).

The network predicts a mean and a standard deviation; the paper draws the Gaussian of the two. The last column
tells how far the stress is from Gaussian at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from scipy.stats import norm

from analysis.figures import style

STRUCTURES = 3
MOST_BINS = 30
# Name of a phase in targets and titles.
PHASES = {"SE": "se", "AM": "am"}


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
    mean, sd = (values.sel(target=f"{PHASES[phase]}_stress_{name}") for name in ("mean", "sd"))
    right = max(stress[-1], float(mean["truth"] + 3 * sd["truth"]))
    bins = int(np.clip(2 * np.sqrt(particles), 4, MOST_BINS))
    edges = np.linspace(min(0.0, float(mean["truth"] - 2.5 * sd["truth"])), right, bins + 1)
    below = np.interp(edges, stress, quantile["level"].values, left=0.0, right=1.0)
    axes.stairs(np.diff(below) / np.diff(edges), edges, fill=True, color="0.8", label="DEM")
    x = np.linspace(edges[0], right, 400)
    axes.plot(
        x,
        norm.pdf(x, float(mean["truth"]), float(sd["truth"])),
        color=style.DEM_COLOUR,
        linestyle="--",
        label="Gaussian of its mean and SD",
    )
    axes.plot(
        x,
        norm.pdf(x, float(mean["prediction"]), max(float(sd["prediction"]), 1e-6)),
        color=style.CNN_COLOUR,
        label="Gaussian predicted by the CNN",
    )
    low, high = np.quantile(_plausible(x, mean, sd), [0.05, 0.95], axis=0)
    axes.fill_between(
        x,
        low,
        high,
        color=style.CNN_COLOUR,
        alpha=0.2,
        linewidth=0,
        label="90 % of those within its uncertainty",
    )
    axes.set_xlim(edges[0], right)
    # A narrow predicted Gaussian must not press the others flat.
    tallest = max(np.max(np.diff(below) / np.diff(edges)), norm.pdf(0, 0, float(sd["truth"])))
    axes.set_ylim(0, 1.25 * tallest)
    axes.set_xlabel(f"stress on {phase} [MPa]")
    axes.set_ylabel("density [1/MPa]")


def _plausible(x: np.ndarray, mean: xr.Dataset, sd: xr.Dataset) -> np.ndarray:
    """Gaussians whose mean and SD spread as their 90 % intervals say, all equally likely [many, x]."""
    steps = norm.ppf((np.arange(25) + 0.5) / 25) / norm.ppf(0.95)
    means, sds = (
        float(values["prediction"]) + 0.5 * float(values["high"] - values["low"]) * steps
        for values in (mean, sd)
    )
    return np.array([norm.pdf(x, one, other) for one in means for other in sds[sds > 0]])


def draw_quantiles(axes: Axes, quantile: xr.DataArray, skewness: np.ndarray, phase: str) -> None:
    """Draw standardised quantiles of all structures against those of a Gaussian.

    Parameters
    ----------
    axes
        To draw on.
    quantile
        Of the stress [sample, level].
    skewness
        Of the stress [sample].
    phase
        ``SE`` or ``AM``.
    """
    level = quantile["level"].values
    inner = (level > 0) & (level < 1)
    normal = norm.ppf(level[inner])
    middle = quantile.values[:, inner]
    # The mean of a distribution is the area under its quantiles.
    mean = np.trapezoid(quantile.values, level, axis=1)[:, None]
    sd = np.sqrt(np.trapezoid((quantile.values - mean) ** 2, level, axis=1))[:, None]
    standard = (middle - mean) / np.where(sd > 0, sd, 1.0)
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


def save(response: str | PathLike, predictions: str | PathLike, outputs: Sequence[str | PathLike]) -> None:
    """Draw three test structures, from weakly to strongly stressed SE, and the quantiles of all."""
    predicted = style.test_part(style.open_result(predictions, "truth", "prediction", "low", "high", "split"))
    measured = style.open_result(response, "stress_quantile", "stress_skewness", "particles")
    measured = style.select_samples(measured, predicted["sample"].values, response)
    order = np.argsort(predicted["truth"].sel(target="se_stress_mean").values)
    places = np.linspace(0, order.size - 1, STRUCTURES + 2).round().astype(int)[1:-1]
    with style.in_style():
        figure = style.new_figure(11, 5.4)
        grid = figure.subplots(2, STRUCTURES + 1)
        for row, phase in zip(grid, PHASES, strict=True):
            of_phase = measured.sel(phase=phase)
            for axes, place in zip(row, order[places], strict=False):
                quantile = of_phase["stress_quantile"].isel(sample=place)
                count = int(of_phase["particles"][place])
                draw_distribution(axes, quantile, predicted.isel(sample=place), phase, count)
                width = 1e6 * float(predicted["width"][place])
                axes.set_title(f"{phase}, from {width:g} µm")
            draw_quantiles(row[-1], of_phase["stress_quantile"], of_phase["stress_skewness"].values, phase)
            row[-1].set_title(f"{phase}, {order.size} test structures")
        style.letter_panels(grid.ravel())
        figure.legend(*grid[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=4)
        style.save_figure(figure, outputs)
