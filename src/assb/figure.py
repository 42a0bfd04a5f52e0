"""What is shown of a predicted image: input, phases, where the ensemble looks, the stress it reads off."""

from __future__ import annotations

import textwrap
from os import PathLike

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from analysis.figures import gaussian, style
from analysis.figures.gradcam import draw_heatmap
from assb.names import short
from cnn.reference import LIKE
from electrode.targets import target_row

# Targets whose Grad-CAM maps are shown, and phases whose stress is.
MAPS = ("reaction_area", "se_stress_mean")
STRESS = {"SE": "se", "AM": "am"}


def save_prediction(
    gray: np.ndarray, um_per_pixel: float, found: xr.Dataset, name: str, output: str | PathLike
):
    """Draw one image and its prediction.

    Parameters
    ----------
    gray
        The image as it came [rows, columns], top row first.
    um_per_pixel
        Side of its pixel [um].
    found
        From `cnn.predict`, with maps.
    name
        Of the image.
    output
        PNG or PDF to write.
    """
    with style.in_style():
        figure = style.new_figure(11, 5.8)
        above, below = figure.subfigures(2, 1, height_ratios=(1.2, 1))
        show, phases, *maps = above.subplots(1, 4)
        # Row 0 of our images is the bottom one, that of files the top one.
        image = found["class_image"].values[::-1]
        show.imshow(_thinned(gray), cmap="gray", interpolation="nearest")
        style.bare(show)
        show.set_title("Input")
        sides = " x ".join(f"{um_per_pixel * length:.3g}" for length in reversed(gray.shape))
        show.set_xlabel(f"{sides} µm, {um_per_pixel:.3g} µm per pixel")
        style.show_phases(phases, image)
        phases.set_title("Phases: SE white, AM gray")
        share = {name: 100 * float(found["phase_fraction"].sel(phase=name)) for name in ("AM", "SE", "void")}
        phases.set_xlabel(", ".join(f"{name} {value:.0f} %" for name, value in share.items()))
        for axes, target in zip(maps, MAPS, strict=True):
            draw_heat(axes, image, found["heatmap"].sel(target=target).values[::-1])
            axes.set_title(target_row(target).title)
        maps[0].set_xlabel("what raises its prediction")
        maps[1].set_xlabel("what raises its prediction")
        colours = above.colorbar(maps[-1].images[-1], ax=maps, location="right", shrink=0.7, aspect=20)
        colours.set_label("share of the maximum")
        *curves, numbers = below.subplots(1, 3, width_ratios=(1, 1, 1.6))
        for axes, phase in zip(curves, STRESS, strict=True):
            draw_stress(axes, found, phase)
        numbers.set_axis_off()
        _write_numbers(numbers, found)
        figure.suptitle(name, fontsize=10, parse_math=False)
        style.save_figure(figure, [output])


def _thinned(gray: np.ndarray, most: int = 1500) -> np.ndarray:
    """Every n-th pixel, as many as a figure can show."""
    step = max(1, -(-max(gray.shape) // most))
    return gray[::step, ::step]


def draw_heat(axes: Axes, image: np.ndarray, heat: np.ndarray) -> None:
    """Lay a map of cells over the class image."""
    cell = image.shape[0] // heat.shape[0]
    draw_heatmap(axes, image, heat.repeat(cell, axis=0).repeat(cell, axis=1))


def draw_stress(axes: Axes, found: xr.Dataset, phase: str) -> None:
    """Draw the Gaussian of the predicted mean and SD of the stress, and 90 % of those in their intervals."""
    values = [
        1e-6 * found.sel(target=f"{STRESS[phase]}_stress_{k}")[["prediction", "high"]] for k in ("mean", "sd")
    ]
    # The lower ends are cut at 0: the upper ones tell the width.
    mean, sd = ((float(one["prediction"]), float(one["high"] - one["prediction"])) for one in values)
    x = np.linspace(max(0.0, mean[0] - 4 * abs(sd[0])), mean[0] + 4 * abs(sd[0]) + 1e-3, 400)
    peak = gaussian.draw_predicted(axes, x, mean, sd)
    axes.set_xlim(x[0], x[-1])
    if peak:
        axes.set_ylim(0, 1.6 * peak)
    axes.set_title(f"Stress on {phase}, with 90 % interval")
    axes.set_xlabel("stress [MPa]")
    axes.set_ylabel("density [1/MPa]")


def _write_numbers(axes: Axes, found: xr.Dataset) -> None:
    """Write the verdict, and the targets with their intervals."""
    lines = [f"{'':20s}{'':>8s}   90 % interval"]
    for target in found["target"].values:
        one = found.sel(target=target)
        row = target_row(str(target), str(one["target_units"].values))
        unit, factor = row.display.symbol, row.display.factor
        value, low, high = (short(factor * float(one[name])) for name in ("prediction", "low", "high"))
        lines.append(f"{row.title:20s}{value:>8s}   {low} to {high} {unit}")
    window = " x ".join(f"{side:g}" for side in found.attrs["window_um"])
    windows = found.sizes["window"]
    lines.append(
        f"(one window of {window} µm)" if windows == 1 else f"(mean of {windows} windows of {window} µm)"
    )
    axes.text(0, 1, "\n".join(lines), transform=axes.transAxes, va="top", family="monospace", fontsize=8.5)
    sentences = [f"{found.attrs['verdict']}: {found.attrs['advice']}.".capitalize()]
    sentences += [
        f"{reason[0].upper()}{reason[1:]}." for reason in found.attrs["reasons"].split("; ") if reason
    ]
    text = "\n".join(textwrap.fill(sentence, 68) for sentence in sentences)
    colour = "black" if found.attrs["verdict"] == LIKE else style.CNN_COLOUR
    axes.text(0, 0.42, text, transform=axes.transAxes, va="top", fontsize=8.5, color=colour)
