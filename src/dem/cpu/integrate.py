"""Velocity Verlet, with the neighbor list rebuilt whenever it has become stale."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from dem.cpu.cache import keep_apart
from dem.cpu.forces import add_forces
from dem.cpu.neighbors import build_pairs, build_wall_contacts, empty_grid, sort_into_cells
from dem.cpu.tile import DISSIPATED, empty_tile
from dem.laws import Law
from dem.state import Particles, System, Walls, no_contacts, no_stress

# Candidate pairs per particle for which there is room. In a plane each particle has six neighbors or
# fewer, three pairs of its own; more than eight within a tenth of a diameter means a collapsed structure.
PAIRS_PER_PARTICLE = 8
# Skin of the neighbor list / diameter of the smallest particle: chosen by benchmarks/throughput.py.
SKIN = 0.1
COLLAPSED = (
    f"more than {PAIRS_PER_PARTICLE} neighbors per particle: the structure has collapsed; "
    "the time step or the compression is too large"
)


def make_system(particles: Particles, walls: Walls, law: Law, friction: np.ndarray) -> System:
    """Put particles between walls, find their neighbors and the forces they start with.

    Parameters
    ----------
    particles, walls
        At their places.
    law
        Of the contacts.
    friction
        Coulomb coefficient per pair of species [3, 3].

    Raises
    ------
    RuntimeError
        If particles overlap so much that the neighbor list overflows.
    """
    keep_apart(law)
    n = particles.x.size
    skin = skin_of(particles)
    system = System(
        particles,
        walls,
        pairs=no_contacts(n, PAIRS_PER_PARTICLE * n, law),
        wall_contacts=no_contacts(n, walls.position.size * n, law),
        grid=empty_grid(particles, walls, skin),
        law=law,
        friction=friction,
        tile=empty_tile(law),
        stress=no_stress(n),
    )
    if not rebuild(system, skin):
        raise RuntimeError(COLLAPSED)
    add_forces(system, 0.0, True)
    return system


def skin_of(particles: Particles) -> float:
    """How much farther than contact neighbor lists reach [m]."""
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
def damp(particles, kept):
    """Leave velocities [m/s] and spins [rad/s] the share `kept` of them.

    Returns
    -------
    float
        Kinetic energy lost [J].
    """
    lost = 0.0
    for i in range(particles.x.size):
        vx, vy, omega = particles.vx[i], particles.vy[i], particles.omega[i]
        lost += particles.mass[i] * (vx**2 + vy**2) + particles.inertia[i] * omega**2
        particles.vx[i], particles.vy[i], particles.omega[i] = kept * vx, kept * vy, kept * omega
    return 0.5 * (1.0 - kept**2) * lost


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
    for w in range(walls.position.size):
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
    for w in range(walls.position.size):
        inward = -walls.outward[w] * walls.velocity[w]
        walls.work[w] += walls.force[w] * inward * time


@njit(cache=True, nogil=True)
def drive(walls, time_step):
    """Advance the velocity of walls that have a mass [m/s]: it stays within their limit."""
    for w in range(walls.position.size):
        if walls.mass[w] > 0.0:
            outward = walls.outward[w]
            speed = outward * walls.velocity[w]
            push = walls.force[w] - walls.load[w] - walls.impedance[w] * speed
            speed += time_step * push / walls.mass[w]
            walls.velocity[w] = outward * min(max(speed, -walls.speed_limit[w]), walls.speed_limit[w])


@njit(cache=True, nogil=True)
def rebuild(system, skin):
    """List neighbors afresh, carrying the contacts' history over; False if there are too many."""
    particles, walls, grid, law, friction = (
        system.particles,
        system.walls,
        system.grid,
        system.law,
        system.friction,
    )
    sort_into_cells(particles, walls, grid)
    build_wall_contacts(particles, walls, system.wall_contacts, law, friction, skin)
    return build_pairs(particles, walls, grid, system.pairs, law, friction, skin)


@njit(cache=True, nogil=True)
def _advance(system, skin, time_step, steps, kept):
    particles, walls, grid = system.particles, system.walls, system.grid
    half = 0.5 * time_step
    kick(particles, half, 0.0)
    for step in range(steps):
        add_wall_work(walls, half)
        if drift(particles, walls, grid, skin, time_step) and not rebuild(system, skin):
            return step
        if kept < 1.0:
            system.tile[DISSIPATED] += damp(particles, kept)
        last = step == steps - 1
        add_forces(system, time_step, last)
        add_wall_work(walls, half)
        drive(walls, time_step)
        kick(particles, half, 0.0 if last else half)
    return steps


def advance(system: System, time_step: float, steps: int, damping: float = 0.0) -> None:
    """Advance `system` in place by `steps` of velocity Verlet (Swope et al., 1982).

    `damping` [1/s] takes from all velocities and spins besides, in proportion to them, as does a force of
    -damping x mass x velocity: nothing where nothing moves. It acts between the two halves of a step, as its
    exact solution over a step (splitting as in Leimkuhler & Matthews, 2013, without their noise).

    The last step leaves contacts and stresses behind, see `dem.cpu.stress`.

    Tangential displacements advance with the velocities at the half step, as in LIGGGHTS and LAMMPS.

    Raises
    ------
    RuntimeError
        If particles overlap so much that the neighbor list overflows.
    """
    if steps == 0:
        return
    done = _advance(system, skin_of(system.particles), time_step, steps, math.exp(-damping * time_step))
    if done < steps:
        raise RuntimeError(COLLAPSED)
