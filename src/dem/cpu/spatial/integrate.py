"""Velocity Verlet in space, with the neighbor list rebuilt whenever it has become stale."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from dem.cpu.cache import keep_apart
from dem.cpu.integrate import add_wall_work, drive
from dem.cpu.spatial.forces import add_forces
from dem.cpu.spatial.neighbors import build_pairs, build_wall_contacts, empty_grid, sort_into_cells
from dem.cpu.spatial.tile import DISSIPATED, empty_tile
from dem.geometry.spatial import (
    FX,
    FY,
    FZ,
    RADIUS,
    SPIN_X,
    SPIN_Y,
    SPIN_Z,
    TORQUE_X,
    TORQUE_Y,
    TORQUE_Z,
    VX,
    VY,
    VZ,
    X,
    Y,
    Z,
)
from dem.laws import Law
from dem.laws.friction import friction_of
from dem.state import Box, SpatialSystem, Spheres, Walls, no_contacts, no_stress

# Candidate pairs per sphere for which there is room: at most twelve equal spheres touch one, six pairs each;
# with those within a tenth of a diameter, and smaller ones around large ones, pressed compacts list up to
# ten.
PAIRS_PER_PARTICLE = 14
# Skin of the neighbor list / diameter of the smallest sphere, as in the plane.
SKIN = 0.1
COLLAPSED = (
    f"more than {2 * PAIRS_PER_PARTICLE} neighbors per particle: the structure has collapsed; "
    "the time step or the compression is too large"
)


def make_system(particles: Spheres, walls: Walls, box: Box, law: Law, friction: np.ndarray) -> SpatialSystem:
    """Put spheres into a box, find their neighbors and the forces they start with.

    Parameters
    ----------
    particles, walls, box
        At their places.
    law
        Of the contacts.
    friction
        Coulomb coefficient per pair of species [3, 3].

    Raises
    ------
    RuntimeError
        If spheres overlap so much that the neighbor list overflows.
    """
    keep_apart(law)
    n = particles.mass.size
    skin = skin_of(particles)
    system = SpatialSystem(
        particles,
        box,
        walls,
        pairs=no_contacts(n, PAIRS_PER_PARTICLE * n, law, axes=3),
        wall_contacts=no_contacts(n, walls.position.size * n, law, axes=3),
        grid=empty_grid(particles, walls, box, skin),
        law=law,
        friction=friction_of(friction),
        tile=empty_tile(law),
        stress=no_stress(n, axes=3),
    )
    if not rebuild(system, skin):
        raise RuntimeError(COLLAPSED)
    add_forces(system, 0.0, True)
    return system


def skin_of(particles: Spheres) -> float:
    """How much farther than contact neighbor lists reach [m]."""
    return SKIN * 2 * particles.motion[:, RADIUS].min()


@njit(cache=True, nogil=True)
def kick(particles, time_step, again):
    """Advance velocities [m/s] and spins [rad/s] by `time_step`, then by `again`; see `dem.cpu.integrate`."""
    motion, load = particles.motion, particles.load
    for i in range(particles.mass.size):
        mass, inertia = particles.mass[i], particles.inertia[i]
        ax, ay, az = load[i, FX] / mass, load[i, FY] / mass, load[i, FZ] / mass
        bx, by, bz = load[i, TORQUE_X] / inertia, load[i, TORQUE_Y] / inertia, load[i, TORQUE_Z] / inertia
        motion[i, VX] = motion[i, VX] + time_step * ax + again * ax
        motion[i, VY] = motion[i, VY] + time_step * ay + again * ay
        motion[i, VZ] = motion[i, VZ] + time_step * az + again * az
        motion[i, SPIN_X] = motion[i, SPIN_X] + time_step * bx + again * bx
        motion[i, SPIN_Y] = motion[i, SPIN_Y] + time_step * by + again * by
        motion[i, SPIN_Z] = motion[i, SPIN_Z] + time_step * bz + again * bz


@njit(cache=True, nogil=True)
def damp(particles, kept):
    """Leave velocities [m/s] and spins [rad/s] the share `kept` of them.

    Returns
    -------
    float
        Kinetic energy lost [J].
    """
    motion, lost = particles.motion, 0.0
    for i in range(particles.mass.size):
        velocity = motion[i, VX] ** 2 + motion[i, VY] ** 2 + motion[i, VZ] ** 2
        spin = motion[i, SPIN_X] ** 2 + motion[i, SPIN_Y] ** 2 + motion[i, SPIN_Z] ** 2
        lost += particles.mass[i] * velocity + particles.inertia[i] * spin
        for column in range(VX, RADIUS):
            motion[i, column] *= kept
    return 0.5 * (1.0 - kept**2) * lost


@njit(cache=True, nogil=True)
def drift(particles, walls, grid, skin, time_step):
    """Advance places of spheres and walls [m] by `time_step` at the present velocities.

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
    motion, built = particles.motion, grid.built
    for i in range(particles.mass.size):
        motion[i, X] += time_step * motion[i, VX]
        motion[i, Y] += time_step * motion[i, VY]
        motion[i, Z] += time_step * motion[i, VZ]
        moved = (
            (motion[i, X] - built[i, X]) ** 2
            + (motion[i, Y] - built[i, Y]) ** 2
            + (motion[i, Z] - built[i, Z]) ** 2
        )
        fresh &= moved < limit  # false for NaN
    return not fresh


@njit(cache=True, nogil=True)
def rebuild(system, skin):
    """List neighbors afresh, carrying the contacts' history over; False if there are too many."""
    particles, walls, box, grid = system.particles, system.walls, system.box, system.grid
    sort_into_cells(particles, walls, box, grid)
    build_wall_contacts(particles, walls, system.wall_contacts, system.law, system.friction.coefficient, skin)
    return build_pairs(particles, box, grid, system.pairs, system.law, system.friction.coefficient, skin)


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


def advance(system: SpatialSystem, time_step: float, steps: int, damping: float = 0.0) -> None:
    """Advance `system` in place by `steps` of velocity Verlet, see `dem.cpu.integrate.advance`.

    Raises
    ------
    RuntimeError
        If spheres overlap so much that the neighbor list overflows.
    """
    if steps == 0:
        return
    done = _advance(system, skin_of(system.particles), time_step, steps, math.exp(-damping * time_step))
    if done < steps:
        raise RuntimeError(COLLAPSED)
