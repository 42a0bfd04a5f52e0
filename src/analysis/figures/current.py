"""Current through the contacts of one packing, and how unequal they share the loss."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection, LineCollection
from matplotlib.colors import to_rgb

from analysis.figures import spheres, style
from analysis.figures.packing import PALE, draw_spheres, frame_box, of_species
from electrode.species import AM
from electrode.structures import PressedPacking, Trajectory, presses, read_packings
from provenance import FilePath
from provenance.netcdf import open_result

# Of the line of the largest current [points].
LARGEST_WIDTH = 5.0
# Lines of less than this share of the largest current are left out: they would only gray the rest.
LEAST = 0.02
CURRENTS = ("start", "end", "current", "loss")


def links(currents: xr.Dataset, structure: PressedPacking | Trajectory) -> tuple[np.ndarray, np.ndarray]:
    """Contacts to draw, the weakest first: ends [L, 2, axes, m], current / largest [L].

    Those through the periodic faces of the box are left out.
    """
    ends = np.stack([currents["start"].values, currents["end"].values], axis=1)
    current = currents["current"].values
    if not current.size:
        return ends, current
    share = current / current.max()
    longest = 2 * structure.radius.max()
    shown = (np.linalg.norm(ends[:, 1] - ends[:, 0], axis=-1) < longest) & (share > LEAST)
    order = np.flatnonzero(shown)[np.argsort(share[shown], kind="stable")]
    return ends[order], share[order]


def draw_current(axes: Axes, currents: xr.Dataset, structure: PressedPacking | Trajectory) -> LineCollection:
    """Draw the current between centres [um], wide and dark where it is large, over pale AM."""
    ends, share = links(currents, structure)
    am = structure.species == AM
    if isinstance(structure, PressedPacking):
        draw_spheres(axes, structure, -1, PALE + (1 - PALE) * of_species(structure), am)
        places = spheres.Camera().project(ends)
    else:
        diameter = 2e6 * structure.radius[am]
        axes.add_collection(
            EllipseCollection(
                diameter,
                diameter,
                np.zeros(diameter.size),
                units="xy",
                offsets=1e6 * structure.position[-1][am],
                offset_transform=axes.transData,
                facecolor=tuple(PALE + (1 - PALE) * np.array(to_rgb(style.AM_COLOUR))),
            )
        )
        places = ends
    lines = LineCollection(
        list(1e6 * places),
        array=share,
        cmap=style.FORCE_COLOURS,
        clim=(0, 1),
        linewidths=LARGEST_WIDTH * share,
        capstyle="round",
        rasterized=True,
        zorder=2,
    )
    axes.add_collection(lines)
    return lines


def draw_losses(axes: Axes, currents: xr.Dataset) -> None:
    """Draw how much of the loss, and of the current, so much of the contacts have: the largest first."""
    for name, label, colour in (
        ("loss", "loss", style.DEM_COLOUR),
        ("current", "current", style.CNN_COLOUR),
    ):
        values = np.sort(currents[name].values)[::-1]
        if values.size:
            contacts = np.arange(values.size + 1) / values.size
            sums = np.concatenate([[0], np.cumsum(values) / values.sum()])
            axes.plot(contacts, sums, color=colour, label=label)
    axes.plot([0, 1], [0, 1], color="0.7", linestyle=":", label="all alike")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("share of the contacts, largest first [1]")
    axes.set_ylabel("share of the sum [1]")
    axes.legend(loc="lower right")


def save_currents(
    currents: xr.Dataset, structure: PressedPacking | Trajectory, outputs: Sequence[FilePath]
) -> None:
    """Draw the current in one structure."""
    phase, state = currents.attrs["phase"], currents.attrs["state"]
    with style.in_style():
        figure = style.new_figure(8.6, 4.6)
        picture, curves = figure.subplots(1, 2)
        lines = draw_current(picture, currents, structure)
        if isinstance(structure, PressedPacking):
            frame_box([picture], structure)
            picture.set_ylim(picture.get_ylim()[0], 1e6 * _highest(structure))
        else:
            left, right, bottom, top = (1e6 * edge for edge in structure.final_box)
            picture.set(xlim=(left, right), ylim=(bottom, top), aspect="equal")
            picture.set(xlabel="x [µm]", ylabel="y [µm]")
        if state == "percolates":
            relative = currents.attrs["relative_conductivity"]
            picture.set_title(f"current through {phase}, {relative:.3g} of dense {phase}")
            figure.colorbar(lines, ax=picture, shrink=0.6, aspect=25, label="current / largest [1]")
            draw_losses(curves, currents)
            curves.set_title(f"contacts of {phase}")
        else:
            picture.set_title(f"{phase} {'is absent' if state == 'absent' else state}")
            style.no_data(curves, f"{phase}: {state}")
            style.bare(curves)
        style.letter_panels([picture, curves])
        style.save_figure(figure, outputs)


def _highest(packing: PressedPacking) -> float:
    """Upper edge of the pressed block in a picture of it [m]."""
    width, other, _ = packing.box.tolist()
    piston = packing.wall_position[-1][1]
    corners = np.array([[x, y, piston] for x in (0, width) for y in (0, other)])
    return float(spheres.Camera().project(corners)[:, 1].max() + 0.05 * width)


def save(trajectory: FilePath, currents: FilePath, outputs: Sequence[FilePath]) -> None:
    """Draw the current through the first packing of a trajectory file."""
    packing = next(iter(presses(read_packings(trajectory)).values()))[-1]
    opened = open_result(currents, *CURRENTS)
    save_currents(opened, packing, outputs)
