"""Pressing of one packing in space: from pressure to pressure, each recorded at rest, and let go."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

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
from dem.protocol.request import Look
from dem.state import SpatialFrame, SpatialSystem, Spheres, box_across, no_box, walls_at
from electrode.species import AM


class Sample(NamedTuple):
    """A packing at rest."""

    pressure: float  # that it was pressed to [Pa]
    unloaded_to: float | None  # that it was let back to from there [Pa]; None: it still bears the pressure
    frame: SpatialFrame
    contacts: ContactList


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
    record: Callable[[Sample], None],
    unload_to: Sequence[float] = (),
) -> None:
    """Press a packing to each pressure in rising order, and record it at rest under each.

    From each rested state a copy is let back to the pressures in `unload_to` below it, and recorded too.

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
    record
        Called with each sample.
    unload_to
        Pressures, 0 or more [Pa].

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
    if wrong := [value for value in unload_to if not 0 <= value < math.inf]:
        raise ValueError(f"pressures to unload to must be >= 0 Pa and finite, got {wrong[0]:g}")
    check_packing(packing)
    system = under_piston(packing, materials, contacts)
    pace = Pace.configured(largest_time_step(packing, materials, protocol.time_step_rayleigh), protocol)
    system.law.check_time_step(pace.longest_step)
    electrolyte = materials["SE"]
    step, time = 0, 0.0
    for pressure in pressures:
        look = run(system, press(pressure, electrolyte, pace, protocol, Evenly(0)), step, time)
        step, time = look.step, look.time
        record(_sample(system, look, pressure, None))
        for less in unload_to:
            if less < pressure:
                branch = copy_of(system)
                back = (
                    press(less, electrolyte, pace, protocol, Evenly(0))
                    if less > 0
                    else unload(pressure, pace, protocol)
                )
                record(_sample(branch, run(branch, back, step, time), pressure, less))


def _sample(system: SpatialSystem, look: Look, pressure: float, unloaded_to: float | None) -> Sample:
    return Sample(pressure, unloaded_to, look.frame(), contact_list(system))


def copy_of(system: SpatialSystem) -> SpatialSystem:
    """A copy of a system that goes its own way."""

    def copied(value):
        if isinstance(value, np.ndarray):
            return value.copy()
        return type(value)(*map(copied, value)) if isinstance(value, tuple) else value

    return copied(system)
