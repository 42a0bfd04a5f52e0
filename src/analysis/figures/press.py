"""The press in motion: a packing coloured by the stress on it, beside pressure against density, as GIF."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import matplotlib as mpl
import numpy as np
from matplotlib.animation import FuncAnimation, PillowWriter
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize, to_rgb

from analysis.figures import spheres, style
from analysis.figures.packing import box_of, draw_box, frame_box
from electrode.species import AM, NAMES, SE
from electrode.structures import PressedPacking, presses, read_packings
from provenance import FilePath, atomic_output

FRAMES_PER_SECOND = 8
DPI = 90
# Pixels that the box is wide in a picture of it.
PIXELS = 260
# Frames of all pressures together are thinned to so many, so that the file stays small.
MOST_FRAMES = 50
# Of stress: a GIF has 256 colours in all.
COLOURS = mpl.colormaps[style.SEQUENTIAL].resampled(12)
# The picture at rest under the highest pressure stays for a while before the animation starts again.
HOLD_SECONDS = 2.0


def instants(samples: Sequence[PressedPacking], most: int = MOST_FRAMES) -> list[tuple[PressedPacking, int]]:
    """Samples with the frames to show of them, in order of time: evenly thinned to `most`, ends kept."""
    every = [(sample, frame) for sample in samples for frame in range(len(sample.time))]
    return [every[k] for k in np.unique(np.linspace(0, len(every) - 1, most).round().astype(int))]


def of_stress(packing: PressedPacking, frame: int, species: int, scale: Normalize) -> np.ndarray:
    """Colour of each sphere: of `species` by contact pressure on `scale` [Pa], others as SE [N, 3]."""
    colours = np.empty((packing.radius.size, 3))
    colours[:] = to_rgb(style.SE_COLOUR)
    chosen = packing.species == species
    colours[chosen] = COLOURS(scale(packing.contact_pressure[frame, chosen]))[:, :3]
    return colours


def save(trajectory: FilePath, outputs: Sequence[FilePath]) -> None:
    """Animate the first packing of a trajectory file under rising pressure."""
    samples = next(iter(presses(read_packings(trajectory)).values()))
    shown = instants(samples)
    last = samples[-1]
    species = AM if (last.species == AM).any() else SE
    highest = float(np.quantile(last.contact_pressure[-1, last.species == species], 0.95))
    scale = Normalize(0, highest)
    density = np.array([sample.relative_density[frame] for sample, frame in shown])
    pressure = 1e-6 * np.array([sample.pressure[frame] for sample, frame in shown])
    rest = [(sample.relative_density[-1], 1e-6 * sample.pressure[-1]) for sample in samples]
    with style.in_style():
        figure = style.new_figure(8.6, 4.4)
        block, curve = figure.subplots(1, 2)
        frame_box([block], samples[0])
        colours = ScalarMappable(Normalize(0, 1e-6 * highest), COLOURS)
        bar = figure.colorbar(colours, ax=block, shrink=0.75, aspect=25, pad=0.02, extend="max")
        bar.set_label(f"contact pressure on {NAMES[species]} [MPa]")
        curve.plot(density, pressure, color="0.8")
        curve.plot(*np.transpose(rest), "o", color="0.6", markersize=4, label="at rest")
        (so_far,) = curve.plot([], [], color=style.WALL_COLOUR)
        (now,) = curve.plot([], [], "o", color=style.WALL_COLOUR)
        curve.set_xlabel("relative density [1]")
        curve.set_ylabel("pressure on the piston [MPa]")
        curve.legend(loc="upper left")

        @cache
        def block_at(k: int) -> tuple[np.ndarray, tuple[float, float, float, float]]:
            sample, frame = shown[k]
            seen = spheres.look(
                sample.position[frame],
                sample.radius,
                box_of(sample, frame),
                sample.periodic,
                sample.box[0] / PIXELS,
            )
            left, right, bottom, top = (1e6 * edge for edge in seen.extent)
            return spheres.paint(seen, of_stress(sample, frame, species, scale)), (left, right, bottom, top)

        def show(k: int) -> None:
            for artist in [*block.images, *(line for line in block.lines if line.get_gid() == "box")]:
                artist.remove()
            limits = block.get_xlim(), block.get_ylim()
            picture, extent = block_at(k)
            block.imshow(picture, extent=extent, zorder=1)
            block.set(xlim=limits[0], ylim=limits[1])
            draw_box(block, *shown[k])
            block.set_title(f"{pressure[k]:.0f} MPa, density {density[k]:.2f}")
            so_far.set_data(density[: k + 1], pressure[: k + 1])
            now.set_data(density[[k]], pressure[[k]])

        end = len(shown) - 1
        order = [*range(end), *[end] * (1 + round(HOLD_SECONDS * FRAMES_PER_SECOND))]
        animation = FuncAnimation(figure, show, frames=order, interval=1000 / FRAMES_PER_SECOND)
        for output in outputs:
            with atomic_output(output) as temporary:
                animation.save(temporary, writer=PillowWriter(FRAMES_PER_SECOND), dpi=DPI)
