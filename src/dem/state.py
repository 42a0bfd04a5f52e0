"""The state of a simulation: structures of arrays, which kernels take whole and unpack by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from dem.geometry.planar import FACES


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


class Contacts(NamedTuple):
    """Candidates: those of owner i are ``first[i]:first[i + 1]``. N particles, room for P contacts."""

    first: np.ndarray  # int64 [N + 1]
    owner: np.ndarray  # uint32 [P]; unsigned spares each load the question whether it counts from the end
    partner: np.ndarray  # uint32 [P]: the smaller particle, or the number of a wall
    constants: np.ndarray  # of the law, [P] of each in a row [constants x P]
    friction: np.ndarray  # Coulomb coefficient [P]
    displacement: np.ndarray  # tangential displacement of the contact, 0 where there is none [P, m]
    history: np.ndarray  # what the law remembers, in the same way [history x P]
    overlap: np.ndarray  # when last measured, this and the next two; contact where > 0 [P, m]
    normal_force: np.ndarray  # positive pushes apart [P, N]
    tangential_force: np.ndarray  # on the partner, along the normal turned by +90 deg [P, N]
    old_first: np.ndarray  # int64 [N + 1], with the next three the last list, whose history is carried over
    old_partner: np.ndarray  # uint32 [P]
    old_displacement: np.ndarray  # [P, m]
    old_history: np.ndarray  # [history x P]


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


class Stress(NamedTuple):
    """Sums over the contacts of each of N particles."""

    moment: np.ndarray  # lever arm x force on the partner: xx, xy, yx, yy [N, 4, N m]
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


def walls_at(position: Sequence[float]) -> Walls:
    """Walls at rest at the positions of the faces [W, m]."""
    still = {name: np.zeros(len(FACES)) for name in Walls._fields}
    still["position"] = np.array(position, float)
    still["axis"] = np.array([face.axis for face in FACES])
    still["outward"] = np.array([face.outward for face in FACES])
    return Walls(**still)


def no_contacts(particles: int, room: int, law: Any) -> Contacts:
    """Room for candidate contacts of so many owners, none present, under a law."""
    rows = {"constants": len(law.Constants._fields), "history": len(law.HISTORY)}
    rows["old_history"] = rows["history"]
    kinds: dict[str, type] = dict.fromkeys(("first", "old_first"), np.int64)
    kinds |= dict.fromkeys(("owner", "partner", "old_partner"), np.uint32)
    columns: dict[str, np.ndarray] = {}
    for name in Contacts._fields:
        length = particles + 1 if name.endswith("first") else rows.get(name, 1) * room
        columns[name] = np.zeros(length, kinds.get(name, float))
    return Contacts(**columns)


def no_stress(particles: int) -> Stress:
    """Stress of particles that nothing touches."""
    return Stress(np.zeros((particles, 4)), np.zeros(particles))
