"""The driver: runs a protocol on one structure, on the CPU."""

from __future__ import annotations

from dem.cpu.forces import energies
from dem.cpu.integrate import advance
from dem.measure.frames import check_none_lost, inertial_number, snapshot, wall_area
from dem.protocol.request import Drive, Look, Steps
from dem.state import Frame, System, Walls
from electrode.trajectory import MOVING


class SystemLook:
    """A system when looked at, see `dem.protocol.request.Look`: what is not asked for costs nothing."""

    def __init__(self, system: System, step: int, time_step: float):
        self._system, self.step, self._time_step = system, step, time_step

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

    def inertial_number(self) -> float:
        """See `dem.measure.frames.inertial_number` [-]."""
        return inertial_number(self._system)

    def frame(self) -> Frame:
        """The state, to keep."""
        return snapshot(self._system, self.step, self._time_step)


def apply_drive(walls: Walls, drive: Drive) -> None:
    """Set what a protocol says of the moving wall."""
    for quantity, value in drive._asdict().items():
        if value is not None:
            getattr(walls, quantity)[MOVING] = value


def run(system: System, time_step: float, protocol: Steps, step: int = 0) -> Look:
    """Do what a protocol asks for until it ends; gives its last look.

    Parameters
    ----------
    system
        Advanced in place.
    time_step
        [s].
    protocol
        See `dem.protocol`.
    step
        Steps taken before.

    Raises
    ------
    RuntimeError
        If particles collapse or leave the box; what the protocol raises.
    """
    request = next(protocol)
    while True:
        apply_drive(system.walls, request.drive)
        advance(system, time_step, request.steps)
        step += request.steps
        check_none_lost(system, step)
        try:
            request = protocol.send(SystemLook(system, step, time_step))
        except StopIteration as end:
            return end.value
