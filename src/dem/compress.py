"""Compression of one structure, and of one cell of a study: the driver of the DEM."""

from __future__ import annotations

import json
import logging
import math
import platform
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from os import PathLike
from typing import Any, NamedTuple

import numba
import numpy as np

from dem import KERNEL_MODULES
from dem.contact import law_table
from dem.forces import energies
from dem.integrate import System, advance, make_system
from dem.neighbors import Particles, Walls
from dem.parameters import (
    AM,
    PAIRS,
    SE,
    Compression,
    Contacts,
    Filling,
    Material,
    SimulationParameters,
    read_parameters,
)
from dem.stress import ContactList, contact_list, contact_pressure
from dem.structure import Draw, Structure, fill, structure_seed
from dem.trajectory import open_trajectory, write_structure
from provenance import atomic_output, code_digest

log = logging.getLogger(__name__)

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


class Compressed(NamedTuple):
    """One structure from filling to rest."""

    width: float  # before compression [m]
    uncovered_fraction: float  # [-]
    replicate: int
    seed: np.random.SeedSequence
    structure: Structure
    draw: Draw
    frames: list[Frame]
    contacts: ContactList  # of the last frame


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


def _frame(system: System, step: int, time_step: float) -> Frame:
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

    record(_frame(system, 0, time_step))
    walls.velocity[1] = -protocol.wall_speed
    # The last frame is the one at rest, so the moving wall is recorded one time less.
    marks = np.linspace(0, steps, protocol.frames - 1).round().astype(int)
    for start, stop in pairwise(marks):
        advance(system, time_step, stop - start)
        record(_frame(system, stop, time_step))
    walls.velocity[1] = 0.0
    walls.position[1] = protocol.final_width  # free of the rounding of the steps
    held = _hold(system, time_step, protocol)
    record(_frame(system, steps + held, time_step))
    return contact_list(system)


def _hold(system: System, time_step: float, protocol: Compression) -> int:
    """Advance until kinetic / elastic energy falls below the protocol's ratio; returns the steps taken."""
    held = 0
    while True:
        advance(system, time_step, HOLD_INTERVAL)
        held += HOLD_INTERVAL
        kinetic, elastic = energies(system.particles, system.walls, system.pairs, system.wall_contacts)
        if kinetic <= protocol.hold_energy_ratio * elastic:
            return held
        if held >= protocol.hold_maximum_steps:
            raise RuntimeError(
                f"kinetic / elastic energy is {kinetic / elastic if elastic else math.inf:.3g} after "
                f"{held} steps of hold, wanted hold_energy_ratio = {protocol.hold_energy_ratio:g}"
            )


def simulate(
    parameters: SimulationParameters, width: float, uncovered_fraction: float, replicate: int
) -> Compressed:
    """Fill and compress one structure of a study; errors name the structure."""
    seed = structure_seed(parameters.seed, width, uncovered_fraction, replicate)
    frames: list[Frame] = []
    try:
        structure, draw = fill(parameters.structure, width, uncovered_fraction, np.random.default_rng(seed))
        contacts = compress(structure, parameters, frames.append)
    except (RuntimeError, ValueError) as error:
        name = f"width {width * 1e6:g} um, uncovered fraction {uncovered_fraction:g}, replicate {replicate}"
        raise type(error)(f"structure of {name}: {error}") from error
    return Compressed(width, uncovered_fraction, replicate, seed, structure, draw, frames, contacts)


def compress_cell(
    output: str | PathLike,
    config: Mapping[str, Any],
    width_um: float,
    uncovered_fraction: float,
    replicates: Iterable[int],
    code: str,
    threads: int = 1,
) -> None:
    """Simulate all replicates of one cell of a study and write them to one HDF5 trajectory.

    Parameters
    ----------
    output
        HDF5 file; appears under this name when complete.
    config
        Sections ``seed, structure, materials, contacts, compression`` of the configuration.
    width_um
        Width before compression [um].
    uncovered_fraction
        Share of the box not covered by AM [-].
    replicates
        Numbers of the replicates.
    code
        Digest of the code, for the record.
    threads
        Structures simulated at the same time. The result does not depend on it.
    """
    parameters = read_parameters(config)
    replicates = list(replicates)
    with open_trajectory(output, config, code) as file, ThreadPoolExecutor(threads) as pool:
        runs = pool.map(lambda k: simulate(parameters, width_um / 1e6, uncovered_fraction, k), replicates)
        for count, run in enumerate(runs, 1):
            write_structure(file, run)
            log.info(
                "width %g um, uncovered %g: %d of %d structures compressed (%d particles, %d steps)",
                width_um,
                uncovered_fraction,
                count,
                len(replicates),
                run.structure.x.size,
                run.frames[-1].step,
            )


def compile_kernels(output: str | PathLike) -> None:
    """Compile all kernels into the cache by one step of a few particles; write what they are made for.

    Without it the first jobs of a study, started together, would each compile everything.
    """
    parameters = SimulationParameters(
        seed=0,
        structure=Filling(8e-6, (6e-6, 6e-6), (0.0, 0.0), 6e-6, 2e-6, 1e-6, 1000, 1),
        materials={"AM": Material(1e9, 0.3, 5000.0), "SE": Material(1e9, 0.3, 2000.0)},
        contacts=Contacts("hertz_mindlin", dict.fromkeys(PAIRS, 0.5), dict.fromkeys(PAIRS, 0.5)),
        compression=Compression(8e-6, 1.0, 0.1, 1.0, HOLD_INTERVAL, 2),
    )
    start = time.perf_counter()
    structure, _ = fill(parameters.structure, 9e-6, 0.9, np.random.default_rng(0))
    system = between_walls(structure, parameters)
    advance(system, 1e-12, 1)
    _frame(system, 1, 1e-12)
    record = {
        "kernels": code_digest(*KERNEL_MODULES),
        "numba": numba.__version__,
        "processor": platform.processor() or platform.machine(),
    }
    log.info("kernels compiled in %.1f s", time.perf_counter() - start)
    with atomic_output(output) as temporary:
        temporary.write_text(json.dumps(record, indent=2) + "\n")
