"""Compression to a width: the moving wall goes there at one speed, then the structure comes to rest."""

from __future__ import annotations

import logging
from collections.abc import Callable
from itertools import pairwise

import numpy as np

from dem.parameters import Compression
from dem.protocol.request import Advance, Drive, Look, Steps
from dem.state import Frame

log = logging.getLogger(__name__)

# Steps between two looks at the energies while the wall stands still.
HOLD_INTERVAL = 200
# Looks in a row at a moving structure without a contact until it is told to be too loose to rest under load.
LOOSE = 100
# Above this a packing is known to feel its own inertia (da Cruz et al., 2005).
QUASI_STATIC = 1e-3


def to_width(steps: int, protocol: Compression, record: Callable[[Frame], None], name: str) -> Steps:
    """Move the wall in to the final width in so many steps, record the way, hold, record the state at rest.

    Logs a warning that names the structure if it still feels its inertia when the wall stops.
    """
    look = yield Advance(0, Drive(velocity=-protocol.wall_speed))
    # The last frame is the one at rest, so the moving wall is recorded one time less.
    marks = np.linspace(0, steps, protocol.frames - 1).round().astype(int)
    for start, stop in pairwise(marks):
        look = yield Advance(int(stop - start))
        record(look.frame())
    warn_of_inertia(look, protocol, name)
    # The wall's place is free of the rounding of the steps.
    look = yield Advance(0, Drive(velocity=0.0, position=protocol.final_width))
    look = yield from hold(protocol)
    record(look.frame())
    return look


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


def too_loose(protocol: Compression) -> str:
    """Why nothing touches at the final width, and what to do."""
    return (
        f"the particles fit into the final box, {protocol.final_width * 1e6:g} um wide; a smaller "
        "compression.final_width_um (--width-um) lets them touch"
    )


def hold(protocol: Compression) -> Steps:
    """Go on until kinetic / elastic energy falls below the protocol's ratio.

    Raises
    ------
    RuntimeError
        If nothing touches, or the structure does not rest within ``hold_maximum_steps``.
    """
    held = apart = 0
    while True:
        look = yield Advance(HOLD_INTERVAL)
        held += HOLD_INTERVAL
        kinetic, elastic = look.energies()
        apart = 0 if elastic else apart + 1
        if apart and (kinetic == 0 or apart == LOOSE or held >= protocol.hold_maximum_steps):
            raise RuntimeError(f"nothing touches after compression: {too_loose(protocol)}")
        if kinetic <= protocol.hold_energy_ratio * elastic:
            return look
        if held >= protocol.hold_maximum_steps:
            raise RuntimeError(
                f"kinetic / elastic energy is {kinetic / elastic:.3g} after "
                f"{held} steps of hold (compression.hold_maximum_steps), wanted hold_energy_ratio = "
                f"{protocol.hold_energy_ratio:g}; a smaller time_step_rayleigh may help"
            )
