"""A compression in motion, particles coloured by their stress, as GIF."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.animation import FuncAnimation, PillowWriter
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection
from matplotlib.colors import Normalize

from analysis.figures import style
from analysis.figures.structure import draw_walls
from analysis.labels import wall_pressure
from electrode.species import AM, SE
from electrode.structures import Trajectory, read_trajectories
from electrode.trajectory import MOVING
from provenance import FilePath, atomic_output

FRAMES_PER_SECOND = 15
DPI = 90
# The picture at rest stays for a while before the animation starts again.
HOLD_SECONDS = 1.5
COLOURS = {SE: "YlOrRd", AM: "Blues"}


def draw_stressed_particles(axes: Axes, trajectory: Trajectory, frame: int) -> list[EllipseCollection]:
    """Draw SE and AM of one frame, coloured by contact pressure up to 95 % of those at rest [MPa]."""
    drawn = []
    for species, colours in COLOURS.items():
        chosen = trajectory.species == species
        diameter = 2e6 * trajectory.radius[chosen]
        stress = 1e-6 * trajectory.contact_pressure[:, chosen]
        discs = EllipseCollection(
            diameter,
            diameter,
            np.zeros_like(diameter),
            units="xy",
            offsets=1e6 * trajectory.position[frame, chosen],
            offset_transform=axes.transData,
            array=np.maximum(stress[frame], 0),
            cmap=colours,
            norm=Normalize(0, np.quantile(stress[-1], 0.95)),
            edgecolor="#555555",
            linewidth=0.2,
        )
        axes.add_collection(discs)
        drawn.append(discs)
    return drawn


def save(trajectory: FilePath, outputs: Sequence[FilePath]) -> None:
    """Animate the first structure of a trajectory file."""
    structure = next(read_trajectories(trajectory))
    width, height = 1e6 * structure.box
    wall = 1e6 * structure.wall_position[:, MOVING]
    pressure = 1e-6 * wall_pressure(structure)
    with style.in_style():
        figure = style.new_figure(9.5, 4.2)
        box, curve = figure.subplots(1, 2, width_ratios=[1.7, 1])
        discs = draw_stressed_particles(box, structure, 0)
        for species, colours in zip(("SE", "AM"), discs, strict=True):
            bar = figure.colorbar(colours, ax=box, shrink=0.75, aspect=25, pad=0.02, extend="max")
            bar.set_label(f"stress on {species} [MPa]")
        box.set_xlim(-0.5, width + 0.5)
        box.set_ylim(-0.5, height + 0.5)
        box.set_aspect("equal")
        style.bare(box)
        box.set_title("compression of an electrode")
        curve.plot(wall, pressure, color="0.8")
        (so_far,) = curve.plot([], [], color=style.WALL_COLOUR)
        (now,) = curve.plot([], [], "o", color=style.WALL_COLOUR)
        curve.invert_xaxis()
        curve.set_xlabel("wall position [µm]")
        curve.set_ylabel("wall pressure [MPa]")

        def show(frame: int) -> None:
            for colours, species in zip(discs, COLOURS, strict=True):
                chosen = structure.species == species
                colours.set_offsets(1e6 * structure.position[frame, chosen])
                colours.set_array(np.maximum(1e-6 * structure.contact_pressure[frame, chosen], 0))
            for line in list(box.lines):
                line.remove()
            draw_walls(box, structure.wall_position[frame])
            so_far.set_data(wall[: frame + 1], pressure[: frame + 1])
            now.set_data(wall[[frame]], pressure[[frame]])

        last = len(wall) - 1
        order = [*range(last), *[last] * (1 + round(HOLD_SECONDS * FRAMES_PER_SECOND))]
        animation = FuncAnimation(figure, show, frames=order, interval=1000 / FRAMES_PER_SECOND)
        for output in outputs:
            with atomic_output(output) as temporary:
                animation.save(temporary, writer=PillowWriter(FRAMES_PER_SECOND), dpi=DPI)
