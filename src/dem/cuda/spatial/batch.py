"""Packings side by side in the memory of a GPU: room for them, there and back."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from dem.cpu.spatial.integrate import skin_of
from dem.cpu.spatial.neighbors import _cell_along
from dem.cpu.spatial.tile import DISSIPATED
from dem.cuda.compiled import Compiler
from dem.cuda.device import Device, numba_cuda
from dem.cuda.law import seams
from dem.cuda.spatial.structure import (
    CHUNK,
    INERTIA,
    MASS,
    MOTION,
    ROW,
    TWIST_Z,
    Batch,
    Orders,
    Places,
    Seen,
    Structure,
    structure_of,
    walls_of,
)
from dem.geometry.spatial import RADIUS
from dem.state import TILE, Box, CellBlock, Contacts, SpatialSystem, Walls

# Threads of a block, and registers of each: all that a multiprocessor has. Blocks of the simulator are small,
# for each of their threads is one of Python.
THREADS, REGISTERS = 512, 128
SIMULATED_THREADS = 3

# Of contacts: what a rebuild of the list writes, and what every run does.
LISTED = ("owner", "partner", "constants", "friction")
MEASURED = ("displacement", "history", "overlap", "normal_force", "tangential_force")
# Of walls: what every run does.
MOVED = ("position", "velocity", "force", "work")


class Sizes(NamedTuple):
    """How much room structures need, together or one alone."""

    structures: int
    particles: int
    pairs: int
    wall_contacts: int
    cells: int
    cursor: int
    sums: int
    walls: int  # of each structure

    @classmethod
    def of(cls, system: SpatialSystem) -> Sizes:
        """Of one structure."""
        n, walls = system.particles.mass.size, system.walls.position.size
        cells, contacts = system.grid.first.size - 1, system.wall_contacts.friction.size
        sums = max(walls * -(-contacts // CHUNK), len(Seen._fields) * -(-n // CHUNK))
        return cls(1, n, system.pairs.friction.size, contacts, cells, max(n, cells) + 1, sums, walls)


def places_of(sizes: Sequence[Sizes]) -> Places:
    """Where structures of such sizes begin."""
    columns = (np.array([getattr(size, name) for size in sizes]) for name in Places._fields)
    return Places(*(np.concatenate([[0], np.cumsum(column)]) for column in columns))


class Room(NamedTuple):
    """Shape and type of an array that is to be."""

    shape: tuple[int, ...]
    kind: Any


def _real(*shape: int) -> Any:
    return Room(shape, np.float64)


def _whole(*shape: int) -> Any:
    return Room(shape, np.int64)


def _contacts_layout(kind: Contacts, first: int, room: int) -> Contacts:
    """Rooms for the contacts of all structures; `kind` is of one of them."""

    def layout(name: str) -> Any:
        column = getattr(kind, name)
        # Kernels divide by the room to know how many numbers there are, and an array has one at least.
        length = first if name.endswith("first") else max(1, column.size // kind.friction.size * room)
        return Room((length,), column.dtype)

    return Contacts(*map(layout, Contacts._fields))


def layout_of(systems: Sequence[SpatialSystem], threads: int) -> Structure:
    """Rooms for all systems, an array by an array."""
    sizes = [Sizes.of(system) for system in systems]
    all_of = Sizes(*(sum(column) for column in zip(*sizes, strict=True)))
    count, n, walls, kind = all_of.structures, all_of.particles, all_of.walls, systems[0]
    placed_walls: Any = (Room((walls,), column.dtype) for column in kind.walls)
    species: Any = Room((n,), np.int8)
    taken: Any = Room((all_of.pairs,), np.uint32)
    return Structure(
        motion=_real(n, MOTION),
        load=_real(n, 6),
        species=species,
        lost=_real(n),
        moment=_real(n, 9),
        normal_force_sum=_real(n),
        box=Box(_real(3 * count), _real(3 * count)),
        walls=Walls(*placed_walls),
        pairs=_contacts_layout(kind.pairs, n + count, all_of.pairs),
        pair_row=_real(all_of.pairs, ROW),
        taken_first=_whole(n + count),
        taken=taken,
        wall_contacts=_contacts_layout(kind.wall_contacts, n + count, all_of.wall_contacts),
        wall_row=_real(all_of.wall_contacts, ROW),
        grid=CellBlock(
            first=_whole(all_of.cells + count),
            member=_whole(n),
            cell=_whole(n),
            placed=_real(n, 4),
            counts=_whole(3 * count),
            side=_real(3 * count),
            origin=_real(3 * count),
            built=_real(n, 3),
            built_wall=_real(walls),
        ),
        cursor=_whole(all_of.cursor),
        sums=_real(all_of.sums),
        scratch=_whole(threads * count),
    )


def _each(function: Callable[[Room], Any], layout: Any) -> Any:
    """What a function makes of each room of a layout, in its place."""
    if isinstance(layout, Room):
        return function(layout)
    return type(layout)(*(_each(function, part) for part in layout))


def bytes_of(systems: Sequence[SpatialSystem]) -> int:
    """Memory that systems need on a GPU [bytes]."""
    sizes: list[int] = []
    _each(
        lambda room: sizes.append(math.prod(room.shape) * np.dtype(room.kind).itemsize),
        layout_of(systems, THREADS),
    )
    return sum(sizes)


def linked_kernel(work: Callable[..., Any], law: Any, friction: Any, jit: Callable[..., Any]) -> Any:
    """The kernel that does some work, for types of law and friction.

    Its callees are compiled by `jit`; itself it is plain.
    """
    from dem.cuda import block
    from dem.cuda.spatial.neighbors import cell_along

    instead: dict[Any, Any] = {**seams(law, friction), block.work: work, _cell_along: cell_along}
    return Compiler(jit, instead).linked(block.kernel)


@lru_cache
def kernels_for(law: Any, friction: Any, simulated: bool) -> list[Any]:
    """Kernels that make a run, in turn, for types of law and friction."""
    from dem.cuda.spatial.integrate import advance
    from dem.cuda.spatial.look import look

    cuda = numba_cuda()
    if simulated:
        # Only names of a kernel's own module are those of the simulated device.
        return [
            cuda.jit(linked_kernel(work, law, friction, lambda function: function))
            for work in (advance, look)
        ]
    callees = cuda.jit(device=True, forceinline=True)
    return [
        cuda.jit(max_registers=REGISTERS)(linked_kernel(work, law, friction, callees))
        for work in (advance, look)
    ]


class PackingBatch:
    """Room on a device for packings, which it advances at the same time.

    Parameters
    ----------
    device
        Has enough free memory, see `bytes_of`.
    systems
        Say how large the packings are, which law and which friction they have; all as many walls.
    threads
        Of a block. The result does not depend on it.
    """

    def __init__(self, device: Device, systems: Sequence[SpatialSystem], threads: int | None = None):
        self.device = device
        self.threads = threads or (SIMULATED_THREADS if device.simulated else THREADS)
        self._sizes = [Sizes.of(system) for system in systems]
        count, first = len(systems), systems[0]
        # What goes there and comes back in every run, of all structures in one go.
        self._orders = Orders(
            *(np.zeros(count, kind) for kind in (np.int64, *3 * [float], np.int64, float, np.int64))
        )
        self._walls = Walls(*(np.tile(column, count) for column in first.walls))
        each = first.walls.position.size
        self._walls_of = [walls_of(self._walls, s * each, (s + 1) * each) for s in range(count)]
        self._seen = np.zeros((count, len(Seen._fields)))
        self._relisted = np.zeros(count, bool)
        self._batch = Batch(
            device.keep(places_of(self._sizes)),
            device.keep(self._orders),
            device.zeros(self._seen.shape, float),
            _each(lambda room: device.zeros(*room), layout_of(systems, self.threads)),
        )
        self._views = [structure_of(self._host_places(), s, self.threads) for s in range(count)]
        self._law, self._friction = device.keep(first.law), device.keep(first.friction)

    @property
    def arguments(self) -> tuple[Any, Any, Any]:
        """What kernels are called with."""
        return self._batch, self._law, self._friction

    def _host_places(self) -> Batch:
        """The batch with places that the host can read, to cut it up by."""
        return self._batch._replace(places=places_of(self._sizes), orders=self._orders)

    def put(self, s: int, system: SpatialSystem) -> None:
        """Make a system structure s: all that a run reads of it but its walls."""
        view, write, particles = self._views[s], self.device.write, system.particles
        motion = np.empty((particles.mass.size, MOTION))
        motion[:, : RADIUS + 1] = particles.motion
        motion[:, MASS], motion[:, INERTIA] = particles.mass, particles.inertia
        write(view.motion, motion)
        write(view.load, particles.load)
        write(view.species, particles.species)
        for part, names in (
            ("box", Box._fields),
            ("grid", ("counts", "side", "origin", "built", "built_wall")),
        ):
            for name in names:
                write(getattr(getattr(view, part), name), getattr(getattr(system, part), name))
        for part in ("pairs", "wall_contacts"):
            contacts = getattr(system, part)
            write(getattr(view, part).first, contacts.first)
            for name in (*LISTED, "displacement", "history"):
                there, here = _used(getattr(view, part), name, contacts), _used(contacts, name, contacts)
                write(there, here)
        listed = system.pairs.first[-1]
        partner = system.pairs.partner[:listed].astype(np.int64)
        counts = np.bincount(partner, minlength=particles.mass.size)
        write(view.taken_first, np.concatenate([[0], np.cumsum(counts)]))
        write(view.taken[:listed], np.argsort(partner, kind="stable").astype(np.uint32))
        self._orders.skin[s] = skin_of(particles)
        self._relisted[s] = False

    def order(self, s: int, system: SpatialSystem, time_step: float, steps: int, kept: float) -> None:
        """Have structure s do so many steps in the next run, with the walls as they are in `system`."""
        orders = self._orders
        orders.steps[s], orders.time_step[s], orders.kept[s] = steps, time_step, kept
        for there, here in zip(self._walls_of[s], system.walls, strict=True):
            there[:] = here

    def skip(self, s: int) -> None:
        """Have structure s stand still from now on."""
        self._orders.steps[s] = 0

    def run(self) -> None:
        """Do what was ordered; structures without an order stand still."""
        orders, walls, write, read = self._orders, self._walls, self.device.write, self.device.read
        for there, here in zip((*self._batch.orders, *self._batch.all.walls), (*orders, *walls), strict=True):
            write(there, here)
        kinds: Any = type(self._law), type(self._friction)
        for kernel in kernels_for(*kinds, self.device.simulated):
            kernel[orders.steps.size, self.threads](*self.arguments)
        self.device.wait()
        for name in ("done", "dissipated", "rebuilds"):
            read(getattr(self._batch.orders, name), getattr(orders, name))
        for name in MOVED:
            read(getattr(self._batch.all.walls, name), getattr(walls, name))
        read(self._batch.seen, self._seen)
        self._relisted |= (orders.steps > 0) & (orders.rebuilds > 0)

    def follow(self, s: int, system: SpatialSystem) -> bool:
        """Write what a run has made of the walls of structure s, and the work lost, into its system.

        Returns
        -------
        bool
            False if its pairs had no room: it has not been advanced.
        """
        if self._orders.done[s] < self._orders.steps[s]:
            return False
        walls = self._walls_of[s]
        for name in MOVED:
            getattr(system.walls, name)[:] = getattr(walls, name)
        system.tile[DISSIPATED] += self._orders.dissipated[s]
        return True

    def seen(self, s: int) -> Seen:
        """What there was to see of structure s after its last step."""
        return Seen(*self._seen[s].tolist())

    def take(self, s: int, system: SpatialSystem) -> None:
        """Write what runs since the last `take` have made of structure s into its system, beside `follow`."""
        view, read, particles = self._views[s], self.device.read, system.particles
        motion = np.empty((particles.mass.size, MOTION))
        read(view.motion, motion)
        particles.motion[:] = motion[:, : RADIUS + 1]
        read(view.load, particles.load)
        read(view.moment, system.stress.moment)
        read(view.normal_force_sum, system.stress.normal_force_sum)
        names: tuple[str, ...] = MEASURED
        if self._relisted[s]:
            names = LISTED + MEASURED
            read(view.grid.built, system.grid.built)
            read(view.grid.built_wall, system.grid.built_wall)
            read(view.pairs.first, system.pairs.first)
            read(view.wall_contacts.first, system.wall_contacts.first)
            self._relisted[s] = False
        for part in ("pairs", "wall_contacts"):
            contacts = getattr(system, part)
            for name in names:
                there, here = _used(getattr(view, part), name, contacts), _used(contacts, name, contacts)
                read(there, here)

    def twists(self, s: int, system: SpatialSystem) -> tuple[np.ndarray, np.ndarray]:
        """Normal x force of the pairs of structure s, and of its contacts with walls, about z [N]."""
        view = self._views[s]
        return self._twists(view.pair_row, system.pairs), self._twists(view.wall_row, system.wall_contacts)

    def _twists(self, rows: Any, contacts: Contacts) -> np.ndarray:
        listed = int(contacts.first[-1])
        read = np.empty((listed, ROW))
        self.device.read(rows[:listed], read)
        return read[:, TWIST_Z]


def _used(contacts: Contacts, name: str, listed: Contacts) -> Any:
    """The part of an array of contacts that is in use, in whole tiles."""
    tiles = -(-int(listed.first[-1]) // TILE)
    column = getattr(contacts, name)
    return column[: tiles * TILE * (column.size // contacts.friction.size)]
