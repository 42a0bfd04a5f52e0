"""Frames: the recorded states of a structure, and what is measured on each."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from dem.forces import energies
from dem.integrate import System
from dem.neighbors import Particles, Walls
from dem.parameters import SPECIES
from dem.stress import ContactList, contact_list, contact_pressure, stress_tensor
from dem.tile import dissipated_work

# Raster that porosity is counted on: cells per radius of the smallest particle, and most cells in all.
CELLS_PER_RADIUS = 10
MOST_CELLS = 4_000_000


class Frame(NamedTuple):
    """A recorded state of a structure of N particles."""

    step: int
    time: float  # [s]
    x: np.ndarray  # [N, m]
    y: np.ndarray  # [N, m]
    contact_pressure: np.ndarray  # [N, Pa]
    stress_tensor: np.ndarray  # Love-Weber, compression positive [N, 2, 2, Pa]
    wall_position: np.ndarray  # [4, m]: left, right, bottom, top
    wall_force: np.ndarray  # [4, N]
    wall_work: float  # done by the walls on the particles so far [J]
    kinetic_energy: float  # [J]
    elastic_energy: float  # [J]
    dissipated_work: float  # lost in dashpots and by slip so far [J]
    coordination_number: float  # mean number of particles that a particle touches [-]
    porosity: float  # share of the box that no particle covers [-]
    reaction_area: float  # AM-SE contact area from the overlaps [m^2]


def snapshot(system: System, step: int, time_step: float) -> Frame:
    """The state of `system` after `step` steps, copied.

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
        time=step * time_step,
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
    contacts, species = contacts_of(system), system.particles.species
    between = (contacts.j >= 0) & (species[contacts.i] != species[np.maximum(contacts.j, 0)])
    return float(contacts.contact_area_from_overlap[between].sum())


def _raster_pitch(particles: Particles, walls: Walls) -> float:
    left, right, bottom, top = walls.position
    finest = math.sqrt((right - left) * (top - bottom) / MOST_CELLS)
    return max(particles.radius.min() / CELLS_PER_RADIUS, finest)


def contacts_of(system: System) -> ContactList:
    """Contacts of the last step of `system`."""
    return contact_list(system.particles, system.pairs, system.wall_contacts, system.law)


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
        species = {number: name for name, number in SPECIES.items()}[int(particles.species[k])]
        raise RuntimeError(
            f"{lost.size} particles have left the box by step {step}, the first is particle {k} ({species}, "
            f"radius {radius[k] * 1e6:g} um) at x = {x[k] * 1e6:g} um, y = {y[k] * 1e6:g} um; the box is "
            f"x = {left * 1e6:g} to {right * 1e6:g} um, y = {bottom * 1e6:g} to {top * 1e6:g} um. "
            "The time step, the wall speed or the compression is too large"
        )


def inertial_number(system: System) -> float:
    """Strain rate x mean diameter x sqrt(density / pressure) [-] (da Cruz et al., 2005).

    The pressure is that on the moving wall, over its height x mean diameter; 0 while all walls stand.
    """
    particles, walls = system.particles, system.walls
    left, right, bottom, top = walls.position
    diameter = 2 * particles.radius.mean()
    density = particles.mass.sum() / (4 / 3 * np.pi * np.sum(particles.radius**3))
    rate = abs(walls.velocity[1]) / (right - left)
    pressure = walls.force[1] / ((top - bottom) * diameter)
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
