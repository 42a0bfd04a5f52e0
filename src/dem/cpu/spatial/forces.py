"""One pass over all contacts in space: forces and torques on the particles, push on the walls."""

from __future__ import annotations

import math

from numba import njit

from dem.cpu.contacts import place_of, rows_of
from dem.cpu.law import constants_at, energy, history_at, jitable, response, rubs, write
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
from dem.state import TILE

friction_vector = jitable(friction.friction_vector)


@njit(cache=True, nogil=True, error_model="numpy")
def gather(motion, pairs, friction, start, count, tile):
    """Copy what the law needs of `count` pairs from `start` on into `tile`."""
    owners, partners = pairs.owner[start : start + TILE], pairs.partner[start : start + TILE]
    for k in range(count):
        i, j = owners[k], partners[k]
        tile[DX + k] = motion[j, X] - motion[i, X]
        tile[DY + k] = motion[j, Y] - motion[i, Y]
        tile[DZ + k] = motion[j, Z] - motion[i, Z]
        tile[DVX + k] = motion[j, VX] - motion[i, VX]
        tile[DVY + k] = motion[j, VY] - motion[i, VY]
        tile[DVZ + k] = motion[j, VZ] - motion[i, VZ]
        tile[RADIUS_I + k] = motion[i, RADIUS]
        tile[RADIUS_J + k] = motion[j, RADIUS]
        if rubs(friction):
            tile[SPIN_IX + k] = motion[i, SPIN_X]
            tile[SPIN_IY + k] = motion[i, SPIN_Y]
            tile[SPIN_IZ + k] = motion[i, SPIN_Z]
            tile[SPIN_JX + k] = motion[j, SPIN_X]
            tile[SPIN_JY + k] = motion[j, SPIN_Y]
            tile[SPIN_JZ + k] = motion[j, SPIN_Z]
    # Places that no pair fills hold points far apart, which touch nothing.
    tile[DX + count : DX + TILE] = APART
    tile[RADIUS_I + count : RADIUS_I + TILE] = 0.0
    tile[RADIUS_J + count : RADIUS_J + TILE] = 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def gather_rows(columns, rows, start, count, tile, place):
    """Copy what `columns` hold of `count` pairs from `start` on into `tile` from `place` on."""
    # Of a view each place is known to count from its start; assigning slices would cost more than it copies.
    kept, into = columns[start * rows : (start + TILE) * rows], tile[place : place + rows * TILE]
    for k in range(rows * TILE):
        into[k] = kept[k]
    for row in range(rows):
        for k in range(count, TILE):
            into[row * TILE + k] = 0.0  # no bond that could break


@njit(cache=True, nogil=True, error_model="numpy")
def keep_rows(columns, rows, start, tile, place):
    """Copy the same back."""
    kept, source = columns[start * rows : (start + TILE) * rows], tile[place : place + rows * TILE]
    for k in range(rows * TILE):
        kept[k] = source[k]


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def contact(law, friction, constants, history, coefficient, x, y, z, move, time_step):
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
    fx = fy = fz = rubbed = 0.0
    if rubs(friction):
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
            coefficient,
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
def apply_law(tile, pairs, law, friction, box, start, time_step):
    """Forces, torques, new displacements and history of the tile of pairs from `start` on.

    Works on whole tiles, and so on places that no pair fills.

    Force F on j at lever arms gives both particles a torque of -arm x (n x F).
    """
    rows = rows_of(pairs.constants, pairs)
    constants = pairs.constants[start * rows : (start + TILE) * rows]
    coefficient = pairs.friction[start : start + TILE]
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
            friction,
            constants_at(law, constants, k, TILE),
            history_at(law, tile, HISTORY + k, TILE),
            coefficient[k],
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
        tile[ARM_I + k], tile[ARM_J + k] = move.arm_i, move.arm_j
        if rubs(friction):
            tile[TWIST_X + k] = move.ny * tz - move.nz * ty
            tile[TWIST_Y + k] = move.nz * tx - move.nx * tz
            tile[TWIST_Z + k] = move.nx * ty - move.ny * tx
            tile[DISPLACEMENT_X + k], tile[DISPLACEMENT_Y + k], tile[DISPLACEMENT_Z + k] = x, y, z
        tile[DISSIPATED + k] += dissipated
        write(tile, HISTORY + k, TILE, history)


@njit(cache=True, nogil=True, error_model="numpy")
def scatter(load, pairs, friction, start, count, tile):
    """Add the forces and torques of a tile to its particles."""
    owners, partners = pairs.owner[start : start + TILE], pairs.partner[start : start + TILE]
    owner = owners[0]
    fx = fy = fz = tx = ty = tz = 0.0
    for k in range(count):
        i, j = owners[k], partners[k]
        if i != owner:
            # The pairs of an owner follow each other: its sums stay in registers until the next one's.
            _add_load(load, owner, fx, fy, fz, tx, ty, tz)
            owner = i
            fx = fy = fz = tx = ty = tz = 0.0
        fx -= tile[FORCE_X + k]
        fy -= tile[FORCE_Y + k]
        fz -= tile[FORCE_Z + k]
        load[j, FX] += tile[FORCE_X + k]
        load[j, FY] += tile[FORCE_Y + k]
        load[j, FZ] += tile[FORCE_Z + k]
        if rubs(friction):
            arm_i, arm_j = tile[ARM_I + k], tile[ARM_J + k]
            twist_x, twist_y, twist_z = tile[TWIST_X + k], tile[TWIST_Y + k], tile[TWIST_Z + k]
            tx -= arm_i * twist_x
            ty -= arm_i * twist_y
            tz -= arm_i * twist_z
            load[j, TORQUE_X] -= arm_j * twist_x
            load[j, TORQUE_Y] -= arm_j * twist_y
            load[j, TORQUE_Z] -= arm_j * twist_z
    _add_load(load, owner, fx, fy, fz, tx, ty, tz)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _add_load(load, i, fx, fy, fz, tx, ty, tz):
    load[i, FX] += fx
    load[i, FY] += fy
    load[i, FZ] += fz
    load[i, TORQUE_X] += tx
    load[i, TORQUE_Y] += ty
    load[i, TORQUE_Z] += tz


@njit(cache=True, nogil=True, error_model="numpy")
def add_pair_forces(particles, pairs, law, friction, box, time_step, tile, stress, measure):
    """Add the forces [N] and torques [N m] of all particle contacts; advances their displacements."""
    pairs_in_list = pairs.first[-1]
    history, rows = pairs.history, rows_of(pairs.history, pairs)
    for start in range(0, pairs_in_list, TILE):
        count = min(TILE, pairs_in_list - start)
        gather(particles.motion, pairs, friction, start, count, tile)
        gather_rows(history, rows, start, count, tile, HISTORY)
        if rubs(friction):
            gather_rows(pairs.displacement, 3, start, count, tile, DISPLACEMENT_X)
        apply_law(tile, pairs, law, friction, box, start, time_step)
        scatter(particles.load, pairs, friction, start, count, tile)
        if rubs(friction):
            keep_rows(pairs.displacement, 3, start, tile, DISPLACEMENT_X)
        keep_rows(history, rows, start, tile, HISTORY)
        if measure:
            measure_pairs(pairs, start, count, tile, stress)


@njit(cache=True, nogil=True, error_model="numpy")
def add_wall_forces(particles, walls, contacts, law, friction, time_step, tile, stress, measure):
    """Add the forces and torques of all wall contacts; sets ``walls.force``; advances displacements.

    The normal points from the particle to the wall.
    """
    walls.force[:] = 0.0
    constants, coefficient = contacts.constants, contacts.friction
    displacement, history = contacts.displacement, contacts.history
    of_law, of_history = rows_of(constants, contacts), rows_of(history, contacts)
    owner, partner, push = contacts.owner, contacts.partner, walls.force
    motion, load = particles.motion, particles.load
    for p in range(contacts.first[-1]):
        i, w, place = owner[p], partner[p], place_of(p, 3)
        move = face_approach(motion, walls, i, w)
        normal, tx, ty, tz, x, y, z, dissipated, after = contact(
            law,
            friction,
            constants_at(law, constants, place_of(p, of_law), TILE),
            history_at(law, history, place_of(p, of_history), TILE),
            coefficient[p],
            displacement[place],
            displacement[place + TILE],
            displacement[place + 2 * TILE],
            move,
            time_step,
        )
        displacement[place], displacement[place + TILE], displacement[place + 2 * TILE] = x, y, z
        write(history, place_of(p, of_history), TILE, after)
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
        push[w] += normal
        if measure:
            tangential = math.sqrt(tx * tx + ty * ty + tz * tz)
            measure_wall_contact(contacts, p, move, normal, tangential, fx, fy, fz, stress)


@njit(cache=True, nogil=True, error_model="numpy")
def add_forces(system, time_step, measure):
    """Set forces and torques of all particles and walls from all contacts.

    `measure` also writes down contacts and stresses, see `dem.cpu.spatial.stress`.
    """
    particles, stress, law, friction = system.particles, system.stress, system.law, system.friction
    particles.load[:] = 0.0
    if measure:
        stress.moment[:] = 0.0
        stress.normal_force_sum[:] = 0.0
    add_pair_forces(
        particles, system.pairs, law, friction, system.box, time_step, system.tile, stress, measure
    )
    add_wall_forces(
        particles, system.walls, system.wall_contacts, law, friction, time_step, system.tile, stress, measure
    )


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def spring_energy(law, constants, history, displacement, of_law, of_history, p, overlap):
    """Energy in the springs of contact p [J], with so many constants and memories; 0 without overlap."""
    if overlap <= 0.0:
        return 0.0
    known = constants_at(law, constants, place_of(p, of_law), TILE)
    remembered = history_at(law, history, place_of(p, of_history), TILE)
    square, place = 0.0, place_of(p, 3)
    for row in range(0, 3 * TILE, TILE):
        square += displacement[place + row] ** 2
    return energy(law, known, remembered, overlap, math.sqrt(square))


@njit(cache=True, nogil=True, error_model="numpy")
def energies(system):
    """Kinetic (translation and rotation) and elastic energy of the structure [J]."""
    particles, pairs, of_walls, walls = system.particles, system.pairs, system.wall_contacts, system.walls
    law, motion, mass, inertia = system.law, particles.motion, particles.mass, particles.inertia
    length, half = system.box.length, system.box.half
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
        velocity = motion[i, VX] ** 2 + motion[i, VY] ** 2 + motion[i, VZ] ** 2
        spin = motion[i, SPIN_X] ** 2 + motion[i, SPIN_Y] ** 2 + motion[i, SPIN_Z] ** 2
        kinetic += 0.5 * (mass[i] * velocity + inertia[i] * spin)
        for p in range(first[i], first[i + 1]):
            j = partner[p]
            square = 0.0
            for axis in range(3):
                square += nearest(motion[j, axis] - motion[i, axis], length[axis], half[axis]) ** 2
            overlap = motion[i, RADIUS] + motion[j, RADIUS] - math.sqrt(square)
            elastic += spring_energy(law, constants, history, displacement, of_law, of_history, p, overlap)
        for p in range(wall_first[i], wall_first[i + 1]):
            overlap = -face_gap(motion, walls, i, wall[p])
            elastic += spring_energy(
                law, wall_constants, wall_history, wall_displacement, of_law, of_history, p, overlap
            )
    return kinetic, elastic
