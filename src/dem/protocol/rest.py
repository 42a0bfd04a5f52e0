"""Rest: forces in balance and hardly a motion, seen several times in a row.

A single look at the kinetic energy may fall into a trough of its swing. The force left over on a particle,
against the mean force of a contact, is what DEM codes judge rest by (Cundall & Strack, 1979; the
"unbalanced force" of PFC and YADE): here the largest of all particles, not their mean.
"""

from __future__ import annotations

import math

from dem.parameters import Compression, Pressing
from dem.protocol.pace import Pace
from dem.protocol.request import Advance, Look, Steps

# Steps between two looks, and looks in a row that must find the structure at rest.
INTERVAL = 100
LOOKS = 5
# Looks in a row at a moving structure without a contact until it is told to be too loose to rest under load.
LOOSE = 100


class Rest:
    """Looks at a structure until it rests.

    Parameters
    ----------
    protocol
        Says what rest is.
    loaded
        Whose forces and elastic energy those left over are held against; None: of the structure itself.
    """

    def __init__(self, protocol: Compression | Pressing, loaded: Look | None = None):
        self.protocol = protocol
        self.loaded = None if loaded is None else (loaded.forces(), loaded.energies()[1])
        self.quiet = 0
        self.seen = ""

    def finds(self, look: Look) -> bool:
        """Whether this look and those before find rest; `seen` says what this one saw."""
        left, (kinetic, elastic) = look.forces(), look.energies()
        scale, stored = self.loaded or (left, elastic)
        shares = (
            (
                "largest net force on a particle / mean force of a contact",
                left.on_particle,
                scale.of_contacts,
            ),
            ("net force of the walls / largest force on a wall", left.of_all_walls, scale.on_wall),
        )
        unbalanced, ratio = self.protocol.hold_unbalanced_force, self.protocol.hold_energy_ratio
        rests = kinetic <= ratio * stored and all(force <= unbalanced * whole for _, force, whole in shares)
        self.quiet = self.quiet + 1 if rests and stored > 0 else 0
        self.seen = "; ".join(
            f"{what} is {value / whole if whole else math.inf:.3g}, wanted at most {bound:g} ({key})"
            for what, value, whole, bound, key in (
                *((*share, unbalanced, "compression.hold_unbalanced_force") for share in shares),
                ("kinetic / elastic energy", kinetic, stored, ratio, "compression.hold_energy_ratio"),
            )
        )
        return self.quiet >= LOOKS


def too_loose(protocol: Compression | Pressing) -> str:
    """Why nothing touches at the end of the wall's way, and what to do."""
    if isinstance(protocol, Pressing):
        return "the piston has met nothing on its way to the floor"
    return (
        f"the particles fit into the final box, {protocol.final_width * 1e6:g} um wide; a smaller "
        "compression.final_width_um (--width-um) lets them touch"
    )


def hold(pace: Pace, protocol: Compression) -> Steps:
    """Go on, walls at rest and motion damped, until the structure rests.

    Raises
    ------
    RuntimeError
        If nothing touches, or the structure does not rest within ``hold_maximum_steps``.
    """
    held = apart = 0
    rest = Rest(protocol)
    look = yield Advance(0)
    while True:
        look = yield Advance(INTERVAL, pace.time_step(look), damping=pace.damping)
        held += INTERVAL
        if rest.finds(look):
            return look
        kinetic, elastic = look.energies()
        apart = 0 if elastic else apart + 1
        if apart and (kinetic == 0 or apart == LOOSE or held >= protocol.hold_maximum_steps):
            raise RuntimeError(f"nothing touches after compression: {too_loose(protocol)}")
        if held >= protocol.hold_maximum_steps:
            raise RuntimeError(
                f"no rest after {held} steps of hold (compression.hold_maximum_steps): {rest.seen}; a "
                "smaller time_step_contact or another hold_damping_rayleigh may help"
            )
