"""Neighbor list: which particles may touch each other or a wall before the next rebuild.

Each pair is owned by its larger particle, which looks for the smaller ones in a grid of cells sized
for the smallest. Any spread of sizes then costs the same per pair, and the cells are one size.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from dem.cpu.contacts import fill_in, keep_old
from dem.geometry.planar import FACES, face_gap
from dem.state import CellGrid, Particles, Walls
from electrode.trajectory import BOTTOM, LEFT, RIGHT, TOP


def empty_grid(particles: Particles, walls: Walls, skin: float) -> CellGrid:
    """Cells for the box as it stands; their side is the reach of the smallest particle."""
    side = 2 * particles.radius.min() + skin
    width = walls.position[RIGHT] - walls.position[LEFT]
    height = walls.position[TOP] - walls.position[BOTTOM]
    counts = np.array([max(1, int(width / side) + 1), max(1, int(height / side) + 1)])
    n = particles.x.size
    return CellGrid(
        first=np.zeros(counts.prod() + 1, np.int64),
        member=np.zeros(n, np.int64),
        cell=np.zeros(n, np.int64),
        counts=counts,
        side=np.array([side]),
        built_x=np.zeros(n),
        built_y=np.zeros(n),
        built_wall=np.zeros_like(walls.position),
    )


@njit(cache=True, nogil=True)
def _cell_along(coordinate, origin, side, count):
    return min(max(int((coordinate - origin) / side), 0), count - 1)


@njit(cache=True, nogil=True)
def sort_into_cells(particles, walls, grid):
    """Counting sort of the particles into cells; remembers the positions the list is built from."""
    n = particles.x.size
    nx, ny = grid.counts
    grid.first[:] = 0
    for i in range(n):
        cx = _cell_along(particles.x[i], walls.position[LEFT], grid.side[0], nx)
        cy = _cell_along(particles.y[i], walls.position[BOTTOM], grid.side[0], ny)
        grid.cell[i] = cx * ny + cy
        grid.first[grid.cell[i] + 1] += 1
        grid.built_x[i] = particles.x[i]
        grid.built_y[i] = particles.y[i]
    for c in range(nx * ny):
        grid.first[c + 1] += grid.first[c]
    # Filling from the back leaves first[] at the start of each cell and members in ascending order.
    for i in range(n - 1, -1, -1):
        c = grid.cell[i] + 1
        grid.first[c] -= 1
        grid.member[grid.first[c]] = i
    for c in range(nx * ny):
        grid.first[c] = grid.first[c + 1]
    grid.first[nx * ny] = n
    grid.built_wall[:] = walls.position


@njit(cache=True, nogil=True)
def build_pairs(particles, walls, grid, pairs, law, friction, skin):
    """List all pairs closer than the sum of radii plus `skin`, carrying history over from the old list.

    Mutates `pairs`; `grid` must be sorted.

    Returns
    -------
    bool
        False if there are more pairs than room: the list is then unusable.
    """
    keep_old(pairs)
    x, y, radius = particles.x, particles.y, particles.radius
    first, partner = pairs.first, pairs.partner
    cell_first, member = grid.first, grid.member
    nx, ny = grid.counts
    side, left, bottom = grid.side[0], walls.position[LEFT], walls.position[BOTTOM]
    listed = 0
    for i in range(x.size):
        first[i] = listed
        reach = 2 * radius[i] + skin
        for cx in range(
            _cell_along(x[i] - reach, left, side, nx), _cell_along(x[i] + reach, left, side, nx) + 1
        ):
            low = cx * ny + _cell_along(y[i] - reach, bottom, side, ny)
            high = cx * ny + _cell_along(y[i] + reach, bottom, side, ny)
            # Cells of one column are neighbors in memory: one run of members.
            for m in range(cell_first[low], cell_first[high + 1]):
                j = member[m]
                if radius[j] > radius[i] or (radius[j] == radius[i] and j >= i):
                    continue
                distance = radius[i] + radius[j] + skin
                if (x[j] - x[i]) ** 2 + (y[j] - y[i]) ** 2 < distance**2:
                    if listed == partner.size:
                        return False
                    partner[listed] = j
                    listed += 1
    first[x.size] = listed
    fill_in(pairs, radius, particles.mass, particles.species, law, friction, False)
    return True


@njit(cache=True, nogil=True)
def build_wall_contacts(particles, walls, contacts, law, friction, skin):
    """List the walls within `skin` of each particle, carrying history over. Room for all is enough."""
    keep_old(contacts)
    first, partner = contacts.first, contacts.partner
    listed = 0
    for i in range(particles.x.size):
        first[i] = listed
        for w in range(len(FACES)):
            if face_gap(particles, walls, i, w) < skin:
                partner[listed] = w
                listed += 1
    first[particles.x.size] = listed
    fill_in(contacts, particles.radius, particles.mass, particles.species, law, friction, True)
