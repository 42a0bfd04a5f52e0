"""One electrode filled, compressed and written, with progress."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dem.parameters import read_parameters
from dem.simulation import simulate
from dem.state import Frame
from dem.trajectory import Compressed, open_trajectory, write_structure
from provenance import FilePath, code_digest


def simulate_electrode(
    config: Mapping[str, Any],
    width_um: float,
    uncovered_fraction: float,
    replicate: int,
    output: FilePath,
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
    run = simulate(parameters, width_um / 1e6, uncovered_fraction, replicate, told=done)
    with open_trajectory(output, config, code_digest("assb.simulation")) as file:
        write_structure(file, run)
    return run
