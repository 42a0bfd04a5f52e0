"""The jobs of a study in space: press the packings of a cell of the grid into a file.

How one packing is pressed is in `dem.press`, how it is written in `dem.trajectory`; here is the bookkeeping.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from dem.filling.spatial import Packing, fill, packing_seed
from dem.parameters import Pressing, PressingParameters, read_pressing
from dem.parts import Parts, unfinished
from dem.press import Sample, Stage, arrays_of, press_packing, restored, under_piston
from dem.simulation import naming
from dem.state import SpatialFrame
from dem.study import made_from
from dem.trajectory import Compressed, open_trajectory, write_structure
from provenance import FilePath

log = logging.getLogger(__name__)


class PackingCell(NamedTuple):
    """A cell of the grid of a study in space: packings of one AM share, and the pressures each comes to."""

    am_volume_fraction: float  # of the solids [-]
    pressures: tuple[float, ...]  # rising [Pa]

    def packing_name(self, replicate: int) -> str:
        """Such as ``am-0.5_replicate-000``."""
        return f"am-{self.am_volume_fraction:g}_replicate-{replicate:03d}"

    def sample_names(self, replicate: int, protocol: Pressing) -> list[list[str]]:
        """Names of the samples of a packing, by stage."""
        name = self.packing_name(replicate)
        return [
            [sample_name(name, pressure, less) for less in (None, *protocol.let_back_to(pressure))]
            for pressure in self.pressures
        ]


def sample_name(packing: str, pressure: float, unloaded_to: float | None) -> str:
    """Such as ``am-0.5_replicate-000_pressure-100``, let back ``..._pressure-100_unloaded-0``, in MPa."""
    back = "" if unloaded_to is None else f"_unloaded-{unloaded_to / 1e6:g}"
    return f"{packing}_pressure-{pressure / 1e6:g}{back}"


def filled(
    parameters: PressingParameters, am_volume_fraction: float, replicate: int
) -> tuple[Packing, dict[str, Any]]:
    """The packing of a study, and what it was made from, for JSON."""
    seed = packing_seed(parameters.seed, am_volume_fraction, replicate)
    packing, draw = fill(parameters.structure, am_volume_fraction, np.random.default_rng(seed))
    return packing, {
        "am_volume_fraction": am_volume_fraction,
        "replicate": replicate,
        "seed": {"entropy": seed.entropy, "spawn_key": list(seed.spawn_key)},
        "am_mean_diameter_m": draw.am_mean_diameter,
        "am_sd_diameter_m": draw.am_sd_diameter,
        "am_tries": draw.tries,
    }


def as_run(packing: Packing, drawn: Mapping[str, Any], name: str, sample: Sample) -> Compressed:
    """A sample of a packing, as files have it."""
    told = {**drawn, "packing": name, "pressure_Pa": sample.pressure}
    if sample.unloaded_to is not None:
        told["unloaded_to_Pa"] = sample.unloaded_to
    name = sample_name(name, sample.pressure, sample.unloaded_to)
    return Compressed(name, told, packing, sample.frames, sample.contacts)


def press_cell(
    output: FilePath,
    config: Mapping[str, Any],
    am_volume_fraction: float,
    pressures_mpa: Sequence[float],
    replicates: Iterable[int],
    code: str,
    threads: int = 1,
) -> None:
    """Press packings of one AM share of a study, and write all their samples to one HDF5 trajectory.

    A killed attempt is gone on from the last state at rest of each packing (`dem.parts`), to the same bits.

    Parameters
    ----------
    output
        HDF5 file; appears under this name when complete.
    config
        Configuration with at least the sections of `dem.parameters.SECTIONS`, and `geometry`.
    am_volume_fraction
        Share of AM in the volume of the solids [-].
    pressures_mpa
        On the piston, rising [MPa].
    replicates
        Numbers of the packings.
    code
        Digest of the code, for the record.
    threads
        Packings pressed at the same time. The result does not depend on it.
    """
    parameters = read_pressing(config)
    replicates = list(replicates)
    cell = PackingCell(am_volume_fraction, tuple(1e6 * pressure for pressure in pressures_mpa))

    with unfinished(output, made_from(config, code, list(pressures_mpa))) as parts:

        def finish(replicate: int) -> int:
            return sum(1 for _ in _samples(cell, parameters, replicate, parts))

        with ThreadPoolExecutor(threads) as pool:
            for count, samples in enumerate(pool.map(finish, replicates), 1):
                log.info(
                    "AM %g: %d of %d packings pressed (%d samples)",
                    am_volume_fraction,
                    count,
                    len(replicates),
                    samples,
                )
        # Only now, so that a kill leaves no half-written file, but in this short moment.
        with open_trajectory(output, config, code) as file:
            for replicate in replicates:
                # From the parts, or, if another attempt has come first with the file, made again.
                for run in _samples(cell, parameters, replicate, parts):
                    write_structure(file, run)


def _samples(
    cell: PackingCell, parameters: PressingParameters, replicate: int, parts: Parts
) -> Iterator[Compressed]:
    """All samples of a packing, those of finished stages from `parts`; errors name the packing."""
    with naming(f"packing {cell.packing_name(replicate)}"):
        done = find_begun(cell, parameters, replicate, parts)
        yield from done.samples
        if done.stages < len(cell.pressures):
            yield from go_on(begin(cell, parameters, replicate, done), cell, parameters, replicate, parts)


class Begun(NamedTuple):
    """What an earlier attempt has left of a packing."""

    stages: int  # finished
    samples: list[Compressed]  # of these
    rested: Mapping[str, np.ndarray] | None  # the system after them, see `dem.press.arrays_of`


def find_begun(cell: PackingCell, parameters: PressingParameters, replicate: int, parts: Parts) -> Begun:
    """What an earlier attempt has left in `parts`, if it is whole."""
    name = cell.packing_name(replicate)
    kept = [
        [parts.find(sample) for sample in names]
        for names in cell.sample_names(replicate, parameters.compression)
    ]
    rested = parts.find_arrays(name)
    whole = 0 if rested is None else int(rested["stages"])
    if not all(None not in samples for samples in kept[:whole]):
        whole = 0
    found = [run for samples in kept[:whole] for run in samples if run is not None]
    return Begun(whole, found, rested if whole else None)


class Beginning(NamedTuple):
    """A packing that is going to be pressed."""

    packing: Packing
    drawn: Mapping[str, Any]  # see `filled`
    start: Stage | None  # None: from the packing
    stages: int  # finished before
    before: list[SpatialFrame]  # frames of the first sample, before those of its way


def begin(cell: PackingCell, parameters: PressingParameters, replicate: int, done: Begun) -> Beginning:
    """Fill a packing; it goes on from the last state at rest, if there is one."""
    packing, drawn = filled(parameters, cell.am_volume_fraction, replicate)
    if done.rested is None:
        return Beginning(packing, drawn, None, 0, [])
    name = cell.packing_name(replicate)
    log.info("%s goes on from %g MPa", name, cell.pressures[done.stages - 1] / 1e6)
    system = restored(under_piston(packing, parameters.materials, parameters.contacts), done.rested)
    start = Stage(system, int(done.rested["step"]), float(done.rested["time"]), [])
    return Beginning(packing, drawn, start, done.stages, [])


def go_on(
    begun: Beginning, cell: PackingCell, parameters: PressingParameters, replicate: int, parts: Parts
) -> Iterator[Compressed]:
    """Press a packing to what is left of the pressures, and keep its samples in `parts`."""
    name, before = cell.packing_name(replicate), begun.before
    for count, stage in enumerate(
        press_packing(
            begun.packing,
            parameters.materials,
            parameters.contacts,
            parameters.compression,
            cell.pressures[begun.stages :],
            begun.start,
        ),
        begun.stages + 1,
    ):
        first, *others = stage.samples
        first, before = first._replace(frames=[*before, *first.frames]), []
        runs = [as_run(begun.packing, begun.drawn, name, sample) for sample in (first, *others)]
        for run in runs:
            parts.keep(run)
        parts.keep_arrays(name, stages=count, step=stage.step, time=stage.time, **arrays_of(stage.system))
        log.info("%s: at rest under %g MPa", name, stage.samples[0].pressure / 1e6)
        yield from runs
