"""The driver: structures that go their own ways, advanced together by a GPU.

Each structure has a thread of its own, in which `dem.engine.run` runs its protocol as on the CPU. Where it
asks for steps the thread waits until all others ask, too; then the device does them in one go. So protocols,
measures and files are those of the CPU, and looks of different structures are taken at the same time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Condition
from typing import Any

import numpy as np
from numba.extending import typeof_impl

from dem.cpu import integrate as planar_integrate
from dem.cpu.cache import keep_apart
from dem.cpu.spatial import integrate as spatial_integrate
from dem.cuda.device import Device
from dem.cuda.planar import LayeredSystem
from dem.cuda.spatial.batch import PackingBatch
from dem.engine import GEOMETRIES
from dem.state import SpatialSystem, System


class OnDevice(SpatialSystem):
    """A packing that a GPU advances: the batch of the thread it is in."""

    __slots__ = ()


@typeof_impl.register(OnDevice)
def _typeof_on_device(value: OnDevice, context: Any) -> Any:
    """Kernels of the CPU take it for any packing: none is compiled for it."""
    return typeof_impl(SpatialSystem(*value), context)


class Member:
    """A place in a batch, taken by one structure at a time."""

    def __init__(self, together: Together, number: int):
        self._together, self._number = together, number
        # Held so that no other system can be taken for it; and its walls.
        self._there: Any = None
        self._walls: list[np.ndarray] = []

    def advance(self, system: SpatialSystem, time_step: float, steps: int, damping: float) -> bool:
        """Advance `system` in place, see `dem.cpu.integrate.advance`.

        Returns
        -------
        bool
            False if spheres overlap so much that the neighbor list overflows.

        Raises
        ------
        RuntimeError
            If the device fails.
        """
        batch = self._together.batch
        # Protocols change walls only; whatever else stands there is another packing's, or a copy.
        if self._there is not system.particles.motion:
            batch.put(self._number, system)
        elif not all(map(np.array_equal, self._walls, system.walls)):
            batch.put_walls(self._number, system)
        self._there = None
        batch.order(self._number, system, time_step, steps, math.exp(-damping * time_step))
        self._together.run()
        if not batch.take(self._number, system):
            return False
        self._there, self._walls = system.particles.motion, [column.copy() for column in system.walls]
        return True

    def twists(self, system: SpatialSystem) -> tuple[np.ndarray, np.ndarray]:
        """See `PackingBatch.twists`."""
        return self._together.batch.twists(self._number, system)

    def leave(self) -> None:
        """Ask for no more steps."""
        self._together.leave(self._number)


class Together:
    """Structures that wait for each other.

    Parameters
    ----------
    device
        With memory for all.
    systems
        As they begin, see `PackingBatch`.
    threads
        Of a block; None: as many as suit the device.
    """

    def __init__(self, device: Device, systems: Sequence[SpatialSystem], threads: int | None = None):
        keep_apart(systems[0].law)
        self.batch = PackingBatch(device, systems, threads)
        self.members = [Member(self, number) for number in range(len(systems))]
        self._turn = Condition()
        self._present, self._waiting, self._rounds = len(systems), 0, 0
        self._failure: BaseException | None = None

    def run(self) -> None:
        """Wait until all structures that are still there ask for steps, and have them done."""
        with self._turn:
            this = self._rounds
            self._waiting += 1
            self._go_if_all_wait()
            self._turn.wait_for(lambda: self._rounds > this)
            if self._failure is not None:
                raise RuntimeError(f"the GPU has failed: {self._failure}") from self._failure

    def leave(self, number: int) -> None:
        """Wait no longer for a structure."""
        with self._turn:
            self._present -= 1
            self.batch.skip(number)
            self._go_if_all_wait()

    def _go_if_all_wait(self) -> None:
        if not self._waiting or self._waiting < self._present:
            return
        try:
            self.batch.run()
        except Exception as error:
            self._failure = error
        self._waiting = 0
        self._rounds += 1
        self._turn.notify_all()


_member: ContextVar[Member] = ContextVar("member")


@contextmanager
def advanced_by(member: Member) -> Iterator[None]:
    """Have systems of a device advanced by a member of a batch, in this thread; it leaves in the end."""
    token = _member.set(member)
    try:
        yield
    finally:
        _member.reset(token)
        member.leave()


def _advance(system: OnDevice, time_step: float, steps: int, damping: float = 0.0) -> None:
    if steps and not _member.get().advance(system, time_step, steps, damping):
        raise RuntimeError(spatial_integrate.COLLAPSED)


def _advance_layer(system: LayeredSystem, time_step: float, steps: int, damping: float = 0.0) -> None:
    if not steps:
        return
    member = _member.get()
    if not member.advance(system.layer, time_step, steps, damping):
        raise RuntimeError(planar_integrate.COLLAPSED)
    system.follow(member.twists(system.layer))


GEOMETRIES[OnDevice] = GEOMETRIES[SpatialSystem]._replace(advance=_advance)
GEOMETRIES[LayeredSystem] = GEOMETRIES[System]._replace(advance=_advance_layer)
