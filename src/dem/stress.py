"""What the contacts of a structure say: the contact list and the pressure on each particle."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from dem.contact import contact_force, hertz_contact_area
from dem.forces import wall_contact
from dem.integrate import System
from dem.parameters import WALL


class ContactList(NamedTuple):
    """The C contacts of a structure; the walls are numbered -1 to -4 (left, right, bottom, top)."""

    i: np.ndarray  # int32 [C]: the larger particle
    j: np.ndarray  # int32 [C]: the smaller particle, or a wall if negative
    normal_force: np.ndarray  # [C, N], positive pushes apart
    tangential_force: np.ndarray  # [C, N], on j along the normal i -> j turned by +90 deg, at most mu |F_N|
    contact_area: np.ndarray  # Hertz circle [C, m^2]
    contact_point: np.ndarray  # [C, 2, m]


@njit(cache=True, nogil=True)
def _capped(tangential, limit):
    """Coulomb limit of a force evaluated between two steps.

    A sliding contact has its spring cut to the limit; evaluated again it seems to stick, with a dashpot.
    """
    return min(max(tangential, -limit), limit)


@njit(cache=True, nogil=True)
def _collect(system, i_, j_, normal_, tangential_, area_, point_):
    particles, walls, pairs, wall_contacts, _, law, _ = system
    x, y, radius, species = particles.x, particles.y, particles.radius, particles.species
    c = 0
    for i in range(x.size):
        for p in range(pairs.first[i], pairs.first[i + 1]):
            j = pairs.partner[p]
            dx, dy = x[j] - x[i], y[j] - y[i]
            distance = math.hypot(dx, dy)
            overlap = radius[i] + radius[j] - distance
            if overlap <= 0:
                continue
            nx, ny = dx / distance, dy / distance
            dvx, dvy = particles.vx[j] - particles.vx[i], particles.vy[j] - particles.vy[i]
            spin = particles.omega[i] * (radius[i] - 0.5 * overlap)
            spin += particles.omega[j] * (radius[j] - 0.5 * overlap)
            normal_[c], tangential_[c], _ = contact_force(
                overlap,
                dvx * nx + dvy * ny,
                dvy * nx - dvx * ny - spin,
                pairs.displacement[p],
                0.0,
                pairs.normal_stiffness[p],
                pairs.tangential_stiffness[p],
                pairs.normal_damping[p],
                pairs.tangential_damping[p],
                pairs.friction[p],
            )
            tangential_[c] = _capped(tangential_[c], pairs.friction[p] * abs(normal_[c]))
            effective_radius = radius[i] * radius[j] / (radius[i] + radius[j])
            modulus = law.effective_modulus[species[i], species[j]]
            i_[c], j_[c] = i, j
            area_[c] = hertz_contact_area(normal_[c], effective_radius, modulus)
            point_[c, 0] = x[i] + nx * (radius[i] - 0.5 * overlap)
            point_[c, 1] = y[i] + ny * (radius[i] - 0.5 * overlap)
            c += 1
        for p in range(wall_contacts.first[i], wall_contacts.first[i + 1]):
            overlap, normal, tangential, _ = wall_contact(particles, walls, wall_contacts, 0.0, p)
            if overlap <= 0:
                continue
            w = wall_contacts.partner[p]
            i_[c], j_[c], normal_[c] = i, -1 - np.int64(w), normal
            tangential_[c] = _capped(tangential, wall_contacts.friction[p] * abs(normal))
            modulus = law.effective_modulus[species[i], WALL]
            area_[c] = hertz_contact_area(normal, radius[i], modulus)
            point_[c, 0] = walls.position[w] if w < 2 else x[i]
            point_[c, 1] = y[i] if w < 2 else walls.position[w]
            c += 1
    return c


def contact_list(system: System) -> ContactList:
    """List the contacts of `system` as it stands, with the forces of the present velocities."""
    most = system.pairs.first[-1] + system.wall_contacts.first[-1]
    columns = ContactList(
        np.empty(most, np.int32),
        np.empty(most, np.int32),
        np.empty(most),
        np.empty(most),
        np.empty(most),
        np.empty((most, 2)),
    )
    found = _collect(system, *columns)
    return ContactList(*(column[:found] for column in columns))


def contact_pressure(contacts: ContactList, radius: np.ndarray) -> np.ndarray:
    """Sum of normal contact forces over the particle's surface, ``4 pi R^2`` [N, Pa].

    It is a third of the trace of the Love-Weber stress tensor for small overlaps; compression positive.

    Parameters
    ----------
    contacts
        With walls as partners too.
    radius
        Of all particles [N, m].
    """
    total = np.bincount(contacts.i, weights=contacts.normal_force, minlength=radius.size)
    pairs = contacts.j >= 0
    total += np.bincount(contacts.j[pairs], weights=contacts.normal_force[pairs], minlength=radius.size)
    return total / (4 * np.pi * radius**2)
