"""One structure of a study: filled, compressed and named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from dem.compress import compress
from dem.parameters import SimulationParameters
from dem.state import Frame, System
from dem.structure import Structure, fill, structure_seed
from dem.trajectory import Compressed


class Cell(NamedTuple):
    """A cell of the grid of a study."""

    width: float  # of the box before compression [m]
    uncovered_fraction: float  # share of the box not covered by AM [-]
    pressure: float | None  # for the wall to bear [Pa]; without one it moves to the final width

    @classmethod
    def configured(cls, width_um: float, uncovered_fraction: float, pressure_mpa: float | None) -> Cell:
        """The cell of a configuration."""
        pressure = None if pressure_mpa is None else pressure_mpa * 1e6
        return cls(width_um / 1e6, uncovered_fraction, pressure)

    def name(self, replicate: int) -> str:
        """Name of a structure, see `structure_name`."""
        return structure_name(self.width, self.uncovered_fraction, replicate, self.pressure)

    def simulate(self, parameters: SimulationParameters, replicate: int) -> Compressed:
        """Fill and compress one structure, see `simulate`."""
        return simulate(parameters, self.width, self.uncovered_fraction, replicate, self.pressure)


def structure_name(
    width: float, uncovered_fraction: float, replicate: int, pressure: float | None = None
) -> str:
    """Name of a structure's groups, such as ``width-46_uncovered-0.53_replicate-000``.

    One compressed to a pressure is ``width-74_uncovered-0.808_pressure-100_replicate-000``, in MPa.
    """
    to = "" if pressure is None else f"_pressure-{pressure / 1e6:g}"
    return f"width-{width * 1e6:g}_uncovered-{uncovered_fraction:g}{to}_replicate-{replicate:03d}"


@contextmanager
def naming(what: str) -> Iterator[None]:
    """Have errors name what they are about."""
    try:
        yield
    except (RuntimeError, ValueError) as error:
        raise type(error)(f"{what}: {error}") from error


class Filled(NamedTuple):
    """A structure of a study before compression."""

    name: str
    structure: Structure
    drawn: dict[str, Any]  # what it was made from, for JSON


def filled(parameters: SimulationParameters, cell: Cell, replicate: int) -> Filled:
    """Fill one structure of a study; errors name it.

    Its filling does not depend on the pressure: one packing can be followed from pressure to pressure.
    """
    width, uncovered_fraction, pressure = cell
    name = cell.name(replicate)
    seed = structure_seed(parameters.seed, width, uncovered_fraction, replicate)
    with naming(f"structure {name}"):
        structure, draw = fill(parameters.structure, width, uncovered_fraction, np.random.default_rng(seed))
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
    return Filled(name, structure, drawn)


def compressed(
    filled: Filled,
    parameters: SimulationParameters,
    pressure: float | None,
    told: Callable[[Frame], object] = lambda frame: None,
    system: System | None = None,
) -> Compressed:
    """Compress a structure of a study; errors name it.

    `told` is called with each frame as it is recorded; for `system` see `dem.compress.compress`.
    """
    frames: list[Frame] = []

    def record(frame: Frame) -> None:
        frames.append(frame)
        told(frame)

    with naming(f"structure {filled.name}"):
        contacts = compress(filled.structure, parameters, record, filled.name, pressure, system)
    return Compressed(filled.name, filled.drawn, filled.structure, frames, contacts)


def simulate(
    parameters: SimulationParameters,
    width: float,
    uncovered_fraction: float,
    replicate: int,
    pressure: float | None = None,
    told: Callable[[Frame], object] = lambda frame: None,
) -> Compressed:
    """Fill and compress one structure of a study, see `filled` and `compressed`."""
    cell = Cell(width, uncovered_fraction, pressure)
    return compressed(filled(parameters, cell, replicate), parameters, pressure, told)
