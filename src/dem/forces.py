"""One pass over all contacts: forces and torques on the particles, push on the walls."""

from __future__ import annotations

import math

from numba import njit

from dem import elastoplastic, hertz_mindlin
from dem.neighbors import wall_gap
from dem.stress import measure_pairs, measure_wall_contact
from dem.tile import (
    APART,
    DISPLACEMENT,
    DISSIPATED,
    DVX,
    DVY,
    DX,
    DY,
    FLATTENING,
    FORCE_X,
    FORCE_Y,
    RADIUS_I,
    RADIUS_J,
    SPIN_I,
    SPIN_J,
    TILE,
    TORQUE_I,
    TORQUE_J,
)


@njit(cache=True, nogil=True)
def gather(particles, pairs, start, count, tile):
    """Copy what the law needs of `count` pairs from `start` on into `tile`."""
    x, y, vx, vy = particles.x, particles.y, particles.vx, particles.vy
    omega, radius = particles.omega, particles.radius
    for k in range(count):
        i, j = pairs.owner[start + k], pairs.partner[start + k]
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


@njit(cache=True, nogil=True, error_model="numpy")
def approach(tile, k):
    """Of pair k: normal (x, y), overlap, lever arms of i and j [m], normal and tangential velocity [m/s]."""
    distance = math.sqrt(tile[DX + k] ** 2 + tile[DY + k] ** 2)
    nx, ny = tile[DX + k] / distance, tile[DY + k] / distance
    overlap = tile[RADIUS_I + k] + tile[RADIUS_J + k] - distance
    arm_i, arm_j = tile[RADIUS_I + k] - 0.5 * overlap, tile[RADIUS_J + k] - 0.5 * overlap
    slip = tile[DVY + k] * nx - tile[DVX + k] * ny
    opening = tile[DVX + k] * nx + tile[DVY + k] * ny
    return nx, ny, overlap, arm_i, arm_j, opening, slip - tile[SPIN_I + k] * arm_i - tile[SPIN_J + k] * arm_j


@njit(cache=True, nogil=True)
def write_back(tile, k, normal, tangential, nx, ny, arm_i, arm_j, displacement, dissipated):
    """What the law gives of pair k: forces on j, torques, displacement; its losses are added up."""
    tile[FORCE_X + k] = normal * nx - tangential * ny
    tile[FORCE_Y + k] = normal * ny + tangential * nx
    tile[TORQUE_I + k] = -tangential * arm_i
    tile[TORQUE_J + k] = -tangential * arm_j
    tile[DISPLACEMENT + k] = displacement
    tile[DISSIPATED + k] += dissipated


@njit(cache=True, nogil=True, error_model="numpy")
def apply_law(tile, pairs, start, time_step):
    """Forces, torques and new displacements of the tile of pairs from `start` on, after Hertz and Mindlin.

    Works on whole tiles: the list must have room for one from `start` on, see `room_for`.

    The tangent is the normal (from owner i to partner j) turned by +90 degrees. Tangential force F on j
    at lever arms R - overlap / 2 gives both particles a torque of -F times their arm.
    """
    normal_stiffness = pairs.normal_stiffness[start : start + TILE]
    tangential_stiffness = pairs.tangential_stiffness[start : start + TILE]
    normal_damping = pairs.normal_damping[start : start + TILE]
    tangential_damping = pairs.tangential_damping[start : start + TILE]
    friction = pairs.friction[start : start + TILE]
    for k in range(TILE):
        nx, ny, overlap, arm_i, arm_j, opening, slip = approach(tile, k)
        normal, tangential, displacement, dissipated = hertz_mindlin.contact_force(
            overlap,
            opening,
            slip,
            tile[DISPLACEMENT + k],
            time_step,
            normal_stiffness[k],
            tangential_stiffness[k],
            normal_damping[k],
            tangential_damping[k],
            friction[k],
        )
        write_back(tile, k, normal, tangential, nx, ny, arm_i, arm_j, displacement, dissipated)


@njit(cache=True, nogil=True, error_model="numpy")
def apply_elastoplastic(tile, pairs, start, time_step):
    """As `apply_law`, with contacts that yield: advances their flattening too."""
    normal_stiffness = pairs.normal_stiffness[start : start + TILE]
    tangential_stiffness = pairs.tangential_stiffness[start : start + TILE]
    normal_damping = pairs.normal_damping[start : start + TILE]
    tangential_damping = pairs.tangential_damping[start : start + TILE]
    friction = pairs.friction[start : start + TILE]
    effective_radius = pairs.effective_radius[start : start + TILE]
    yielding = pairs.yielding[start : start + TILE]
    fuses = pairs.fuses[start : start + TILE]
    flow = pairs.flow
    for k in range(TILE):
        nx, ny, overlap, arm_i, arm_j, opening, slip = approach(tile, k)
        normal, tangential, displacement, flattening, dissipated = elastoplastic.contact_force(
            overlap,
            opening,
            slip,
            tile[DISPLACEMENT + k],
            tile[FLATTENING + k],
            time_step,
            normal_stiffness[k],
            tangential_stiffness[k],
            normal_damping[k],
            tangential_damping[k],
            friction[k],
            effective_radius[k],
            yielding[k],
            fuses[k],
            flow,
        )
        write_back(tile, k, normal, tangential, nx, ny, arm_i, arm_j, displacement, dissipated)
        tile[FLATTENING + k] = flattening


@njit(cache=True, nogil=True)
def scatter(particles, pairs, start, count, tile):
    """Add the forces and torques of a tile to its particles; keep the displacements."""
    fx, fy, torque = particles.fx, particles.fy, particles.torque
    for k in range(count):
        i, j = pairs.owner[start + k], pairs.partner[start + k]
        fx[i] -= tile[FORCE_X + k]
        fy[i] -= tile[FORCE_Y + k]
        torque[i] += tile[TORQUE_I + k]
        fx[j] += tile[FORCE_X + k]
        fy[j] += tile[FORCE_Y + k]
        torque[j] += tile[TORQUE_J + k]
    pairs.displacement[start : start + count] = tile[DISPLACEMENT : DISPLACEMENT + count]


@njit(cache=True, nogil=True)
def add_pair_forces(particles, pairs, time_step, tile, stress, measure):
    """Add the forces [N] and torques [N m] of all particle contacts; advances their displacements."""
    pairs_in_list = pairs.first[-1]
    for start in range(0, pairs_in_list, TILE):
        count = min(TILE, pairs_in_list - start)
        gather(particles, pairs, start, count, tile)
        if pairs.flow.rate > 0.0:
            tile[FLATTENING : FLATTENING + count] = pairs.flattening[start : start + count]
            tile[FLATTENING + count : FLATTENING + TILE] = 0.0  # no bond that could break
            apply_elastoplastic(tile, pairs, start, time_step)
            pairs.flattening[start : start + count] = tile[FLATTENING : FLATTENING + count]
        else:
            apply_law(tile, pairs, start, time_step)
        scatter(particles, pairs, start, count, tile)
        if measure:
            measure_pairs(pairs, start, count, tile, stress)


@njit(cache=True, nogil=True, error_model="numpy")
def wall_contact(particles, walls, contacts, time_step, p):
    """Overlap, both forces, displacement, flattening and lost work of contact p [m, N, N, m, -, J].

    The normal points from the particle to the wall, so the tangential force is the one on the wall.
    Without overlap the rest is 0.
    """
    i, w = contacts.owner[p], contacts.partner[p]
    overlap = -wall_gap(particles, walls, i, w)
    sign = 1.0 if w % 2 else -1.0
    along, across = (particles.vx[i], particles.vy[i]) if w < 2 else (particles.vy[i], -particles.vx[i])
    opening = sign * (walls.velocity[w] - along)
    slip = -sign * across - particles.omega[i] * (particles.radius[i] - 0.5 * overlap)
    flattening = contacts.flattening[p]
    if contacts.flow.rate > 0.0:
        normal, tangential, displacement, flattening, dissipated = elastoplastic.contact_force(
            overlap,
            opening,
            slip,
            contacts.displacement[p],
            flattening,
            time_step,
            contacts.normal_stiffness[p],
            contacts.tangential_stiffness[p],
            contacts.normal_damping[p],
            contacts.tangential_damping[p],
            contacts.friction[p],
            contacts.effective_radius[p],
            contacts.yielding[p],
            contacts.fuses[p],
            contacts.flow,
        )
    else:
        normal, tangential, displacement, dissipated = hertz_mindlin.contact_force(
            overlap,
            opening,
            slip,
            contacts.displacement[p],
            time_step,
            contacts.normal_stiffness[p],
            contacts.tangential_stiffness[p],
            contacts.normal_damping[p],
            contacts.tangential_damping[p],
            contacts.friction[p],
        )
    return overlap, normal, tangential, displacement, flattening, dissipated


@njit(cache=True, nogil=True)
def add_wall_forces(particles, walls, contacts, time_step, tile, stress, measure):
    """Add the forces and torques of all wall contacts; sets ``walls.force``; advances displacements."""
    walls.force[:] = 0.0
    for p in range(contacts.first[-1]):
        i, w = contacts.owner[p], contacts.partner[p]
        overlap, normal, tangential, contacts.displacement[p], contacts.flattening[p], dissipated = (
            wall_contact(particles, walls, contacts, time_step, p)
        )
        tile[DISSIPATED] += dissipated
        sign = 1.0 if w % 2 else -1.0
        fx, fy = (sign * normal, sign * tangential) if w < 2 else (-sign * tangential, sign * normal)
        particles.fx[i] -= fx
        particles.fy[i] -= fy
        arm = particles.radius[i] - 0.5 * overlap
        particles.torque[i] -= tangential * arm
        walls.force[w] += normal
        if measure:
            measure_wall_contact(contacts, p, overlap, normal, tangential, arm, stress)


@njit(cache=True, nogil=True)
def add_forces(system, time_step, measure):
    """Set forces and torques of all particles and walls from all contacts.

    `measure` also writes down contacts and stresses, see `dem.stress`.
    """
    particles, walls, pairs, wall_contacts, _, _, tile, stress = system
    particles.fx[:] = 0.0
    particles.fy[:] = 0.0
    particles.torque[:] = 0.0
    if measure:
        stress.moment[:] = 0.0
        stress.normal_force_sum[:] = 0.0
    add_pair_forces(particles, pairs, time_step, tile, stress, measure)
    add_wall_forces(particles, walls, wall_contacts, time_step, tile, stress, measure)


@njit(cache=True, nogil=True)
def spring_energy(contacts, p, overlap):
    """Energy in the springs of contact p, which overlaps [J]."""
    if contacts.flow.rate > 0.0:
        return elastoplastic.elastic_energy(
            overlap,
            contacts.displacement[p],
            contacts.flattening[p],
            contacts.normal_stiffness[p],
            contacts.tangential_stiffness[p],
            contacts.effective_radius[p],
            contacts.fuses[p],
            contacts.flow,
        )
    return hertz_mindlin.elastic_energy(
        overlap,
        contacts.displacement[p],
        contacts.normal_stiffness[p],
        contacts.tangential_stiffness[p],
    )


@njit(cache=True, nogil=True)
def energies(system):
    """Kinetic (translation and rotation) and elastic energy of the structure [J]."""
    particles, walls, pairs, wall_contacts, _, _, _, _ = system
    kinetic = elastic = 0.0
    for i in range(particles.x.size):
        kinetic += 0.5 * particles.mass[i] * (particles.vx[i] ** 2 + particles.vy[i] ** 2)
        kinetic += 0.5 * particles.inertia[i] * particles.omega[i] ** 2
        for p in range(pairs.first[i], pairs.first[i + 1]):
            j = pairs.partner[p]
            distance = math.hypot(particles.x[j] - particles.x[i], particles.y[j] - particles.y[i])
            overlap = particles.radius[i] + particles.radius[j] - distance
            if overlap > 0:
                elastic += spring_energy(pairs, p, overlap)
        for p in range(wall_contacts.first[i], wall_contacts.first[i + 1]):
            overlap = -wall_gap(particles, walls, i, wall_contacts.partner[p])
            if overlap > 0:
                elastic += spring_energy(wall_contacts, p, overlap)
    return kinetic, elastic
