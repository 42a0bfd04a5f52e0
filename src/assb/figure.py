"""What is shown of a predicted image, and of an electrode compressed and predicted."""

from __future__ import annotations

import textwrap
from os import PathLike

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from analysis.figures import gaussian, style
from analysis.figures.animation import draw_stressed_particles
from analysis.figures.gradcam import draw_heatmap
from analysis.figures.stress_distribution import draw_distribution
from analysis.figures.structure import draw_walls
from analysis.labels import wall_pressure
from analysis.trajectories import AM, SE
from assb.comparison import Compared
from assb.prediction import short
from cnn.reference import LIKE

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
            _draw_heat(axes, image, found["heatmap"].sel(target=target).values[::-1])
            axes.set_title(style.TARGET_TITLES[target])
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


def _draw_heat(axes: Axes, image: np.ndarray, heat: np.ndarray) -> None:
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
        unit, factor = style.SHOWN_UNITS[str(one["target_units"].values)]
        value, low, high = (short(factor * float(one[name])) for name in ("prediction", "low", "high"))
        lines.append(f"{style.TARGET_TITLES[str(target)]:20s}{value:>8s}   {low} to {high} {unit}")
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


def save_comparison(compared: Compared, output: str | PathLike) -> None:
    """Draw a compressed electrode, what the ensemble sees of it, and truth beside prediction.

    Parameters
    ----------
    compared
        From `assb.comparison.compare`.
    output
        PNG or PDF to write.
    """
    trajectory, window, found = compared
    with style.in_style():
        figure = style.new_figure(11, 8.6)
        above, below = figure.subfigures(2, 1, height_ratios=(2, 1))
        panels = above.subplot_mosaic([["box", "image"], ["box", "heat"]], width_ratios=(2.2, 1))
        _draw_box(panels["box"], compared)
        # Row 0 of our images is the bottom one, that of files the top one.
        image = found["class_image"].values[::-1]
        style.show_phases(panels["image"], image)
        panels["image"].set_title("Seen by the CNN: SE white, AM gray")
        _draw_heat(panels["heat"], image, found["heatmap"].sel(target=MAPS[0]).values[::-1])
        panels["heat"].set_title("What raises its reaction area: bright")
        *distributions, wall = below.subplots(1, 3)
        seen = window.contains(trajectory.position[-1])
        level = np.linspace(0, 1, 101)
        for axes, (phase, species) in zip(distributions, (("SE", SE), ("AM", AM)), strict=True):
            stress = trajectory.contact_pressure[-1][seen & (trajectory.species == species)]
            quantile = xr.DataArray(np.quantile(stress, level), {"level": level})
            draw_distribution(axes, quantile, found, phase, stress.size)
            axes.set_title(f"{stress.size} {phase} in the green square")
        below.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=4)
        pressure = 1e-6 * wall_pressure(trajectory)
        wall.plot(1e6 * trajectory.wall_position[:, 1], pressure, "o-", color=style.WALL_COLOUR)
        wall.invert_xaxis()
        wall.set_title("Compression")
        wall.set_xlabel("position of the moving wall [µm]")
        wall.set_ylabel("pressure on it [MPa]")
        style.save_figure(figure, [output])


def _draw_box(axes: Axes, compared: Compared) -> None:
    """Draw the box at rest, particles coloured by stress, and the window that the ensemble sees."""
    trajectory, window, _ = compared
    discs = draw_stressed_particles(axes, trajectory, -1)
    draw_walls(axes, trajectory.wall_position[-1])
    corner, sides = (window.left, window.bottom), (window.columns * window.pixel, window.rows * window.pixel)
    seen = Rectangle(
        [1e6 * value for value in corner],
        *(1e6 * value for value in sides),
        fill=False,
        edgecolor=style.ZONE_COLOUR,
        linewidth=2,
    )
    axes.add_patch(seen)
    for species, colours in zip(("SE", "AM"), discs, strict=True):
        bar = axes.figure.colorbar(colours, ax=axes, shrink=0.75, aspect=30, pad=0.02, extend="max")
        bar.set_label(f"stress on {species} [MPa]")
    _, right, _, top = 1e6 * trajectory.wall_position[-1]
    axes.set_xlim(-0.5, right + 0.5)
    axes.set_ylim(-3.5, top + 0.5)
    axes.set_aspect("equal")
    style.bare(axes)
    style.scale_bar(axes, 10, "10 µm", 0, -1.2)
    axes.set_title(f"DEM, at rest: {trajectory.radius.size} particles; orange: the wall that moved")
