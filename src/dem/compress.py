"""Compression of one structure: the protocol, from the filled box to rest."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from dem.cpu.integrate import make_system
from dem.engine import run
from dem.filling.spatial import Packing
from dem.laws.elastic import pair_table
from dem.measure.stress import ContactList, contact_list
from dem.parameters import Material, SimulationParameters
from dem.protocol.pace import Pace
from dem.protocol.pressure import to_pressures
from dem.protocol.request import Advance, Steps
from dem.protocol.width import to_width
from dem.state import Frame, Particles, System, walls_at
from dem.structure import Structure, check_structure
from electrode.species import AM, SE


def rayleigh_time(material: Material, radius: float) -> float:
    """Rayleigh time pi R sqrt(rho / G) / (0.1631 nu + 0.8766) [s] of a sphere of `radius` [m]."""
    speed = math.sqrt(material.density / material.shear_modulus)
    return math.pi * radius * speed / (0.1631 * material.poissons_ratio + 0.8766)


def place_particles(structure: Structure, materials: Mapping[str, Material]) -> Particles:
    """Make particles at rest, solid spheres of their material, from a structure."""
    density = np.where(structure.species == AM, materials["AM"].density, materials["SE"].density)
    mass = 4 / 3 * math.pi * structure.radius**3 * density
    at_rest = {name: np.zeros_like(mass) for name in ("vx", "vy", "omega", "fx", "fy", "torque")}
    return Particles(
        x=structure.x.copy(),
        y=structure.y.copy(),
        radius=structure.radius,
        mass=mass,
        inertia=0.4 * mass * structure.radius**2,
        species=structure.species,
        **at_rest,
    )


def largest_time_step(
    structure: Structure | Packing, materials: Mapping[str, Material], fraction: float
) -> float:
    """Time step [s]: `fraction` of the Rayleigh time of the particle that has the shortest one."""
    shortest = min(
        rayleigh_time(materials[name], structure.radius[structure.species == species].min())
        for name, species in (("AM", AM), ("SE", SE))
        if (structure.species == species).any()
    )
    return fraction * shortest


def between_walls(structure: Structure, parameters: SimulationParameters) -> System:
    """A structure at rest between the walls of its box."""
    contacts, materials = parameters.contacts, parameters.materials
    return make_system(
        place_particles(structure, materials),
        walls_at([0.0, structure.width, 0.0, structure.height]),
        contacts.law_of(materials),
        pair_table(contacts.friction.__getitem__),
    )


def compress(
    structure: Structure,
    parameters: SimulationParameters,
    record: Callable[[Frame], None],
    name: str = "structure",
    pressure: float | None = None,
    system: System | None = None,
) -> ContactList:
    """Move the right wall in to the final width, or until it bears a pressure; hold until at rest.

    A pressure is the force on the wall / (height x SE diameter). If so configured the wall is let back then.

    Logs a warning if the packing still feels its inertia when the wall stops.

    Parameters
    ----------
    structure
        Particles in a box wider than the final width.
    parameters
        Materials, contact law and protocol.
    record
        Called with each frame: the first before compression, the last at rest; if unloaded, the one before
        it at rest under pressure.
    name
        Of the structure, for the warning.
    pressure
        For the wall to bear [Pa]; without one it moves to the final width.
    system
        The structure between its walls, if it has been put there already (`between_walls`).

    Returns
    -------
    ContactList
        Contacts at rest.

    Raises
    ------
    ValueError
        If the box is not wider than the final width, if that leaves no room for the largest particle, if
        the relaxation time of the law is too short, or if the structure is none
        (`dem.structure.check_structure`).
    RuntimeError
        If the structure collapses, loses a particle or does not rest within ``hold_maximum_steps``, or if it
        does not bear the pressure before the wall is at the final width.
    """
    if pressure is not None and not 0 < pressure < math.inf:
        raise ValueError(f"pressure must be > 0 Pa and finite, got {pressure:g}")
    check_structure(structure)
    protocol = parameters.compression
    travel = structure.width - protocol.final_width
    if travel <= 0:
        raise ValueError(
            f"final_width must be below the width of the structure = {structure.width:g} m, "
            f"got {protocol.final_width:g} m: the wall would touch nothing; make it smaller (--width-um)"
        )
    largest = int(structure.radius.argmax())
    if protocol.final_width < 2 * structure.radius[largest]:
        raise ValueError(
            f"final_width must be at least {2 * structure.radius[largest]:g} m, the diameter of particle "
            f"{largest}, got {protocol.final_width:g} m"
        )
    system = system or between_walls(structure, parameters)
    longest = largest_time_step(structure, parameters.materials, protocol.time_step_rayleigh)
    pace = Pace.configured(longest, protocol)
    system.law.check_time_step(pace.longest_step)

    def compression() -> Steps:
        look = yield Advance(0)
        record(look.frame())
        if pressure is None:
            return (yield from to_width(pace, protocol, record, name))
        return (yield from to_pressures([pressure], parameters.materials["SE"], pace, protocol, record))

    run(system, compression())
    return contact_list(system)
