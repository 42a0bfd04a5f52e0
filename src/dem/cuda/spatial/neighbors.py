"""Neighbor lists in space, as `dem.cpu.spatial.neighbors` has them, by all threads of a block.

Lists and their order are those of the CPU. Besides, each sphere gets a list of the pairs in which it is the
partner.
"""

from __future__ import annotations

import math

from dem.cpu.contacts import OF_WALL, _old_place, place_of
from dem.cpu.law import pair_constants
from dem.cpu.spatial.neighbors import _cell_along, _gap_along, _inside, _range_along
from dem.cuda.block import sort, sum_up, take_number, wait
from dem.cuda.law import write_constants
from dem.cuda.spatial.structure import MASS, rows_of
from dem.geometry.spatial import RADIUS, X, Y, Z, face_gap, nearest
from dem.state import TILE


def cell_along(coordinate, grid, axis):
    """`dem.cpu.spatial.neighbors._cell_along` where the floor of a number is one with a fraction."""
    return int(math.floor((coordinate - grid.origin[axis]) / grid.side[axis]))  # noqa: RUF046


def sort_into_cells(structure, thread, threads):
    """Members of each cell in rising order; remembers the places the list is built from.

    Spheres that have left the box through a periodic side come in at the other.
    """
    motion, box, grid, cursor = structure.motion, structure.box, structure.grid, structure.cursor
    n = structure.species.size
    nx, ny, nz = grid.counts[X], grid.counts[Y], grid.counts[Z]
    cells = nx * ny * nz
    for c in range(thread, cells + 1, threads):
        grid.first[c] = 0
    wait()
    for i in range(thread, n, threads):
        for axis in range(3):
            if box.length[axis] > 0.0:
                motion[i, axis] -= box.length[axis] * math.floor(motion[i, axis] / box.length[axis])
            grid.built[i, axis] = motion[i, axis]
        cx = _inside(_cell_along(motion[i, X], grid, X), nx, box.length[X] > 0.0)
        cy = _inside(_cell_along(motion[i, Y], grid, Y), ny, box.length[Y] > 0.0)
        cz = _inside(_cell_along(motion[i, Z], grid, Z), nz, box.length[Z] > 0.0)
        grid.cell[i] = (cx * ny + cy) * nz + cz
        take_number(grid.first, grid.cell[i])
    for w in range(thread, structure.walls.position.size, threads):
        grid.built_wall[w] = structure.walls.position[w]
    wait()
    sum_up(grid.first, cells, structure.scratch, thread, threads)
    for c in range(thread, cells, threads):
        cursor[c] = grid.first[c]
    wait()
    for i in range(thread, n, threads):
        grid.member[take_number(cursor, grid.cell[i])] = i
    wait()
    for c in range(thread, cells, threads):
        sort(grid.member, grid.first[c], grid.first[c + 1])
        for m in range(grid.first[c], grid.first[c + 1]):
            i = grid.member[m]
            grid.placed[m, X], grid.placed[m, Y], grid.placed[m, Z] = motion[i, X], motion[i, Y], motion[i, Z]
            grid.placed[m, 3] = motion[i, RADIUS]
    wait()


def keep_old(contacts, thread, threads):
    """Set the present list aside: what its contacts remember goes into the next one."""
    particles = contacts.first.size - 1
    used = contacts.first[particles]
    for i in range(thread, particles + 1, threads):
        contacts.old_first[i] = contacts.first[i]
    axes, remembered = rows_of(contacts.displacement, contacts), rows_of(contacts.history, contacts)
    for p in range(thread, used, threads):
        contacts.old_partner[p] = contacts.partner[p]
        place = place_of(p, axes)
        for row in range(0, axes * TILE, TILE):
            contacts.old_displacement[place + row] = contacts.displacement[place + row]
        place = place_of(p, remembered)
        for row in range(0, remembered * TILE, TILE):
            contacts.old_history[place + row] = contacts.history[place + row]
    wait()


def neighbors(structure, skin, i, at, writes):
    """Smaller spheres near sphere i: their number; written down from place `at` on if so wanted."""
    motion, box, grid, partner = structure.motion, structure.box, structure.grid, structure.pairs.partner
    cell_first, member, placed = grid.first, grid.member, grid.placed
    nx, ny, nz = grid.counts[X], grid.counts[Y], grid.counts[Z]
    length_x, length_y, length_z = box.length[X], box.length[Y], box.length[Z]
    half_x, half_y, half_z = box.half[X], box.half[Y], box.half[Z]
    repeats_x, repeats_y, repeats_z = length_x > 0.0, length_y > 0.0, length_z > 0.0
    found = 0
    x, y, z, radius = motion[i, X], motion[i, Y], motion[i, Z], motion[i, RADIUS]
    reach = 2 * radius + skin
    x_low, x_high = _range_along(x, reach, grid, X, repeats_x)
    y_low, y_high = _range_along(y, reach, grid, Y, repeats_y)
    for cx in range(x_low, x_high + 1):
        gap_x = _gap_along(x, cx, grid, X, repeats_x)
        for cy in range(y_low, y_high + 1):
            gap_y = _gap_along(y, cy, grid, Y, repeats_y)
            left = reach * reach - gap_x * gap_x - gap_y * gap_y
            if left <= 0.0:
                continue
            row = (_inside(cx, nx, repeats_x) * ny + _inside(cy, ny, repeats_y)) * nz
            z_low, z_high = _range_along(z, math.sqrt(left), grid, Z, repeats_z)
            z_first = z_low
            while z_first <= z_high:
                # A row that crosses a periodic side is two runs of cells.
                cell = _inside(z_first, nz, repeats_z)
                z_last = min(z_high, z_first + nz - 1 - cell)
                begin, end = cell_first[row + cell], cell_first[row + cell + z_last - z_first + 1]
                z_first = z_last + 1
                for m in range(begin, end):
                    j, other = member[m], placed[m, 3]
                    if other > radius or (other == radius and j >= i):
                        continue
                    dx = nearest(placed[m, X] - x, length_x, half_x)
                    dy = nearest(placed[m, Y] - y, length_y, half_y)
                    dz = nearest(placed[m, Z] - z, length_z, half_z)
                    distance = radius + other + skin
                    if dx * dx + dy * dy + dz * dz < distance * distance:
                        if writes:
                            partner[at + found] = j
                        found += 1
    return found


def near_walls(structure, skin, i, at, writes):
    """Walls near sphere i, as `neighbors`."""
    found = 0
    for w in range(structure.walls.position.size):
        if face_gap(structure.motion, structure.walls, i, w) < skin:
            if writes:
                structure.wall_contacts.partner[at + found] = w
            found += 1
    return found


def recall(columns, old_columns, rows, p, old):
    """Give contact p the numbers of contact `old` of the last list, 0 where that is -1."""
    into, kept = place_of(p, rows), place_of(max(old, 0), rows)
    for row in range(0, rows * TILE, TILE):
        columns[into + row] = old_columns[kept + row] if old >= 0 else 0.0


def fill_in(structure, contacts, law, friction, at_walls, thread, threads):
    """Fill in candidates, see `dem.cpu.contacts.fill_in`."""
    motion, species = structure.motion, structure.species
    first, owner, old_first = contacts.first, contacts.owner, contacts.old_first
    of_law = rows_of(contacts.constants, contacts)
    axes, remembered = rows_of(contacts.displacement, contacts), rows_of(contacts.history, contacts)
    for i in range(thread, species.size, threads):
        for p in range(first[i], first[i + 1]):
            owner[p] = i
    wait()
    for p in range(thread, first[species.size], threads):
        i, j = owner[p], contacts.partner[p]
        begin, end = old_first[i], old_first[i + 1]
        # Lists of an owner keep their order: it stands about where it stood.
        guess = min(begin + p - first[i], end)
        old = _old_place(contacts.old_partner, begin, end, j, guess)
        recall(contacts.displacement, contacts.old_displacement, axes, p, old)
        recall(contacts.history, contacts.old_history, remembered, p, old)
        if at_walls:
            species_j, pair_radius, pair_mass = OF_WALL, motion[i, RADIUS], motion[i, MASS]
        else:
            species_j = species[j]
            pair_radius = motion[i, RADIUS] * motion[j, RADIUS] / (motion[i, RADIUS] + motion[j, RADIUS])
            pair_mass = motion[i, MASS] * motion[j, MASS] / (motion[i, MASS] + motion[j, MASS])
        known = pair_constants(law, species[i], species_j, pair_radius, pair_mass)
        write_constants(contacts.constants, place_of(p, of_law), TILE, known)
        contacts.friction[p] = friction.coefficient[species[i], species_j]
    wait()


def list_taken(structure, thread, threads):
    """List for each sphere the pairs in which it is the partner, in rising order."""
    pairs, first, cursor = structure.pairs, structure.taken_first, structure.cursor
    n = structure.species.size
    listed = pairs.first[n]
    for i in range(thread, n + 1, threads):
        first[i] = 0
    wait()
    for p in range(thread, listed, threads):
        take_number(first, pairs.partner[p])
    wait()
    sum_up(first, n, structure.scratch, thread, threads)
    for i in range(thread, n, threads):
        cursor[i] = first[i]
    wait()
    for p in range(thread, listed, threads):
        structure.taken[take_number(cursor, pairs.partner[p])] = p
    wait()
    for i in range(thread, n, threads):
        sort(structure.taken, first[i], first[i + 1])
    wait()


def rebuild(structure, law, friction, skin, thread, threads):
    """List neighbors afresh, carrying the contacts' history over.

    Returns
    -------
    bool
        False if there is no room left: the list is then unusable.
    """
    n, pairs, wall_contacts = structure.species.size, structure.pairs, structure.wall_contacts
    sort_into_cells(structure, thread, threads)
    keep_old(pairs, thread, threads)
    keep_old(wall_contacts, thread, threads)
    for i in range(thread, n, threads):
        pairs.first[i] = neighbors(structure, skin, i, 0, False)
        wall_contacts.first[i] = near_walls(structure, skin, i, 0, False)
    wait()
    sum_up(pairs.first, n, structure.scratch, thread, threads)
    sum_up(wall_contacts.first, n, structure.scratch, thread, threads)
    if pairs.first[n] > pairs.friction.size:
        return False
    for i in range(thread, n, threads):
        neighbors(structure, skin, i, pairs.first[i], True)
        near_walls(structure, skin, i, wall_contacts.first[i], True)
    wait()
    fill_in(structure, pairs, law, friction, False, thread, threads)
    fill_in(structure, wall_contacts, law, friction, True, thread, threads)
    list_taken(structure, thread, threads)
    return True
