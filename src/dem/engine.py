"""The driver: runs a protocol on one structure, on the CPU."""

from __future__ import annotations

from dem.cpu.forces import energies
from dem.cpu.integrate import advance
from dem.measure.balance import Forces, contact_frequency, forces
from dem.measure.frames import check_none_lost, inertial_number, snapshot, wall_area
from dem.protocol.request import Drive, Look, Steps
from dem.state import Frame, System, Walls
from electrode.trajectory import MOVING


class SystemLook:
    """A system when looked at, see `dem.protocol.request.Look`: what is not asked for costs nothing."""

    def __init__(self, system: System, step: int, time: float):
        self._system, self.step, self._time = system, step, time

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
        return energies(self._system)

    def wall_area(self) -> float:
        """That a force on the moving wall is divided by for its pressure [m^2]."""
        return wall_area(self._system)

    def forces(self) -> Forces:
        """What is left over of forces, see `dem.measure.balance`."""
        return forces(self._system)

    def contact_frequency(self) -> float:
        """See `dem.measure.balance.contact_frequency` [1/s]."""
        return float(contact_frequency(self._system))

    def inertial_number(self) -> float:
        """See `dem.measure.frames.inertial_number` [-]."""
        return inertial_number(self._system)

    def frame(self) -> Frame:
        """The state, to keep."""
        return snapshot(self._system, self.step, self._time)


def apply_drive(walls: Walls, drive: Drive) -> None:
    """Set what a protocol says of the moving wall."""
    for quantity, value in drive._asdict().items():
        if value is not None:
            getattr(walls, quantity)[MOVING] = value


def run(system: System, protocol: Steps, step: int = 0, time: float = 0.0) -> Look:
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
    request = next(protocol)
    while True:
        apply_drive(system.walls, request.drive)
        advance(system, request.time_step, request.steps, request.damping)
        step += request.steps
        time += request.steps * request.time_step
        check_none_lost(system, step)
        try:
            request = protocol.send(SystemLook(system, step, time))
        except StopIteration as end:
            return end.value
