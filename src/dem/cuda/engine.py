"""The driver: structures that go their own ways, advanced together by a GPU.

Each structure has a thread of its own, in which `dem.engine.run` runs its protocol as on the CPU. Where it
asks for steps the thread waits until all others ask, too; then the device does them in one go. So protocols,
measures and files are those of the CPU, and looks of different structures are taken at the same time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
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
from dem.cuda.spatial.structure import Seen
from dem.engine import GEOMETRIES, Geometry
from dem.measure.balance import Forces
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
        # That stands there, held so that no other can be taken for it; whether the device tells of it; and
        # whether its arrays are of the same step.
        self._there: Any = None
        self._tells = self._copied = False

    def advance(self, system: SpatialSystem, time_step: float, steps: int, damping: float) -> bool:
        """Advance `system` on the device, see `dem.cpu.integrate.advance`; of its arrays walls alone follow.

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
        self._there, self._tells = None, False
        batch.order(self._number, system, time_step, steps, math.exp(-damping * time_step))
        self._together.run()
        if not batch.follow(self._number, system):
            return False
        self._there, self._tells, self._copied = system.particles.motion, True, False
        return True

    def seen(self, system: SpatialSystem) -> Seen | None:
        """What the device has seen of `system`; None if that is for its arrays to say."""
        return self._together.batch.seen(self._number) if self._tells_of(system) else None

    def copy(self, system: SpatialSystem) -> bool:
        """Write what the device has made of `system` into its arrays; False if they say so already."""
        if self._copied or not self._tells_of(system):
            return False
        self._together.batch.take(self._number, system)
        self._copied = True
        return True

    def be_silent(self, system: SpatialSystem) -> None:
        """From now on it is for the arrays of `system` to say what it is like."""
        if self._tells_of(system):
            self._tells = False

    def _tells_of(self, system: SpatialSystem) -> bool:
        return self._tells and self._there is system.particles.motion

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


def _layer(system: LayeredSystem) -> SpatialSystem:
    return system.layer


def _itself(system: OnDevice) -> SpatialSystem:
    return system


def _follow_layer(system: LayeredSystem) -> None:
    system.follow(_member.get().twists(system.layer))


def _nothing_follows(system: OnDevice) -> None:
    pass


def on_device(
    geometry: Geometry, spheres: Callable[[Any], SpatialSystem], follow: Callable[[Any], None], collapsed: str
) -> Geometry:
    """A geometry whose systems are advanced by a GPU, which tells what protocols ask most often.

    Parameters
    ----------
    geometry
        On the CPU.
    spheres
        Those of a system, which the device has.
    follow
        Brings the system up to date when its spheres are.
    collapsed
        What there is to say of spheres that overlap too much.
    """

    def seen(system: Any) -> Seen | None:
        member = _member.get(None)
        return member.seen(spheres(system)) if member else None

    def advance(system: Any, time_step: float, steps: int, damping: float = 0.0) -> None:
        if steps and not _member.get().advance(spheres(system), time_step, steps, damping):
            raise RuntimeError(collapsed)

    def copy(system: Any) -> None:
        member = _member.get(None)
        if member and member.copy(spheres(system)):
            follow(system)

    def fetch(system: Any) -> None:
        copy(system)
        # Who goes on from a file sees what there is to see from here: the arrays, by the CPU.
        if member := _member.get(None):
            member.be_silent(spheres(system))

    def energies(system: Any) -> tuple[float, float]:
        there = seen(system)
        return (there.kinetic, there.elastic) if there else geometry.energies(system)

    def forces(system: Any) -> Forces:
        there = seen(system)
        if there is None:
            return geometry.forces(system)
        return Forces(
            math.sqrt(there.unbalanced),
            there.strength / there.touching if there.touching else 0.0,
            math.hypot(there.net_x, there.net_y, there.net_z),
            float(np.abs(system.walls.force).max()),
        )

    def contact_frequency(system: Any) -> float:
        there = seen(system)
        return math.sqrt(there.swing) if there else geometry.contact_frequency(system)

    def check_none_lost(system: Any, step: int) -> None:
        there = seen(system)
        if there is None or there.outside:
            copy(system)
            geometry.check_none_lost(system, step)

    def snapshot(system: Any, step: int, time: float) -> Any:
        # Who records a frame goes on as who does not: what there is to see is the device's all the same.
        copy(system)
        return geometry.snapshot(system, step, time)

    return geometry._replace(
        advance=advance,
        fetch=fetch,
        energies=energies,
        forces=forces,
        contact_frequency=contact_frequency,
        check_none_lost=check_none_lost,
        snapshot=snapshot,
    )


GEOMETRIES[OnDevice] = on_device(
    GEOMETRIES[SpatialSystem], _itself, _nothing_follows, spatial_integrate.COLLAPSED
)
GEOMETRIES[LayeredSystem] = on_device(GEOMETRIES[System], _layer, _follow_layer, planar_integrate.COLLAPSED)
