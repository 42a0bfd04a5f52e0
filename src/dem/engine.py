"""The driver: runs a protocol on one structure, on the CPU."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from dem.cpu import forces as planar_forces
from dem.cpu import integrate as planar_integrate
from dem.cpu.spatial import forces as spatial_forces
from dem.cpu.spatial import integrate as spatial_integrate
from dem.measure import frames, spatial
from dem.measure.balance import Forces, contact_frequency, forces
from dem.protocol.request import Drive, Look, Steps
from dem.state import SpatialSystem, System, Walls
from electrode.trajectory import MOVING


def _nothing_to_fetch(system: System | SpatialSystem) -> None:
    """The CPU advances the arrays themselves."""


class Geometry(NamedTuple):
    """What the driver asks of the plane, or of space."""

    advance: Callable[..., None]
    energies: Callable[..., tuple[float, float]]
    check_none_lost: Callable[..., None]
    snapshot: Callable[..., Any]
    wall_area: Callable[..., float]
    inertial_number: Callable[..., float]
    forces: Callable[..., Forces] = forces
    contact_frequency: Callable[..., float] = contact_frequency
    # Brings into the arrays of a system, for good, what has been made of it elsewhere.
    fetch: Callable[..., None] = _nothing_to_fetch


GEOMETRIES = {
    System: Geometry(
        planar_integrate.advance,
        planar_forces.energies,
        frames.check_none_lost,
        frames.snapshot,
        frames.wall_area,
        frames.inertial_number,
    ),
    SpatialSystem: Geometry(
        spatial_integrate.advance,
        spatial_forces.energies,
        spatial.check_none_lost,
        spatial.snapshot,
        spatial.wall_area,
        spatial.inertial_number,
    ),
}


class SystemLook:
    """A system when looked at, see `dem.protocol.request.Look`: what is not asked for costs nothing."""

    def __init__(self, system: System | SpatialSystem, step: int, time: float):
        self._system, self.step, self.time = system, step, time
        self._geometry = GEOMETRIES[type(system)]

    @property
    def position(self) -> float:
        """Of the moving wall [m]."""
        return float(self._system.walls.position[MOVING])

    @property
    def force(self) -> float:
        """On the moving wall [N]."""
        return float(self._system.walls.force[MOVING])

    def energies(self) -> tuple[float, float]:
        """Kinetic and elastic energy [J]."""
        return self._geometry.energies(self._system)

    def wall_area(self) -> float:
        """That a force on the moving wall is divided by for its pressure [m^2]."""
        return self._geometry.wall_area(self._system)

    def forces(self) -> Forces:
        """What is left over of forces, see `dem.measure.balance`."""
        return self._geometry.forces(self._system)

    def contact_frequency(self) -> float:
        """See `dem.measure.balance.contact_frequency` [1/s]."""
        return float(self._geometry.contact_frequency(self._system))

    def inertial_number(self) -> float:
        """See `dem.measure.frames.inertial_number` [-]."""
        return self._geometry.inertial_number(self._system)

    def frame(self) -> Any:
        """The state, to keep: see `dem.state.Frame` and `SpatialFrame`."""
        return self._geometry.snapshot(self._system, self.step, self.time)


def apply_drive(walls: Walls, drive: Drive) -> None:
    """Set what a protocol says of the moving wall."""
    for quantity, value in drive._asdict().items():
        if value is not None:
            getattr(walls, quantity)[MOVING] = value


def run(system: System | SpatialSystem, protocol: Steps, step: int = 0, time: float = 0.0) -> Look:
    """Do what a protocol asks for until it ends; gives its last look.

    Parameters
    ----------
    system
        Advanced in place.
    protocol
        See `dem.protocol`.
    step, time
        Steps taken before, and the time they took [s].

    Raises
    ------
    RuntimeError
        If particles collapse or leave the box; what the protocol raises.
    """
    geometry = GEOMETRIES[type(system)]
    request = next(protocol)
    while True:
        apply_drive(system.walls, request.drive)
        geometry.advance(system, request.time_step, request.steps, request.damping)
        step += request.steps
        time += request.steps * request.time_step
        geometry.check_none_lost(system, step)
        try:
            request = protocol.send(SystemLook(system, step, time))
        except StopIteration as end:
            geometry.fetch(system)
            return end.value
