"""A structure before and after compression, with lines of force (the paper's Fig. 3A, B)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection, LineCollection
from matplotlib.colors import Normalize

from analysis.figures import style
from electrode.species import AM, SE
from electrode.structures import Trajectory, read_trajectories
from provenance import FilePath

# Width of the line of a contact that carries the 99th percentile of force [points].
REFERENCE_WIDTH = 2.5


def draw_particles(axes: Axes, trajectory: Trajectory, frame: int) -> None:
    """Draw the particles of one frame as discs, AM gray and SE pale [um]."""
    for species, colour in ((SE, style.SE_COLOUR), (AM, style.AM_COLOUR)):
        chosen = trajectory.species == species
        diameter = 2e6 * trajectory.radius[chosen]
        discs = EllipseCollection(
            diameter,
            diameter,
            np.zeros_like(diameter),
            units="xy",
            offsets=1e6 * trajectory.position[frame, chosen],
            offset_transform=axes.transData,
            facecolor=colour,
            edgecolor="#555555",
            linewidth=0.25,
        )
        axes.add_collection(discs)


def draw_walls(axes: Axes, wall_position: np.ndarray) -> None:
    """Draw the four walls [m], the moving one in colour."""
    left, right, bottom, top = 1e6 * wall_position
    axes.plot([right, left, left, right], [bottom, bottom, top, top], color="black", linewidth=1.5)
    axes.plot([right, right], [bottom, top], color=style.WALL_COLOUR, linewidth=3)


def draw_forces(axes: Axes, trajectory: Trajectory) -> LineCollection:
    """Draw a line per contact of the last frame: width and colour tell its normal force [mN].

    Between particles it joins the centres, at a wall the centre and the contact point. The width is
    proportional to the force; the colour ends at that of `REFERENCE_WIDTH`.
    """
    contacts, centre = trajectory.contacts, trajectory.position[-1]
    j = contacts["j"]
    ends = np.where(j[:, None] >= 0, centre[np.maximum(j, 0)], contacts["contact_point"])
    force = 1e3 * np.maximum(contacts["normal_force"], 0)
    strongest_last = np.argsort(force)
    reference = float(np.quantile(force, 0.99)) or 1.0
    lines = LineCollection(
        list(1e6 * np.stack([centre[contacts["i"]], ends], axis=1)[strongest_last]),
        array=force[strongest_last],
        cmap=style.FORCE_COLOURS,
        norm=Normalize(0, reference),
        linewidths=REFERENCE_WIDTH * force[strongest_last] / reference,
        capstyle="round",
    )
    axes.add_collection(lines)
    return lines


def save(trajectory: FilePath, outputs: Sequence[FilePath]) -> None:
    """Draw the first structure of a trajectory file."""
    structure = next(read_trajectories(trajectory))
    width, height = 1e6 * structure.box
    with style.in_style():
        figure = style.new_figure(10.5, 4.6)
        final_width = 1e6 * structure.final_box[1]
        before, after = figure.subplots(1, 2, width_ratios=[width, final_width])
        for axes, frame in ((before, 0), (after, -1)):
            draw_particles(axes, structure, frame)
            draw_walls(axes, structure.wall_position[frame])
            axes.set_xlim(-0.5, 1e6 * structure.wall_position[frame, 1] + 0.5)
            axes.set_ylim(-4, height + 0.5)
            axes.set_aspect("equal")
            style.bare(axes)
            style.scale_bar(axes, 10, "10 µm", 0, -1.3)
        forces = draw_forces(after, structure)
        before.set_title(f"before compression, {width:g} µm wide (orange: moving wall)")
        after.set_title(f"after compression, {final_width:g} µm wide")
        colours = figure.colorbar(forces, ax=after, shrink=0.6, aspect=30, extend="max")
        colours.set_label("normal force [mN], as the width of a line")
        style.letter_panels([before, after])
        style.save_figure(figure, outputs)
