"""One pass over all contacts: forces and torques on the particles, push on the walls."""

from __future__ import annotations

import math

from numba import njit

from dem.cpu.contacts import place_of, rows_of
from dem.cpu.law import constants_at, energy, history_at, jitable, response, write
from dem.cpu.stress import measure_pairs, measure_wall_contact
from dem.cpu.tile import (
    APART,
    DISPLACEMENT,
    DISSIPATED,
    DVX,
    DVY,
    DX,
    DY,
    FORCE_X,
    FORCE_Y,
    HISTORY,
    RADIUS_I,
    RADIUS_J,
    SPIN_I,
    SPIN_J,
    TORQUE_I,
    TORQUE_J,
)
from dem.geometry.planar import approach, face_approach, face_gap, face_normal, force_vector
from dem.laws import friction
from dem.state import TILE

friction_force = jitable(friction.friction_force)


@njit(cache=True, nogil=True)
def gather(particles, pairs, start, count, tile):
    """Copy what the law needs of `count` pairs from `start` on into `tile`."""
    x, y, vx, vy = particles.x, particles.y, particles.vx, particles.vy
    omega, radius = particles.omega, particles.radius
    # Of a view each place is known to count from its start.
    owners, partners = pairs.owner[start : start + TILE], pairs.partner[start : start + TILE]
    for k in range(count):
        i, j = owners[k], partners[k]
        tile[DX + k] = x[j] - x[i]
        tile[DY + k] = y[j] - y[i]
        tile[DVX + k] = vx[j] - vx[i]
        tile[DVY + k] = vy[j] - vy[i]
        tile[SPIN_I + k] = omega[i]
        tile[SPIN_J + k] = omega[j]
        tile[RADIUS_I + k] = radius[i]
        tile[RADIUS_J + k] = radius[j]
    tile[DISPLACEMENT : DISPLACEMENT + count] = pairs.displacement[start : start + count]
    tile[DX + count : DX + TILE] = APART


@njit(cache=True, nogil=True)
def gather_history(history, rows, start, count, tile):
    """Copy what the law remembers of `count` pairs from `start` on into `tile`; see `dem.state.Contacts`."""
    tile[HISTORY : HISTORY + rows * TILE] = history[start * rows : (start + TILE) * rows]
    for row in range(rows):
        place = HISTORY + row * TILE
        tile[place + count : place + TILE] = 0.0  # no bond that could break


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def contact(law, constants, history, friction, displacement, overlap, opening, slip, time_step):
    """Forces of one contact, and what a step does to it; all 0 without overlap.

    Choices are conditional expressions, so that a loop over contacts becomes vector instructions.

    Returns
    -------
    normal, tangential : float
        Force on the partner along normal and tangent [N].
    displacement : float
        [m].
    dissipated : float
        Work lost in this step [J].
    history : tuple
        Of the law.
    """
    # Of a law that gains nothing the compiler drops `- 0.0`, as it may not `+ 0.0`.
    answer = response(law, constants, history, overlap, opening, time_step)
    tangential, displacement, rubbed = friction_force(
        answer.force, slip, displacement, time_step, answer.spring, answer.dashpot, friction
    )
    return (
        answer.force if answer.touches else 0.0,
        tangential if answer.touches else 0.0,
        displacement if answer.touches else 0.0,
        answer.damped + rubbed - answer.gained if answer.touches else answer.broken,
        answer.history,
    )


@njit(cache=True, nogil=True, error_model="numpy")
def apply_law(tile, pairs, law, start, time_step):
    """Forces, torques, new displacements and history of the tile of pairs from `start` on.

    Works on whole tiles, and so on places that no pair fills.

    Tangential force F on j at lever arms R - overlap / 2 gives both particles a torque of -F times their arm.
    """
    rows = rows_of(pairs.constants, pairs)
    constants = pairs.constants[start * rows : (start + TILE) * rows]
    friction = pairs.friction[start : start + TILE]
    for k in range(TILE):
        nx, ny, overlap, arm_i, arm_j, opening, slip = approach(
            tile[DX + k],
            tile[DY + k],
            tile[DVX + k],
            tile[DVY + k],
            tile[SPIN_I + k],
            tile[SPIN_J + k],
            tile[RADIUS_I + k],
            tile[RADIUS_J + k],
        )
        normal, tangential, displacement, dissipated, history = contact(
            law,
            constants_at(law, constants, k, TILE),
            history_at(law, tile, HISTORY + k, TILE),
            friction[k],
            tile[DISPLACEMENT + k],
            overlap,
            opening,
            slip,
            time_step,
        )
        tile[FORCE_X + k], tile[FORCE_Y + k] = force_vector(normal, tangential, nx, ny)
        tile[TORQUE_I + k] = -tangential * arm_i
        tile[TORQUE_J + k] = -tangential * arm_j
        tile[DISPLACEMENT + k] = displacement
        tile[DISSIPATED + k] += dissipated
        write(tile, HISTORY + k, TILE, history)


@njit(cache=True, nogil=True)
def scatter(particles, pairs, start, count, tile):
    """Add the forces and torques of a tile to its particles; keep the displacements."""
    fx, fy, torque = particles.fx, particles.fy, particles.torque
    owners, partners = pairs.owner[start : start + TILE], pairs.partner[start : start + TILE]
    for k in range(count):
        i, j = owners[k], partners[k]
        fx[i] -= tile[FORCE_X + k]
        fy[i] -= tile[FORCE_Y + k]
        torque[i] += tile[TORQUE_I + k]
        fx[j] += tile[FORCE_X + k]
        fy[j] += tile[FORCE_Y + k]
        torque[j] += tile[TORQUE_J + k]
    pairs.displacement[start : start + count] = tile[DISPLACEMENT : DISPLACEMENT + count]


@njit(cache=True, nogil=True)
def scatter_history(history, rows, start, tile):
    """Keep what the law remembers of the pairs of a tile."""
    history[start * rows : (start + TILE) * rows] = tile[HISTORY : HISTORY + rows * TILE]


@njit(cache=True, nogil=True)
def add_pair_forces(particles, pairs, law, time_step, tile, stress, measure):
    """Add the forces [N] and torques [N m] of all particle contacts; advances their displacements."""
    pairs_in_list = pairs.first[-1]
    history, rows = pairs.history, rows_of(pairs.history, pairs)
    for start in range(0, pairs_in_list, TILE):
        count = min(TILE, pairs_in_list - start)
        gather(particles, pairs, start, count, tile)
        if rows > 0:
            gather_history(history, rows, start, count, tile)
        apply_law(tile, pairs, law, start, time_step)
        scatter(particles, pairs, start, count, tile)
        if rows > 0:
            scatter_history(history, rows, start, tile)
        if measure:
            measure_pairs(pairs, start, count, tile, stress)


@njit(cache=True, nogil=True)
def add_wall_forces(particles, walls, contacts, law, time_step, tile, stress, measure):
    """Add the forces and torques of all wall contacts; sets ``walls.force``; advances displacements.

    The normal points from the particle to the wall, so the tangential force is the one on the wall.
    """
    walls.force[:] = 0.0
    constants, friction = contacts.constants, contacts.friction
    displacement, history = contacts.displacement, contacts.history
    of_law, of_history = rows_of(constants, contacts), rows_of(history, contacts)
    for p in range(contacts.first[-1]):
        i, w = contacts.owner[p], contacts.partner[p]
        overlap, arm, opening, slip = face_approach(particles, walls, i, w)
        normal, tangential, displacement[p], dissipated, after = contact(
            law,
            constants_at(law, constants, place_of(p, of_law), TILE),
            history_at(law, history, place_of(p, of_history), TILE),
            friction[p],
            displacement[p],
            overlap,
            opening,
            slip,
            time_step,
        )
        write(history, place_of(p, of_history), TILE, after)
        tile[DISSIPATED] += dissipated
        nx, ny = face_normal(walls, w)
        fx, fy = force_vector(normal, tangential, nx, ny)
        particles.fx[i] -= fx
        particles.fy[i] -= fy
        particles.torque[i] -= tangential * arm
        walls.force[w] += normal
        if measure:
            measure_wall_contact(contacts, p, overlap, normal, tangential, arm, nx, ny, fx, fy, stress)


@njit(cache=True, nogil=True)
def add_forces(system, time_step, measure):
    """Set forces and torques of all particles and walls from all contacts.

    `measure` also writes down contacts and stresses, see `dem.cpu.stress`.
    """
    particles, stress = system.particles, system.stress
    particles.fx[:] = 0.0
    particles.fy[:] = 0.0
    particles.torque[:] = 0.0
    if measure:
        stress.moment[:] = 0.0
        stress.normal_force_sum[:] = 0.0
    add_pair_forces(particles, system.pairs, system.law, time_step, system.tile, stress, measure)
    add_wall_forces(
        particles, system.walls, system.wall_contacts, system.law, time_step, system.tile, stress, measure
    )


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def spring_energy(law, constants, history, displacement, of_law, of_history, p, overlap):
    """Energy in the springs of contact p [J], with so many constants and memories; 0 without overlap."""
    if overlap <= 0.0:
        return 0.0
    known = constants_at(law, constants, place_of(p, of_law), TILE)
    remembered = history_at(law, history, place_of(p, of_history), TILE)
    return energy(law, known, remembered, overlap, displacement[p])


@njit(cache=True, nogil=True, error_model="numpy")
def energies(system):
    """Kinetic (translation and rotation) and elastic energy of the structure [J]."""
    particles, pairs, of_walls, walls = system.particles, system.pairs, system.wall_contacts, system.walls
    law, mass, inertia = system.law, particles.mass, particles.inertia
    x, y, radius, vx, vy, omega = (
        particles.x,
        particles.y,
        particles.radius,
        particles.vx,
        particles.vy,
        particles.omega,
    )
    # Taken out of their tuples here, see `dem.cpu.contacts.fill_in`.
    first, partner, wall_first, wall = pairs.first, pairs.partner, of_walls.first, of_walls.partner
    constants, history, displacement = pairs.constants, pairs.history, pairs.displacement
    wall_constants, wall_history, wall_displacement = (
        of_walls.constants,
        of_walls.history,
        of_walls.displacement,
    )
    of_law, of_history = rows_of(constants, pairs), rows_of(history, pairs)
    kinetic = elastic = 0.0
    for i in range(mass.size):
        kinetic += 0.5 * mass[i] * (vx[i] ** 2 + vy[i] ** 2)
        kinetic += 0.5 * inertia[i] * omega[i] ** 2
        for p in range(first[i], first[i + 1]):
            j = partner[p]
            overlap = radius[i] + radius[j] - math.hypot(x[j] - x[i], y[j] - y[i])
            elastic += spring_energy(law, constants, history, displacement, of_law, of_history, p, overlap)
        for p in range(wall_first[i], wall_first[i + 1]):
            overlap = -face_gap(particles, walls, i, wall[p])
            elastic += spring_energy(
                law, wall_constants, wall_history, wall_displacement, of_law, of_history, p, overlap
            )
    return kinetic, elastic
