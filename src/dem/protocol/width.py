"""Compression to a width: the moving wall goes there at one speed, then the structure comes to rest."""

from __future__ import annotations

import logging
import math
from collections import deque
from collections.abc import Callable

import numpy as np

from dem.parameters import Compression
from dem.protocol.pace import Pace
from dem.protocol.request import Advance, Drive, Look, Steps
from dem.protocol.rest import INTERVAL, hold
from dem.state import Frame

log = logging.getLogger(__name__)

# Above this a packing is known to feel its own inertia (da Cruz et al., 2005).
QUASI_STATIC = 1e-3


def to_width(pace: Pace, protocol: Compression, record: Callable[[Frame], None], name: str) -> Steps:
    """Move the wall in to the final width, record the way, hold, record the state at rest.

    Logs a warning that names the structure if it still feels its inertia when the wall stops.
    """
    look = yield from move(pace, protocol, record)
    warn_of_inertia(look, protocol, name)
    # The wall's place is free of the rounding of the steps.
    yield Advance(0, drive=Drive(velocity=0.0, position=protocol.final_width))
    look = yield from hold(pace, protocol)
    record(look.frame())
    return look


def move(pace: Pace, protocol: Compression, record: Callable[[Frame], None]) -> Steps:
    """Move the wall in to the final width at its speed, recording states evenly spaced on the way.

    How long steps are does not depend on what is recorded: a run may be split anywhere.
    """
    look = yield Advance(0, drive=Drive(velocity=-protocol.wall_speed))
    # The last frame is the one at rest, so the moving wall is recorded one time less.
    marks = deque(np.linspace(look.position, protocol.final_width, protocol.frames - 1)[1:].tolist())
    while marks:
        start, done = look.position, 0
        time_step = pace.time_step(look)
        steps = _steps(start - protocol.final_width, protocol.wall_speed * time_step)
        if steps <= INTERVAL:
            time_step = (start - protocol.final_width) / (protocol.wall_speed * steps)
        steps = min(steps, INTERVAL)
        while marks and (mark := _steps(start - marks[0], protocol.wall_speed * time_step)) <= steps:
            look = yield Advance(mark - done, time_step)
            record(look.frame())
            marks.popleft()
            done = mark
        if done < steps:
            look = yield Advance(steps - done, time_step)
    return look


def _steps(way: float, per_step: float) -> int:
    """Steps for a way [m], but none for its rounding."""
    return math.ceil(way / per_step - 1e-6)


def warn_of_inertia(look: Look, protocol: Compression, name: str) -> None:
    """Log a warning if a moving structure feels its inertia."""
    if (inertia := look.inertial_number()) > QUASI_STATIC:
        log.warning(
            "%s: inertial number %.3g when the wall stops, above %g: forces are not those of a slow "
            "compression; lower compression.wall_speed_m_per_s (%g)",
            name,
            inertia,
            QUASI_STATIC,
            protocol.wall_speed,
        )
