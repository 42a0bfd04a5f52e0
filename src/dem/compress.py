"""Compression of one structure: the protocol, from the filled box to rest."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from itertools import pairwise

import numpy as np

from dem.contact import law_table
from dem.elastoplastic import flow_of
from dem.forces import energies
from dem.frames import Frame, check_none_lost, contacts_of, inertial_number, snapshot
from dem.integrate import System, advance, make_system
from dem.neighbors import Particles, Walls
from dem.parameters import AM, SE, Compression, Material, SimulationParameters
from dem.servo import Evenly, press, unload
from dem.stress import ContactList
from dem.structure import Structure, check_structure

log = logging.getLogger(__name__)

# Steps between two looks at the energies while the wall stands still.
HOLD_INTERVAL = 200
# Above this a packing is known to feel its own inertia (da Cruz et al., 2005).
QUASI_STATIC = 1e-3


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


def largest_time_step(structure: Structure, materials: Mapping[str, Material], fraction: float) -> float:
    """Time step [s]: `fraction` of the Rayleigh time of the particle that has the shortest one."""
    shortest = min(
        rayleigh_time(materials[name], structure.radius[structure.species == species].min())
        for name, species in (("AM", AM), ("SE", SE))
        if (structure.species == species).any()
    )
    return fraction * shortest


def between_walls(structure: Structure, parameters: SimulationParameters) -> System:
    """A structure at rest between the walls of its box."""
    corners = np.array([0.0, structure.width, 0.0, structure.height])
    walls = Walls(corners, *(np.zeros(4) for _ in Walls._fields[1:]))
    law = law_table(parameters.materials, parameters.contacts)
    particles = place_particles(structure, parameters.materials)
    return make_system(particles, walls, law, flow_of(parameters.contacts))


def compress(
    structure: Structure,
    parameters: SimulationParameters,
    record: Callable[[Frame], None],
    name: str = "structure",
    pressure: float | None = None,
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
            f"got {protocol.final_width:g} m"
        )
    largest = int(structure.radius.argmax())
    if protocol.final_width < 2 * structure.radius[largest]:
        raise ValueError(
            f"final_width must be at least {2 * structure.radius[largest]:g} m, the diameter of particle "
            f"{largest}, got {protocol.final_width:g} m"
        )
    system = between_walls(structure, parameters)
    longest = largest_time_step(structure, parameters.materials, protocol.time_step_rayleigh)
    if 2 * longest * system.pairs.flow.rate > 1:
        raise ValueError(
            f"contacts.elastoplastic.relaxation_time must be at least two time steps = {2 * longest:.3g} s, "
            f"got {1 / system.pairs.flow.rate:.3g} s"
        )
    steps = math.ceil(travel / (protocol.wall_speed * longest))
    time_step = travel / (protocol.wall_speed * steps)

    record(snapshot(system, 0, time_step))
    if pressure is None:
        step = _to_width(system, steps, time_step, protocol, record, name)
    else:
        step = _to_pressure(system, pressure, parameters.materials["SE"], time_step, protocol, record)
    record(snapshot(system, step, time_step))
    return contacts_of(system)


def _to_pressure(
    system: System,
    pressure: float,
    electrolyte: Material,
    time_step: float,
    protocol: Compression,
    record: Callable[[Frame], None],
) -> int:
    """Press, record the way, and unload if so configured; returns the steps taken."""
    on_the_way = Evenly(protocol.frames - (3 if protocol.unload else 2))
    step = press(system, pressure, electrolyte, protocol, time_step, on_the_way)
    for frame in on_the_way.chosen():
        record(frame)
    if protocol.unload:
        record(snapshot(system, step, time_step))
        step = unload(system, pressure, protocol, time_step, step)
    return step


def _to_width(
    system: System,
    steps: int,
    time_step: float,
    protocol: Compression,
    record: Callable[[Frame], None],
    name: str,
) -> int:
    """Move the wall in by `steps`, record the way, hold; returns the steps taken."""
    walls = system.walls
    walls.velocity[1] = -protocol.wall_speed
    # The last frame is the one at rest, so the moving wall is recorded one time less.
    marks = np.linspace(0, steps, protocol.frames - 1).round().astype(int)
    for start, stop in pairwise(marks):
        advance(system, time_step, stop - start)
        record(snapshot(system, stop, time_step))
    if (inertia := inertial_number(system)) > QUASI_STATIC:
        log.warning(
            "%s: inertial number %.3g when the wall stops, above %g: forces are not those of a slow "
            "compression; lower compression.wall_speed_m_per_s (%g)",
            name,
            inertia,
            QUASI_STATIC,
            protocol.wall_speed,
        )
    walls.velocity[1] = 0.0
    walls.position[1] = protocol.final_width  # free of the rounding of the steps
    return steps + _hold(system, steps, time_step, protocol)


def _hold(system: System, step: int, time_step: float, protocol: Compression) -> int:
    """Advance until kinetic / elastic energy falls below the protocol's ratio; returns the steps taken."""
    held = 0
    while True:
        advance(system, time_step, HOLD_INTERVAL)
        held += HOLD_INTERVAL
        check_none_lost(system, step + held)
        kinetic, elastic = energies(system)
        if kinetic == elastic == 0:
            raise RuntimeError("nothing touches after compression: the particles fit into the final box")
        if kinetic <= protocol.hold_energy_ratio * elastic:
            return held
        if held >= protocol.hold_maximum_steps:
            raise RuntimeError(
                f"kinetic / elastic energy is {kinetic / elastic if elastic else math.inf:.3g} after "
                f"{held} steps of hold (compression.hold_maximum_steps), wanted hold_energy_ratio = "
                f"{protocol.hold_energy_ratio:g}; a smaller time_step_rayleigh may help"
            )
