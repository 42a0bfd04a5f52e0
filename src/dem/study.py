"""The jobs of a study: simulate a cell of the grid into a file, compile beforehand.

What decides how a structure comes out is in `dem.simulation`, how it is written in `dem.trajectory`; here is
the bookkeeping.
"""

from __future__ import annotations

import hashlib
import json
import logging
import platform
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numba
import numpy as np

from dem import KERNEL_MODULES
from dem.compress import between_walls
from dem.configured import read_section
from dem.engine import GEOMETRIES
from dem.filling.spatial import fill as fill_in_space
from dem.laws import LAWS
from dem.measure.balance import contact_frequency
from dem.parameters import (
    SECTIONS,
    Compression,
    Contacts,
    Filling,
    Material,
    SimulationParameters,
    SpatialFilling,
    read_parameters,
)
from dem.parts import unfinished
from dem.press import under_piston
from dem.simulation import Cell
from dem.state import SpatialSystem, System
from dem.structure import fill
from dem.trajectory import Compressed, open_trajectory, write_structure
from electrode.species import PAIRS
from provenance import FilePath, atomic_output, code_digest

log = logging.getLogger(__name__)


def compress_cell(
    output: FilePath,
    config: Mapping[str, Any],
    width_um: float,
    uncovered_fraction: float,
    replicates: Iterable[int],
    code: str,
    threads: int = 1,
    pressure_mpa: float | None = None,
) -> None:
    """Simulate all replicates of one cell of a study and write them to one HDF5 trajectory.

    Structures that an earlier, killed attempt has finished are taken from it (`dem.parts`).

    Parameters
    ----------
    output
        HDF5 file; appears under this name when complete.
    config
        Configuration with at least the sections of `dem.parameters.SECTIONS`.
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
    pressure_mpa
        For the wall to bear [MPa]; without one it moves to the final width.
    """
    parameters = read_parameters(config)
    replicates = list(replicates)
    cell = Cell.configured(width_um, uncovered_fraction, pressure_mpa)

    with unfinished(output, made_from(config, code)) as parts:

        def finish(replicate: int) -> Compressed:
            run = parts.find(cell.name(replicate))
            if run is None:
                run = cell.simulate(parameters, replicate)
                parts.keep(run)
            else:
                log.info("%s was finished by an earlier attempt", run.name)
            return run

        with ThreadPoolExecutor(threads) as pool:
            for count, run in enumerate(pool.map(finish, replicates), 1):
                log.info(
                    "width %g um, uncovered %g: %d of %d structures compressed (%d particles, %d steps)",
                    width_um,
                    uncovered_fraction,
                    count,
                    len(replicates),
                    run.particles,
                    run.frames[-1].step,
                )
        # Only now, so that a kill leaves no half-written file, but in this short moment.
        with open_trajectory(output, config, code) as file:
            for replicate in replicates:
                kept = parts.find(cell.name(replicate))
                # Gone if another attempt has come first with the file: made again, the same bits. A failure
                # would have the workflow remove that file.
                write_structure(file, kept or cell.simulate(parameters, replicate))


def made_from(config: Mapping[str, Any], code: str, *settings: Any) -> str:
    """Digest of all that the parts of a job depend on, with settings that are not in the configuration."""
    sources = [{name: config[name] for name in SECTIONS}, code, np.__version__, numba.__version__, *settings]
    return hashlib.sha256(json.dumps(sources, sort_keys=True).encode()).hexdigest()


def compile_kernels(
    output: FilePath, law: str, constants: Mapping[str, Any] | None = None, geometry: str = "planar"
) -> None:
    """Compile the kernels that studies under a law use into the cache; write what they are made for.

    Without it the first jobs of a study, started together, would each compile everything.

    Parameters
    ----------
    output
        JSON file.
    law
        Name of the law, a key of `dem.laws.LAWS`.
    constants
        Its own section of the configuration, if it has one. The kernels do not depend on it.
    geometry
        The plane or space, a key of `dem.parameters.PARAMETERS`.
    """
    start = time.perf_counter()
    section = LAWS[law].Parameters
    own = {law: read_section(section, constants or {}, f"contacts.{law}")} if section else {}
    materials = dict.fromkeys(("AM", "SE"), Material(1e9, 0.3, 2000.0, hardness=1e9))
    contacts = Contacts(law, dict.fromkeys(PAIRS, 0.5), dict.fromkeys(PAIRS, 0.5), own)
    system = SMALLEST[geometry](materials, contacts)
    steps = GEOMETRIES[type(system)]
    steps.advance(system, 1e-12, 1)
    steps.snapshot(system, 1, 1e-12)
    contact_frequency(system)
    record = {
        "kernels": code_digest(*KERNEL_MODULES),
        "law": law,
        "geometry": geometry,
        "numba": numba.__version__,
        "processor": platform.processor() or platform.machine(),
    }
    log.info("kernels compiled in %.1f s", time.perf_counter() - start)
    with atomic_output(output) as temporary:
        temporary.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def _smallest_in_the_plane(materials: Mapping[str, Material], contacts: Contacts) -> System:
    filling = Filling(8e-6, (6e-6, 6e-6), (0.0, 0.0), 6e-6, 2e-6, 1e-6, 1000, 1)
    structure, _ = fill(filling, 9e-6, 0.9, np.random.default_rng(0))
    protocol = Compression(8e-6, 1.0, 0.1, 0.5, 0.0, 0.5, 1.0, 1, 3)
    return between_walls(structure, SimulationParameters(0, filling, materials, contacts, protocol))


def _smallest_in_space(materials: Mapping[str, Material], contacts: Contacts) -> SpatialSystem:
    filling = SpatialFilling(8e-6, 8e-6, (4e-6, 4e-6), (0.0, 0.0), 4e-6, 2e-6, 1e-6, 0.2, 1000, 1)
    packing, _ = fill_in_space(filling, 0.5, np.random.default_rng(0))
    return under_piston(packing, materials, contacts)


# Systems that need all kernels, by geometry.
SMALLEST: dict[str, Callable[..., System | SpatialSystem]] = {
    "planar": _smallest_in_the_plane,
    "spatial": _smallest_in_space,
}
