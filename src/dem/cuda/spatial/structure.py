"""One structure as its block of threads sees it, and many side by side in the memory of a GPU."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dem.geometry.spatial import RADIUS
from dem.state import Box, CellBlock, Contacts, Walls

# Numbers that one thread adds up, before the sums are added.
CHUNK = 64
# Columns of `Structure.motion` after those of `dem.geometry.spatial`: rows are whole sectors of 32 bytes.
MASS, INERTIA = RADIUS + 1, RADIUS + 2
MOTION = INERTIA + 1
# Columns of the rows of a contact, which the particles read that it is between: force on the partner [N],
# work lost in the step [J]; and normal x that force, overlap [m], a sector of their own: without friction it
# is left alone.
FORCE_X, FORCE_Y, FORCE_Z, LOST, TWIST_X, TWIST_Y, TWIST_Z, OVERLAP = range(8)
ROW = 8


class Structure(NamedTuple):
    """N spheres, with W walls, room for P pairs and Q contacts with walls."""

    motion: np.ndarray  # of `dem.state.Spheres`, mass [kg] and moment of inertia [kg m^2] [N, MOTION]
    load: np.ndarray  # force [N] and torque [N m] after the last step [N, 6]
    species: np.ndarray  # int8 [N]
    lost: np.ndarray  # work lost since the beginning of a run [N, J]
    moment: np.ndarray  # see `dem.state.Stress` [N, 9]
    normal_force_sum: np.ndarray  # [N]
    box: Box
    walls: Walls
    pairs: Contacts
    pair_row: np.ndarray  # [P, ROW]
    taken_first: np.ndarray  # int64 [N + 1]: pairs in which i is the partner are
    taken: np.ndarray  # uint32 [P]: ``taken[taken_first[i]:taken_first[i + 1]]``, rising
    wall_contacts: Contacts
    wall_row: np.ndarray  # [Q, ROW]
    grid: CellBlock
    cursor: np.ndarray  # int64 [cells + 1] or [N + 1], of which there are more: where the next one goes
    sums: np.ndarray  # over `CHUNK` numbers, or over the spheres of a chunk, ten in a row (`Seen`)
    scratch: np.ndarray  # int64 [threads]


class Orders(NamedTuple):
    """What each of S structures is to do, and has done."""

    steps: np.ndarray  # int64 [S]
    time_step: np.ndarray  # [S, s]
    kept: np.ndarray  # share of velocities left by damping in each step [S]
    skin: np.ndarray  # of the neighbor list [S, m]
    done: np.ndarray  # int64 [S]: steps; fewer if the list of pairs has overflowed
    dissipated: np.ndarray  # work lost [S, J]
    rebuilds: np.ndarray  # int64 [S]: how often neighbors were listed afresh


class Seen(NamedTuple):
    """Numbers of a packing after its last step."""

    kinetic: float  # energy [J]
    elastic: float  # energy [J]
    strength: float  # sum of the forces of contacts [N]
    touching: float  # contacts that do
    net_x: float  # sum of the forces on particles [N]
    net_y: float
    net_z: float
    outside: float  # particles beyond a wall, or nowhere
    # Of these the largest counts, not the sum.
    unbalanced: float  # square of the net force on a particle [N^2]
    swing: float  # stiffness of all its contacts / mass of a particle [1/s^2]


KINETIC, ELASTIC, STRENGTH, TOUCHING, NET_X, NET_Y, NET_Z, OUTSIDE, UNBALANCED, SWING = range(10)


class Places(NamedTuple):
    """Where each of S structures begins, and the last ends: int64 [S + 1]."""

    particles: np.ndarray
    pairs: np.ndarray
    wall_contacts: np.ndarray
    cells: np.ndarray
    cursor: np.ndarray
    sums: np.ndarray


class Batch(NamedTuple):
    """S structures side by side: each array of `all` holds theirs one after the other."""

    places: Places
    orders: Orders
    seen: np.ndarray  # what looks have seen of each, see `Seen` [S, numbers]
    all: Structure


def rows_of(columns, contacts):
    """Numbers that an array of contacts holds of each."""
    return columns.size // contacts.friction.size


def contacts_of(contacts, begin, end, first, last):
    """The contacts of one structure: places of its contacts, and of the beginnings of its particles'."""
    constants, history = rows_of(contacts.constants, contacts), rows_of(contacts.history, contacts)
    axes = rows_of(contacts.displacement, contacts)
    return Contacts(
        contacts.first[first:last],
        contacts.owner[begin:end],
        contacts.partner[begin:end],
        contacts.constants[begin * constants : end * constants],
        contacts.friction[begin:end],
        contacts.displacement[begin * axes : end * axes],
        contacts.history[begin * history : end * history],
        contacts.overlap[begin:end],
        contacts.normal_force[begin:end],
        contacts.tangential_force[begin:end],
        contacts.old_first[first:last],
        contacts.old_partner[begin:end],
        contacts.old_displacement[begin * axes : end * axes],
        contacts.old_history[begin * history : end * history],
    )


def walls_of(walls, begin, end):
    """The walls of one structure."""
    return Walls(
        walls.position[begin:end],
        walls.axis[begin:end],
        walls.outward[begin:end],
        walls.velocity[begin:end],
        walls.force[begin:end],
        walls.work[begin:end],
        walls.mass[begin:end],
        walls.load[begin:end],
        walls.impedance[begin:end],
        walls.speed_limit[begin:end],
    )


def structure_of(batch, s, threads):
    """Structure s of a batch."""
    places, all_of = batch.places, batch.all
    structures = batch.orders.steps.size
    begin, end = places.particles[s], places.particles[s + 1]
    # Each structure has a beginning more than particles, and than cells.
    first, last = begin + s, end + s + 1
    pair, pair_end = places.pairs[s], places.pairs[s + 1]
    contact, contact_end = places.wall_contacts[s], places.wall_contacts[s + 1]
    cell, cell_end = places.cells[s] + s, places.cells[s + 1] + s + 1
    walls = all_of.walls.position.size // structures
    grid = all_of.grid
    return Structure(
        all_of.motion[begin:end],
        all_of.load[begin:end],
        all_of.species[begin:end],
        all_of.lost[begin:end],
        all_of.moment[begin:end],
        all_of.normal_force_sum[begin:end],
        Box(all_of.box.length[3 * s : 3 * s + 3], all_of.box.half[3 * s : 3 * s + 3]),
        walls_of(all_of.walls, s * walls, (s + 1) * walls),
        contacts_of(all_of.pairs, pair, pair_end, first, last),
        all_of.pair_row[pair:pair_end],
        all_of.taken_first[first:last],
        all_of.taken[pair:pair_end],
        contacts_of(all_of.wall_contacts, contact, contact_end, first, last),
        all_of.wall_row[contact:contact_end],
        CellBlock(
            grid.first[cell:cell_end],
            grid.member[begin:end],
            grid.cell[begin:end],
            grid.placed[begin:end],
            grid.counts[3 * s : 3 * s + 3],
            grid.side[3 * s : 3 * s + 3],
            grid.origin[3 * s : 3 * s + 3],
            grid.built[begin:end],
            grid.built_wall[s * walls : (s + 1) * walls],
        ),
        all_of.cursor[places.cursor[s] : places.cursor[s + 1]],
        all_of.sums[places.sums[s] : places.sums[s + 1]],
        all_of.scratch[s * threads : (s + 1) * threads],
    )
