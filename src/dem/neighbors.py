"""Neighbor list: which particles may touch each other or a wall before the next rebuild.

Each pair is owned by its larger particle, which looks for the smaller ones in a grid of cells sized
for the smallest. Any spread of sizes then costs the same per pair, and the cells are one size.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from dem.contact import contact_constants
from dem.elastoplastic import ELASTIC, Flow, yield_stiffness
from dem.parameters import SE, WALL


class Particles(NamedTuple):
    """State and constants of N particles, one array [N] per quantity."""

    x: np.ndarray  # [m]
    y: np.ndarray  # [m]
    vx: np.ndarray  # [m/s]
    vy: np.ndarray  # [m/s]
    omega: np.ndarray  # spin about the plane's normal [rad/s]
    fx: np.ndarray  # [N]
    fy: np.ndarray  # [N]
    torque: np.ndarray  # [N m]
    radius: np.ndarray  # [m]
    mass: np.ndarray  # [kg]
    inertia: np.ndarray  # moment of inertia of a sphere [kg m^2]
    species: np.ndarray  # int8, see parameters.SPECIES


class Walls(NamedTuple):
    """Four rigid walls: left, right, bottom, top."""

    position: np.ndarray  # [4]: x of left and right, y of bottom and top [m]
    velocity: np.ndarray  # [4]: along the wall's normal axis [m/s]
    force: np.ndarray  # [4]: push of the particles outwards [N]
    work: np.ndarray  # [4]: done on the particles by moving against that push, so far [J]
    mass: np.ndarray  # [4, kg]; 0: the velocity is prescribed, and the next three mean nothing
    load: np.ndarray  # [4]: push from outside [N]
    impedance: np.ndarray  # [4]: of the wall's dashpot [N s/m]
    speed_limit: np.ndarray  # [4, m/s]


class NeighborList(NamedTuple):
    """Candidate contacts: those of owner i are ``first[i]:first[i + 1]``. N particles, room for P pairs."""

    first: np.ndarray  # int64 [N + 1]
    owner: np.ndarray  # uint32 [P]; unsigned spares each load the question whether it counts from the end
    partner: np.ndarray  # uint32 [P]: the smaller particle, or the number of a wall
    displacement: np.ndarray  # tangential displacement of the contact, 0 where there is none [P, m]
    normal_stiffness: np.ndarray  # [P], this and the next three as `contact.contact_constants`
    tangential_stiffness: np.ndarray  # [P]
    normal_damping: np.ndarray  # [P]
    tangential_damping: np.ndarray  # [P]
    friction: np.ndarray  # [P]
    flattening: (
        np.ndarray
    )  # equilibrium overlap / effective radius, this and the next three where contacts yield [P]
    effective_radius: np.ndarray  # [P, m]
    yielding: np.ndarray  # see `elastoplastic.yield_stiffness` [P, N/m]
    fuses: np.ndarray  # 1 where the spring may pull, else 0 [P]
    overlap: np.ndarray  # when last measured, this and the next two; contact where > 0 [P, m]
    normal_force: np.ndarray  # positive pushes apart [P, N]
    tangential_force: np.ndarray  # on the partner, along the normal turned by +90 deg [P, N]
    old_first: (
        np.ndarray
    )  # int64 [N + 1], with the next three the previous list, from which history is carried over
    old_partner: np.ndarray  # uint32 [P]
    old_displacement: np.ndarray  # [P]
    old_flattening: np.ndarray  # [P]
    flow: Flow  # of contacts that yield; its rate is 0 where none does


class CellGrid(NamedTuple):
    """Square cells that cover the box; members of cell c are ``member[first[c]:first[c + 1]]``."""

    first: np.ndarray  # int64 [cells + 1]
    member: np.ndarray  # int64 [N]
    cell: np.ndarray  # int64 [N]: the cell of each particle
    counts: np.ndarray  # int64 [2]: cells along x, along y
    side: np.ndarray  # [1, m]
    built_x: np.ndarray  # [N]: positions of particles and walls at the last rebuild [m]
    built_y: np.ndarray  # [N, m]
    built_wall: np.ndarray  # [4, m]


def empty_list(particles: int, pairs: int, flow: Flow = ELASTIC) -> NeighborList:
    """Room for `pairs` candidate contacts of `particles` owners, none present."""
    kinds = {"first": np.int64, "old_first": np.int64}
    kinds |= dict.fromkeys(("owner", "partner", "old_partner"), np.uint32)
    columns = {
        name: np.zeros(particles + 1 if name.endswith("first") else pairs, kinds.get(name, float))
        for name in NeighborList._fields
        if name != "flow"
    }
    return NeighborList(**columns, flow=flow)


def empty_grid(particles: Particles, walls: Walls, skin: float) -> CellGrid:
    """Cells for the box as it stands; their side is the reach of the smallest particle."""
    side = 2 * particles.radius.min() + skin
    width = walls.position[1] - walls.position[0]
    height = walls.position[3] - walls.position[2]
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
        built_wall=np.zeros(4),
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
        cx = _cell_along(particles.x[i], walls.position[0], grid.side[0], nx)
        cy = _cell_along(particles.y[i], walls.position[2], grid.side[0], ny)
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
def _keep_old(contacts):
    used = contacts.first[-1]
    contacts.old_first[:] = contacts.first
    contacts.old_partner[:used] = contacts.partner[:used]
    contacts.old_displacement[:used] = contacts.displacement[:used]
    if contacts.flow.rate > 0.0:
        contacts.old_flattening[:used] = contacts.flattening[:used]


@njit(cache=True, nogil=True)
def _old_place(contacts, owner, partner):
    """Place of a pair in the previous list, -1 if it was not there."""
    for p in range(contacts.old_first[owner], contacts.old_first[owner + 1]):
        if contacts.old_partner[p] == partner:
            return p
    return -1


@njit(cache=True, nogil=True)
def _add(contacts, p, owner, partner, species_owner, species_partner, radius, mass, law):
    contacts.owner[p] = owner
    contacts.partner[p] = partner
    old = _old_place(contacts, owner, partner)
    contacts.displacement[p] = contacts.old_displacement[old] if old >= 0 else 0.0
    (
        contacts.normal_stiffness[p],
        contacts.tangential_stiffness[p],
        contacts.normal_damping[p],
        contacts.tangential_damping[p],
    ) = contact_constants(
        law.effective_modulus[species_owner, species_partner],
        law.effective_shear[species_owner, species_partner],
        law.damping_ratio[species_owner, species_partner],
        radius,
        mass,
    )
    contacts.friction[p] = law.friction[species_owner, species_partner]
    if contacts.flow.rate > 0.0:
        contacts.flattening[p] = contacts.old_flattening[old] if old >= 0 else 0.0
        contacts.effective_radius[p] = radius
        contacts.yielding[p] = yield_stiffness(law.hardness[species_owner, species_partner], radius)
        electrolyte = species_owner == SE or species_partner == SE
        contacts.fuses[p] = 1.0 if electrolyte and species_partner != WALL else 0.0


@njit(cache=True, nogil=True)
def build_pairs(particles, walls, grid, pairs, law, skin):
    """List all pairs closer than the sum of radii plus `skin`, carrying history over from the old list.

    Mutates `pairs`; `grid` must be sorted.

    Returns
    -------
    bool
        False if there are more pairs than room: the list is then unusable.
    """
    _keep_old(pairs)
    x, y, radius, mass, species = (
        particles.x,
        particles.y,
        particles.radius,
        particles.mass,
        particles.species,
    )
    nx, ny = grid.counts
    side, left, bottom = grid.side[0], walls.position[0], walls.position[2]
    room = pairs.partner.size
    found = 0
    for i in range(x.size):
        pairs.first[i] = found
        reach = 2 * radius[i] + skin
        for cx in range(
            _cell_along(x[i] - reach, left, side, nx), _cell_along(x[i] + reach, left, side, nx) + 1
        ):
            low = cx * ny + _cell_along(y[i] - reach, bottom, side, ny)
            high = cx * ny + _cell_along(y[i] + reach, bottom, side, ny)
            # Cells of one column are neighbors in memory: one run of members.
            for m in range(grid.first[low], grid.first[high + 1]):
                j = grid.member[m]
                if radius[j] > radius[i] or (radius[j] == radius[i] and j >= i):
                    continue
                distance = radius[i] + radius[j] + skin
                if (x[j] - x[i]) ** 2 + (y[j] - y[i]) ** 2 < distance**2:
                    if found == room:
                        return False
                    pair_radius = radius[i] * radius[j] / (radius[i] + radius[j])
                    pair_mass = mass[i] * mass[j] / (mass[i] + mass[j])
                    _add(pairs, found, i, j, species[i], species[j], pair_radius, pair_mass, law)
                    found += 1
    pairs.first[x.size] = found
    return True


@njit(cache=True, nogil=True)
def wall_gap(particles, walls, i, w):
    """Distance of the surface of particle i from wall w [m]; negative when they overlap."""
    centre = particles.x[i] if w < 2 else particles.y[i]
    distance = centre - walls.position[w] if w % 2 == 0 else walls.position[w] - centre
    return distance - particles.radius[i]


@njit(cache=True, nogil=True)
def build_wall_contacts(particles, walls, contacts, law, skin):
    """List the walls within `skin` of each particle, carrying history over. Room for 4 N is enough."""
    _keep_old(contacts)
    radius, mass, species = particles.radius, particles.mass, particles.species
    found = 0
    for i in range(radius.size):
        contacts.first[i] = found
        for w in range(4):
            if wall_gap(particles, walls, i, w) < skin:
                _add(contacts, found, i, w, species[i], WALL, radius[i], mass[i], law)
                found += 1
    contacts.first[radius.size] = found
