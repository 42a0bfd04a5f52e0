"""Compression to pressures: the moving wall is a piston behind a dashpot.

Mass x acceleration = force of the particles - load - impedance x velocity, with about the acoustic impedance
of the electrolyte: passive elements, which swallow the waves that a stiff control would send back and forth.
The wall comes to rest where force and load balance.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence

import numpy as np

from dem.parameters import Compression, Material, Pressing
from dem.protocol.pace import Pace
from dem.protocol.request import Advance, Drive, Look, Steps
from dem.protocol.rest import INTERVAL, LOOKS, Rest, too_loose
from dem.state import Frame

# Mass of the piston / (impedance x time step): heavy against the dashpots of the particles at the wall,
# light against the structure.
RESPONSE = 50


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


def to_pressures(
    pressures: Sequence[float],
    electrolyte: Material,
    pace: Pace,
    protocol: Compression,
    record: Callable[[Frame], None],
) -> Steps:
    """Press to each pressure [Pa] in rising order, record way and rest of each, and let go if so configured.

    Raises
    ------
    ValueError
        If the pressures do not rise, or there are none.
    """
    if not pressures or list(pressures) != sorted(set(pressures)):
        given = ", ".join(f"{value:g} Pa" for value in pressures) or "none"
        raise ValueError(f"pressures must rise, got {given}")
    for pressure in pressures:
        on_the_way = Evenly(protocol.frames - (3 if protocol.unload else 2))
        look = yield from press(pressure, electrolyte, pace, protocol, on_the_way)
        for frame in on_the_way.chosen():
            record(frame)
        record(look.frame())
    if protocol.unload:
        look = yield from unload(pressures[-1], pace, protocol)
        record(look.frame())
    return look


def press(
    pressure: float, electrolyte: Material, pace: Pace, protocol: Compression | Pressing, on_the_way: Evenly
) -> Steps:
    """Drive the wall in until it bears `pressure` [Pa] and the structure rests.

    Motion is damped while the wall bears the pressure, not on the way.

    Raises
    ------
    RuntimeError
        If the wall comes to the end of its way before, or the pressure does not settle within the steps of
        that way at ``wall_speed`` and ``hold_maximum_steps``.
    """
    look = yield Advance(0)
    area = look.wall_area()
    impedance = protocol.servo_damping * math.sqrt(electrolyte.youngs_modulus * electrolyte.density) * area
    way = look.position - protocol.narrowest
    most = math.ceil(way / (protocol.wall_speed * pace.longest_step)) + protocol.hold_maximum_steps
    # Let back, the wall starts from where it stands.
    inwards = look.force < pressure * area
    drive = Drive(
        load=pressure * area,
        impedance=impedance,
        mass=RESPONSE * pace.longest_step * impedance,
        speed_limit=protocol.wall_speed if inwards else protocol.unload_speed,
        velocity=-protocol.wall_speed if inwards else 0.0,
    )
    look = yield Advance(0, drive=drive)
    seen: deque[float] = deque(maxlen=LOOKS)
    rest = Rest(protocol)
    borne, taken = False, 0
    while True:
        look = yield Advance(INTERVAL, pace.time_step(look), damping=pace.damping if borne else 0.0)
        taken += INTERVAL
        seen.append(look.force / area)
        if look.position < protocol.narrowest:
            if _nothing_touches(look):
                raise RuntimeError(
                    f"pressure {pressure / 1e6:g} MPa is not reached, nothing touches: {too_loose(protocol)}"
                )
            raise RuntimeError(
                f"pressure {pressure / 1e6:g} MPa is not reached: {seen[-1] / 1e6:.4g} MPa where the way of "
                f"the wall ends, at {protocol.way_ends}"
            )
        borne = abs(seen[-1] / pressure - 1) <= protocol.pressure_tolerance
        rests = rest.finds(look)
        always = np.abs(np.array(seen) / pressure - 1).max() <= protocol.pressure_tolerance
        if rests and always:
            return look
        if taken >= most:
            if _nothing_touches(look):
                raise RuntimeError(
                    f"the wall pressure does not settle, nothing touches after {taken} steps: particles so "
                    f"few or so loose need a larger pressure than {pressure / 1e6:g} MPa"
                )
            raise RuntimeError(
                f"the wall pressure does not settle: {min(seen) / 1e6:.4g} to {max(seen) / 1e6:.4g} MPa in "
                f"the last {LOOKS * INTERVAL} of {taken} steps, wanted {pressure / 1e6:g} MPa within "
                f"{protocol.pressure_tolerance:g} of it; {rest.seen}; see compression.hold_maximum_steps, "
                "pressure_tolerance, servo_damping, hold_damping_rayleigh and time_step_contact"
            )
        on_the_way.offer(look.frame)


def _nothing_touches(look: Look) -> bool:
    _, elastic = look.energies()
    return elastic == 0


def unload(pressure: float, pace: Pace, protocol: Compression | Pressing) -> Steps:
    """Let the wall back until it bears nothing and the structure rests, as its forces before say.

    Nothing is less than ``pressure_tolerance`` of the `pressure` [Pa] before. Motion is damped while the
    wall bears that little.

    Raises
    ------
    RuntimeError
        If the structure does not come to rest within ``hold_maximum_steps``.
    """
    look = yield Advance(0, drive=Drive(load=0.0, speed_limit=protocol.unload_speed))
    area = look.wall_area()
    rest = Rest(protocol, loaded=look)
    free, taken = 0, 0
    while True:
        look = yield Advance(INTERVAL, pace.time_step(look), damping=pace.damping if free else 0.0)
        taken += INTERVAL
        left = look.force / area
        free = free + 1 if left <= protocol.pressure_tolerance * pressure else 0
        if rest.finds(look) and free >= LOOKS:
            return look
        if taken >= protocol.hold_maximum_steps:
            raise RuntimeError(
                f"the unloaded structure does not rest: {left / 1e6:.4g} MPa on the wall after {taken} steps "
                f"(compression.hold_maximum_steps), wanted at most "
                f"{protocol.pressure_tolerance * pressure / 1e6:.4g} MPa; {rest.seen}"
            )
