"""How far a structure is from rest: the forces left over, and how fast its contacts can swing."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from dem.cpu.contacts import place_of, rows_of
from dem.cpu.law import constants_at, history_at, response
from dem.state import TILE, SpatialSystem, System

# Share of an overlap by which it is varied to see how stiff the contact is.
VARIED = 1e-4


class Forces(NamedTuple):
    """What is left over, and what that is held against."""

    on_particle: float  # largest net force on a particle [N]
    of_contacts: float  # mean force of a contact [N]
    of_all_walls: float  # net force of the walls on the packing, normal and tangential [N]
    on_wall: float  # largest normal force on a wall [N]


def forces(system: System | SpatialSystem) -> Forces:
    """Forces of the last step, each the norm of a vector.

    Contacts push both partners alike, so what all particles feel together is what the walls do to them.
    """
    net = system.particles.force
    strengths = []
    for contacts in (system.pairs, system.wall_contacts):
        listed = slice(contacts.first[-1])
        touching = contacts.overlap[listed] > 0
        strengths.append(np.hypot(contacts.normal_force[listed], contacts.tangential_force[listed])[touching])
    strength = np.concatenate(strengths)
    return Forces(
        float(np.hypot.reduce(net, axis=1).max()),
        float(strength.mean()) if strength.size else 0.0,
        math.hypot(*(part.sum() for part in net.T)),
        float(np.abs(system.walls.force).max()),
    )


@njit(cache=True, nogil=True)
def tangent(law, contacts, p):
    """Growth of the normal force of contact p with its overlap [N/m], 0 without overlap."""
    overlap = contacts.overlap[p]
    if overlap <= 0.0:
        return 0.0
    of_law, of_history = rows_of(contacts.constants, contacts), rows_of(contacts.history, contacts)
    constants = constants_at(law, contacts.constants, place_of(p, of_law), TILE)
    history = history_at(law, contacts.history, place_of(p, of_history), TILE)
    less, more = (1.0 - VARIED) * overlap, (1.0 + VARIED) * overlap
    lower = response(law, constants, history, less, 0.0, 0.0).force
    return (response(law, constants, history, more, 0.0, 0.0).force - lower) / (more - less)


@njit(cache=True, nogil=True)
def contact_frequency(system):
    """Largest sqrt(stiffness of all its contacts / mass) of a particle [1/s]; 0 where nothing touches.

    A particle between fixed neighbors swings at most so fast, and the packing at most sqrt(2) times as fast
    but for tangential springs. A time step is stable as long as it is short against that (O'Sullivan & Bray,
    2004).
    """
    particles, pairs, wall_contacts, law = system.particles, system.pairs, system.wall_contacts, system.law
    stiffness = np.zeros(particles.mass.size)
    for p in range(pairs.first[-1]):
        both = tangent(law, pairs, p)
        stiffness[pairs.owner[p]] += both
        stiffness[pairs.partner[p]] += both
    for p in range(wall_contacts.first[-1]):
        stiffness[wall_contacts.owner[p]] += tangent(law, wall_contacts, p)
    return math.sqrt((stiffness / particles.mass).max())
