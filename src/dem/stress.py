"""What the forces of a step say: its contacts, and the stress in each particle.

The step that measures leaves overlap and force of every contact in the neighbor lists, and sums them up over
the contacts of each particle.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from dem.contact import LawTable
from dem.elastoplastic import contact_area
from dem.hertz_mindlin import hertz_contact_area
from dem.neighbors import NeighborList, Particles
from dem.parameters import WALL
from dem.tile import DX, DY, FORCE_X, FORCE_Y, NORMAL, NX, NY, OVERLAP, RADIUS_I, RADIUS_J, TANGENTIAL, TILE


class Stress(NamedTuple):
    """Sums over the contacts of each of N particles."""

    moment: np.ndarray  # lever arm x force on the partner: xx, xy, yx, yy [N, 4, N m]
    normal_force_sum: np.ndarray  # [N, N]


class ContactList(NamedTuple):
    """The C contacts of a structure; the walls are numbered -1 to -4 (left, right, bottom, top)."""

    i: np.ndarray  # int32 [C]: the larger particle
    j: np.ndarray  # int32 [C]: the smaller particle, or a wall if negative
    overlap: np.ndarray  # [C, m]
    normal_force: np.ndarray  # [C, N], positive pushes apart
    tangential_force: np.ndarray  # [C, N], on j along the normal i -> j turned by +90 deg
    equilibrium_overlap: np.ndarray  # at which the spring is free, 0 until a contact yields [C, m]
    contact_area: (
        np.ndarray
    )  # Hertz circle of the normal force, or the area of the elasto-plastic law [C, m^2]
    contact_area_from_overlap: (
        np.ndarray
    )  # the same where only the spring acts: pi R_eff overlap, or that law's [C, m^2]
    contact_point: np.ndarray  # [C, 2, m]


def no_stress(particles: int) -> Stress:
    """Stress of particles that nothing touches."""
    return Stress(np.zeros((particles, 4)), np.zeros(particles))


@njit(cache=True, nogil=True, error_model="numpy")
def _resolve(tile):
    """Overlap, normal and the two parts of the force of a whole tile of pairs."""
    for k in range(TILE):
        distance = math.sqrt(tile[DX + k] ** 2 + tile[DY + k] ** 2)
        nx, ny = tile[DX + k] / distance, tile[DY + k] / distance
        tile[NX + k], tile[NY + k] = nx, ny
        tile[OVERLAP + k] = tile[RADIUS_I + k] + tile[RADIUS_J + k] - distance
        tile[NORMAL + k] = tile[FORCE_X + k] * nx + tile[FORCE_Y + k] * ny
        tile[TANGENTIAL + k] = tile[FORCE_Y + k] * nx - tile[FORCE_X + k] * ny


@njit(cache=True, nogil=True)
def _add(stress, i, arm, nx, ny, fx, fy, normal):
    stress.moment[i, 0] += arm * (nx * fx)
    stress.moment[i, 1] += arm * (nx * fy)
    stress.moment[i, 2] += arm * (ny * fx)
    stress.moment[i, 3] += arm * (ny * fy)
    stress.normal_force_sum[i] += normal


@njit(cache=True, nogil=True)
def measure_pairs(pairs, start, count, tile, stress):
    """Write down `count` pairs from `start` on, whose forces are in `tile`.

    Both particles of a contact get lever arm x force with the same sign: normal and force turn together.
    """
    _resolve(tile)
    pairs.overlap[start : start + count] = tile[OVERLAP : OVERLAP + count]
    pairs.normal_force[start : start + count] = tile[NORMAL : NORMAL + count]
    pairs.tangential_force[start : start + count] = tile[TANGENTIAL : TANGENTIAL + count]
    for k in range(count):
        i, j = pairs.owner[start + k], pairs.partner[start + k]
        half, normal = 0.5 * tile[OVERLAP + k], tile[NORMAL + k]
        nx, ny, fx, fy = tile[NX + k], tile[NY + k], tile[FORCE_X + k], tile[FORCE_Y + k]
        _add(stress, i, tile[RADIUS_I + k] - half, nx, ny, fx, fy, normal)
        _add(stress, j, tile[RADIUS_J + k] - half, nx, ny, fx, fy, normal)


@njit(cache=True, nogil=True)
def wall_normal(w):
    """Outward normal of wall w."""
    sign = 1.0 if w % 2 else -1.0
    return (sign, 0.0) if w < 2 else (0.0, sign)


@njit(cache=True, nogil=True)
def measure_wall_contact(contacts, p, overlap, normal, tangential, arm, stress):
    """Write down wall contact p."""
    contacts.overlap[p] = overlap
    contacts.normal_force[p] = normal
    contacts.tangential_force[p] = tangential
    nx, ny = wall_normal(contacts.partner[p])
    fx, fy = normal * nx - tangential * ny, normal * ny + tangential * nx
    _add(stress, contacts.owner[p], arm, nx, ny, fx, fy, normal)


def stress_tensor(stress: Stress, radius: np.ndarray) -> np.ndarray:
    """Stress tensor of Love and Weber in the plane [N, 2, 2, Pa], compression positive.

    ``(1/V) sum of r_a f_b`` over the contacts of a particle, r from its centre to the contact point, f the
    force on the partner, V = 4/3 pi R^3.
    """
    volume = 4 / 3 * np.pi * radius**3
    return stress.moment.reshape(-1, 2, 2) / volume[:, None, None]


def contact_pressure(stress: Stress, radius: np.ndarray) -> np.ndarray:
    """Sum of normal contact forces over the particle's surface, ``4 pi R^2`` [N, Pa].

    It is a third of the trace of the Love-Weber stress tensor for small overlaps; compression positive.
    """
    return stress.normal_force_sum / (4 * np.pi * radius**2)


def contact_list(
    particles: Particles, pairs: NeighborList, wall_contacts: NeighborList, law: LawTable
) -> ContactList:
    """List the contacts when last measured."""
    columns = []
    for contacts, is_wall in ((pairs, False), (wall_contacts, True)):
        listed = slice(contacts.first[-1])
        partner = contacts.partner[listed].astype(np.int32)
        columns.append(
            (
                contacts.owner[listed].astype(np.int32),
                -1 - partner if is_wall else partner,
                contacts.overlap[listed],
                contacts.normal_force[listed],
                contacts.tangential_force[listed],
                contacts.flattening[listed],
                contacts.fuses[listed] > 0,
            )
        )
    columns = [np.concatenate(column) for column in zip(*columns, strict=True)]
    touching = columns[2] > 0
    i, j, overlap, normal, tangential, flattening, fuses = (column[touching] for column in columns)
    at_wall = j < 0
    partner = np.maximum(j, 0)  # a wall has no place in the arrays of particles
    radius_j = np.where(at_wall, math.inf, particles.radius[partner])
    effective_radius = 1 / (1 / particles.radius[i] + 1 / radius_j)
    modulus = law.effective_modulus[particles.species[i], np.where(at_wall, WALL, particles.species[partner])]
    equilibrium = flattening * effective_radius
    if pairs.flow.rate > 0:
        areas = 2 * [contact_area(overlap, equilibrium, effective_radius, fuses, pairs.flow)]
    else:
        circle = hertz_contact_area(normal, effective_radius, modulus)
        areas = [circle, np.pi * effective_radius * overlap]
    return ContactList(
        i,
        j,
        overlap,
        normal,
        tangential,
        equilibrium,
        *areas,
        _contact_points(particles, i, j, overlap),
    )


def _contact_points(particles: Particles, i: np.ndarray, j: np.ndarray, overlap: np.ndarray) -> np.ndarray:
    """Points half an overlap inside particle i, towards j [C, 2, m]."""
    centre = np.stack([particles.x, particles.y], axis=-1)
    outward = np.array([wall_normal(w) for w in range(4)])
    normal = np.where(
        (j < 0)[:, None], outward[np.where(j < 0, -1 - j, 0)], centre[np.maximum(j, 0)] - centre[i]
    )
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    return centre[i] + (particles.radius[i] - 0.5 * overlap)[:, None] * normal
