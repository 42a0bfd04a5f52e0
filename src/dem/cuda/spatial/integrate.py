"""Velocity Verlet in space on a GPU: `dem.cpu.spatial.integrate` by all threads of a block.

A step is two passes. One takes contacts through the law. The other adds up each sphere's forces, kicks it,
and drifts it on to the next step: it reads no other sphere's place, which may be that of either step.
"""

from __future__ import annotations

from dem.cpu.integrate import add_wall_work, drive
from dem.cpu.law import rubs
from dem.cuda.block import any_thread, wait
from dem.cuda.spatial.forces import add_up, measure, pass_contacts
from dem.cuda.spatial.neighbors import rebuild
from dem.cuda.spatial.structure import CHUNK, INERTIA, MASS, structure_of
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
)


def kick(motion, i, load, friction, time_step, again):
    """Advance velocities [m/s] and spins [rad/s] by `time_step`, then by `again`, see the CPU's."""
    fx, fy, fz, tx, ty, tz = load
    mass, inertia = motion[i, MASS], motion[i, INERTIA]
    ax, ay, az = fx / mass, fy / mass, fz / mass
    motion[i, VX] = motion[i, VX] + time_step * ax + again * ax
    motion[i, VY] = motion[i, VY] + time_step * ay + again * ay
    motion[i, VZ] = motion[i, VZ] + time_step * az + again * az
    # Without friction nothing turns a sphere.
    if rubs(friction):
        bx, by, bz = tx / inertia, ty / inertia, tz / inertia
        motion[i, SPIN_X] = motion[i, SPIN_X] + time_step * bx + again * bx
        motion[i, SPIN_Y] = motion[i, SPIN_Y] + time_step * by + again * by
        motion[i, SPIN_Z] = motion[i, SPIN_Z] + time_step * bz + again * bz


def drift(motion, built, i, time_step, limit):
    """Advance the place of sphere i [m]; gives whether it has moved by the square root of `limit` [m^2]."""
    motion[i, X] += time_step * motion[i, VX]
    motion[i, Y] += time_step * motion[i, VY]
    motion[i, Z] += time_step * motion[i, VZ]
    dx, dy, dz = motion[i, X] - built[i, X], motion[i, Y] - built[i, Y], motion[i, Z] - built[i, Z]
    return not (dx * dx + dy * dy + dz * dz < limit)  # true for NaN


def drift_walls(walls, built, time_step, limit):
    """The same for all walls."""
    stale = False
    for w in range(walls.position.size):
        walls.position[w] += time_step * walls.velocity[w]
        moved = walls.position[w] - built[w]
        stale = stale or not (moved * moved < limit)
    return stale


def damp(motion, i, kept):
    """Leave velocities and spins the share `kept`; gives the kinetic energy lost [J]."""
    velocity = motion[i, VX] ** 2 + motion[i, VY] ** 2 + motion[i, VZ] ** 2
    spin = motion[i, SPIN_X] ** 2 + motion[i, SPIN_Y] ** 2 + motion[i, SPIN_Z] ** 2
    for column in range(VX, RADIUS):
        motion[i, column] *= kept
    return 0.5 * (1.0 - kept * kept) * (motion[i, MASS] * velocity + motion[i, INERTIA] * spin)


def begin(structure, friction, half, thread, threads):
    """The half kick that begins a run, with the forces of the last one."""
    load = structure.load
    for i in range(thread, structure.species.size, threads):
        structure.lost[i] = 0.0
        force = load[i, FX], load[i, FY], load[i, FZ]
        torque = load[i, TORQUE_X], load[i, TORQUE_Y], load[i, TORQUE_Z]
        kick(structure.motion, i, force + torque, friction, half, 0.0)


def go_on(structure, time_step, kept, skin, thread, threads):
    """Drift spheres and walls, and damp; whether the list has become stale for what this thread has moved."""
    motion, grid, limit = structure.motion, structure.grid, 0.25 * skin * skin
    stale = False
    if thread == 0:
        add_wall_work(structure.walls, 0.5 * time_step)
        stale = drift_walls(structure.walls, grid.built_wall, time_step, limit)
    for i in range(thread, structure.species.size, threads):
        stale = drift(motion, grid.built, i, time_step, limit) or stale
        if kept < 1.0:
            structure.lost[i] += damp(motion, i, kept)
    return stale


def push(structure, friction, half, last, thread, threads):
    """Add up the forces on each sphere and kick it; in the last step leave forces and stresses behind."""
    load = structure.load
    for i in range(thread, structure.species.size, threads):
        now, gone = add_up(structure, friction, i)
        structure.lost[i] += gone
        kick(structure.motion, i, now, friction, half, 0.0 if last else half)
        if last:
            load[i, FX], load[i, FY], load[i, FZ] = now[0], now[1], now[2]
            load[i, TORQUE_X], load[i, TORQUE_Y], load[i, TORQUE_Z] = now[3], now[4], now[5]
            measure(structure, i)


def push_walls(structure, time_step, thread, threads):
    """Add up the push of the spheres on each wall, and drive the walls."""
    walls, contacts, sums = structure.walls, structure.wall_contacts, structure.sums
    listed, count = contacts.first[structure.species.size], walls.position.size
    chunks = (listed + CHUNK - 1) // CHUNK
    for k in range(thread, chunks * count, threads):
        w, chunk = k // chunks, k % chunks
        push = 0.0
        for p in range(chunk * CHUNK, min((chunk + 1) * CHUNK, listed)):
            push += contacts.normal_force[p] if contacts.partner[p] == w else 0.0
        sums[k] = push
    wait()
    if thread == 0:
        for w in range(count):
            walls.force[w] = 0.0
            for chunk in range(chunks):
                walls.force[w] += sums[w * chunks + chunk]
        add_wall_work(walls, 0.5 * time_step)
        drive(walls, time_step)


def lost_in_all(structure, thread, threads):
    """Work that all spheres have lost [J]; thread 0 knows it."""
    lost, sums, n = structure.lost, structure.sums, structure.species.size
    chunks = (n + CHUNK - 1) // CHUNK
    for chunk in range(thread, chunks, threads):
        total = 0.0
        for i in range(chunk * CHUNK, min((chunk + 1) * CHUNK, n)):
            total += lost[i]
        sums[chunk] = total
    wait()
    total = 0.0
    if thread == 0:
        for chunk in range(chunks):
            total += sums[chunk]
    return total


def advance(batch, law, friction, s, thread, threads):
    """Advance structure s of a batch as its orders say, see `dem.cpu.integrate.advance`.

    The last step leaves forces, contacts and stresses behind. ``orders.done`` is less than ``orders.steps``
    if the list of pairs has overflowed.
    """
    orders = batch.orders
    steps, time_step, kept, skin = orders.steps[s], orders.time_step[s], orders.kept[s], orders.skin[s]
    if steps == 0:
        return
    half, rebuilds = 0.5 * time_step, 0
    begin(structure_of(batch, s, threads), friction, half, thread, threads)
    for step in range(steps):
        last = step == steps - 1
        # Cut out of the batch for each pass anew: kept over all of them, places of arrays would take the
        # registers.
        stale = go_on(structure_of(batch, s, threads), time_step, kept, skin, thread, threads)
        if any_thread(stale):
            rebuilds += 1
            if not rebuild(structure_of(batch, s, threads), law, friction, skin, thread, threads):
                if thread == 0:
                    orders.done[s] = step
                return
        pass_contacts(structure_of(batch, s, threads), law, friction, time_step, last, thread, threads)
        wait()
        push(structure_of(batch, s, threads), friction, half, last, thread, threads)
        push_walls(structure_of(batch, s, threads), time_step, thread, threads)
    wait()
    gone = lost_in_all(structure_of(batch, s, threads), thread, threads)
    if thread == 0:
        orders.dissipated[s] = gone
        orders.done[s] = steps
        orders.rebuilds[s] = rebuilds
