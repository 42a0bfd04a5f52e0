"""The state of a simulation: structures of arrays, which kernels take whole and unpack by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from dem.geometry.planar import FACES, Face
from dem.geometry.spatial import FX, FZ, RADIUS, X, Z
from dem.laws.friction import Coulomb, Frictionless


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
    species: np.ndarray  # int8, see `electrode.species`

    @property
    def position(self) -> np.ndarray:
        """Centres, copied [N, 2, m]."""
        return np.stack([self.x, self.y], axis=-1)

    @property
    def force(self) -> np.ndarray:
        """Net force, copied [N, 2, N]."""
        return np.stack([self.fx, self.fy], axis=-1)


class Spheres(NamedTuple):
    """State and constants of N spheres in space. Columns are named in `dem.geometry.spatial`.

    What a contact asks of a sphere lies side by side: it is read at random.
    """

    motion: np.ndarray  # place [m], velocity [m/s], spin [rad/s], radius [m]: columns X to RADIUS [N, 10]
    load: np.ndarray  # force [N] and torque [N m]: columns FX to TORQUE_Z [N, 6]
    mass: np.ndarray  # [N, kg]
    inertia: np.ndarray  # moment of inertia [N, kg m^2]
    species: np.ndarray  # int8 [N], see `electrode.species`

    @property
    def position(self) -> np.ndarray:
        """Centres, copied [N, 3, m]."""
        return self.motion[:, X : Z + 1].copy()

    @property
    def force(self) -> np.ndarray:
        """Net force, copied [N, 3, N]."""
        return self.load[:, FX : FZ + 1].copy()

    @property
    def radius(self) -> np.ndarray:
        """Radius [N, m]."""
        return self.motion[:, RADIUS]


class Box(NamedTuple):
    """Sides at which space repeats itself, along x, y and z."""

    length: np.ndarray  # [3, m]; 0 where it does not
    half: np.ndarray  # of it; infinite where it does not [3, m]


class Walls(NamedTuple):
    """W rigid walls, one per face of the box, see `dem.geometry`."""

    position: np.ndarray  # [W]: along the axis of the face [m]
    axis: np.ndarray  # int64 [W]
    outward: np.ndarray  # [W]: direction of the outward normal along the axis, -1 or 1
    velocity: np.ndarray  # [W]: along the axis [m/s]
    force: np.ndarray  # [W]: push of the particles outwards [N]
    work: np.ndarray  # [W]: done on the particles by moving against that push, so far [J]
    mass: np.ndarray  # [W, kg]; 0: the velocity is prescribed, and the next three mean nothing
    load: np.ndarray  # [W]: push from outside [N]
    impedance: np.ndarray  # [W]: of the wall's dashpot [N s/m]
    speed_limit: np.ndarray  # [W, m/s]


# Contacts that pass through a law together, see `dem.cpu.tile`.
TILE = 64


class Contacts(NamedTuple):
    """Candidates: those of owner i are ``first[i]:first[i + 1]``. N particles, room for P contacts.

    What is more than one number lies in blocks of `TILE` contacts, which a kernel reads one after the other:
    in each a row of the first numbers, a row of the second, ...
    """

    first: np.ndarray  # int64 [N + 1]
    owner: np.ndarray  # uint32 [P]; unsigned spares each load the question whether it counts from the end
    partner: np.ndarray  # uint32 [P]: the smaller particle, or the number of a wall
    constants: np.ndarray  # of the law [P / TILE x constants x TILE]
    friction: np.ndarray  # Coulomb coefficient [P]
    displacement: (
        np.ndarray
    )  # tangential, 0 where there is no contact [m]; in the plane one number, in space 3
    history: np.ndarray  # what the law remembers [P / TILE x history x TILE]
    overlap: np.ndarray  # when last measured, this and the next two; contact where > 0 [P, m]
    normal_force: np.ndarray  # positive pushes apart [P, N]
    tangential_force: np.ndarray  # on the partner, along the normal turned by +90 deg [P, N]
    old_first: np.ndarray  # int64 [N + 1], with the next three the last list, whose history is carried over
    old_partner: np.ndarray  # uint32 [P]
    old_displacement: np.ndarray  # as `displacement`
    old_history: np.ndarray  # as `history`

    def listed(self, name: str) -> np.ndarray:
        """Copy of `constants`, `displacement` or `history` of the candidates [numbers, candidates]."""
        columns, room = getattr(self, name), self.friction.size
        numbers = columns.size // room
        rows = columns.reshape(room // TILE, numbers, TILE).swapaxes(0, 1).reshape(numbers, room)
        return rows[:, : self.first[-1]]


class CellGrid(NamedTuple):
    """Square cells that cover the box; members of cell c are ``member[first[c]:first[c + 1]]``."""

    first: np.ndarray  # int64 [cells + 1]
    member: np.ndarray  # int64 [N]
    cell: np.ndarray  # int64 [N]: the cell of each particle
    counts: np.ndarray  # int64 [2]: cells along x, along y
    side: np.ndarray  # [1, m]
    built_x: np.ndarray  # [N]: positions of particles and walls at the last rebuild [m]
    built_y: np.ndarray  # [N, m]
    built_wall: np.ndarray  # [W, m]


class CellBlock(NamedTuple):
    """Cells of a box in space; those of one x and y lie in a row along z."""

    first: np.ndarray  # int64 [cells + 1]: members of cell c are ``member[first[c]:first[c + 1]]``
    member: np.ndarray  # int64 [N]
    cell: np.ndarray  # int64 [N]: the cell of each sphere
    placed: np.ndarray  # places and radii of the members, side by side as they are looked through [N, 4, m]
    counts: np.ndarray  # int64 [3]: cells along x, y, z
    side: np.ndarray  # [3, m]
    origin: np.ndarray  # corner of the box [3, m]
    built: np.ndarray  # places of the spheres at the last rebuild [N, 3, m]
    built_wall: np.ndarray  # [W, m]


class Stress(NamedTuple):
    """Sums over the contacts of each of N particles."""

    # Lever arm x force on the partner: xx, xy, yx, yy [N, 4, N m], in space xx, xy, xz, yx, ... [N, 9, N m].
    moment: np.ndarray
    normal_force_sum: np.ndarray  # [N, N]


class System(NamedTuple):
    """All that one time step reads and changes."""

    particles: Particles
    walls: Walls
    pairs: Contacts
    wall_contacts: Contacts
    grid: CellGrid
    law: Any  # a law of `dem.laws`: its type chooses the kernels
    friction: np.ndarray  # Coulomb coefficient per pair of species [3, 3]
    tile: np.ndarray  # scratch of the force pass, see `dem.cpu.tile`
    stress: Stress  # of the last step of a run

    def between(self, i: np.ndarray, j: np.ndarray) -> np.ndarray:
        """Vectors from particles i to particles j [C, 2, m]."""
        position = self.particles.position
        return position[j] - position[i]


class SpatialSystem(NamedTuple):
    """All that one time step in space reads and changes."""

    particles: Spheres
    box: Box
    walls: Walls
    pairs: Contacts
    wall_contacts: Contacts
    grid: CellBlock
    law: Any  # a law of `dem.laws`: its type chooses the kernels
    friction: Coulomb | Frictionless  # its type chooses the kernels, too
    tile: np.ndarray  # scratch of the force pass, see `dem.cpu.spatial.tile`
    stress: Stress  # of the last step of a run

    def between(self, i: np.ndarray, j: np.ndarray) -> np.ndarray:
        """Vectors from spheres i to the nearest images of spheres j [C, 3, m]."""
        position, length = self.particles.position, self.box.length
        straight = position[j] - position[i]
        return straight - length * np.round(
            np.divide(straight, length, np.zeros_like(straight), where=length > 0)
        )


class Frame(NamedTuple):
    """A recorded state of a structure of N particles."""

    step: int
    time: float  # [s]
    x: np.ndarray  # [N, m]
    y: np.ndarray  # [N, m]
    contact_pressure: np.ndarray  # [N, Pa]
    stress_tensor: np.ndarray  # Love-Weber, compression positive [N, 2, 2, Pa]
    wall_position: np.ndarray  # [4, m]: left, right, bottom, top
    wall_force: np.ndarray  # [4, N]
    wall_work: float  # done by the walls on the particles so far [J]
    kinetic_energy: float  # [J]
    elastic_energy: float  # [J]
    dissipated_work: float  # lost in dashpots and by slip so far [J]
    coordination_number: float  # mean number of particles that a particle touches [-]
    porosity: float  # share of the box that no particle covers [-]
    reaction_area: float  # AM-SE contact area from the overlaps [m^2]


class SpatialFrame(NamedTuple):
    """A recorded state of a packing of N spheres between W walls; K pairs of species of particles."""

    step: int
    time: float  # [s]
    position: np.ndarray  # [N, 3, m]
    contact_pressure: np.ndarray  # [N, Pa]
    stress_tensor: np.ndarray  # Love-Weber, compression positive [N, 3, 3, Pa]
    wall_position: np.ndarray  # [W, m]: see `dem.geometry.spatial.FACES`
    wall_force: np.ndarray  # [W, N]
    wall_work: float  # done by the walls on the particles so far [J]
    kinetic_energy: float  # [J]
    elastic_energy: float  # [J]
    dissipated_work: float  # lost in dashpots and by slip so far [J]
    pressure: float  # on the piston [Pa]
    relative_density: float  # volume of all spheres, overlaps counted twice / box [-]
    solid_volume_fraction: float  # share of the box within spheres [-]
    coordination_number: np.ndarray  # see `dem.measure.spatial.coordination` [2, 2]
    specific_interface_area: float  # AM-SE contact area from the overlaps / box volume [1/m]
    am_coverage: float  # mean over AM surface of the share that SE contacts cover [-]; NaN without AM


def no_box() -> Box:
    """Space that nowhere repeats itself."""
    return Box(np.zeros(3), np.full(3, np.inf))


def box_across(width: float) -> Box:
    """Space that repeats itself along x and y."""
    return Box(np.array([width, width, 0.0]), np.array([width / 2, width / 2, np.inf]))


def walls_at(position: Sequence[float], faces: Sequence[Face] = FACES) -> Walls:
    """Walls at rest at the positions of the faces [W, m]."""
    still = {name: np.zeros(len(faces)) for name in Walls._fields}
    still["position"] = np.array(position, float)
    still["axis"] = np.array([face.axis for face in faces])
    still["outward"] = np.array([face.outward for face in faces])
    return Walls(**still)


def no_contacts(particles: int, room: int, law: Any, axes: int = 1) -> Contacts:
    """Room for candidate contacts of so many owners, in whole tiles, none present, under a law.

    Their tangential displacement has so many `axes`: 1 in the plane, 3 in space.
    """
    room = -(-room // TILE) * TILE
    rows = {"constants": len(law.Constants._fields), "history": len(law.HISTORY), "displacement": axes}
    rows |= {f"old_{name}": rows[name] for name in ("history", "displacement")}
    kinds: dict[str, type] = dict.fromkeys(("first", "old_first"), np.int64)
    kinds |= dict.fromkeys(("owner", "partner", "old_partner"), np.uint32)
    columns: dict[str, np.ndarray] = {}
    for name in Contacts._fields:
        length = particles + 1 if name.endswith("first") else rows.get(name, 1) * room
        columns[name] = np.zeros(length, kinds.get(name, float))
    return Contacts(**columns)


def no_stress(particles: int, axes: int = 2) -> Stress:
    """Stress of particles that nothing touches."""
    return Stress(np.zeros((particles, axes**2)), np.zeros(particles))
