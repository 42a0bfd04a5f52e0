"""Numbers of a compressed structure: the targets of the network, and what goes with them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from analysis.images import Window
from electrode.phases import VOID
from electrode.species import AM, PARTICLE_PAIRS, SE, SOLIDS
from electrode.structures import Trajectory
from electrode.targets import TARGETS
from electrode.trajectory import MOVING


def stress_in(trajectory: Trajectory, window: Window, species: int) -> np.ndarray:
    """Contact pressure at rest on the particles of a species whose centre lies in the window [Pa]."""
    chosen = window.contains(trajectory.position[-1]) & (trajectory.species == species)
    return trajectory.contact_pressure[-1][chosen]


def _some_stress(trajectory: Trajectory, window: Window, name: str) -> np.ndarray:
    """The same of a species by its name, of at least one particle."""
    stress = stress_in(trajectory, window, SOLIDS[name])
    if not stress.size:
        raise ValueError(f"{trajectory.name}: no {name} particle has its centre in the image window")
    return stress


def _reaction_area(trajectory: Trajectory, window: Window) -> float:
    """Sum of the areas of AM-SE contacts whose contact point lies in the window [m^2].

    Hertz circles, or those of the elasto-plastic law.
    """
    reactive = trajectory.contact_pairs() == "AM-SE"
    seen = window.contains(trajectory.contacts["contact_point"])
    return float(trajectory.contacts["contact_area"][reactive & seen].sum())


# Value of each of the `TARGETS` of a compressed structure, as a function of it and the window of its image.
TARGET_VALUES: dict[str, Callable[[Trajectory, Window], float]] = {
    "am_stress_mean": lambda structure, window: _some_stress(structure, window, "AM").mean(),
    "am_stress_sd": lambda structure, window: _some_stress(structure, window, "AM").std(),
    "se_stress_mean": lambda structure, window: _some_stress(structure, window, "SE").mean(),
    "se_stress_sd": lambda structure, window: _some_stress(structure, window, "SE").std(),
    "reaction_area": _reaction_area,
}


def target_values(trajectory: Trajectory, window: Window) -> np.ndarray:
    """Targets of the compressed structure, in the order and the units of `TARGETS` [targets].

    Raises
    ------
    ValueError
        If a species has no particle in the window.
    """
    return np.array([TARGET_VALUES[name](trajectory, window) for name in TARGETS])


def structure_values(trajectory: Trajectory, window: Window, image: np.ndarray) -> dict[str, object]:
    """Everything else recorded per structure, by the names of `analysis.variables.VARIABLES`."""
    drawn = trajectory.drawn
    am = trajectory.species == AM
    diameter = 2 * trajectory.radius[am]
    kinds = trajectory.contact_pairs()
    forces = {pair: trajectory.contacts["normal_force"][kinds == pair] for pair in PARTICLE_PAIRS}
    between_particles = np.count_nonzero(kinds != "wall")
    seen_am = am & window.contains(trajectory.position[-1])
    am_surface = 4 * np.pi * np.sum(trajectory.radius[seen_am] ** 2)
    area = trajectory.contacts["contact_area"][_with_se(trajectory, seen_am)].sum()
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
        "am_disc_fraction": np.sum(trajectory.radius[am] ** 2) / np.sum(trajectory.radius**2),
        "am_solid_fraction": _am_share_of_solids(image),
        "porosity": np.mean(image == VOID),
        "am_surface": am_surface,
        "am_surface_coverage": area / am_surface,
        "am_circumference_coverage": _circumference_coverage(trajectory, seen_am),
        "coordination_number": 2 * between_particles / am.size,
        "wall_pressure": wall_pressure(trajectory)[-1],
        "contact_count": [force.size for force in forces.values()],
        "contact_force_mean": [force.mean() if force.size else 0.0 for force in forces.values()],
    }


def wall_pressure(trajectory: Trajectory) -> np.ndarray:
    """Force on the moving wall / (height x SE diameter) in each frame [F, Pa]: the plane is one SE thick."""
    _, _, bottom, top = trajectory.final_box
    se_diameter = 2 * trajectory.radius[trajectory.species == SE].mean()
    return trajectory.wall_force[:, MOVING] / ((top - bottom) * se_diameter)


def _am_share_of_solids(image: np.ndarray) -> float:
    return np.count_nonzero(image == AM) / np.count_nonzero(image)


def _with_se(trajectory: Trajectory, am: np.ndarray) -> np.ndarray:
    """Which contacts join one of these AM particles [N, bool] and SE [C, bool]."""
    i, j = trajectory.contacts["i"], trajectory.contacts["j"]
    return (trajectory.contact_pairs() == "AM-SE") & (am[i] | am[np.maximum(j, 0)])


def _circumference_coverage(trajectory: Trajectory, am: np.ndarray) -> float:
    """Share of the circumference of these AM particles [N, bool] that lies in contact with SE [-].

    A contact of area A covers the arc over a chord of 2 sqrt(A / pi), the diameter of its circle; where arcs
    overlap they count once.
    """
    contacts = {name: values[_with_se(trajectory, am)] for name, values in trajectory.contacts.items()}
    owner = np.where(am[contacts["i"]], contacts["i"], contacts["j"])
    towards = contacts["contact_point"] - trajectory.position[-1][owner]
    middle = np.arctan2(towards[:, 1], towards[:, 0])
    radius = trajectory.radius
    half = np.arcsin(np.minimum(np.sqrt(contacts["contact_area"] / np.pi) / radius[owner], 1.0))
    covered = sum(
        radius[particle] * _union(middle[owner == particle], half[owner == particle])
        for particle in np.unique(owner)
    )
    return covered / (2 * np.pi * radius[am].sum())


def _union(middle: np.ndarray, half: np.ndarray) -> float:
    """Angle that arcs about `middle`, of half angle `half` up to pi / 2, cover together [rad]."""
    begin = (middle - half) % (2 * np.pi)
    # Once more a turn earlier: what leaves one turn at its end enters it at its start.
    begin = np.concatenate([begin, begin - 2 * np.pi])
    end = np.minimum(begin + 2 * np.tile(half, 2), 2 * np.pi)
    order = np.argsort(begin)
    begin, end = begin[order], end[order]
    reached = np.maximum.accumulate(np.concatenate([[0.0], end[:-1]]))
    return float(np.sum(np.maximum(end - np.maximum(begin, reached), 0.0)))
