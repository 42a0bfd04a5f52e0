"""The jobs of a study in space on a GPU: packings of all AM shares, pressed together into a file.

How each one is pressed is in `dem.press`, as on the CPU.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dem.batch import Waiting, all_of, run_batch
from dem.cuda.engine import OnDevice
from dem.measure.spatial import snapshot
from dem.parameters import PressingParameters, read_pressing
from dem.parts import Parts
from dem.press import Stage, under_piston
from dem.press_study import PackingCell, begin, find_begun, go_on
from dem.simulation import naming
from dem.trajectory import Compressed
from provenance import FilePath


def press_batch(
    output: FilePath,
    config: Mapping[str, Any],
    packings: Sequence[tuple[float, int]],
    pressures_mpa: Sequence[float],
    code: str,
    threads: int = 1,
) -> None:
    """Press packings on a GPU, and write all their samples to one HDF5 trajectory.

    A killed attempt is gone on from the last state at rest of each packing (`dem.parts`), to the same bits.

    Parameters
    ----------
    output
        HDF5 file; appears under this name when complete.
    config
        Configuration with at least the sections of `dem.parameters.SECTIONS`, and `geometry`.
    packings
        Share of AM in the volume of the solids [-] and number of the replicate of each.
    pressures_mpa
        On the piston, rising [MPa].
    code
        Digest of the code, for the record.
    threads
        Packings filled at the same time. The result does not depend on it.

    Raises
    ------
    RuntimeError
        See `dem.batch.run_batch`.
    """
    parameters = read_pressing(config)
    pressures = tuple(1e6 * pressure for pressure in pressures_mpa)
    run_batch(
        output,
        config,
        code,
        [(PackingCell(share, pressures), replicate) for share, replicate in packings],
        lambda packing, parts: _begun(*packing, parameters, parts),
        lambda packing, parts: _samples(*packing, parameters, parts),
        [list(pressures_mpa)],
        threads,
    )


def _begun(cell: PackingCell, replicate: int, parameters: PressingParameters, parts: Parts) -> Waiting | None:
    """A packing as it is going to be pressed; None if all its samples are there."""
    name = f"packing {cell.packing_name(replicate)}"
    with naming(name):
        done = find_begun(cell, parameters, replicate, parts)
        if done.stages == len(cell.pressures):
            return None
        begun = begin(cell, parameters, replicate, done)
        start = begun.start
        if start is None:
            system = under_piston(begun.packing, parameters.materials, parameters.contacts)
            start = Stage(system, 0, 0.0, [])
            begun = begun._replace(before=[snapshot(system, 0, 0.0)])
        system = OnDevice(*start.system)
        begun = begun._replace(start=start._replace(system=system))

    def finish() -> None:
        with naming(name):
            for _ in go_on(begun, cell, parameters, replicate, parts):
                pass

    return Waiting(name, system, finish)


def _samples(
    cell: PackingCell, replicate: int, parameters: PressingParameters, parts: Parts
) -> list[Compressed]:
    """All samples of a packing."""
    names = cell.sample_names(replicate, parameters.compression)
    kept = [parts.find(sample) for stage in names for sample in stage]
    return all_of(f"packing {cell.packing_name(replicate)}", kept, parts)
