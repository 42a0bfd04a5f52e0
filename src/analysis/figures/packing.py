"""A packing before the press, under the highest pressure, and the chains that carry the force."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LogNorm, to_rgb
from matplotlib.ticker import LogLocator

from analysis.figures import spheres, style
from electrode.species import AM, NAMES, SE
from electrode.structures import PressedPacking, presses, read_packings
from provenance import FilePath

# Pixels that the box is wide in a picture of it.
PIXELS = 560
# Of the line of the strongest contact [points].
STRONGEST_WIDTH = 7.0
# Of the scale bar, about this share of the side of the box.
BAR = 0.25
# Colours of spheres behind force chains go so far towards white.
PALE = 0.75


def of_species(packing: PressedPacking) -> np.ndarray:
    """Colour of each sphere by its species [N, 3]."""
    colours = np.zeros((packing.radius.size, 3))
    for species, colour in ((SE, style.SE_COLOUR), (AM, style.AM_COLOUR)):
        colours[packing.species == species] = to_rgb(colour)
    return colours


def box_of(packing: PressedPacking, frame: int) -> np.ndarray:
    """Lowest and highest corner of the box in a frame [2, 3, m]: floor and piston bound it along z."""
    floor, piston = packing.wall_position[frame, :2]
    return np.array([[0, 0, floor], [*packing.box[:2], piston]])


def draw_box(axes: Axes, packing: PressedPacking, frame: int) -> None:
    """Draw the edges of floor and piston [um], the piston's in colour."""
    (left, front, floor), (right, back, piston) = box_of(packing, frame)
    across = np.array([[left, front], [right, front], [right, back], [left, back], [left, front]])
    for height, colour, width in ((floor, "black", 0.8), (piston, style.WALL_COLOUR, 1.6)):
        ring = np.column_stack([across, np.full(len(across), height)])
        # What lies behind the spheres is drawn behind them.
        for corners, order in ((ring[:3], 3), (ring[2:], 0)):
            x, y = 1e6 * spheres.Camera().project(corners).T
            axes.plot(x, y, color=colour, linewidth=width, zorder=order, solid_capstyle="round", gid="box")


def draw_spheres(
    axes: Axes, packing: PressedPacking, frame: int, colours: np.ndarray, chosen: np.ndarray | None = None
) -> None:
    """Draw the spheres of a frame in their colours [N, 3], all or those chosen, as a block [um]."""
    which = np.ones(packing.radius.size, bool) if chosen is None else chosen
    seen = spheres.look(
        packing.position[frame, which],
        packing.radius[which],
        box_of(packing, frame),
        packing.periodic,
        packing.box[0] / PIXELS,
    )
    axes.imshow(spheres.paint(seen, colours[which]), extent=tuple(1e6 * np.array(seen.extent)), zorder=1)
    draw_box(axes, packing, frame)


def chain_links(packing: PressedPacking) -> tuple[np.ndarray, np.ndarray]:
    """Contacts of the last frame that bear more than the mean, the weakest first.

    Those above the mean carry the load, the others prop them (Radjai et al. 1998). Contacts with walls and
    through the periodic faces of the box are left out.

    Returns
    -------
    ends, force
        Centres of the two spheres [C, 2, 3, m], normal force [C, N].
    """
    contacts, centre = packing.contacts, packing.position[-1]
    i, j = contacts["i"], contacts["j"]
    force = contacts["normal_force"]
    ends = np.stack([centre[i], centre[j]], axis=1)
    reach = packing.radius[i] + packing.radius[j]
    inner = j >= 0
    mean = force[inner].sum() / max(1, inner.sum())
    near = np.linalg.norm(ends[:, 1] - ends[:, 0], axis=-1) < reach
    strong = inner & near & (force > mean)
    order = np.flatnonzero(strong)[np.argsort(force[strong], kind="stable")]
    return ends[order], force[order]


def draw_chains(axes: Axes, packing: PressedPacking) -> LineCollection:
    """Draw `chain_links` between the centres [um]: colour and width tell the normal force [mN]."""
    ends, force = chain_links(packing)
    load = 1e3 * force
    weakest, strongest = (float(load[0]), float(load[-1])) if load.size else (0.1, 1.0)
    lines = LineCollection(
        list(1e6 * spheres.Camera().project(ends)),
        array=load,
        cmap=style.FORCE_COLOURS,
        norm=LogNorm(weakest, strongest),
        linewidths=STRONGEST_WIDTH * load / strongest,
        capstyle="round",
        rasterized=True,
        zorder=2,
    )
    axes.add_collection(lines)
    return lines


def bar_length(side: float) -> float:
    """A round length of about `BAR` of the side of a box, in its unit: 1, 2 or 5 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(BAR * side))
    return float(max(factor for factor in (1, 2, 5) if factor * power <= BAR * side) * power)


def frame_box(panels: Sequence[Axes], packing: PressedPacking) -> float:
    """Let axes of pictures show the box of the first frame, with a scale bar; gives height / width."""
    corners = np.stack(np.meshgrid(*box_of(packing, 0).T, indexing="ij"), axis=-1).reshape(-1, 3)
    places = 1e6 * spheres.Camera().project(corners)
    (left, bottom), (right, top) = places.min(axis=0), places.max(axis=0)
    margin = 0.02 * (right - left)
    length = bar_length(1e6 * packing.box[0])
    for axes in panels:
        axes.set_xlim(left - margin, right + margin)
        axes.set_ylim(bottom - 4 * margin, top + margin)
        axes.set_aspect("equal")
        style.bare(axes)
        style.scale_bar(axes, length, f"{length:g} µm", left, bottom)
    return float((top - bottom + 5 * margin) / (right - left + 2 * margin))


def save(trajectory: FilePath, outputs: Sequence[FilePath]) -> None:
    """Draw the first packing of a trajectory file."""
    packing = next(iter(presses(read_packings(trajectory)).values()))
    filled, pressed = packing[0], packing[-1]
    colours = of_species(pressed)
    behind = AM if (pressed.species == AM).any() else SE
    with style.in_style():
        figure = style.new_figure(10.5, 4.6)
        panels = figure.subplots(1, 3)
        draw_spheres(panels[0], filled, 0, colours)
        draw_spheres(panels[1], pressed, -1, colours)
        draw_spheres(panels[2], pressed, -1, PALE + (1 - PALE) * colours, pressed.species == behind)
        chains = draw_chains(panels[2], pressed)
        # Rooms for the pictures, and above them for their titles.
        figure.set_figheight(figure.get_figwidth() / 3 * frame_box(panels, filled) + 0.3)
        panels[0].set_title(f"filled box, density {filled.relative_density[0]:.2f}")
        panels[1].set_title(
            f"under {1e-6 * pressed.drawn['pressure_Pa']:g} MPa, density {pressed.relative_density[-1]:.2f}"
        )
        panels[2].set_title(f"force chains, {NAMES[behind]} behind them")
        # The press left room above the block.
        scale = panels[2].inset_axes((0.1, 0.92, 0.8, 0.025))
        bar = figure.colorbar(
            chains, cax=scale, orientation="horizontal", ticks=LogLocator(subs=(1, 2, 5)), format="%g"
        )
        bar.minorticks_off()
        bar.set_label("normal force [mN], where above the mean")
        style.letter_panels(panels)
        style.save_figure(figure, outputs)
