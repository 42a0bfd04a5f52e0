"""The structures of a study: simulate one, simulate a cell of the grid into a file, compile beforehand."""

from __future__ import annotations

import hashlib
import json
import logging
import platform
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from os import PathLike
from typing import Any

import numba
import numpy as np

from dem import KERNEL_MODULES
from dem.compress import HOLD_INTERVAL, between_walls, compress
from dem.frames import Frame, snapshot
from dem.integrate import advance
from dem.parameters import (
    PAIRS,
    SECTIONS,
    Compression,
    Contacts,
    Filling,
    Material,
    SimulationParameters,
    read_parameters,
)
from dem.parts import unfinished
from dem.structure import fill, structure_seed
from dem.trajectory import Compressed, open_trajectory, write_structure
from provenance import atomic_output, code_digest

log = logging.getLogger(__name__)


def structure_name(
    width: float, uncovered_fraction: float, replicate: int, pressure: float | None = None
) -> str:
    """Name of a structure's groups, such as ``width-46_uncovered-0.53_replicate-000``.

    One compressed to a pressure is ``width-74_uncovered-0.808_pressure-100_replicate-000``, in MPa.
    """
    to = "" if pressure is None else f"_pressure-{pressure / 1e6:g}"
    return f"width-{width * 1e6:g}_uncovered-{uncovered_fraction:g}{to}_replicate-{replicate:03d}"


def simulate(
    parameters: SimulationParameters,
    width: float,
    uncovered_fraction: float,
    replicate: int,
    pressure: float | None = None,
    told: Callable[[Frame], object] = lambda frame: None,
) -> Compressed:
    """Fill and compress one structure of a study; errors name the structure.

    Its filling does not depend on the pressure: one packing can be followed from pressure to pressure.
    `told` is called with each frame as it is recorded.
    """
    name = structure_name(width, uncovered_fraction, replicate, pressure)
    seed = structure_seed(parameters.seed, width, uncovered_fraction, replicate)
    frames: list[Frame] = []

    def record(frame: Frame) -> None:
        frames.append(frame)
        told(frame)

    try:
        structure, draw = fill(parameters.structure, width, uncovered_fraction, np.random.default_rng(seed))
        contacts = compress(structure, parameters, record, name, pressure)
    except (RuntimeError, ValueError) as error:
        raise type(error)(f"structure {name}: {error}") from error
    drawn = {
        "width_m": width,
        "uncovered_fraction": uncovered_fraction,
        "replicate": replicate,
        "seed": {"entropy": seed.entropy, "spawn_key": list(seed.spawn_key)},
        "am_mean_diameter_m": draw.am_mean_diameter,
        "am_sd_diameter_m": draw.am_sd_diameter,
        "am_tries": draw.tries,
    }
    if pressure is not None:
        drawn["pressure_Pa"] = pressure
    return Compressed(name, drawn, structure, frames, contacts)


def compress_cell(
    output: str | PathLike,
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
    replicates, width = list(replicates), width_um / 1e6
    pressure = None if pressure_mpa is None else pressure_mpa * 1e6
    made_from = [{name: config[name] for name in SECTIONS}, code, np.__version__, numba.__version__]
    key = hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()

    with unfinished(output, key) as parts:

        def finish(replicate: int) -> Compressed:
            run = parts.find(structure_name(width, uncovered_fraction, replicate, pressure))
            if run is None:
                run = simulate(parameters, width, uncovered_fraction, replicate, pressure)
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
                    run.structure.x.size,
                    run.frames[-1].step,
                )
        # Only now, so that a kill leaves no half-written file, but in this short moment.
        with open_trajectory(output, config, code) as file:
            for replicate in replicates:
                run = parts.find(structure_name(width, uncovered_fraction, replicate, pressure))
                # Gone if another attempt has come first with the file: made again, the same bits. A failure
                # would have the workflow remove that file.
                write_structure(
                    file, run or simulate(parameters, width, uncovered_fraction, replicate, pressure)
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
        compression=Compression(8e-6, 1.0, 0.1, 1.0, HOLD_INTERVAL, 3),
    )
    start = time.perf_counter()
    structure, _ = fill(parameters.structure, 9e-6, 0.9, np.random.default_rng(0))
    system = between_walls(structure, parameters)
    advance(system, 1e-12, 1)
    snapshot(system, 1, 1e-12)
    record = {
        "kernels": code_digest(*KERNEL_MODULES),
        "numba": numba.__version__,
        "processor": platform.processor() or platform.machine(),
    }
    log.info("kernels compiled in %.1f s", time.perf_counter() - start)
    with atomic_output(output) as temporary:
        temporary.write_text(json.dumps(record, indent=2) + "\n")
