"""Compression of one structure: the protocol, from the filled box to rest."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from dem.contact import law_table
from dem.forces import energies
from dem.integrate import System, advance, make_system
from dem.neighbors import Particles, Walls
from dem.parameters import AM, SE, Compression, Material, SimulationParameters
from dem.stress import ContactList, contact_list, contact_pressure
from dem.structure import Structure

# Steps between two looks at the energies while the wall stands still.
HOLD_INTERVAL = 200


class Frame(NamedTuple):
    """A recorded state of a structure of N particles."""

    step: int
    time: float  # [s]
    x: np.ndarray  # [N, m]
    y: np.ndarray  # [N, m]
    contact_pressure: np.ndarray  # [N, Pa]
    wall_position: np.ndarray  # [4, m]: left, right, bottom, top
    wall_force: np.ndarray  # [4, N]
    kinetic_energy: float  # [J]
    elastic_energy: float  # [J]


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
    walls = Walls(np.array([0.0, structure.width, 0.0, structure.height]), np.zeros(4), np.zeros(4))
    law = law_table(parameters.materials, parameters.contacts)
    return make_system(place_particles(structure, parameters.materials), walls, law)


def _check_none_lost(particles: Particles, walls: Walls, step: int) -> None:
    """Raise RuntimeError if a particle lies wholly outside the box, or nowhere.

    Soft electrolyte between AM and a wall may be squeezed until its centre lies beyond the wall, which
    still pushes it back: that is the elastic law far past its range, not a particle lost.
    """
    left, right, bottom, top = walls.position
    x, y, radius = particles.x, particles.y, particles.radius
    inside = (x > left - radius) & (x < right + radius) & (y > bottom - radius) & (y < top + radius)
    if not inside.all():  # NaN is not inside either
        raise RuntimeError(
            f"{np.count_nonzero(~inside)} particles have left the box by step {step}: the time step or the "
            "wall speed is too large"
        )


def snapshot(system: System, step: int, time_step: float) -> Frame:
    """The state of `system` after `step` steps, copied."""
    particles, walls = system.particles, system.walls
    kinetic, elastic = energies(particles, walls, system.pairs, system.wall_contacts)
    _check_none_lost(particles, walls, step)
    return Frame(
        step,
        step * time_step,
        particles.x.copy(),
        particles.y.copy(),
        contact_pressure(contact_list(system), particles.radius),
        walls.position.copy(),
        walls.force.copy(),
        kinetic,
        elastic,
    )


def compress(
    structure: Structure,
    parameters: SimulationParameters,
    record: Callable[[Frame], None],
) -> ContactList:
    """Move the right wall in to the final width, then hold until the structure rests.

    Parameters
    ----------
    structure
        Particles in a box wider than the final width.
    parameters
        Materials, contact law and protocol.
    record
        Called with each frame: the first before compression, the last at rest.

    Returns
    -------
    ContactList
        Contacts at rest.

    Raises
    ------
    ValueError
        If the box is not wider than the final width.
    RuntimeError
        If the structure collapses or does not come to rest within ``hold_maximum_steps``.
    """
    protocol = parameters.compression
    travel = structure.width - protocol.final_width
    if travel <= 0:
        raise ValueError(
            f"width must be above final_width = {protocol.final_width:g} m, got {structure.width:g} m"
        )
    system = between_walls(structure, parameters)
    walls = system.walls
    largest = largest_time_step(structure, parameters.materials, protocol.time_step_rayleigh)
    steps = math.ceil(travel / (protocol.wall_speed * largest))
    time_step = travel / (protocol.wall_speed * steps)

    record(snapshot(system, 0, time_step))
    walls.velocity[1] = -protocol.wall_speed
    # The last frame is the one at rest, so the moving wall is recorded one time less.
    marks = np.linspace(0, steps, protocol.frames - 1).round().astype(int)
    for start, stop in pairwise(marks):
        advance(system, time_step, stop - start)
        record(snapshot(system, stop, time_step))
    walls.velocity[1] = 0.0
    walls.position[1] = protocol.final_width  # free of the rounding of the steps
    held = _hold(system, steps, time_step, protocol)
    record(snapshot(system, steps + held, time_step))
    return contact_list(system)


def _hold(system: System, step: int, time_step: float, protocol: Compression) -> int:
    """Advance until kinetic / elastic energy falls below the protocol's ratio; returns the steps taken."""
    held = 0
    while True:
        advance(system, time_step, HOLD_INTERVAL)
        held += HOLD_INTERVAL
        _check_none_lost(system.particles, system.walls, step + held)
        kinetic, elastic = energies(system.particles, system.walls, system.pairs, system.wall_contacts)
        if kinetic == elastic == 0:
            raise RuntimeError("nothing touches after compression: the particles fit into the final box")
        if kinetic <= protocol.hold_energy_ratio * elastic:
            return held
        if held >= protocol.hold_maximum_steps:
            raise RuntimeError(
                f"kinetic / elastic energy is {kinetic / elastic if elastic else math.inf:.3g} after "
                f"{held} steps of hold (compression.hold_maximum_steps), wanted hold_energy_ratio = "
                f"{protocol.hold_energy_ratio:g}"
            )
