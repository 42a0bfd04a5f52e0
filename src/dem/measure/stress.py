"""What the forces of a step say: its contacts, and the stress in each particle.

The step that measures leaves overlap and force of every contact in the lists, and their sums over the
contacts of each particle (`dem.cpu.stress`).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from dem.state import SpatialSystem, Stress, System
from electrode.species import WALL


class ContactList(NamedTuple):
    """The C contacts of a structure; its walls are numbered -1, -2, ... in their order."""

    i: np.ndarray  # int32 [C]: the larger particle
    j: np.ndarray  # int32 [C]: the smaller particle, or a wall if negative
    overlap: np.ndarray  # [C, m]
    normal_force: np.ndarray  # [C, N], positive pushes apart
    # [C, N]: on j along the normal i -> j turned by +90 deg; in space its size.
    tangential_force: np.ndarray
    equilibrium_overlap: np.ndarray  # at which the spring is free, 0 until a contact yields [C, m]
    contact_area: np.ndarray  # by the law, from the force if it says so: the Hertz circle [C, m^2]
    contact_area_from_overlap: np.ndarray  # the same where only the spring acts [C, m^2]
    contact_point: np.ndarray  # [C, axes, m]


def stress_tensor(stress: Stress, radius: np.ndarray) -> np.ndarray:
    """Stress tensor of Love and Weber [N, axes, axes, Pa], compression positive.

    ``(1/V) sum of r_a f_b`` over the contacts of a particle, r from its centre to the contact point, f the
    force on the partner, V = 4/3 pi R^3.
    """
    volume = 4 / 3 * np.pi * radius**3
    axes = math.isqrt(stress.moment.shape[1])
    return stress.moment.reshape(-1, axes, axes) / volume[:, None, None]


def contact_pressure(stress: Stress, radius: np.ndarray) -> np.ndarray:
    """Sum of normal contact forces over the particle's surface, ``4 pi R^2`` [N, Pa].

    It is a third of the trace of the Love-Weber stress tensor for small overlaps (docs/physics.md, 5);
    compression positive.
    """
    return stress.normal_force_sum / (4 * np.pi * radius**2)


def contact_list(system: System | SpatialSystem) -> ContactList:
    """List the contacts when last measured."""
    particles, law = system.particles, system.law
    columns = []
    for contacts, is_wall in ((system.pairs, False), (system.wall_contacts, True)):
        listed = slice(contacts.first[-1])
        partner = contacts.partner[listed].astype(np.int32)
        columns.append(
            (
                contacts.owner[listed].astype(np.int32),
                -1 - partner if is_wall else partner,
                contacts.overlap[listed],
                contacts.normal_force[listed],
                contacts.tangential_force[listed],
                contacts.listed("constants"),
                contacts.listed("history"),
            )
        )
    joined = [np.concatenate(column, axis=-1) for column in zip(*columns, strict=True)]
    touching = joined[2] > 0
    i, j, overlap, normal, tangential, constants, history = (column[..., touching] for column in joined)
    at_wall = j < 0
    partner = np.maximum(j, 0)  # a wall has no place in the arrays of particles
    radius_j = np.where(at_wall, math.inf, particles.radius[partner])
    area, area_from_overlap, equilibrium = law.areas(
        law.Constants(*constants),
        history,
        particles.species[i],
        np.where(at_wall, WALL, particles.species[partner]),
        overlap,
        normal,
        1 / (1 / particles.radius[i] + 1 / radius_j),
    )
    return ContactList(
        i,
        j,
        overlap,
        normal,
        tangential,
        equilibrium,
        area,
        area_from_overlap,
        _contact_points(system, i, j, overlap),
    )


def contact_normals(system: System | SpatialSystem, i: np.ndarray, j: np.ndarray) -> np.ndarray:
    """Normals of contacts from i to j [C, axes]; walls are numbered as in a `ContactList`."""
    walls = system.walls
    towards = system.between(i, np.maximum(j, 0))
    outward = walls.outward[:, None] * np.eye(towards.shape[1])[walls.axis]
    normal = np.where((j < 0)[:, None], outward[np.where(j < 0, -1 - j, 0)], towards)
    return normal / np.linalg.norm(normal, axis=1, keepdims=True)


def _contact_points(
    system: System | SpatialSystem, i: np.ndarray, j: np.ndarray, overlap: np.ndarray
) -> np.ndarray:
    """Points half an overlap inside particle i, towards j [C, axes, m]."""
    arm = system.particles.radius[i] - 0.5 * overlap
    return system.particles.position[i] + arm[:, None] * contact_normals(system, i, j)
