"""Neighbor list in space: which spheres may touch each other or a wall before the next rebuild.

As in the plane (`dem.cpu.neighbors`) each pair is owned by its larger sphere, which looks for the smaller
ones in cells sized for the smallest. A large sphere passes in rows over the cells inside it, where there is
nothing.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from dem.cpu.contacts import fill_in, keep_old
from dem.geometry.spatial import RADIUS, X, Y, Z, face_gap, nearest
from dem.state import Box, CellBlock, Spheres, Walls

# Most cells per sphere, and for few of them.
CELLS_PER_PARTICLE, LEAST_CELLS = 16, 4096


def empty_grid(particles: Spheres, walls: Walls, box: Box, skin: float) -> CellBlock:
    """Cells for the box as it stands, at least as wide as the reach of the smallest sphere.

    They are larger in a box that is nearly empty, so that they do not outnumber the spheres by far.
    """
    n = particles.mass.size
    origin, lengths = np.zeros(3), box.length.copy()
    for axis in range(3):
        if lengths[axis] == 0:
            origin[axis], high = np.sort(walls.position[walls.axis == axis])
            lengths[axis] = high - origin[axis]
    reach = 2 * particles.motion[:, RADIUS].min() + skin
    side = max(reach, (lengths.prod() / (CELLS_PER_PARTICLE * n + LEAST_CELLS)) ** (1 / 3))
    counts = np.maximum(1, (lengths / side).astype(np.int64))
    return CellBlock(
        first=np.zeros(counts.prod() + 1, np.int64),
        member=np.zeros(n, np.int64),
        cell=np.zeros(n, np.int64),
        placed=np.zeros((n, 4)),
        counts=counts,
        side=lengths / counts,
        origin=origin,
        built=np.zeros((n, 3)),
        built_wall=np.zeros_like(walls.position),
    )


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _cell_along(coordinate, grid, axis):
    """Cell that a coordinate [m] lies in, counted on beyond the box."""
    return math.floor((coordinate - grid.origin[axis]) / grid.side[axis])


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _inside(cell, count, periodic):
    """The cell of the box that stands for a cell anywhere."""
    return cell % count if periodic else min(max(cell, 0), count - 1)


@njit(cache=True, nogil=True, error_model="numpy")
def sort_into_cells(particles, walls, box, grid):
    """Counting sort of the spheres into cells; remembers the places the list is built from.

    Spheres that have left the box through a periodic side come in at the other.
    """
    motion, n = particles.motion, particles.mass.size
    nx, ny, nz = grid.counts
    grid.first[:] = 0
    for i in range(n):
        for axis in range(3):
            if box.length[axis] > 0.0:
                motion[i, axis] -= box.length[axis] * math.floor(motion[i, axis] / box.length[axis])
        cx = _inside(_cell_along(motion[i, X], grid, X), nx, box.length[X] > 0.0)
        cy = _inside(_cell_along(motion[i, Y], grid, Y), ny, box.length[Y] > 0.0)
        cz = _inside(_cell_along(motion[i, Z], grid, Z), nz, box.length[Z] > 0.0)
        grid.cell[i] = (cx * ny + cy) * nz + cz
        grid.first[grid.cell[i] + 1] += 1
        for axis in range(3):
            grid.built[i, axis] = motion[i, axis]
    for c in range(nx * ny * nz):
        grid.first[c + 1] += grid.first[c]
    # Filling from the back leaves first[] at the start of each cell and members in ascending order.
    for i in range(n - 1, -1, -1):
        c = grid.cell[i] + 1
        grid.first[c] -= 1
        m = grid.first[c]
        grid.member[m] = i
        for axis in range(3):
            grid.placed[m, axis] = motion[i, axis]
        grid.placed[m, 3] = motion[i, RADIUS]
    for c in range(nx * ny * nz):
        grid.first[c] = grid.first[c + 1]
    grid.first[nx * ny * nz] = n
    grid.built_wall[:] = walls.position


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _range_along(coordinate, reach, grid, axis, periodic):
    """First and last cell that comes nearer to a coordinate than `reach` [m]; each stands once."""
    count = grid.counts[axis]
    low = _cell_along(coordinate - reach, grid, axis)
    high = _cell_along(coordinate + reach, grid, axis)
    if periodic:
        return (low, high) if high - low < count else (0, count - 1)
    return min(max(low, 0), count - 1), min(max(high, 0), count - 1)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _gap_along(coordinate, cell, grid, axis, periodic):
    """Distance of a coordinate from what is in a cell [m], or less.

    Cells at a rigid side hold what lies beyond, too. Cells on the way round a box narrower than twice the
    reach are near from both sides.
    """
    count, side = grid.counts[axis], grid.side[axis]
    low = grid.origin[axis] + cell * side
    if coordinate < low:
        return 0.0 if cell == 0 and not periodic else _round(low - coordinate, count * side, periodic)
    if coordinate > low + side:
        beyond = coordinate - low - side
        return 0.0 if cell == count - 1 and not periodic else _round(beyond, count * side, periodic)
    return 0.0


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _round(gap, length, periodic):
    return 0.0 if periodic and gap > 0.25 * length else gap


@njit(cache=True, nogil=True, error_model="numpy")
def build_pairs(particles, box, grid, pairs, law, friction, skin):
    """List all pairs closer than the sum of radii plus `skin`, carrying history over from the old list.

    Mutates `pairs`; `grid` must be sorted.

    Returns
    -------
    bool
        False if there is no room left: the list is then unusable.
    """
    keep_old(pairs)
    motion, first, partner = particles.motion, pairs.first, pairs.partner
    cell_first, member, placed = grid.first, grid.member, grid.placed
    nx, ny, nz = grid.counts
    length_x, length_y, length_z = box.length[X], box.length[Y], box.length[Z]
    half_x, half_y, half_z = box.half[X], box.half[Y], box.half[Z]
    repeats_x, repeats_y, repeats_z = length_x > 0.0, length_y > 0.0, length_z > 0.0
    n, room = particles.mass.size, partner.size
    listed = 0
    for i in range(n):
        first[i] = listed
        x, y, z, radius = motion[i, X], motion[i, Y], motion[i, Z], motion[i, RADIUS]
        reach = 2 * radius + skin
        x_low, x_high = _range_along(x, reach, grid, X, repeats_x)
        y_low, y_high = _range_along(y, reach, grid, Y, repeats_y)
        for cx in range(x_low, x_high + 1):
            gap_x = _gap_along(x, cx, grid, X, repeats_x)
            for cy in range(y_low, y_high + 1):
                gap_y = _gap_along(y, cy, grid, Y, repeats_y)
                left = reach**2 - gap_x**2 - gap_y**2
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
                        dx = nearest(placed[m, X] - x, length_x, half_x)
                        dy = nearest(placed[m, Y] - y, length_y, half_y)
                        dz = nearest(placed[m, Z] - z, length_z, half_z)
                        j, other = member[m], placed[m, 3]
                        distance = radius + other + skin
                        near = dx * dx + dy * dy + dz * dz < distance * distance
                        owned = (other < radius) | ((other == radius) & (j < i))
                        if listed == room:
                            return False
                        # Written down in any case, kept only if so: a branch would be guessed wrong.
                        partner[listed] = j
                        listed += near & owned
    first[n] = listed
    fill_in(pairs, motion[:, RADIUS], particles.mass, particles.species, law, friction, False)
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def build_wall_contacts(particles, walls, contacts, law, friction, skin):
    """List the walls within `skin` of each sphere, carrying history over. Room for all is enough."""
    keep_old(contacts)
    motion, first, partner = particles.motion, contacts.first, contacts.partner
    listed, n = 0, particles.mass.size
    for i in range(n):
        first[i] = listed
        for w in range(walls.position.size):
            if face_gap(motion, walls, i, w) < skin:
                partner[listed] = w
                listed += 1
    first[n] = listed
    fill_in(contacts, motion[:, RADIUS], particles.mass, particles.species, law, friction, True)
