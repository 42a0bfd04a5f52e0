"""One pass over all contacts: forces and torques on the particles, push on the walls."""

from __future__ import annotations

import math

from numba import njit

from dem.contact import contact_force, elastic_energy
from dem.neighbors import wall_gap


@njit(cache=True, nogil=True, error_model="numpy")
def add_pair_forces(particles, pairs, time_step):
    """Add the forces [N] and torques [N m] of all particle contacts; advances their displacements.

    The tangent is the normal (from owner i to partner j) turned by +90 degrees. Tangential force F on j
    at lever arms R - overlap / 2 gives both particles a torque of -F times their arm.
    """
    x, y, vx, vy, omega, radius = (
        particles.x,
        particles.y,
        particles.vx,
        particles.vy,
        particles.omega,
        particles.radius,
    )
    for i in range(x.size):
        sum_x = sum_y = sum_torque = 0.0
        for p in range(pairs.first[i], pairs.first[i + 1]):
            j = pairs.partner[p]
            dx, dy = x[j] - x[i], y[j] - y[i]
            square = dx * dx + dy * dy
            reach = radius[i] + radius[j]
            if square >= reach * reach:
                pairs.displacement[p] = 0.0
                continue
            distance = math.sqrt(square)
            overlap = reach - distance
            nx, ny = dx / distance, dy / distance
            dvx, dvy = vx[j] - vx[i], vy[j] - vy[i]
            arm_i, arm_j = radius[i] - 0.5 * overlap, radius[j] - 0.5 * overlap
            normal, tangential, pairs.displacement[p] = contact_force(
                overlap,
                dvx * nx + dvy * ny,
                dvy * nx - dvx * ny - omega[i] * arm_i - omega[j] * arm_j,
                pairs.displacement[p],
                time_step,
                pairs.normal_stiffness[p],
                pairs.tangential_stiffness[p],
                pairs.normal_damping[p],
                pairs.tangential_damping[p],
                pairs.friction[p],
            )
            force_x = normal * nx - tangential * ny
            force_y = normal * ny + tangential * nx
            sum_x -= force_x
            sum_y -= force_y
            sum_torque -= tangential * arm_i
            particles.fx[j] += force_x
            particles.fy[j] += force_y
            particles.torque[j] -= tangential * arm_j
        particles.fx[i] += sum_x
        particles.fy[i] += sum_y
        particles.torque[i] += sum_torque


@njit(cache=True, nogil=True, error_model="numpy")
def wall_contact(particles, walls, contacts, time_step, i, p):
    """Overlap [m], normal and tangential force [N] and displacement [m] of wall contact p of particle i.

    The normal points from the particle to the wall, so the tangential force is the one on the wall.
    An overlap <= 0 means no contact.
    """
    w = contacts.partner[p]
    overlap = -wall_gap(particles, walls, i, w)
    if overlap <= 0:
        return overlap, 0.0, 0.0, 0.0
    sign = 1.0 if w % 2 else -1.0
    along, across = (particles.vx[i], particles.vy[i]) if w < 2 else (particles.vy[i], -particles.vx[i])
    normal, tangential, displacement = contact_force(
        overlap,
        sign * (walls.velocity[w] - along),
        -sign * across - particles.omega[i] * (particles.radius[i] - 0.5 * overlap),
        contacts.displacement[p],
        time_step,
        contacts.normal_stiffness[p],
        contacts.tangential_stiffness[p],
        contacts.normal_damping[p],
        contacts.tangential_damping[p],
        contacts.friction[p],
    )
    return overlap, normal, tangential, displacement


@njit(cache=True, nogil=True)
def add_wall_forces(particles, walls, contacts, time_step):
    """Add the forces and torques of all wall contacts; sets ``walls.force``; advances displacements."""
    walls.force[:] = 0.0
    for i in range(particles.x.size):
        for p in range(contacts.first[i], contacts.first[i + 1]):
            w = contacts.partner[p]
            overlap, normal, tangential, contacts.displacement[p] = wall_contact(
                particles, walls, contacts, time_step, i, p
            )
            if overlap <= 0:
                continue
            sign = 1.0 if w % 2 else -1.0
            if w < 2:
                particles.fx[i] -= sign * normal
                particles.fy[i] -= sign * tangential
            else:
                particles.fy[i] -= sign * normal
                particles.fx[i] += sign * tangential
            particles.torque[i] -= tangential * (particles.radius[i] - 0.5 * overlap)
            walls.force[w] += normal


@njit(cache=True, nogil=True)
def add_forces(particles, walls, pairs, wall_contacts, time_step):
    """Set forces and torques of all particles and walls from all contacts."""
    particles.fx[:] = 0.0
    particles.fy[:] = 0.0
    particles.torque[:] = 0.0
    add_pair_forces(particles, pairs, time_step)
    add_wall_forces(particles, walls, wall_contacts, time_step)


@njit(cache=True, nogil=True)
def energies(particles, walls, pairs, wall_contacts):
    """Kinetic (translation and rotation) and elastic energy of the structure [J]."""
    kinetic = elastic = 0.0
    for i in range(particles.x.size):
        kinetic += 0.5 * particles.mass[i] * (particles.vx[i] ** 2 + particles.vy[i] ** 2)
        kinetic += 0.5 * particles.inertia[i] * particles.omega[i] ** 2
        for p in range(pairs.first[i], pairs.first[i + 1]):
            j = pairs.partner[p]
            distance = math.hypot(particles.x[j] - particles.x[i], particles.y[j] - particles.y[i])
            overlap = particles.radius[i] + particles.radius[j] - distance
            if overlap > 0:
                elastic += elastic_energy(
                    overlap, pairs.displacement[p], pairs.normal_stiffness[p], pairs.tangential_stiffness[p]
                )
        for p in range(wall_contacts.first[i], wall_contacts.first[i + 1]):
            overlap = -wall_gap(particles, walls, i, wall_contacts.partner[p])
            if overlap > 0:
                elastic += elastic_energy(
                    overlap,
                    wall_contacts.displacement[p],
                    wall_contacts.normal_stiffness[p],
                    wall_contacts.tangential_stiffness[p],
                )
    return kinetic, elastic
