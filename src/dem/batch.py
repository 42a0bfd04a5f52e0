"""The jobs of a study on a GPU: structures of all cells of the grid, advanced together into one file.

What each one goes through is that of the CPU's jobs (`dem.compress_batch`, `dem.press_batch`); how they share
a GPU is in `dem.cuda.engine`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, TypeVar

from dem.cuda.device import Device, the_device
from dem.cuda.engine import Member, Together, advanced_by
from dem.cuda.spatial.batch import bytes_of
from dem.parts import Parts, unfinished
from dem.state import SpatialSystem
from dem.study import made_from
from dem.trajectory import Compressed, open_trajectory, write_structure
from provenance import FilePath

log = logging.getLogger(__name__)
T = TypeVar("T")

# Share of the free memory that batches take: the driver needs some, too.
SHARE = 0.9


class Waiting(NamedTuple):
    """A structure of a batch that is not finished."""

    name: str  # what it is called in messages
    system: SpatialSystem  # as the device has it
    finish: Callable[[], object]  # runs its protocol, and keeps what comes of it


def run_batch(
    output: FilePath,
    config: Mapping[str, Any],
    code: str,
    structures: Sequence[T],
    begin: Callable[[T, Parts], Waiting | None],
    finished: Callable[[T, Parts], list[Compressed]],
    settings: Sequence[Any] = (),
    threads: int = 1,
) -> None:
    """Finish structures on a GPU, and write all that came of them to one HDF5 trajectory.

    Parameters
    ----------
    output
        HDF5 file; appears under this name when complete.
    config
        Configuration with at least the sections of `dem.parameters.SECTIONS`.
    code
        Digest of the code, for the record.
    structures
        What is asked for, in the order of the file.
    begin
        Makes one ready; None if an earlier attempt has finished it. Called by several threads.
    finished
        Finds what came of one; fewer than there should be are an error that it raises.
    settings
        What else the structures are made from.
    threads
        Structures made ready at the same time. The result does not depend on it.

    Raises
    ------
    RuntimeError
        If there is no GPU that will do, or it fails; if a structure is not finished, with its name.
    """
    device = the_device()
    with unfinished(output, made_from(config, code, *settings, device.name)) as parts:
        with ThreadPoolExecutor(threads) as pool:
            begun = pool.map(lambda structure: begin(structure, parts), structures)
            waiting = [ready for ready in begun if ready is not None]
        log.info("%d structures of %d wait for %s", len(waiting), len(structures), device.name)
        for together in cut(waiting, device):
            finish_together(together, device)
        # Only now, so that a kill leaves no half-written file, but in this short moment.
        with open_trajectory(output, config, code) as file:
            for structure in structures:
                for run in finished(structure, parts):
                    write_structure(file, run)


def cut(waiting: Sequence[Waiting], device: Device) -> Iterator[list[Waiting]]:
    """Parts of a batch that the memory of the device holds, in order.

    Raises
    ------
    RuntimeError
        If it does not hold a single structure.
    """
    room = SHARE * device.free
    needed = [bytes_of([structure.system]) for structure in waiting]
    parts: list[list[Waiting]] = []
    left = 0.0
    for structure, size in zip(waiting, needed, strict=True):
        if size > room:
            raise RuntimeError(
                f"{structure.name}: needs {size / 1e9:.3g} GB of the GPU's memory, {device.name} has "
                f"{device.free / 1e9:.3g} GB free; take a GPU with more or a smaller box (structure)"
            )
        if size > left:
            parts.append([])
            left = room
        parts[-1].append(structure)
        left -= size
    if len(parts) > 1:
        log.info(
            "%d structures need %.3g GB of the GPU's memory, %s has %.3g GB free: finished in %d batches",
            len(waiting),
            sum(needed) / 1e9,
            device.name,
            device.free / 1e9,
            len(parts),
        )
    yield from parts


def finish_together(waiting: Sequence[Waiting], device: Device) -> None:
    """Finish structures at the same time, each in a thread that waits for the others."""
    together = Together(device, [structure.system for structure in waiting])

    def finish(structure: Waiting, member: Member) -> str:
        with advanced_by(member):
            structure.finish()
        return structure.name

    with ThreadPoolExecutor(len(waiting)) as pool:
        for count, name in enumerate(pool.map(finish, waiting, together.members), 1):
            log.info("%s is finished, %d of %d", name, count, len(waiting))


def all_of(name: str, runs: Sequence[Compressed | None], parts: Parts) -> list[Compressed]:
    """What came of a structure, if nothing of it is missing.

    Raises
    ------
    RuntimeError
        If something is.
    """
    there = [run for run in runs if run is not None]
    if len(there) < len(runs):
        raise RuntimeError(
            f"{name}: its samples are gone from {parts.folder}; has another job written the same file?"
        )
    return there
