"""What protocols ask of an engine, and what they are shown."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, NamedTuple, Protocol, TypeAlias

from dem.measure.balance import Forces


class Drive(NamedTuple):
    """How the moving wall goes on; None leaves a quantity as it is. See `dem.state.Walls`."""

    position: float | None = None  # [m]
    velocity: float | None = None  # [m/s]
    mass: float | None = None  # [kg]
    load: float | None = None  # [N]
    impedance: float | None = None  # [N s/m]
    speed_limit: float | None = None  # [m/s]


class Advance(NamedTuple):
    """Drive the moving wall so, advance so many steps, then look."""

    steps: int
    time_step: float = 0.0  # [s]
    drive: Drive = Drive()
    damping: float = 0.0  # rate at which all velocities and spins decay beside what forces do [1/s]


class Look(Protocol):
    """A structure when looked at, until the next request."""

    @property
    def step(self) -> int:
        """Steps taken since the beginning."""

    @property
    def time(self) -> float:
        """That they took [s]."""

    @property
    def position(self) -> float:
        """Of the moving wall [m]."""

    @property
    def force(self) -> float:
        """On the moving wall [N]."""

    def energies(self) -> tuple[float, float]:
        """Kinetic and elastic energy [J]."""

    def wall_area(self) -> float:
        """That a force on the moving wall is divided by for its pressure [m^2]."""

    def forces(self) -> Forces:
        """What is left over of forces, see `dem.measure.balance`."""

    def contact_frequency(self) -> float:
        """See `dem.measure.balance.contact_frequency` [1/s]."""

    def inertial_number(self) -> float:
        """See `dem.measure.frames.inertial_number` [-]."""

    def frame(self) -> Any:
        """The state, to keep: see `dem.state.Frame` and `SpatialFrame`."""


Steps: TypeAlias = Generator[Advance, Look, Look]
