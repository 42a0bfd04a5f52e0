"""One electrode compressed by DEM and read by the ensemble: the truth beside the prediction."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from analysis.figures import style
from analysis.figures.animation import draw_stressed_particles
from analysis.figures.stress_distribution import draw_distribution
from analysis.figures.structure import draw_walls
from analysis.images import Window, class_image, image_window
from analysis.labels import target_values, wall_pressure
from assb.conduction import sentences
from assb.figure import draw_heat, mapped_targets, stressed_phases
from assb.simulation import simulate_electrode
from cnn.bundle import Bundle
from cnn.image import predict
from dem.state import Frame
from electrode.species import AM, SE, SOLIDS
from electrode.structures import Trajectory, read_trajectories
from electrode.targets import TARGETS, target_row
from electrode.trajectory import MOVING
from provenance import FilePath
from transport.measures import read_conductors
from transport.network import network_of

MOST_PACKINGS = 1000


class Setting(NamedTuple):
    """A number to choose an electrode by."""

    title: str
    low: float
    high: float
    step: float
    unit: str
    start: float


def settings(config: Mapping[str, Any]) -> dict[str, Setting]:
    """What can be chosen, within what the structures of a study span: there the ensemble has learnt."""
    grid, filling = config["grid"], config["structure"]
    ranges = {
        "width_um": ("Width before compression", grid["widths_um"], 0.5, "µm"),
        "uncovered_fraction": ("Uncovered fraction", grid["uncovered_fractions"], 0.01, ""),
        "am_diameter_um": ("Mean AM diameter", filling["am_mean_diameter_um"], 0.5, "µm"),
    }
    choices = {}
    for name, (title, values, step, unit) in ranges.items():
        low, high = min(values), max(values)
        start = round(low + round((high - low) / 2 / step) * step, 6)
        choices[name] = Setting(title, low, high, step, unit, start)
    choices["packing"] = Setting("Random packing, number", 1, MOST_PACKINGS, 1, "", 1)
    return choices


def check_settings(allowed: Mapping[str, Setting], given: Mapping[str, Any]) -> dict[str, float]:
    """The numbers chosen.

    Raises
    ------
    ValueError
        If one is missing, none, or out of bounds.
    """
    values = {}
    for name, setting in allowed.items():
        unit = f" {setting.unit.replace('µ', 'u')}".rstrip()
        bounds = f"{name} must be in [{setting.low:g}, {setting.high:g}]{unit}"
        try:
            value = float(given[name])
        except (KeyError, TypeError, ValueError):
            text = str(given.get(name, "none")) or "an empty text"
            raise ValueError(f"{bounds}, got {text:.40}") from None
        if not setting.low <= value <= setting.high:
            raise ValueError(f"{bounds}, got {value:g}{unit}")
        values[name] = value
    if values["packing"] % 1:
        raise ValueError(f"packing must be a whole number, got {values['packing']:g}")
    return values


class Compared(NamedTuple):
    """A compressed electrode, and what the ensemble says of its image."""

    trajectory: Trajectory
    window: Window  # that the image shows
    result: xr.Dataset  # from `cnn.predict`, with the ``truth`` of the DEM
    conduction: list[str]  # through its contacts, in words


def compare(
    config: Mapping[str, Any],
    chosen: Mapping[str, float],
    model: Bundle,
    done: Callable[[Frame], object] = lambda frame: None,
) -> Compared:
    """Compress an electrode, take its image, predict it.

    Parameters
    ----------
    config
        Configuration, such as ``config/config.yaml``.
    chosen
        From `check_settings`.
    model
        From `cnn.bundle.read_bundle`.
    done
        Told each frame that the DEM records.

    Raises
    ------
    ValueError, RuntimeError
        If the structure cannot be filled, does not come to rest, or its image cannot be predicted.
    """
    size = [chosen["am_diameter_um"]] * 2
    config = {**config, "structure": {**config["structure"], "am_mean_diameter_um": size}}
    # Replicates of the study are what the ensemble was trained on: these come after them.
    replicate = config["grid"]["replicates"] - 1 + round(chosen["packing"])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "electrode.h5"
        simulate_electrode(config, chosen["width_um"], chosen["uncovered_fraction"], replicate, path, done)
        (trajectory,) = read_trajectories(path)
    window = image_window(trajectory, **config["image"])
    # Row 0 of our images is the bottom one, that of pictures the top one.
    image = class_image(trajectory, window)[::-1]
    # The truth stands beside it: there is nothing to withhold.
    result = predict(image, config["image"]["um_per_pixel"], model=model, anyway=True)
    truth = xr.DataArray(target_values(trajectory, window), {"target": list(TARGETS)}, name="truth")
    conductors = read_conductors(config["transport"])
    conduction = sentences(network_of(trajectory), conductors, {SE: True, AM: True})
    return Compared(trajectory, window, result.assign(truth=truth), conduction)


def save_comparison(compared: Compared, output: FilePath) -> None:
    """Draw a compressed electrode, what the ensemble sees of it, and truth beside prediction.

    Parameters
    ----------
    compared
        From `compare`.
    output
        PNG or PDF to write.
    """
    trajectory, window, result, _ = compared
    with style.in_style():
        figure = style.new_figure(11, 8.6)
        above, below = figure.subfigures(2, 1, height_ratios=(2, 1), squeeze=False).ravel()
        panels = above.subplot_mosaic([["box", "image"], ["box", "heat"]], width_ratios=(2.2, 1))
        _draw_box(panels["box"], compared)
        # Row 0 of our images is the bottom one, that of files the top one.
        image = result["class_image"].values[::-1]
        style.show_phases(panels["image"], image)
        panels["image"].set_title("Seen by the CNN: SE white, AM gray")
        target = mapped_targets(result["target"].values)[0]
        draw_heat(panels["heat"], image, result["heatmap"].sel(target=target).values[::-1])
        panels["heat"].set_title(f"What raises its {target_row(target).title.lower()}: bright")
        phases = stressed_phases(result["target"].values)
        *distributions, wall = below.subplots(1, len(phases) + 1, squeeze=False).ravel()
        seen = window.contains(trajectory.position[-1])
        level = np.linspace(0, 1, 101)
        for axes, phase in zip(distributions, phases, strict=True):
            stress = trajectory.contact_pressure[-1][seen & (trajectory.species == SOLIDS[phase])]
            quantile = xr.DataArray(np.quantile(stress, level), {"level": level})
            draw_distribution(axes, quantile, result, phase, stress.size)
            axes.set_title(f"{stress.size} {phase} in the green square")
        if distributions:
            below.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=4)
        pressure = 1e-6 * wall_pressure(trajectory)
        wall.plot(1e6 * trajectory.wall_position[:, MOVING], pressure, "o-", color=style.WALL_COLOUR)
        wall.invert_xaxis()
        wall.set_title("Compression")
        wall.set_xlabel("position of the moving wall [µm]")
        wall.set_ylabel("pressure on it [MPa]")
        style.save_figure(figure, [output])


def _draw_box(axes: Axes, compared: Compared) -> None:
    """Draw the box at rest, particles coloured by stress, and the window that the ensemble sees."""
    trajectory, window, *_ = compared
    discs = draw_stressed_particles(axes, trajectory, -1)
    draw_walls(axes, trajectory.wall_position[-1])
    left, bottom, width, height = (
        1e6 * side
        for side in (window.left, window.bottom, window.columns * window.pixel, window.rows * window.pixel)
    )
    seen = Rectangle((left, bottom), width, height, fill=False, edgecolor=style.ZONE_COLOUR, linewidth=2)
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
