"""The jobs of a study in space on a GPU: packings of all cells of the grid, pressed together into a file.

How each one is pressed is in `dem.press`, as on the CPU; how they share a GPU is in `dem.cuda.engine`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from dem.cuda.device import Device, the_device
from dem.cuda.engine import Member, OnDevice, Together, advanced_by
from dem.cuda.spatial.batch import bytes_of
from dem.measure.spatial import snapshot
from dem.parameters import PressingParameters, read_pressing
from dem.parts import Parts, unfinished
from dem.press import Stage, under_piston
from dem.press_study import Beginning, PackingCell, begin, find_begun, go_on, naming
from dem.study import made_from
from dem.trajectory import Compressed, open_trajectory, write_structure
from provenance import FilePath

log = logging.getLogger(__name__)

# Share of the free memory that batches take: the driver needs some, too.
SHARE = 0.9


class Waiting(NamedTuple):
    """A packing of a batch that is not finished."""

    cell: PackingCell
    replicate: int
    begun: Beginning
    system: OnDevice

    @property
    def name(self) -> str:
        """Of the packing."""
        return self.cell.packing_name(self.replicate)


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
        If there is no GPU that will do, or it fails; if a packing is not pressed, with its name.
    """
    parameters = read_pressing(config)
    device = the_device()
    pressures = tuple(1e6 * pressure for pressure in pressures_mpa)
    of_batch = [(PackingCell(share, pressures), replicate) for share, replicate in packings]

    with unfinished(output, made_from(config, code, list(pressures_mpa), device.name)) as parts:

        def prepare(packing: tuple[PackingCell, int]) -> Waiting | None:
            with naming(packing[0].packing_name(packing[1])):
                return _prepared(*packing, parameters, parts)

        with ThreadPoolExecutor(threads) as pool:
            waiting = [ready for ready in pool.map(prepare, of_batch) if ready is not None]
        log.info("%d packings of %d are pressed on %s", len(waiting), len(of_batch), device.name)
        for together in cut(waiting, device):
            press_together(together, device, parameters, parts)
        # Only now, so that a kill leaves no half-written file, but in this short moment.
        with open_trajectory(output, config, code) as file:
            for cell, replicate in of_batch:
                for run in _finished(cell, replicate, parameters, parts):
                    write_structure(file, run)


def _prepared(
    cell: PackingCell, replicate: int, parameters: PressingParameters, parts: Parts
) -> Waiting | None:
    """A packing as it is going to be pressed; None if all its samples are there."""
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
    return Waiting(cell, replicate, begun._replace(start=start._replace(system=system)), system)


def cut(waiting: Sequence[Waiting], device: Device) -> Iterator[list[Waiting]]:
    """Parts of a batch that the memory of the device holds, in order.

    Raises
    ------
    RuntimeError
        If it does not hold a single packing.
    """
    room = SHARE * device.free
    needed = [bytes_of([packing.system]) for packing in waiting]
    parts: list[list[Waiting]] = []
    left = 0.0
    for packing, size in zip(waiting, needed, strict=True):
        if size > room:
            raise RuntimeError(
                f"packing {packing.name}: needs {size / 1e9:.3g} GB of the GPU's memory, {device.name} has "
                f"{device.free / 1e9:.3g} GB free; take a GPU with more or a smaller structure.box_width_um"
            )
        if size > left:
            parts.append([])
            left = room
        parts[-1].append(packing)
        left -= size
    if len(parts) > 1:
        log.info(
            "%d packings need %.3g GB of the GPU's memory, %s has %.3g GB free: pressed in %d batches",
            len(waiting),
            sum(needed) / 1e9,
            device.name,
            device.free / 1e9,
            len(parts),
        )
    yield from parts


def press_together(
    waiting: Sequence[Waiting], device: Device, parameters: PressingParameters, parts: Parts
) -> None:
    """Press packings at the same time, each in a thread that waits for the others; keeps their samples."""
    together = Together(device, [packing.system for packing in waiting])

    def press(packing: Waiting, member: Member) -> int:
        with advanced_by(member), naming(packing.name):
            samples = go_on(packing.begun, packing.cell, parameters, packing.replicate, parts)
            return sum(1 for _ in samples)

    with ThreadPoolExecutor(len(waiting)) as pool:
        for count, samples in enumerate(pool.map(press, waiting, together.members), 1):
            log.info("%d of %d packings pressed (%d samples)", count, len(waiting), samples)


def _finished(
    cell: PackingCell, replicate: int, parameters: PressingParameters, parts: Parts
) -> list[Compressed]:
    """All samples of a packing."""
    done = find_begun(cell, parameters, replicate, parts)
    if done.stages < len(cell.pressures):
        raise RuntimeError(
            f"packing {cell.packing_name(replicate)}: its samples are gone from {parts.folder}; "
            "has another job written the same file?"
        )
    return done.samples
