"""One electrode filled, compressed and written, with progress."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from os import PathLike
from typing import Any

import numpy as np

from dem.compress import compress
from dem.frames import Frame
from dem.parameters import read_parameters
from dem.structure import fill, structure_seed
from dem.study import structure_name
from dem.trajectory import Compressed, open_trajectory, write_structure
from provenance import code_digest


def simulate_electrode(
    config: Mapping[str, Any],
    width_um: float,
    uncovered_fraction: float,
    replicate: int,
    output: str | PathLike,
    done: Callable[[Frame], object] = lambda frame: None,
) -> Compressed:
    """Fill and compress one structure of a study, as the workflow would, and write its trajectory.

    Parameters
    ----------
    config
        Configuration, such as ``config/config.yaml``.
    width_um
        Width before compression [um].
    uncovered_fraction
        Share of the box not covered by AM [-].
    replicate
        Number of the replicate; with the other two it seeds the structure.
    output
        HDF5 file.
    done
        Told each frame that is recorded.

    Raises
    ------
    ValueError, RuntimeError
        If the configuration or a setting is out of bounds, or the structure cannot be filled or does not come
        to rest.
    """
    parameters = read_parameters(config)
    width = width_um / 1e6
    name = structure_name(width, uncovered_fraction, replicate)
    seed = structure_seed(parameters.seed, width, uncovered_fraction, replicate)
    frames: list[Frame] = []

    def record(frame: Frame) -> None:
        frames.append(frame)
        done(frame)

    structure, draw = fill(parameters.structure, width, uncovered_fraction, np.random.default_rng(seed))
    with open_trajectory(output, config, code_digest("assb.simulation")) as file:
        contacts = compress(structure, parameters, record, name)
        drawn = {
            "width_m": width,
            "uncovered_fraction": uncovered_fraction,
            "replicate": replicate,
            "seed": {"entropy": seed.entropy, "spawn_key": list(seed.spawn_key)},
            "am_mean_diameter_m": draw.am_mean_diameter,
            "am_sd_diameter_m": draw.am_sd_diameter,
            "am_tries": draw.tries,
        }
        run = Compressed(name, drawn, structure, frames, contacts)
        write_structure(file, run)
    return run
