"""Velocity Verlet, with the neighbor list rebuilt whenever it has become stale."""

from __future__ import annotations

from typing import NamedTuple

from numba import njit

from dem.contact import LawTable
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
    is_stale,
    sort_into_cells,
)

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


def make_system(particles: Particles, walls: Walls, law: LawTable) -> System:
    """Put particles between walls, find their neighbors and the forces they start with.

    Raises
    ------
    RuntimeError
        If particles overlap so much that the neighbor list overflows.
    """
    n = particles.x.size
    skin = _skin(particles)
    pairs, wall_contacts = empty_list(n, PAIRS_PER_PARTICLE * n), empty_list(n, 4 * n)
    system = System(particles, walls, pairs, wall_contacts, empty_grid(particles, walls, skin), law)
    if not rebuild(system, skin):
        raise RuntimeError(COLLAPSED)
    add_forces(particles, walls, pairs, wall_contacts, 0.0)
    return system


def _skin(particles: Particles) -> float:
    return SKIN * 2 * particles.radius.min()


@njit(cache=True, nogil=True)
def kick(particles, time_step):
    """Advance velocities [m/s] and spins [rad/s] by `time_step` under the present forces."""
    for i in range(particles.x.size):
        particles.vx[i] += time_step * particles.fx[i] / particles.mass[i]
        particles.vy[i] += time_step * particles.fy[i] / particles.mass[i]
        particles.omega[i] += time_step * particles.torque[i] / particles.inertia[i]


@njit(cache=True, nogil=True)
def drift(particles, walls, time_step):
    """Advance positions of particles and walls [m] by `time_step` at the present velocities."""
    for i in range(particles.x.size):
        particles.x[i] += time_step * particles.vx[i]
        particles.y[i] += time_step * particles.vy[i]
    for w in range(4):
        walls.position[w] += time_step * walls.velocity[w]


@njit(cache=True, nogil=True)
def rebuild(system, skin):
    """List neighbors afresh, carrying the contacts' history over; False if there are too many."""
    particles, walls, pairs, wall_contacts, grid, law = system
    sort_into_cells(particles, walls, grid)
    build_wall_contacts(particles, walls, wall_contacts, law, skin)
    return build_pairs(particles, walls, grid, pairs, law, skin)


@njit(cache=True, nogil=True)
def _advance(system, skin, time_step, steps):
    particles, walls, pairs, wall_contacts, grid, _ = system
    for step in range(steps):
        kick(particles, 0.5 * time_step)
        drift(particles, walls, time_step)
        if is_stale(particles, walls, grid, skin) and not rebuild(system, skin):
            return step
        add_forces(particles, walls, pairs, wall_contacts, time_step)
        kick(particles, 0.5 * time_step)
    return steps


def advance(system: System, time_step: float, steps: int) -> None:
    """Advance `system` in place by `steps` of velocity Verlet (Swope et al., 1982).

    Tangential displacements advance with the velocities at the half step, as in LIGGGHTS and LAMMPS.

    Raises
    ------
    RuntimeError
        If particles overlap so much that the neighbor list overflows.
    """
    done = _advance(system, _skin(system.particles), time_step, steps)
    if done < steps:
        raise RuntimeError(COLLAPSED)
