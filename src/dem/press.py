"""Pressing of one packing in space: from pressure to pressure, each recorded at rest, and let go."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from dem.compress import largest_time_step
from dem.cpu.spatial.integrate import make_system
from dem.engine import run
from dem.filling.spatial import Packing, check_packing
from dem.geometry.spatial import FACES, FLOOR_AND_PISTON
from dem.laws.elastic import pair_table
from dem.measure.stress import ContactList, contact_list
from dem.parameters import Contacts, Material, Pressing
from dem.protocol.pace import Pace
from dem.protocol.pressure import Evenly, press, unload
from dem.protocol.request import Advance, Look, Steps
from dem.state import SpatialFrame, SpatialSystem, Spheres, box_across, no_box, walls_at
from electrode.species import AM


class Sample(NamedTuple):
    """A packing at rest, and the way there."""

    pressure: float  # that it was pressed to [Pa]
    unloaded_to: float | None  # that it was let back to from there [Pa]; None: it still bears the pressure
    frames: list[SpatialFrame]  # the last at rest
    contacts: ContactList  # of the last frame

    @property
    def frame(self) -> SpatialFrame:
        """At rest."""
        return self.frames[-1]


class Stage(NamedTuple):
    """A packing that has come to rest under one of its pressures."""

    system: SpatialSystem  # goes on when the next stage is asked for
    step: int
    time: float  # [s]
    samples: list[Sample]  # under the pressure, and let back from it


def place_spheres(packing: Packing, materials: Mapping[str, Material]) -> Spheres:
    """Make spheres at rest, solid and of their material, from a packing."""
    radius = packing.radius
    density = np.where(packing.species == AM, materials["AM"].density, materials["SE"].density)
    mass = 4 / 3 * math.pi * radius**3 * density
    motion = np.concatenate([packing.position, np.zeros((radius.size, 6)), radius[:, None]], axis=1)
    return Spheres(motion, np.zeros((radius.size, 6)), mass, 0.4 * mass * radius**2, packing.species)


def under_piston(packing: Packing, materials: Mapping[str, Material], contacts: Contacts) -> SpatialSystem:
    """A packing at rest between floor and piston, and the sides of its die if it has rigid ones."""
    width, height = packing.width, packing.height
    periodic = packing.periodic
    walls = (
        walls_at([0.0, height], FLOOR_AND_PISTON)
        if periodic
        else walls_at([0.0, height, 0.0, width, 0.0, width], FACES)
    )
    return make_system(
        place_spheres(packing, materials),
        walls,
        box_across(width) if periodic else no_box(),
        contacts.law_of(materials),
        pair_table(contacts.friction.__getitem__),
    )


def press_packing(
    packing: Packing,
    materials: Mapping[str, Material],
    contacts: Contacts,
    protocol: Pressing,
    pressures: Sequence[float],
    start: Stage | None = None,
) -> Iterator[Stage]:
    """Press a packing to each pressure in rising order; a stage is given when it rests under one.

    A copy of each rested state is let back to the pressures `protocol.unload_to` below it.

    Parameters
    ----------
    packing
        Spheres in a box higher than they need.
    materials, contacts
        Of AM and SE; law and its constants.
    protocol
        How it is pressed.
    pressures
        On the piston [Pa].
    start
        Stage to go on from; `pressures` are those after it. None: from the packing.

    Raises
    ------
    ValueError
        If the pressures do not rise, or the packing is none.
    RuntimeError
        If a pressure is not reached, or the packing does not come to rest.
    """
    if not pressures or list(pressures) != sorted(set(pressures)) or pressures[0] <= 0:
        given = ", ".join(f"{value / 1e6:g} MPa" for value in pressures) or "none"
        raise ValueError(f"pressures must be above 0 and rise, got {given}")
    check_packing(packing)
    system = start.system if start else under_piston(packing, materials, contacts)
    pace = Pace.configured(largest_time_step(packing, materials, protocol.time_step_rayleigh), protocol)
    system.law.check_time_step(pace.longest_step)
    electrolyte = materials["SE"]

    def reach(pressed: SpatialSystem, pressure: float, from_look: tuple[int, float]) -> tuple[Look, Any]:
        on_the_way = Evenly(protocol.frames - 1)
        look = run(pressed, press(pressure, electrolyte, pace, protocol, on_the_way), *from_look)
        return look, [*on_the_way.chosen(), look.frame()]

    def filled() -> Steps:
        return (yield Advance(0))

    clock = (start.step, start.time) if start else (0, 0.0)
    before = [] if start else [run(system, filled()).frame()]
    for pressure in pressures:
        look, frames = reach(system, pressure, clock)
        clock = look.step, look.time
        samples = [Sample(pressure, None, before + frames, contact_list(system))]
        before = []
        for less in (less for less in protocol.unload_to if less < pressure):
            branch = copy_of(system)
            if less > 0:
                _, frames = reach(branch, less, clock)
            else:
                frames = [run(branch, unload(pressure, pace, protocol), *clock).frame()]
            samples.append(Sample(pressure, less, frames, contact_list(branch)))
        yield Stage(system, *clock, samples)


def copy_of(system: SpatialSystem) -> SpatialSystem:
    """A copy of a system that goes its own way."""

    def copied(value):
        if isinstance(value, np.ndarray):
            return value.copy()
        return type(value)(*map(copied, value)) if isinstance(value, tuple) else value

    return copied(system)


def arrays_of(system: SpatialSystem) -> dict[str, np.ndarray]:
    """All that changes of a system, by dotted names: with it `restored` gives the same bits."""
    arrays: dict[str, np.ndarray] = {}
    for part in (part for part in system._fields if part != "law"):
        value: Any = getattr(system, part)
        if hasattr(value, "_fields"):
            arrays |= {f"{part}.{field}": getattr(value, field) for field in value._fields}
        else:
            arrays[part] = value
    return arrays


def restored(system: SpatialSystem, arrays: Mapping[str, np.ndarray]) -> SpatialSystem:
    """A system with the `arrays_of` another one of the same packing and law.

    Raises
    ------
    KeyError
        If one is missing.
    """
    parts: dict[str, Any] = {}
    for part in (part for part in system._fields if part != "law"):
        value: Any = getattr(system, part)
        if hasattr(value, "_fields"):
            parts[part] = type(value)(*(arrays[f"{part}.{field}"] for field in value._fields))
        else:
            parts[part] = arrays[part]
    return system._replace(**parts)
