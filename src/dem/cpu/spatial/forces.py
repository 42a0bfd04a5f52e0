"""One pass over all contacts in space: forces and torques on the particles, push on the walls."""

from __future__ import annotations

import math

from numba import njit

from dem.cpu.law import constants_at, energy, history_at, jitable, response, write
from dem.cpu.spatial.stress import measure_pairs, measure_wall_contact
from dem.cpu.spatial.tile import (
    APART,
    ARM_I,
    ARM_J,
    DISPLACEMENT_X,
    DISPLACEMENT_Y,
    DISPLACEMENT_Z,
    DISSIPATED,
    DVX,
    DVY,
    DVZ,
    DX,
    DY,
    DZ,
    FORCE_X,
    FORCE_Y,
    FORCE_Z,
    HISTORY,
    RADIUS_I,
    RADIUS_J,
    SPIN_IX,
    SPIN_IY,
    SPIN_IZ,
    SPIN_JX,
    SPIN_JY,
    SPIN_JZ,
    TILE,
    TWIST_X,
    TWIST_Y,
    TWIST_Z,
)
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
    approach,
    face_approach,
    face_gap,
    nearest,
)
from dem.laws import friction

friction_vector = jitable(friction.friction_vector)


@njit(cache=True, nogil=True)
def gather(motion, pairs, start, count, tile):
    """Copy what the law needs of `count` pairs from `start` on into `tile`."""
    for k in range(count):
        i, j = pairs.owner[start + k], pairs.partner[start + k]
        tile[DX + k] = motion[j, X] - motion[i, X]
        tile[DY + k] = motion[j, Y] - motion[i, Y]
        tile[DZ + k] = motion[j, Z] - motion[i, Z]
        tile[DVX + k] = motion[j, VX] - motion[i, VX]
        tile[DVY + k] = motion[j, VY] - motion[i, VY]
        tile[DVZ + k] = motion[j, VZ] - motion[i, VZ]
        tile[SPIN_IX + k] = motion[i, SPIN_X]
        tile[SPIN_IY + k] = motion[i, SPIN_Y]
        tile[SPIN_IZ + k] = motion[i, SPIN_Z]
        tile[SPIN_JX + k] = motion[j, SPIN_X]
        tile[SPIN_JY + k] = motion[j, SPIN_Y]
        tile[SPIN_JZ + k] = motion[j, SPIN_Z]
        tile[RADIUS_I + k] = motion[i, RADIUS]
        tile[RADIUS_J + k] = motion[j, RADIUS]
    # Places that no pair fills hold points far apart, which touch nothing.
    tile[DX + count : DX + TILE] = APART
    tile[RADIUS_I + count : RADIUS_I + TILE] = 0.0
    tile[RADIUS_J + count : RADIUS_J + TILE] = 0.0


@njit(cache=True, nogil=True)
def gather_rows(rows, room, start, count, tile, place):
    """Copy rows that lie `room` apart, of `count` pairs from `start` on, into `tile` from `place` on."""
    for row in range(rows.size // room):
        kept, into = row * room + start, place + row * TILE
        tile[into : into + count] = rows[kept : kept + count]
        tile[into + count : into + TILE] = 0.0  # no bond that could break


@njit(cache=True, nogil=True)
def keep_rows(rows, room, start, count, tile, place):
    """Copy the same back."""
    for row in range(rows.size // room):
        kept, source = row * room + start, place + row * TILE
        rows[kept : kept + count] = tile[source : source + count]


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def contact(law, constants, history, friction, x, y, z, move, time_step):
    """Forces of one contact, and what a step does to it; all 0 without overlap.

    Choices are conditional expressions, so that a loop over contacts becomes vector instructions.

    Returns
    -------
    normal : float
        Force on the partner along the normal [N].
    fx, fy, fz : float
        Tangential force on the partner [N].
    x, y, z : float
        Tangential displacement [m].
    dissipated : float
        Work lost in this step [J].
    history : tuple
        Of the law.
    """
    answer = response(law, constants, history, move.overlap, move.opening, time_step)
    fx, fy, fz, x, y, z, rubbed = friction_vector(
        answer.force,
        move.slip_x,
        move.slip_y,
        move.slip_z,
        x,
        y,
        z,
        move.nx,
        move.ny,
        move.nz,
        time_step,
        answer.spring,
        answer.dashpot,
        friction,
    )
    touches = answer.touches
    return (
        answer.force if touches else 0.0,
        fx if touches else 0.0,
        fy if touches else 0.0,
        fz if touches else 0.0,
        x if touches else 0.0,
        y if touches else 0.0,
        z if touches else 0.0,
        answer.damped + rubbed - answer.gained if touches else answer.broken,
        answer.history,
    )


@njit(cache=True, nogil=True, error_model="numpy")
def apply_law(tile, pairs, law, box, start, time_step):
    """Forces, torques, new displacements and history of the tile of pairs from `start` on.

    Works on whole tiles: the list must have room for one from `start` on, see `room_for`.

    Force F on j at lever arms gives both particles a torque of -arm x (n x F).
    """
    constants, room = pairs.constants, pairs.friction.size
    friction = pairs.friction[start : start + TILE]
    length_x, length_y, length_z = box.length[0], box.length[1], box.length[2]
    half_x, half_y, half_z = box.half[0], box.half[1], box.half[2]
    for k in range(TILE):
        dx = nearest(tile[DX + k], length_x, half_x)
        dy = nearest(tile[DY + k], length_y, half_y)
        dz = nearest(tile[DZ + k], length_z, half_z)
        move = approach(
            dx,
            dy,
            dz,
            tile[DVX + k],
            tile[DVY + k],
            tile[DVZ + k],
            tile[SPIN_IX + k],
            tile[SPIN_IY + k],
            tile[SPIN_IZ + k],
            tile[SPIN_JX + k],
            tile[SPIN_JY + k],
            tile[SPIN_JZ + k],
            tile[RADIUS_I + k],
            tile[RADIUS_J + k],
        )
        normal, tx, ty, tz, x, y, z, dissipated, history = contact(
            law,
            constants_at(law, constants, start + k, room),
            history_at(law, tile, HISTORY + k, TILE),
            friction[k],
            tile[DISPLACEMENT_X + k],
            tile[DISPLACEMENT_Y + k],
            tile[DISPLACEMENT_Z + k],
            move,
            time_step,
        )
        tile[DX + k], tile[DY + k], tile[DZ + k] = dx, dy, dz
        tile[FORCE_X + k] = normal * move.nx + tx
        tile[FORCE_Y + k] = normal * move.ny + ty
        tile[FORCE_Z + k] = normal * move.nz + tz
        tile[TWIST_X + k] = move.ny * tz - move.nz * ty
        tile[TWIST_Y + k] = move.nz * tx - move.nx * tz
        tile[TWIST_Z + k] = move.nx * ty - move.ny * tx
        tile[ARM_I + k], tile[ARM_J + k] = move.arm_i, move.arm_j
        tile[DISPLACEMENT_X + k], tile[DISPLACEMENT_Y + k], tile[DISPLACEMENT_Z + k] = x, y, z
        tile[DISSIPATED + k] += dissipated
        write(tile, HISTORY + k, TILE, history)


@njit(cache=True, nogil=True)
def scatter(load, pairs, start, count, tile):
    """Add the forces and torques of a tile to its particles."""
    owner = pairs.owner[start]
    fx = fy = fz = tx = ty = tz = 0.0
    for k in range(count):
        i, j = pairs.owner[start + k], pairs.partner[start + k]
        if i != owner:
            # The pairs of an owner follow each other: its sums stay in registers until the next one's.
            _add_load(load, owner, fx, fy, fz, tx, ty, tz)
            owner = i
            fx = fy = fz = tx = ty = tz = 0.0
        arm_i, arm_j = tile[ARM_I + k], tile[ARM_J + k]
        twist_x, twist_y, twist_z = tile[TWIST_X + k], tile[TWIST_Y + k], tile[TWIST_Z + k]
        fx -= tile[FORCE_X + k]
        fy -= tile[FORCE_Y + k]
        fz -= tile[FORCE_Z + k]
        tx -= arm_i * twist_x
        ty -= arm_i * twist_y
        tz -= arm_i * twist_z
        load[j, FX] += tile[FORCE_X + k]
        load[j, FY] += tile[FORCE_Y + k]
        load[j, FZ] += tile[FORCE_Z + k]
        load[j, TORQUE_X] -= arm_j * twist_x
        load[j, TORQUE_Y] -= arm_j * twist_y
        load[j, TORQUE_Z] -= arm_j * twist_z
    _add_load(load, owner, fx, fy, fz, tx, ty, tz)


@njit(cache=True, nogil=True, forceinline=True)
def _add_load(load, i, fx, fy, fz, tx, ty, tz):
    load[i, FX] += fx
    load[i, FY] += fy
    load[i, FZ] += fz
    load[i, TORQUE_X] += tx
    load[i, TORQUE_Y] += ty
    load[i, TORQUE_Z] += tz


@njit(cache=True, nogil=True)
def add_pair_forces(particles, pairs, law, box, time_step, tile, stress, measure):
    """Add the forces [N] and torques [N m] of all particle contacts; advances their displacements."""
    pairs_in_list = pairs.first[-1]
    room = pairs.friction.size
    for start in range(0, pairs_in_list, TILE):
        count = min(TILE, pairs_in_list - start)
        gather(particles.motion, pairs, start, count, tile)
        gather_rows(pairs.displacement, room, start, count, tile, DISPLACEMENT_X)
        gather_rows(pairs.history, room, start, count, tile, HISTORY)
        apply_law(tile, pairs, law, box, start, time_step)
        scatter(particles.load, pairs, start, count, tile)
        keep_rows(pairs.displacement, room, start, count, tile, DISPLACEMENT_X)
        keep_rows(pairs.history, room, start, count, tile, HISTORY)
        if measure:
            measure_pairs(pairs, start, count, tile, stress)


@njit(cache=True, nogil=True)
def add_wall_forces(particles, walls, contacts, law, time_step, tile, stress, measure):
    """Add the forces and torques of all wall contacts; sets ``walls.force``; advances displacements.

    The normal points from the particle to the wall.
    """
    walls.force[:] = 0.0
    constants, friction, room = contacts.constants, contacts.friction, contacts.friction.size
    displacement, history = contacts.displacement, contacts.history
    load = particles.load
    for p in range(contacts.first[-1]):
        i, w = contacts.owner[p], contacts.partner[p]
        move = face_approach(particles.motion, walls, i, w)
        normal, tx, ty, tz, x, y, z, dissipated, after = contact(
            law,
            constants_at(law, constants, p, room),
            history_at(law, history, p, room),
            friction[p],
            displacement[p],
            displacement[room + p],
            displacement[2 * room + p],
            move,
            time_step,
        )
        displacement[p], displacement[room + p], displacement[2 * room + p] = x, y, z
        write(history, p, room, after)
        tile[DISSIPATED] += dissipated
        fx, fy, fz = normal * move.nx + tx, normal * move.ny + ty, normal * move.nz + tz
        arm = move.arm_i
        _add_load(
            load,
            i,
            -fx,
            -fy,
            -fz,
            -arm * (move.ny * tz - move.nz * ty),
            -arm * (move.nz * tx - move.nx * tz),
            -arm * (move.nx * ty - move.ny * tx),
        )
        walls.force[w] += normal
        if measure:
            tangential = math.sqrt(tx * tx + ty * ty + tz * tz)
            measure_wall_contact(contacts, p, move, normal, tangential, fx, fy, fz, stress)


@njit(cache=True, nogil=True)
def add_forces(system, time_step, measure):
    """Set forces and torques of all particles and walls from all contacts.

    `measure` also writes down contacts and stresses, see `dem.cpu.spatial.stress`.
    """
    particles, stress, law = system.particles, system.stress, system.law
    particles.load[:] = 0.0
    if measure:
        stress.moment[:] = 0.0
        stress.normal_force_sum[:] = 0.0
    add_pair_forces(particles, system.pairs, law, system.box, time_step, system.tile, stress, measure)
    add_wall_forces(
        particles, system.walls, system.wall_contacts, law, time_step, system.tile, stress, measure
    )


@njit(cache=True, nogil=True)
def spring_energy(contacts, law, p, overlap):
    """Energy in the springs of contact p [J]; 0 without overlap."""
    if overlap <= 0.0:
        return 0.0
    room = contacts.friction.size
    constants = constants_at(law, contacts.constants, p, room)
    history = history_at(law, contacts.history, p, room)
    square = 0.0
    for row in range(3):
        square += contacts.displacement[row * room + p] ** 2
    return energy(law, constants, history, overlap, math.sqrt(square))


@njit(cache=True, nogil=True)
def energies(system):
    """Kinetic (translation and rotation) and elastic energy of the structure [J]."""
    particles, pairs, wall_contacts = system.particles, system.pairs, system.wall_contacts
    motion, length, half = particles.motion, system.box.length, system.box.half
    kinetic = elastic = 0.0
    for i in range(particles.mass.size):
        velocity = motion[i, VX] ** 2 + motion[i, VY] ** 2 + motion[i, VZ] ** 2
        spin = motion[i, SPIN_X] ** 2 + motion[i, SPIN_Y] ** 2 + motion[i, SPIN_Z] ** 2
        kinetic += 0.5 * (particles.mass[i] * velocity + particles.inertia[i] * spin)
        for p in range(pairs.first[i], pairs.first[i + 1]):
            j = pairs.partner[p]
            square = 0.0
            for axis in range(3):
                square += nearest(motion[j, axis] - motion[i, axis], length[axis], half[axis]) ** 2
            overlap = motion[i, RADIUS] + motion[j, RADIUS] - math.sqrt(square)
            elastic += spring_energy(pairs, system.law, p, overlap)
        for p in range(wall_contacts.first[i], wall_contacts.first[i + 1]):
            overlap = -face_gap(motion, system.walls, i, wall_contacts.partner[p])
            elastic += spring_energy(wall_contacts, system.law, p, overlap)
    return kinetic, elastic
