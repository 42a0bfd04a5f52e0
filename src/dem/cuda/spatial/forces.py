"""Forces in space: a pass over contacts writes them down, one over spheres adds them up in a fixed order."""

from __future__ import annotations

import math

from dem.cpu.contacts import place_of
from dem.cpu.law import constants_at, history_at, rubs
from dem.cpu.spatial.forces import contact
from dem.cuda.law import write_history
from dem.cuda.spatial.structure import (
    FORCE_X,
    FORCE_Y,
    FORCE_Z,
    LOST,
    OVERLAP,
    TWIST_X,
    TWIST_Y,
    TWIST_Z,
    rows_of,
)
from dem.geometry.spatial import (
    RADIUS,
    SPIN_X,
    SPIN_Y,
    SPIN_Z,
    VX,
    VY,
    VZ,
    X,
    Y,
    Z,
    approach,
    face_approach,
    nearest,
)
from dem.state import TILE


def pair_approach(motion, box, i, j):
    """How spheres i and j lie and move."""
    return approach(
        nearest(motion[j, X] - motion[i, X], box.length[X], box.half[X]),
        nearest(motion[j, Y] - motion[i, Y], box.length[Y], box.half[Y]),
        nearest(motion[j, Z] - motion[i, Z], box.length[Z], box.half[Z]),
        motion[j, VX] - motion[i, VX],
        motion[j, VY] - motion[i, VY],
        motion[j, VZ] - motion[i, VZ],
        motion[i, SPIN_X],
        motion[i, SPIN_Y],
        motion[i, SPIN_Z],
        motion[j, SPIN_X],
        motion[j, SPIN_Y],
        motion[j, SPIN_Z],
        motion[i, RADIUS],
        motion[j, RADIUS],
    )


def pass_contact(contacts, row, law, friction, p, move, time_step, measure, at_wall):
    """Take contact p through the law; writes down its row, its memory, and if so wanted what is measured."""
    constants, history = rows_of(contacts.constants, contacts), rows_of(contacts.history, contacts)
    place, of_history = place_of(p, 3), place_of(p, history)
    displacement = contacts.displacement
    x = y = z = 0.0
    if rubs(friction):
        x, y, z = displacement[place], displacement[place + TILE], displacement[place + 2 * TILE]
    normal, tx, ty, tz, x, y, z, lost, after = contact(
        law,
        friction,
        constants_at(law, contacts.constants, place_of(p, constants), TILE),
        history_at(law, contacts.history, of_history, TILE),
        contacts.friction[p],
        x,
        y,
        z,
        move,
        time_step,
    )
    row[p, FORCE_X] = normal * move.nx + tx
    row[p, FORCE_Y] = normal * move.ny + ty
    row[p, FORCE_Z] = normal * move.nz + tz
    row[p, LOST] = lost
    if rubs(friction):
        row[p, OVERLAP] = move.overlap
        row[p, TWIST_X] = move.ny * tz - move.nz * ty
        row[p, TWIST_Y] = move.nz * tx - move.nx * tz
        row[p, TWIST_Z] = move.nx * ty - move.ny * tx
        displacement[place], displacement[place + TILE], displacement[place + 2 * TILE] = x, y, z
    write_history(contacts.history, of_history, TILE, after)
    # Walls add up the normal forces of every step.
    if at_wall or measure:
        contacts.normal_force[p] = normal
    if measure:
        contacts.overlap[p] = move.overlap
        contacts.tangential_force[p] = math.sqrt(tx * tx + ty * ty + tz * tz)


def pass_contacts(structure, law, friction, time_step, measure, thread, threads):
    """Take all contacts through the law: each by a thread of its own."""
    motion, n = structure.motion, structure.species.size
    pairs, of_walls = structure.pairs, structure.wall_contacts
    for p in range(thread, pairs.first[n], threads):
        move = pair_approach(motion, structure.box, pairs.owner[p], pairs.partner[p])
        pass_contact(pairs, structure.pair_row, law, friction, p, move, time_step, measure, False)
    for p in range(thread, of_walls.first[n], threads):
        move = face_approach(motion, structure.walls, of_walls.owner[p], of_walls.partner[p])
        pass_contact(of_walls, structure.wall_row, law, friction, p, move, time_step, measure, True)


def added(load, row, p, sign, radius, friction):
    """Force, torque and lost work of a sphere with those of row p, whose force is on its partner (sign 1)."""
    fx, fy, fz, tx, ty, tz = load
    fx += sign * row[p, FORCE_X]
    fy += sign * row[p, FORCE_Y]
    fz += sign * row[p, FORCE_Z]
    if rubs(friction):
        arm = radius - 0.5 * row[p, OVERLAP]
        tx -= arm * row[p, TWIST_X]
        ty -= arm * row[p, TWIST_Y]
        tz -= arm * row[p, TWIST_Z]
    return fx, fy, fz, tx, ty, tz


def add_up(structure, friction, i):
    """Force [N] and torque [N m] on sphere i, and the work lost in its pairs and at its walls [J]."""
    pairs, of_walls, first = structure.pairs, structure.wall_contacts, structure.taken_first
    radius = structure.motion[i, RADIUS]
    load, lost = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0), 0.0
    for p in range(pairs.first[i], pairs.first[i + 1]):
        load = added(load, structure.pair_row, p, -1.0, radius, friction)
        lost += structure.pair_row[p, LOST]
    for k in range(first[i], first[i + 1]):
        load = added(load, structure.pair_row, structure.taken[k], 1.0, radius, friction)
    for p in range(of_walls.first[i], of_walls.first[i + 1]):
        load = added(load, structure.wall_row, p, -1.0, radius, friction)
        lost += structure.wall_row[p, LOST]
    return load, lost


def add_moment(structure, i, arm, nx, ny, nz, row, p):
    """Add lever arm x force of row p to the moment of sphere i."""
    moment = structure.moment
    fx, fy, fz = row[p, FORCE_X], row[p, FORCE_Y], row[p, FORCE_Z]
    ax, ay, az = arm * nx, arm * ny, arm * nz
    moment[i, 0] += ax * fx
    moment[i, 1] += ax * fy
    moment[i, 2] += ax * fz
    moment[i, 3] += ay * fx
    moment[i, 4] += ay * fy
    moment[i, 5] += ay * fz
    moment[i, 6] += az * fx
    moment[i, 7] += az * fy
    moment[i, 8] += az * fz


def measure(structure, i):
    """Stress in sphere i, see `dem.cpu.spatial.stress`: places and rows are of the same step."""
    motion, box, pairs, of_walls = structure.motion, structure.box, structure.pairs, structure.wall_contacts
    for k in range(9):
        structure.moment[i, k] = 0.0
    total = 0.0
    for p in range(pairs.first[i], pairs.first[i + 1]):
        move = pair_approach(motion, box, i, pairs.partner[p])
        add_moment(structure, i, move.arm_i, move.nx, move.ny, move.nz, structure.pair_row, p)
        total += pairs.normal_force[p]
    for k in range(structure.taken_first[i], structure.taken_first[i + 1]):
        p = structure.taken[k]
        move = pair_approach(motion, box, pairs.owner[p], i)
        add_moment(structure, i, move.arm_j, move.nx, move.ny, move.nz, structure.pair_row, p)
        total += pairs.normal_force[p]
    for p in range(of_walls.first[i], of_walls.first[i + 1]):
        move = face_approach(motion, structure.walls, i, of_walls.partner[p])
        add_moment(structure, i, move.arm_i, move.nx, move.ny, move.nz, structure.wall_row, p)
        total += of_walls.normal_force[p]
    structure.normal_force_sum[i] = total
