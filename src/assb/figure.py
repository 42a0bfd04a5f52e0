"""What is shown of a predicted image: input, phases, where the ensemble looks, the stress it reads off."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import SubFigure

from analysis.figures import gaussian, style
from analysis.figures.gradcam import draw_heatmap
from assb.picture import Picture
from assb.rendering import Rendering, TargetRow, render
from electrode.targets import DISPLAY_UNITS
from provenance import FilePath

# Targets whose Grad-CAM maps are shown rather than those of others, and phases whose stress is.
MAPS = ("reaction_area", "se_stress_mean")
STRESS = {"SE": "se", "AM": "am"}
MPA = DISPLAY_UNITS["Pa"].factor
# Heights of the two rows of panels [inch], together 5.8. The lower one is for `ROWS` targets, more add lines.
UPPER, LOWER = 5.8 * 6 / 11, 5.8 * 5 / 11
ROWS, LINE = 5, 0.2


def save_prediction(picture: Picture, result: xr.Dataset, title: str, output: FilePath) -> None:
    """Draw one image and its prediction.

    Parameters
    ----------
    picture
        The image as it came.
    result
        From `cnn.predict`, with maps.
    title
        Of the figure.
    output
        PNG or PDF to write.
    """
    shown = render(result)
    lower = LOWER + LINE * max(0, len(shown.rows) - ROWS)
    with style.in_style():
        figure = style.new_figure(11, UPPER + lower)
        heights = UPPER, lower
        above, below = figure.subfigures(2, 1, height_ratios=heights, squeeze=False).ravel()
        _draw_images(above, picture, result, shown)
        _draw_numbers(below, result, shown, LOWER / lower)
        figure.suptitle(title, fontsize=10, parse_math=False)
        style.save_figure(figure, [output])


def _draw_images(figure: SubFigure, picture: Picture, result: xr.Dataset, shown: Rendering) -> None:
    """Draw the image as it came, its phases, and Grad-CAM maps of some targets over them."""
    targets = mapped_targets(result["target"].values)
    titles = {row.name: row.title for row in shown.rows}
    given, phases, *maps = figure.subplots(1, 2 + len(targets))
    _draw_input(given, picture)
    # Row 0 of our images is the bottom one, that of files the top one.
    image = result["class_image"].values[::-1]
    style.show_phases(phases, image)
    phases.set_title("Phases: SE white, AM gray")
    phases.set_xlabel(shown.shares)
    if shown.withheld:
        for axes in maps:
            axes.set_axis_off()
        return
    for axes, target in zip(maps, targets, strict=True):
        draw_heat(axes, image, result["heatmap"].sel(target=target).values[::-1])
        axes.set_title(titles[target])
        axes.set_xlabel("what raises its prediction")
    colours = figure.colorbar(maps[-1].images[-1], ax=maps, location="right", shrink=0.7, aspect=20)
    colours.set_label("share of the maximum")


def _draw_numbers(figure: SubFigure, result: xr.Dataset, shown: Rendering, share: float) -> None:
    """Draw the stress on each phase whose mean and SD are predicted, and write all targets.

    Parameters
    ----------
    figure
        To draw on.
    result
        From `cnn.predict`.
    shown
        The same, rendered.
    share
        Of the figure's height, what is left without further targets.
    """
    phases = [] if shown.withheld else stressed_phases(result["target"].values)
    widths = [1.0] * len(phases) + [1.6]
    *curves, numbers = figure.subplots(1, len(widths), width_ratios=widths, squeeze=False).ravel()
    for axes, phase in zip(curves, phases, strict=True):
        draw_stress(axes, result, phase)
    _write_numbers(numbers, shown, 0.42 * share)


def mapped_targets(targets: Iterable[str]) -> list[str]:
    """Targets whose Grad-CAM maps are shown: those of `MAPS`, others where there are none of them."""
    names = [str(target) for target in targets]
    others = [name for name in names if name not in MAPS]
    return [*(name for name in MAPS if name in names), *others][: len(MAPS)]


def stressed_phases(targets: Iterable[str]) -> list[str]:
    """Phases whose stress is predicted, mean and standard deviation."""
    predicted = set(map(str, targets))
    return [phase for phase in STRESS if set(_stress_targets(phase)) <= predicted]


def _stress_targets(phase: str) -> list[str]:
    """Mean and standard deviation of the stress on a phase."""
    return [f"{STRESS[phase]}_stress_{moment}" for moment in ("mean", "sd")]


def _draw_input(axes: Axes, picture: Picture) -> None:
    """Show an image as it came, with its size."""
    gray, um_per_pixel = picture
    axes.imshow(_thinned(gray), cmap="gray", origin="upper", interpolation="nearest")
    style.bare(axes)
    axes.set_title("Input")
    sides = " x ".join(f"{um_per_pixel * length:.3g}" for length in reversed(gray.shape))
    axes.set_xlabel(f"{sides} µm, {um_per_pixel:.3g} µm per pixel")


def _thinned(gray: np.ndarray, most: int = 1500) -> np.ndarray:
    """Every n-th pixel, as many as a figure can show."""
    step = max(1, -(-max(gray.shape) // most))
    return gray[::step, ::step]


def draw_heat(axes: Axes, image: np.ndarray, heat: np.ndarray) -> None:
    """Lay a map of cells over the class image."""
    cell = image.shape[0] // heat.shape[0]
    draw_heatmap(axes, image, heat.repeat(cell, axis=0).repeat(cell, axis=1))


def draw_stress(axes: Axes, result: xr.Dataset, phase: str) -> None:
    """Draw the Gaussian of the predicted mean and SD of the stress, and 90 % of those in their intervals."""
    moments = (result.sel(target=target) for target in _stress_targets(phase))
    # The lower ends are cut at 0: the upper ones tell the width.
    mean, sd = (
        (MPA * float(moment["prediction"]), MPA * float(moment["high"]) - MPA * float(moment["prediction"]))
        for moment in moments
    )
    x = np.linspace(max(0.0, mean[0] - 4 * abs(sd[0])), mean[0] + 4 * abs(sd[0]) + 1e-3, 400)
    peak = gaussian.draw_predicted(axes, x, mean, sd)
    axes.set_xlim(x[0], x[-1])
    if peak:
        axes.set_ylim(0, 1.6 * peak)
    axes.set_title(f"Stress on {phase}, with 90 % interval")
    axes.set_xlabel("stress [MPa]")
    axes.set_ylabel("density [1/MPa]")


def _write_numbers(axes: Axes, shown: Rendering, below: float) -> None:
    """Write the targets with their intervals, and `below` [share of the axes] what to think of them."""
    title_width = max(len(row.title) for row in shown.rows) + 2
    if shown.withheld:
        lines = [f"{row.title:{title_width}s}withheld" for row in shown.rows]
    else:
        lines = [f"{'':{title_width}s}{'':>8s}   90 % interval"]
        lines += [_number_line(row, title_width) for row in shown.rows]
    several = f"mean of {shown.windows} windows" if shown.windows > 1 else "one window"
    lines.append(f"({several} of {shown.window} µm)")
    axes.set_axis_off()
    axes.text(0, 1, "\n".join(lines), transform=axes.transAxes, va="top", family="monospace", fontsize=8.5)
    text = "\n".join(textwrap.fill(sentence, 68) for sentence in shown.sentences)
    colour = "black" if shown.known else style.CNN_COLOUR
    axes.text(0, below, text, transform=axes.transAxes, va="top", fontsize=8.5, color=colour)


def _number_line(row: TargetRow, title_width: int) -> str:
    text = row.texts
    interval = f"{text['low']} to {text['high']} {row.unit.symbol}"
    return f"{row.title:{title_width}s}{text['prediction']:>8s}   {interval}"
