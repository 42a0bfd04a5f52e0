"""Numbers of a compressed structure: the five targets of the network, and what goes with them."""

from __future__ import annotations

import numpy as np

from analysis.images import Window
from analysis.trajectories import AM, SE, Trajectory

TARGETS = ("am_stress_mean", "am_stress_sd", "se_stress_mean", "se_stress_sd", "reaction_area")
TARGET_UNITS = ("Pa", "Pa", "Pa", "Pa", "m2")
PAIRS = ("AM-AM", "AM-SE", "SE-SE")


def target_values(trajectory: Trajectory, window: Window) -> np.ndarray:
    """Targets of the compressed structure in the order of `TARGETS` [5, units of `TARGET_UNITS`].

    Stress is the contact pressure on a particle, over particles whose centre lies in the window.
    Reaction area is the sum of the areas of AM-SE contacts whose contact point lies in it: Hertz circles, or
    those of the elasto-plastic law.

    Raises
    ------
    ValueError
        If a species has no particle in the window.
    """
    seen = window.contains(trajectory.position[-1])
    values = []
    for species, name in ((AM, "AM"), (SE, "SE")):
        stress = trajectory.contact_pressure[-1][seen & (trajectory.species == species)]
        if not stress.size:
            raise ValueError(f"{trajectory.name}: no {name} particle has its centre in the image window")
        values += [stress.mean(), stress.std()]
    area = trajectory.contacts["contact_area"][_reactive(trajectory, window)].sum()
    return np.array([*values, area])


def _reactive(trajectory: Trajectory, window: Window) -> np.ndarray:
    """Which contacts join AM and SE inside the window [C]."""
    return (trajectory.contact_pairs() == "AM-SE") & window.contains(trajectory.contacts["contact_point"])


def structure_values(trajectory: Trajectory, window: Window, image: np.ndarray) -> dict[str, object]:
    """Everything else recorded per structure, by the names of `analysis.dataset.VARIABLES`."""
    drawn = trajectory.drawn
    am = trajectory.species == AM
    diameter = 2 * trajectory.radius[am]
    kinds = trajectory.contact_pairs()
    of_kind = {pair: trajectory.contacts["normal_force"][kinds == pair] for pair in PAIRS}
    between_particles = np.count_nonzero(kinds != "wall")
    return {
        "width": drawn["width_m"],
        "uncovered_fraction": drawn["uncovered_fraction"],
        **({"pressure": drawn["pressure_Pa"]} if "pressure_Pa" in drawn else {}),
        "replicate": drawn["replicate"],
        "seed": drawn["seed"]["entropy"],
        "am_mean_diameter_drawn": drawn["am_mean_diameter_m"],
        "am_sd_diameter_drawn": drawn["am_sd_diameter_m"],
        "am_mean_diameter": diameter.mean(),
        "am_sd_diameter": diameter.std(),
        "am_count": diameter.size,
        "particle_count": am.size,
        "am_box_fraction": np.pi / 4 * np.sum(diameter**2) / trajectory.box.prod(),
        "am_solid_fraction": _am_share_of_solids(image),
        "porosity": np.mean(image == 0),
        "am_surface_coverage": _surface_coverage(trajectory, window),
        "coordination_number": 2 * between_particles / am.size,
        "wall_pressure": wall_pressure(trajectory)[-1],
        "contact_count": [of_kind[pair].size for pair in PAIRS],
        "contact_force_mean": [of_kind[pair].mean() if of_kind[pair].size else 0.0 for pair in PAIRS],
    }


def wall_pressure(trajectory: Trajectory) -> np.ndarray:
    """Force on the moving wall / (height x SE diameter) in each frame [F, Pa]: the plane is one SE thick."""
    _, _, bottom, top = trajectory.final_box
    se_diameter = 2 * trajectory.radius[trajectory.species == SE].mean()
    return trajectory.wall_force[:, 1] / ((top - bottom) * se_diameter)


def _am_share_of_solids(image: np.ndarray) -> float:
    return np.count_nonzero(image == AM) / np.count_nonzero(image)


def _surface_coverage(trajectory: Trajectory, window: Window) -> float:
    """Area of AM-SE contacts / surface of the spheres, over AM whose centre lies in the window [-]."""
    am_seen = (trajectory.species == AM) & window.contains(trajectory.position[-1])
    i, j = trajectory.contacts["i"], trajectory.contacts["j"]
    touching = (trajectory.contact_pairs() == "AM-SE") & (am_seen[i] | am_seen[np.maximum(j, 0)])
    surface = 4 * np.pi * np.sum(trajectory.radius[am_seen] ** 2)
    return trajectory.contacts["contact_area"][touching].sum() / surface
