"""What a law says of a contact."""

from __future__ import annotations

from typing import NamedTuple


class Response(NamedTuple):
    """Of one contact in one step."""

    touches: bool  # if not, all forces are 0 and the displacement is forgotten
    force: float  # normal; positive pushes apart [N]
    spring: float  # tangential spring constant [N/m]
    dashpot: float  # tangential dashpot [N s/m]
    damped: float  # work lost to the normal dashpot while it touches [J]
    gained: float  # work gained otherwise while it touches, negative where it is lost [J]
    broken: float  # work lost where it does not [J]
    history: tuple[float, ...]  # after the step
