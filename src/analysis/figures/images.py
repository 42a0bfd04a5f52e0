"""Class images: one box with the crop, and samples over the grid of the study (the paper's Fig. 3C, D)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import SubFigure
from matplotlib.patches import Rectangle

from analysis.dataset import open_dataset
from analysis.figures import style
from analysis.images import Window, class_image, image_window
from electrode.structures import Trajectory, read_trajectories
from electrode.targets import target_row
from provenance import FilePath

MOST_COLUMNS = 5
# Targets whose values stand above each image.
TITLED = ("reaction_area", "se_stress_mean")


def draw_box(axes: Axes, trajectory: Trajectory, image: Mapping[str, float]) -> None:
    """Show the whole compressed box as class image, with a frame around what the network sees [um]."""
    left, right, bottom, top = 1e6 * np.array(trajectory.final_box)
    # The whole box need not be whole pixels: the last row and column may stick out.
    pitch = image["um_per_pixel"]
    columns, rows = math.ceil((right - left) / pitch - 1e-6), math.ceil((top - bottom) / pitch - 1e-6)
    whole = Window(left / 1e6, bottom / 1e6, columns, rows, pitch / 1e6)
    extent = (left, left + columns * pitch, bottom, bottom + rows * pitch)
    style.show_phases(axes, class_image(trajectory, whole), extent=extent)
    window = image_window(trajectory, **image)
    axes.add_patch(
        Rectangle(
            (1e6 * window.left, 1e6 * window.bottom),
            1e6 * window.columns * window.pixel,
            1e6 * window.rows * window.pixel,
            fill=False,
            edgecolor=style.FRAME_COLOUR,
            linewidth=1.5,
        )
    )
    axes.set_ylim(bottom - 4, top)
    style.scale_bar(axes, 10, "10 µm", left, bottom - 1.3)


def _spread(values: np.ndarray, most: int) -> np.ndarray:
    """At most `most` of the sorted different values, first and last among them."""
    different = np.unique(values)
    return different[
        np.unique(np.linspace(0, different.size - 1, min(most, different.size)).round().astype(int))
    ]


def draw_mosaic(figure: SubFigure, dataset: xr.Dataset) -> None:
    """Show one image per cell of the grid: widths or pressures along x, uncovered fractions along y."""
    values, unit, meaning = style.setting(dataset)
    widths = _spread(values, MOST_COLUMNS)
    fractions = _spread(dataset["uncovered_fraction"].values, MOST_COLUMNS)
    titled = {name: target_row(name) for name in TITLED}
    grid = figure.subplots(fractions.size, widths.size, squeeze=False)
    for panels, fraction in zip(grid, fractions, strict=True):
        for axes, width in zip(panels, widths, strict=True):
            cell = (values == width) & (dataset["uncovered_fraction"].values == fraction)
            sample = dataset.isel(sample=int(np.flatnonzero(cell)[0]))
            style.show_phases(axes, sample["image"].values)
            above = (
                f"{row.display.factor * float(sample['label'].sel(target=name)):.0f} {row.display.symbol}"
                for name, row in titled.items()
            )
            axes.set_title(", ".join(above), fontsize=6.5, pad=2)
    for axes, width in zip(grid[-1], widths, strict=True):
        axes.set_xlabel(f"{width:g} {unit}")
    for axes, fraction in zip(grid[:, 0], fractions, strict=True):
        axes.set_ylabel(f"{fraction:g}")
    figure.supxlabel(meaning, fontsize=9)
    figure.supylabel("uncovered fraction", fontsize=9)
    titles = ", ".join(row.title[0].lower() + row.title[1:] for row in titled.values())
    figure.suptitle(f"(b) images of the dataset: {titles}", fontsize=9)


def save(
    trajectory: FilePath,
    dataset: FilePath,
    image: Mapping[str, float],
    outputs: Sequence[FilePath],
) -> None:
    """Draw the first structure of a trajectory file beside a mosaic of the dataset."""
    structure = next(read_trajectories(trajectory))
    with style.in_style():
        figure = style.new_figure(10.5, 5.2)
        left, right = figure.subfigures(1, 2, squeeze=False, width_ratios=[0.85, 1.15]).ravel()
        axes = left.subplots()
        draw_box(axes, structure, image)
        axes.set_title("AM gray, SE white, void black; orange: image of the network")
        style.letter_panels([axes])
        draw_mosaic(right, open_dataset(dataset))
        style.save_figure(figure, outputs)
