"""Velocity Verlet, with the neighbor list rebuilt whenever it has become stale."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from dem.contact import LawTable
from dem.elastoplastic import ELASTIC, Flow
from dem.forces import add_forces
from dem.neighbors import (
    CellGrid,
    NeighborList,
    Particles,
    Walls,
    build_pairs,
    build_wall_contacts,
    empty_grid,
    empty_list,
    sort_into_cells,
)
from dem.stress import Stress, no_stress
from dem.tile import empty_tile, room_for

# Candidate pairs per particle for which there is room. In a plane each particle has six neighbors or
# fewer, three pairs of its own; more than eight within a tenth of a diameter means a collapsed structure.
PAIRS_PER_PARTICLE = 8
# Skin of the neighbor list / diameter of the smallest particle: chosen by benchmarks/throughput.py.
SKIN = 0.1
COLLAPSED = (
    f"more than {PAIRS_PER_PARTICLE} neighbors per particle: the structure has collapsed; "
    "the time step or the compression is too large"
)


class System(NamedTuple):
    """All that one time step reads and changes."""

    particles: Particles
    walls: Walls
    pairs: NeighborList
    wall_contacts: NeighborList
    grid: CellGrid
    law: LawTable
    tile: np.ndarray  # scratch of the force pass, see `dem.tile`
    stress: Stress  # of the last step of a run


def make_system(particles: Particles, walls: Walls, law: LawTable, flow: Flow = ELASTIC) -> System:
    """Put particles between walls, find their neighbors and the forces they start with.

    Contacts yield as `flow` says, if its rate is not 0; else they follow `dem.hertz_mindlin`.

    Raises
    ------
    RuntimeError
        If particles overlap so much that the neighbor list overflows.
    """
    n = particles.x.size
    skin = _skin(particles)
    pairs = empty_list(n, room_for(PAIRS_PER_PARTICLE * n), flow)
    wall_contacts = empty_list(n, 4 * n, flow)
    grid = empty_grid(particles, walls, skin)
    system = System(particles, walls, pairs, wall_contacts, grid, law, empty_tile(), no_stress(n))
    if not rebuild(system, skin):
        raise RuntimeError(COLLAPSED)
    add_forces(system, 0.0, True)
    return system


def _skin(particles: Particles) -> float:
    return SKIN * 2 * particles.radius.min()


@njit(cache=True, nogil=True)
def kick(particles, time_step, again):
    """Advance velocities [m/s] and spins [rad/s] by `time_step` under the present forces, then by `again`.

    The half kick that ends a step and the one that begins the next see the same forces. Done one after
    the other in one pass they give the same bits as two passes, so that a run may be split anywhere.
    """
    for i in range(particles.x.size):
        ax, ay = particles.fx[i] / particles.mass[i], particles.fy[i] / particles.mass[i]
        spin_up = particles.torque[i] / particles.inertia[i]
        particles.vx[i] = particles.vx[i] + time_step * ax + again * ax
        particles.vy[i] = particles.vy[i] + time_step * ay + again * ay
        particles.omega[i] = particles.omega[i] + time_step * spin_up + again * spin_up


@njit(cache=True, nogil=True)
def drift(particles, walls, grid, skin, time_step):
    """Advance positions of particles and walls [m] by `time_step` at the present velocities.

    Returns
    -------
    bool
        Whether the neighbor list has become stale: something has moved by half the skin since it was built.
    """
    limit = (skin / 2) ** 2
    fresh = True
    for w in range(4):
        walls.position[w] += time_step * walls.velocity[w]
        fresh &= (walls.position[w] - grid.built_wall[w]) ** 2 < limit
    for i in range(particles.x.size):
        particles.x[i] += time_step * particles.vx[i]
        particles.y[i] += time_step * particles.vy[i]
        moved = (particles.x[i] - grid.built_x[i]) ** 2 + (particles.y[i] - grid.built_y[i]) ** 2
        fresh &= moved < limit  # false for NaN
    return not fresh


@njit(cache=True, nogil=True)
def add_wall_work(walls, time):
    """Add to ``walls.work`` what the present forces do in `time` [s] at the walls' velocities."""
    for w in range(4):
        inward = -walls.velocity[w] if w % 2 else walls.velocity[w]
        walls.work[w] += walls.force[w] * inward * time


@njit(cache=True, nogil=True)
def drive(walls, time_step):
    """Advance the velocity of walls that have a mass [m/s]: it stays within their limit."""
    for w in range(4):
        if walls.mass[w] > 0.0:
            sign = 1.0 if w % 2 else -1.0
            outwards = sign * walls.velocity[w]
            push = walls.force[w] - walls.load[w] - walls.impedance[w] * outwards
            outwards += time_step * push / walls.mass[w]
            walls.velocity[w] = sign * min(max(outwards, -walls.speed_limit[w]), walls.speed_limit[w])


@njit(cache=True, nogil=True)
def rebuild(system, skin):
    """List neighbors afresh, carrying the contacts' history over; False if there are too many."""
    particles, walls, pairs, wall_contacts, grid, law, _, _ = system
    sort_into_cells(particles, walls, grid)
    build_wall_contacts(particles, walls, wall_contacts, law, skin)
    return build_pairs(particles, walls, grid, pairs, law, skin)


@njit(cache=True, nogil=True)
def _advance(system, skin, time_step, steps):
    particles, walls, grid = system.particles, system.walls, system.grid
    half = 0.5 * time_step
    kick(particles, half, 0.0)
    for step in range(steps):
        add_wall_work(walls, half)
        if drift(particles, walls, grid, skin, time_step) and not rebuild(system, skin):
            return step
        last = step == steps - 1
        add_forces(system, time_step, last)
        add_wall_work(walls, half)
        drive(walls, time_step)
        kick(particles, half, 0.0 if last else half)
    return steps


def advance(system: System, time_step: float, steps: int) -> None:
    """Advance `system` in place by `steps` of velocity Verlet (Swope et al., 1982).

    The last step leaves contacts and stresses behind, see `dem.stress`.

    Tangential displacements advance with the velocities at the half step, as in LIGGGHTS and LAMMPS.

    Raises
    ------
    RuntimeError
        If particles overlap so much that the neighbor list overflows.
    """
    if steps == 0:
        return
    done = _advance(system, _skin(system.particles), time_step, steps)
    if done < steps:
        raise RuntimeError(COLLAPSED)
