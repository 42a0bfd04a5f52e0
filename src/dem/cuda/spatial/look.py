"""What protocols ask of a packing when they look at it, summed up by the threads of a block on a GPU.

So a look takes a handful of numbers from the device, and its arrays only where they are asked for.
"""

from __future__ import annotations

import math

from dem.cpu.spatial.forces import spring_energy
from dem.cuda.block import wait
from dem.cuda.spatial.structure import (
    CHUNK,
    ELASTIC,
    FORCE_X,
    FORCE_Y,
    FORCE_Z,
    INERTIA,
    KINETIC,
    MASS,
    NET_X,
    NET_Y,
    NET_Z,
    OUTSIDE,
    STRENGTH,
    SWING,
    TOUCHING,
    UNBALANCED,
    rows_of,
    structure_of,
)
from dem.geometry.spatial import (
    FX,
    FY,
    FZ,
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
    face_gap,
)
from dem.measure.balance import tangent

# Columns of the rows of a contact in place of its force, which the next step writes anew: energy [J], force
# [N], growth of the normal force with the overlap [N/m].
ENERGY, FORCE, STIFFNESS = FORCE_X, FORCE_Y, FORCE_Z


def see_contacts(contacts, row, particles, law, thread, threads):
    """Write down what the contacts have: each by a thread of its own."""
    of_law, of_history = rows_of(contacts.constants, contacts), rows_of(contacts.history, contacts)
    for p in range(thread, contacts.first[particles], threads):
        normal, tangential = contacts.normal_force[p], contacts.tangential_force[p]
        row[p, ENERGY] = spring_energy(
            law,
            contacts.constants,
            contacts.history,
            contacts.displacement,
            of_law,
            of_history,
            p,
            contacts.overlap[p],
        )
        row[p, FORCE] = math.sqrt(normal * normal + tangential * tangential)
        row[p, STIFFNESS] = tangent(law, contacts, p)


def is_outside(structure, i):
    """Whether sphere i lies wholly beyond a wall, or nowhere."""
    motion, walls = structure.motion, structure.walls
    inside = math.isfinite(motion[i, X] + motion[i, Y] + motion[i, Z])
    for w in range(walls.position.size):
        inside = inside and face_gap(motion, walls, i, w) > -2.0 * motion[i, RADIUS]
    return not inside


def add_contacts(contacts, row, i, numbers, at):
    """Add what the contacts of sphere i have, those that it owns; gives their stiffness [N/m]."""
    stiffness = 0.0
    for p in range(contacts.first[i], contacts.first[i + 1]):
        stiffness += row[p, STIFFNESS]
        if contacts.overlap[p] > 0.0:
            numbers[at + ELASTIC] += row[p, ENERGY]
            numbers[at + STRENGTH] += row[p, FORCE]
            numbers[at + TOUCHING] += 1.0
    return stiffness


def add_sphere(structure, i, numbers, at):
    """Add what sphere i has to numbers from place `at` on."""
    motion, load, row, first = structure.motion, structure.load, structure.pair_row, structure.taken_first
    velocity = motion[i, VX] ** 2 + motion[i, VY] ** 2 + motion[i, VZ] ** 2
    spin = motion[i, SPIN_X] ** 2 + motion[i, SPIN_Y] ** 2 + motion[i, SPIN_Z] ** 2
    numbers[at + KINETIC] += 0.5 * (motion[i, MASS] * velocity + motion[i, INERTIA] * spin)
    numbers[at + NET_X] += load[i, FX]
    numbers[at + NET_Y] += load[i, FY]
    numbers[at + NET_Z] += load[i, FZ]
    numbers[at + OUTSIDE] += 1.0 if is_outside(structure, i) else 0.0
    stiffness = add_contacts(structure.pairs, row, i, numbers, at)
    for k in range(first[i], first[i + 1]):
        stiffness += row[structure.taken[k], STIFFNESS]
    stiffness += add_contacts(structure.wall_contacts, structure.wall_row, i, numbers, at)
    net = load[i, FX] ** 2 + load[i, FY] ** 2 + load[i, FZ] ** 2
    numbers[at + UNBALANCED] = max(numbers[at + UNBALANCED], net)
    numbers[at + SWING] = max(numbers[at + SWING], stiffness / motion[i, MASS])


def look(batch, law, friction, s, thread, threads):
    """Look at structure s of a batch, if it has done its steps: see `dem.cuda.spatial.structure.Seen`."""
    orders = batch.orders
    if orders.steps[s] == 0 or orders.done[s] < orders.steps[s]:
        return
    structure = structure_of(batch, s, threads)
    n, numbers = structure.species.size, structure.sums
    see_contacts(structure.pairs, structure.pair_row, n, law, thread, threads)
    see_contacts(structure.wall_contacts, structure.wall_row, n, law, thread, threads)
    wait()
    chunks, columns = (n + CHUNK - 1) // CHUNK, batch.seen.shape[1]
    for chunk in range(thread, chunks, threads):
        at = chunk * columns
        for k in range(columns):
            numbers[at + k] = 0.0
        for i in range(chunk * CHUNK, min((chunk + 1) * CHUNK, n)):
            add_sphere(structure, i, numbers, at)
    wait()
    for k in range(thread, columns, threads):
        total = 0.0
        for chunk in range(chunks):
            number = numbers[chunk * columns + k]
            total = max(total, number) if k >= UNBALANCED else total + number
        batch.seen[s, k] = total
