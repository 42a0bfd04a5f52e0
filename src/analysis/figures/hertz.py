"""Two spheres in contact, and contact area against force for AM-SE contacts (the paper's Fig. 5A)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.patches import Circle

from analysis.figures import style
from electrode.structures import Trajectory, read_trajectories
from provenance import FilePath


def draw_spheres(axes: Axes) -> None:
    """Draw two spheres pressed together, with the symbols of Hertz's law."""
    radius_i, radius_j, overlap = 1.6, 1.0, 0.28
    centre_j = radius_i + radius_j - overlap
    # The contact lies where the outlines cross, but is smaller: the surfaces give way outside it too.
    plane = (centre_j**2 + radius_i**2 - radius_j**2) / (2 * centre_j)
    half = np.sqrt(radius_i * radius_j / (radius_i + radius_j) * overlap)
    for x, radius, colour in ((0, radius_i, style.AM_COLOUR), (centre_j, radius_j, style.SE_COLOUR)):
        axes.add_patch(Circle((x, 0), radius, facecolor=colour, edgecolor="black", alpha=0.7))
        axes.plot(x, 0, "k.", markersize=4)
    axes.plot([plane, plane], [-half, half], color=style.WALL_COLOUR, linewidth=2.5)
    axes.annotate(
        "contact area S = πa²",
        (plane, -half),
        xytext=(plane, -1.95),
        ha="center",
        color=style.WALL_COLOUR,
        arrowprops={"arrowstyle": "-", "color": style.WALL_COLOUR},
    )
    axes.text(plane + 0.16, 0.25, "a", va="center", color=style.WALL_COLOUR)
    for start, end, label, offset in (
        ((0, 0), (-radius_i * 0.71, radius_i * 0.71), "$R_i$", (0.12, 0.02)),
        ((centre_j, 0), (centre_j + radius_j * 0.71, radius_j * 0.71), "$R_j$", (-0.3, 0.1)),
    ):
        axes.annotate("", end, start, arrowprops={"arrowstyle": "->", "linewidth": 0.8})
        middle = 0.5 * np.add(start, end)
        axes.text(middle[0] + offset[0], middle[1] + offset[1], label)
    top = 1.25
    for x in (radius_i - overlap, radius_i):
        axes.plot([x, x], [0, top + 0.1], color="0.3", linewidth=0.7, linestyle=":")
    axes.text(radius_i - overlap / 2, top + 0.15, "overlap δ", ha="center", va="bottom")
    force = {"arrowstyle": "-|>", "linewidth": 1.8, "color": style.DEM_COLOUR}
    axes.annotate("", (-radius_i, 0), (-radius_i - 0.9, 0), arrowprops=force)
    axes.annotate("", (centre_j + radius_j, 0), (centre_j + radius_j + 0.9, 0), arrowprops=force)
    for x in (-radius_i - 0.5, centre_j + radius_j + 0.5):
        axes.text(x, 0.12, "$F_N$", ha="center", color=style.DEM_COLOUR)
    axes.text(-0.25, -0.45, "AM", ha="center")
    axes.text(centre_j + 0.2, -0.45, "SE", ha="center")
    axes.set_xlim(-2.7, centre_j + 2.1)
    axes.set_ylim(-2.2, 1.9)
    axes.set_aspect("equal")
    style.bare(axes)


def effective_modulus(materials: Mapping[str, Mapping[str, float]]) -> float:
    """E_eff of an AM-SE contact [Pa]: 1/E_eff = sum of (1 - nu^2) / E (Hertz, 1882)."""
    return 1e9 / sum((1 - m["poissons_ratio"] ** 2) / m["youngs_modulus_GPa"] for m in materials.values())


def hertz_area(force: np.ndarray, effective_radius: float, modulus: float) -> np.ndarray:
    """Area of the contact circle [m^2]: pi (3 F R_eff / (4 E_eff))^(2/3) (Hertz, 1882)."""
    return np.pi * (0.75 * force * effective_radius / modulus) ** (2 / 3)


def draw_area(axes: Axes, trajectory: Trajectory) -> PathCollection | None:
    """Draw area (from the overlap) against force of the AM-SE contacts at rest, and Hertz's law.

    The law is that of the smallest and of the largest effective radius.
    """
    contacts = trajectory.contacts
    chosen = (trajectory.contact_pairs() == "AM-SE") & (contacts["normal_force"] > 0)
    axes.set_xlabel("normal force [mN]")
    axes.set_ylabel("contact area from the overlap [µm²]")
    if not chosen.any():
        style.no_data(axes, "no contact between AM and SE")
        return None
    radius_i, radius_j = (trajectory.radius[contacts[end][chosen]] for end in ("i", "j"))
    radius = radius_i * radius_j / (radius_i + radius_j)
    force = contacts["normal_force"][chosen]
    modulus = effective_modulus(json.loads(trajectory.provenance["config"])["materials"])
    points = axes.scatter(
        1e3 * force,
        1e12 * contacts["contact_area_from_overlap"][chosen],
        c=1e6 * radius,
        s=9,
        cmap=style.SEQUENTIAL,
    )
    curve = np.geomspace(force.min(), force.max(), 100)
    for end, linestyle in ((radius.min(), ":"), (radius.max(), "--")):
        area = hertz_area(curve, end, modulus)
        label = f"Hertz, effective radius {1e6 * end:.3f} µm"
        axes.plot(1e3 * curve, 1e12 * area, color="black", linewidth=1, linestyle=linestyle, label=label)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.legend(loc="lower right", fontsize=8)
    return points


def save(trajectory: FilePath, outputs: Sequence[FilePath]) -> None:
    """Draw the law and the contacts of the first structure of a trajectory file."""
    structure = next(read_trajectories(trajectory))
    with style.in_style():
        figure = style.new_figure(9.5, 3.6)
        spheres, areas = figure.subplots(1, 2, width_ratios=[1.1, 1])
        draw_spheres(spheres)
        spheres.set_title("two spheres in contact")
        points = draw_area(areas, structure)
        areas.set_title(f"AM-SE contacts of a structure compressed from {1e6 * structure.box[0]:g} µm")
        style.letter_panels([spheres, areas])
        if points is not None:
            figure.colorbar(points, ax=areas, label="effective radius [µm]")
        style.save_figure(figure, outputs)
