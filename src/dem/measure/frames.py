"""Frames, the recorded states of a structure: what is measured on each."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from dem.cpu.forces import energies
from dem.cpu.tile import dissipated_work
from dem.measure.stress import contact_list, contact_pressure, stress_tensor
from dem.state import Frame, Particles, System, Walls
from electrode.species import NAMES, SE
from electrode.trajectory import MOVING

# Raster that porosity is counted on: cells per radius of the smallest particle, and most cells in all.
CELLS_PER_RADIUS = 10
MOST_CELLS = 4_000_000


def snapshot(system: System, step: int, time: float) -> Frame:
    """The state of `system` after `step` steps, which took `time` [s], copied.

    Raises
    ------
    RuntimeError
        If a particle has left the box.
    """
    check_none_lost(system, step)
    particles, walls = system.particles, system.walls
    kinetic, elastic = energies(system)
    touching = system.pairs.overlap[: system.pairs.first[-1]] > 0
    return Frame(
        step=step,
        time=time,
        x=particles.x.copy(),
        y=particles.y.copy(),
        contact_pressure=contact_pressure(system.stress, particles.radius),
        stress_tensor=stress_tensor(system.stress, particles.radius),
        wall_position=walls.position.copy(),
        wall_force=walls.force.copy(),
        wall_work=walls.work.sum(),
        kinetic_energy=kinetic,
        elastic_energy=elastic,
        dissipated_work=dissipated_work(system.tile),
        coordination_number=2 * np.count_nonzero(touching) / particles.x.size,
        porosity=void_share(particles, walls, _raster_pitch(particles, walls)),
        reaction_area=_reaction_area(system),
    )


def _reaction_area(system: System) -> float:
    contacts, species = contact_list(system), system.particles.species
    between = (contacts.j >= 0) & (species[contacts.i] != species[np.maximum(contacts.j, 0)])
    return float(contacts.contact_area_from_overlap[between].sum())


def _raster_pitch(particles: Particles, walls: Walls) -> float:
    left, right, bottom, top = walls.position
    finest = math.sqrt((right - left) * (top - bottom) / MOST_CELLS)
    return max(particles.radius.min() / CELLS_PER_RADIUS, finest)


def check_none_lost(system: System, step: int) -> None:
    """Raise RuntimeError if a particle lies wholly outside the box, or nowhere.

    Soft electrolyte between AM and a wall may be squeezed until its centre lies beyond the wall, which
    still pushes it back: that is the elastic law far past its range, not a particle lost.
    """
    particles = system.particles
    left, right, bottom, top = system.walls.position
    x, y, radius = particles.x, particles.y, particles.radius
    inside = (x > left - radius) & (x < right + radius) & (y > bottom - radius) & (y < top + radius)
    lost = np.flatnonzero(~inside)  # NaN is not inside either
    if lost.size:
        k = int(lost[0])
        species = NAMES[int(particles.species[k])]
        raise RuntimeError(
            f"{lost.size} particles have left the box by step {step}, the first is particle {k} ({species}, "
            f"radius {radius[k] * 1e6:g} um) at x = {x[k] * 1e6:g} um, y = {y[k] * 1e6:g} um; the box is "
            f"x = {left * 1e6:g} to {right * 1e6:g} um, y = {bottom * 1e6:g} to {top * 1e6:g} um. "
            "The time step, the wall speed or the compression is too large"
        )


def wall_area(system: System) -> float:
    """Height of the box x mean SE diameter [m^2], which the force on a wall is divided by for its pressure.

    Raises
    ------
    ValueError
        If there is no electrolyte.
    """
    particles = system.particles
    electrolyte = particles.species == SE
    if not electrolyte.any():
        raise ValueError("the wall pressure is a force per height x SE diameter: there must be SE, got none")
    _, _, bottom, top = system.walls.position
    return (top - bottom) * 2 * particles.radius[electrolyte].mean()


def inertial_number(system: System) -> float:
    """Strain rate x mean diameter x sqrt(density / pressure) [-] (da Cruz et al., 2005).

    The pressure is that on the moving wall, over its height x mean diameter; 0 while all walls stand.
    """
    particles, walls = system.particles, system.walls
    left, right, bottom, top = walls.position
    diameter = 2 * particles.radius.mean()
    density = particles.mass.sum() / (4 / 3 * np.pi * np.sum(particles.radius**3))
    rate = abs(walls.velocity[MOVING]) / (right - left)
    pressure = walls.force[MOVING] / ((top - bottom) * diameter)
    if rate == 0:
        return 0.0
    return rate * diameter * math.sqrt(density / pressure) if pressure > 0 else math.inf


@njit(cache=True, nogil=True)
def void_share(particles, walls, pitch):
    """Share of the box that no particle covers, counted on cells of about `pitch` [m]."""
    left, right, bottom, top = walls.position
    columns, rows = max(1, round((right - left) / pitch)), max(1, round((top - bottom) / pitch))
    step_x, step_y = (right - left) / columns, (top - bottom) / rows
    covered = np.zeros((columns, rows), np.bool_)
    for k in range(particles.x.size):
        x, y, radius = particles.x[k] - left, particles.y[k] - bottom, particles.radius[k]
        # Cells whose centres lie between the ends of the disc.
        for column in range(
            max(0, math.ceil((x - radius) / step_x - 0.5)),
            min(columns, math.floor((x + radius) / step_x + 0.5)),
        ):
            half = math.sqrt(max(0.0, radius**2 - ((column + 0.5) * step_x - x) ** 2))
            first = min(rows, max(0, math.ceil((y - half) / step_y - 0.5)))
            last = max(first, min(rows, math.floor((y + half) / step_y + 0.5)))
            covered[column, first:last] = True
    return 1.0 - np.count_nonzero(covered) / covered.size
