"""How long time steps are, and how motion dies down at the end."""

from __future__ import annotations

from typing import NamedTuple

from dem.parameters import Compression, Pressing
from dem.protocol.request import Look


class Pace(NamedTuple):
    """Of one structure."""

    longest_step: float  # that waves in its particles allow [s]
    contact_share: float  # most of a time step x the frequency of its contacts [-]
    damping: float  # rate of decay of motion while it comes to rest [1/s]

    @classmethod
    def configured(cls, longest_step: float, protocol: Compression | Pressing) -> Pace:
        """The pace of a structure, of which `longest_step` [s] is ``time_step_rayleigh`` Rayleigh times."""
        rayleigh_time = longest_step / protocol.time_step_rayleigh
        return cls(longest_step, protocol.time_step_contact, protocol.hold_damping_rayleigh / rayleigh_time)

    def time_step(self, look: Look) -> float:
        """Longest time step for what is looked at [s]: deep contacts are stiff and want a shorter one."""
        frequency = look.contact_frequency()
        if frequency * self.longest_step <= self.contact_share:
            return self.longest_step
        return self.contact_share / frequency
