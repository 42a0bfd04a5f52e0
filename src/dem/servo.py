"""Pressure-controlled compression: the right wall is a piston behind a dashpot.

Mass x acceleration = force of the particles - load - impedance x velocity, with about the acoustic impedance
of the electrolyte: passive elements, which swallow the waves that a stiff control would send back and forth.
The wall comes to rest where force and load balance.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from functools import partial

import numpy as np

from dem.forces import energies
from dem.frames import Frame, check_none_lost, snapshot
from dem.integrate import System, advance
from dem.parameters import SE, Compression, Material

# Steps between two looks at the wall, and looks in a row that must find the pressure.
INTERVAL = 200
LOOKS = 5
# Mass of the piston / (impedance x time step): heavy against the dashpots of the particles at the wall,
# light against the structure.
RESPONSE = 50


def wall_area(system: System) -> float:
    """Height of the box x mean SE diameter [m^2], which the force on a wall is divided by for its pressure.

    Raises
    ------
    ValueError
        If there is no electrolyte.
    """
    particles, walls = system.particles, system.walls
    electrolyte = particles.species == SE
    if not electrolyte.any():
        raise ValueError("the wall pressure is a force per height x SE diameter: there must be SE, got none")
    return (walls.position[3] - walls.position[2]) * 2 * particles.radius[electrolyte].mean()


class Evenly:
    """Keeps states of a run of unknown length, more than `count` and evenly spaced."""

    def __init__(self, count: int):
        self.count, self.every, self.seen = count, 1, 0
        self.states: list[Frame] = []

    def offer(self, make: Callable[[], Frame]) -> None:
        """Keep the state that `make` gives, if it is its turn."""
        if self.count and self.seen % self.every == 0:
            self.states.append(make())
            if len(self.states) > 2 * self.count:
                self.states = self.states[::2]
                self.every *= 2
        self.seen += 1

    def chosen(self) -> list[Frame]:
        """`count` of the states.

        Raises
        ------
        RuntimeError
            If there were fewer.
        """
        if len(self.states) < self.count:
            raise RuntimeError(
                f"compression.frames is too large by {self.count - len(self.states)}: the run had "
                f"{self.seen} looks of {INTERVAL} steps"
            )
        places = np.linspace(0, len(self.states) - 1, self.count).round().astype(int)
        return [self.states[k] for k in places]


def press(
    system: System,
    pressure: float,
    electrolyte: Material,
    protocol: Compression,
    time_step: float,
    on_the_way: Evenly,
) -> int:
    """Drive the right wall in until it bears `pressure` [Pa] and the structure rests; gives the steps taken.

    Raises
    ------
    RuntimeError
        If the wall reaches ``final_width`` before, or the pressure does not settle within the steps of that
        way at ``wall_speed`` and ``hold_maximum_steps``.
    """
    walls, area = system.walls, wall_area(system)
    walls.load[1] = pressure * area
    impedance = math.sqrt(electrolyte.youngs_modulus * electrolyte.density)
    walls.impedance[1] = protocol.servo_damping * impedance * area
    walls.mass[1] = RESPONSE * time_step * walls.impedance[1]
    walls.speed_limit[1] = protocol.wall_speed
    walls.velocity[1] = -protocol.wall_speed
    way = walls.position[1] - protocol.final_width
    most = math.ceil(way / (protocol.wall_speed * time_step)) + protocol.hold_maximum_steps
    found: deque[float] = deque(maxlen=LOOKS)
    step = 0
    while True:
        advance(system, time_step, INTERVAL)
        step += INTERVAL
        check_none_lost(system, step)
        found.append(walls.force[1] / area)
        if walls.position[1] < protocol.final_width:
            raise RuntimeError(
                f"pressure {pressure / 1e6:g} MPa is not reached: {found[-1] / 1e6:.4g} MPa where the way of "
                f"the wall ends, at compression.final_width_um = {protocol.final_width * 1e6:g} um"
            )
        kinetic, elastic = energies(system)
        borne = (
            len(found) == LOOKS
            and np.abs(np.array(found) / pressure - 1).max() <= protocol.pressure_tolerance
        )
        if borne and kinetic <= protocol.hold_energy_ratio * elastic:
            return step
        if step >= most:
            raise RuntimeError(
                f"the wall pressure does not settle: {min(found) / 1e6:.4g} to {max(found) / 1e6:.4g} MPa in "
                f"the last {LOOKS * INTERVAL} of {step} steps, wanted {pressure / 1e6:g} MPa within "
                f"{protocol.pressure_tolerance:g} of it and kinetic / elastic energy "
                f"{kinetic / elastic if elastic else math.inf:.3g} below {protocol.hold_energy_ratio:g}; see "
                "compression.hold_maximum_steps, pressure_tolerance, servo_damping, and time_step_rayleigh: "
                "steps may be too long for yielded contacts"
            )
        on_the_way.offer(partial(snapshot, system, step, time_step))


def unload(system: System, pressure: float, protocol: Compression, time_step: float, step: int) -> int:
    """Let the right wall back until it bears nothing; gives the steps taken so far.

    Nothing is less than ``pressure_tolerance`` of the `pressure` [Pa] before; at rest is what moves with less
    than ``hold_energy_ratio`` of the elastic energy before.

    Raises
    ------
    RuntimeError
        If the structure does not come to rest within ``hold_maximum_steps``.
    """
    walls, area = system.walls, wall_area(system)
    walls.load[1] = 0.0
    _, before = energies(system)
    quiet = taken = 0
    while quiet < LOOKS:
        advance(system, time_step, INTERVAL)
        taken += INTERVAL
        check_none_lost(system, step + taken)
        left = walls.force[1] / area
        kinetic, _ = energies(system)
        rests = (
            left <= protocol.pressure_tolerance * pressure and kinetic <= protocol.hold_energy_ratio * before
        )
        quiet = quiet + 1 if rests else 0
        if taken >= protocol.hold_maximum_steps and not rests:
            raise RuntimeError(
                f"the unloaded structure does not rest: {left / 1e6:.4g} MPa on the wall after {taken} steps "
                f"(compression.hold_maximum_steps), kinetic energy {kinetic:.3g} J, wanted at most "
                f"{protocol.pressure_tolerance * pressure / 1e6:.4g} MPa and "
                f"{protocol.hold_energy_ratio * before:.3g} J"
            )
    return step + taken
