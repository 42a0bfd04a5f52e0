"""The jobs of a study in the plane on a GPU: structures of all cells of the grid, compressed together.

How each one is compressed is in `dem.compress`, as on the CPU.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dem.batch import Waiting, all_of, run_batch
from dem.compress import between_walls
from dem.cuda.planar import LayeredSystem
from dem.parameters import SimulationParameters, read_parameters
from dem.parts import Parts
from dem.simulation import Cell, compressed, filled, naming
from dem.trajectory import Compressed
from provenance import FilePath


def compress_batch(
    output: FilePath,
    config: Mapping[str, Any],
    structures: Sequence[tuple[float, float, float | None, int]],
    code: str,
    threads: int = 1,
) -> None:
    """Fill and compress structures on a GPU, and write them to one HDF5 trajectory.

    Structures that an earlier, killed attempt has finished are taken from it (`dem.parts`).

    Parameters
    ----------
    output
        HDF5 file; appears under this name when complete.
    config
        Configuration with at least the sections of `dem.parameters.SECTIONS`.
    structures
        Of each: width before compression [um], share of the box not covered by AM [-], pressure for the wall
        to bear [MPa] (None: it moves to the final width), number of the replicate.
    code
        Digest of the code, for the record.
    threads
        Structures filled at the same time. The result does not depend on it.

    Raises
    ------
    RuntimeError
        See `dem.batch.run_batch`.
    """
    parameters = read_parameters(config)
    run_batch(
        output,
        config,
        code,
        [
            (Cell.configured(width, fraction, pressure), replicate)
            for width, fraction, pressure, replicate in structures
        ],
        lambda structure, parts: _begun(*structure, parameters, parts),
        lambda structure, parts: _kept(*structure, parts),
        threads=threads,
    )


def _begun(cell: Cell, replicate: int, parameters: SimulationParameters, parts: Parts) -> Waiting | None:
    """A structure as it is going to be compressed; None if it is finished."""
    if parts.find(cell.name(replicate)):
        return None
    name = f"structure {cell.name(replicate)}"
    structure = filled(parameters, cell, replicate)
    with naming(name):
        system = LayeredSystem(*between_walls(structure.structure, parameters))
    return Waiting(
        name,
        system.layer,
        lambda: parts.keep(compressed(structure, parameters, cell.pressure, system=system)),
    )


def _kept(cell: Cell, replicate: int, parts: Parts) -> list[Compressed]:
    """What came of a structure."""
    name = cell.name(replicate)
    return all_of(f"structure {name}", [parts.find(name)], parts)
