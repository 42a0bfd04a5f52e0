"""What is measured on each recorded state of spheres in space."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from dem.cpu.spatial.forces import energies
from dem.cpu.spatial.tile import dissipated_work
from dem.geometry.spatial import RADIUS, X, Y, Z
from dem.measure.stress import ContactList, contact_list, contact_normals, contact_pressure, stress_tensor
from dem.state import SpatialFrame, SpatialSystem
from electrode.species import AM, NAMES, SE
from electrode.trajectory import MOVING

# Raster that the solid volume is counted on: cells per radius of the smallest sphere, and most cells in all.
CELLS_PER_RADIUS = 6
MOST_CELLS = 30_000_000
# Directions on an AM sphere that are within a contact or not.
DIRECTIONS = 400


def snapshot(system: SpatialSystem, step: int, time: float) -> SpatialFrame:
    """The state of `system` after `step` steps, which took `time` [s], copied.

    Raises
    ------
    RuntimeError
        If a particle has left the box.
    """
    check_none_lost(system, step)
    particles, walls = system.particles, system.walls
    kinetic, elastic = energies(system)
    contacts = contact_list(system)
    volume = box_volume(system)
    return SpatialFrame(
        step=step,
        time=time,
        position=particles.position,
        contact_pressure=contact_pressure(system.stress, particles.radius),
        stress_tensor=stress_tensor(system.stress, particles.radius),
        wall_position=walls.position.copy(),
        wall_force=walls.force.copy(),
        wall_work=walls.work.sum(),
        kinetic_energy=kinetic,
        elastic_energy=elastic,
        dissipated_work=dissipated_work(system.tile),
        pressure=float(walls.force[MOVING] / wall_area(system)),
        relative_density=float(4 / 3 * math.pi * np.sum(particles.radius**3) / volume),
        solid_volume_fraction=solid_volume_fraction(system),
        coordination_number=coordination(contacts, particles.species),
        specific_interface_area=interface_area(contacts, particles.species) / volume,
        am_coverage=am_coverage(system, contacts),
    )


def check_none_lost(system: SpatialSystem, step: int) -> None:
    """Raise RuntimeError if a sphere lies wholly beyond a wall, or nowhere."""
    particles, walls = system.particles, system.walls
    position, radius = particles.position, particles.radius
    inside = np.isfinite(position).all(axis=1)
    for wall, axis, outward in zip(walls.position, walls.axis, walls.outward, strict=True):
        inside &= outward * (wall - position[:, axis]) > -radius
    lost = np.flatnonzero(~inside)
    if lost.size:
        k = int(lost[0])
        place = ", ".join(
            f"{axis} = {value * 1e6:g} um" for axis, value in zip("xyz", position[k], strict=True)
        )
        heights = walls.position[:2] * 1e6
        raise RuntimeError(
            f"{lost.size} particles have left the box by step {step}, the first is particle {k} "
            f"({NAMES[int(particles.species[k])]}, radius {radius[k] * 1e6:g} um) at {place}; floor and "
            f"piston are at z = {heights[0]:g} and {heights[1]:g} um. The time step, the wall speed or the "
            "pressure is too large"
        )


def widths(system: SpatialSystem) -> np.ndarray:
    """Of the box along x, y and z [3, m]."""
    walls, lengths = system.walls, system.box.length.copy()
    for axis in range(3):
        if lengths[axis] == 0:
            lengths[axis] = np.ptp(walls.position[walls.axis == axis])
    return lengths


def box_volume(system: SpatialSystem) -> float:
    """[m^3]."""
    return float(widths(system).prod())


def wall_area(system: SpatialSystem) -> float:
    """Of the piston [m^2], which the force on it is divided by for its pressure."""
    along_x, along_y, _ = widths(system)
    return float(along_x * along_y)


def inertial_number(system: SpatialSystem) -> float:
    """Strain rate x mean diameter x sqrt(density / pressure) [-] (da Cruz et al., 2005).

    The pressure is that on the piston; 0 while all walls stand.
    """
    particles, walls = system.particles, system.walls
    density = particles.mass.sum() / (4 / 3 * np.pi * np.sum(particles.radius**3))
    rate = abs(walls.velocity[MOVING]) / widths(system)[Z]
    pressure = walls.force[MOVING] / wall_area(system)
    if rate == 0:
        return 0.0
    return rate * 2 * particles.radius.mean() * math.sqrt(density / pressure) if pressure > 0 else math.inf


def coordination(contacts: ContactList, species: np.ndarray) -> np.ndarray:
    """Mean number of contacts of a particle of one species with those of another [2, 2].

    Rows: the particle, columns: its partners, in the order SE, AM. NaN where there is no such particle.
    """
    between = contacts.j >= 0
    first, second = species[contacts.i[between]], species[contacts.j[between]]
    count = np.zeros((2, 2))
    np.add.at(count, (first - SE, second - SE), 1)
    np.add.at(count, (second - SE, first - SE), 1)
    particles = np.array([np.count_nonzero(species == kind) for kind in (SE, AM)], float)
    return np.divide(count, particles[:, None], np.full((2, 2), np.nan), where=particles[:, None] > 0)


def interface_area(contacts: ContactList, species: np.ndarray) -> float:
    """AM-SE contact area from the overlaps [m^2]."""
    unlike = (contacts.j >= 0) & (species[contacts.i] != species[np.maximum(contacts.j, 0)])
    return float(contacts.contact_area_from_overlap[unlike].sum())


def solid_volume_fraction(system: SpatialSystem) -> float:
    """Share of the box that lies within spheres, each place counted once: what sections show [-]."""
    lengths = widths(system)
    pitch = max(
        system.particles.radius.min() / CELLS_PER_RADIUS, float(lengths.prod() / MOST_CELLS) ** (1 / 3)
    )
    counts = np.maximum(1, np.round(lengths / pitch)).astype(np.int64)
    low = np.array(
        [system.walls.position[system.walls.axis == axis].min(initial=np.inf) for axis in range(3)]
    )
    origin = np.where(np.isfinite(low), low, 0.0)
    covered = np.zeros(counts, np.bool_)
    _cover(system.particles.motion, system.box, origin, lengths / counts, covered)
    return float(np.count_nonzero(covered) / covered.size)


@njit(cache=True, nogil=True)
def _cover(motion, box, origin, step, covered):
    """Mark the cells whose centres lie within spheres, row by row along z."""
    columns, rows, layers = covered.shape
    for k in range(motion.shape[0]):
        radius = motion[k, RADIUS]
        x, y, z = motion[k, X] - origin[X], motion[k, Y] - origin[Y], motion[k, Z] - origin[Z]
        for column in range(
            math.ceil((x - radius) / step[X] - 0.5), math.floor((x + radius) / step[X] + 0.5)
        ):
            if box.length[X] == 0.0 and not 0 <= column < columns:
                continue
            left = radius**2 - ((column + 0.5) * step[X] - x) ** 2
            if left <= 0.0:
                continue
            half = math.sqrt(left)
            for row in range(math.ceil((y - half) / step[Y] - 0.5), math.floor((y + half) / step[Y] + 0.5)):
                if box.length[Y] == 0.0 and not 0 <= row < rows:
                    continue
                rest = left - ((row + 0.5) * step[Y] - y) ** 2
                if rest <= 0.0:
                    continue
                height = math.sqrt(rest)
                first = min(layers, max(0, math.ceil((z - height) / step[Z] - 0.5)))
                last = max(first, min(layers, math.floor((z + height) / step[Z] + 0.5)))
                covered[column % columns, row % rows, first:last] = True


def am_coverage(system: SpatialSystem, contacts: ContactList) -> float:
    """Mean over the surface of AM of the share within its contacts with SE [-]; NaN without AM.

    A contact of area A covers a cap whose rim has the radius sqrt(A / pi); what several cover counts once, on
    directions spread over the sphere (Fibonacci lattice). The overlap's areas are taken.
    """
    species, radius = system.particles.species, system.particles.radius
    between = contacts.j >= 0
    i, j = contacts.i[between], contacts.j[between]
    rim = np.sqrt(contacts.contact_area_from_overlap[between] / np.pi)
    normal = contact_normals(system, i, j)
    unlike = (species[i] != species[j]) & (rim > 0)
    outward = np.where((species[i] == AM)[:, None], normal, -normal)[unlike]
    owner = np.where(species[i] == AM, i, j)[unlike]
    share = np.minimum(rim[unlike] / radius[owner], 1.0)
    order = np.argsort(owner, kind="stable")
    particles = np.flatnonzero(species == AM)
    first = np.searchsorted(owner[order], particles)
    last = np.searchsorted(owner[order], particles, side="right")
    if not particles.size:
        return math.nan
    covered = _covered(outward[order], np.sqrt(1 - share[order] ** 2), first, last, directions(DIRECTIONS))
    return float(np.average(covered, weights=radius[particles] ** 2))


@njit(cache=True, nogil=True)
def _covered(outward, cosine, first, last, spread):
    """Share of the directions within a cap of each particle."""
    shares = np.zeros(first.size)
    for k in range(first.size):
        for d in range(spread.shape[0]):
            for p in range(first[k], last[k]):
                along = 0.0
                for axis in range(3):
                    along += outward[p, axis] * spread[d, axis]
                if along >= cosine[p]:
                    shares[k] += 1.0
                    break
    return shares / spread.shape[0]


def directions(count: int) -> np.ndarray:
    """Directions spread evenly over the sphere [count, 3]: the Fibonacci lattice (González, 2010)."""
    height = 1 - (2 * np.arange(count) + 1) / count
    angle = np.arange(count) * math.pi * (3 - math.sqrt(5))
    across = np.sqrt(1 - height**2)
    return np.stack([across * np.cos(angle), across * np.sin(angle), height], axis=-1)
