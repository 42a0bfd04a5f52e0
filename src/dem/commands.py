"""What ``python -m dem`` does: fill a box, or compress any packing, without a workflow."""

from __future__ import annotations

import argparse
import dataclasses
import math
import sys
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import Progress

from dem.compress import compress
from dem.configuration_file import read_configuration
from dem.configured import require
from dem.packing import read_packing, read_packing_in_space, write_packing
from dem.parameters import (
    PressingParameters,
    SimulationParameters,
    geometry_of,
    read_parameters,
    read_pressing,
)
from dem.press import press_packing
from dem.press_study import as_run, filled
from dem.structure import fill, structure_seed
from dem.trajectory import Compressed, open_trajectory, write_structure
from electrode import trajectory
from provenance import code_digest
from provenance.command import check_output

# Of the files that each command writes.
SUFFIXES = {"generate": (".csv",), "compress": trajectory.SUFFIXES}
READ: dict[str, Any] = {"planar": read_parameters, "spatial": read_pressing}
# Options of one geometry, by command: which one, and whether it needs them.
OPTIONS = {
    "generate": {
        "width-um": ("planar", True),
        "uncovered-fraction": ("planar", True),
        "am-volume-fraction": ("spatial", True),
    },
    "compress": {
        "width-um": ("planar", True),
        "pressure-mpa": ("planar", False),
        "box-um": ("spatial", False),
        "pressures-mpa": ("spatial", True),
    },
}


def _wanted(given: argparse.Namespace, geometry: str) -> None:
    """Refuse options of the other geometry, and the lack of those of this one."""
    for option, (of, needed) in OPTIONS[given.command].items():
        name, value = f"--{option}", getattr(given, option.replace("-", "_"))
        if value is not None and of != geometry:
            raise ValueError(
                f"{name} is for geometry: {of}, and the configuration is of geometry: {geometry}"
            )
        if value is None and of == geometry and needed:
            raise ValueError(f"{name} is needed in geometry: {geometry}")


def _generate(given: argparse.Namespace, parameters: SimulationParameters) -> None:
    require(0 < given.width_um < math.inf, "--width-um", "> 0 um and finite", given.width_um)
    width = given.width_um / 1e6
    seed = structure_seed(parameters.seed, width, given.uncovered_fraction, given.replicate)
    structure, _ = fill(parameters.structure, width, given.uncovered_fraction, np.random.default_rng(seed))
    write_packing(structure, given.output)
    print(f"{structure.x.size} particles: {given.output}")


def _generate_in_space(given: argparse.Namespace, parameters: PressingParameters) -> None:
    packing, _ = filled(parameters, given.am_volume_fraction, given.replicate)
    write_packing(packing, given.output)
    print(f"{packing.radius.size} particles: {given.output}")


def _compress(given: argparse.Namespace, parameters: SimulationParameters, config: dict[str, Any]) -> None:
    require(0 < given.width_um < math.inf, "--width-um", "> 0 um and finite", given.width_um)
    structure = read_packing(given.structure, parameters.structure.box_height)
    protocol = dataclasses.replace(parameters.compression, final_width=given.width_um / 1e6)
    parameters = dataclasses.replace(parameters, compression=protocol)
    config = {**config, "compression": {**config["compression"], "final_width_um": given.width_um}}
    frames: list[Any] = []
    with (
        open_trajectory(given.output, config, code_digest("dem.commands")) as file,
        Progress(console=Console(stderr=True)) as progress,
    ):
        task = progress.add_task(f"compressing {structure.x.size} particles", total=protocol.frames)

        def record(frame):
            frames.append(frame)
            progress.advance(task)

        pressure = None if given.pressure_mpa is None else given.pressure_mpa * 1e6
        contacts = compress(structure, parameters, record, given.structure.stem, pressure)
        drawn = {"width_m": structure.width, "packing": given.structure.name}
        if pressure is not None:
            drawn["pressure_Pa"] = pressure
        write_structure(file, Compressed(given.structure.stem, drawn, structure, frames, contacts))
    print(f"{contacts.i.size} contacts after {frames[-1].step} steps: {given.output}")


def _compress_in_space(
    given: argparse.Namespace, parameters: PressingParameters, config: dict[str, Any]
) -> None:
    box_um: list[float] = given.box_um or []
    require(len(box_um) <= 2, "--box-um", "a width and a height", box_um)
    for value in box_um:
        require(0 < value < math.inf, "--box-um", "> 0 um and finite", value)
    width = box_um[0] / 1e6 if box_um else parameters.structure.box_width
    height = box_um[1] / 1e6 if box_um[1:] else None
    packing = read_packing_in_space(given.structure, width, height, parameters.structure.periodic)
    box = {"box_width_um": 1e6 * packing.width, "box_height_um": 1e6 * packing.height}
    config = {**config, "structure": {**config["structure"], **box}}
    pressures = [1e6 * pressure for pressure in given.pressures_mpa]
    stages = press_packing(
        packing, parameters.materials, parameters.contacts, parameters.compression, pressures
    )
    with (
        open_trajectory(given.output, config, code_digest("dem.commands")) as file,
        Progress(console=Console(stderr=True)) as progress,
    ):
        task = progress.add_task(f"pressing {packing.radius.size} particles", total=len(pressures))
        for stage in stages:
            for sample in stage.samples:
                write_structure(file, as_run(packing, {}, given.structure.stem, sample))
            progress.advance(task)
            loaded = stage.samples[0].frame
    print(
        f"relative density {loaded.relative_density:.3f} at {loaded.pressure / 1e6:.4g} MPa after "
        f"{stage.step} steps: {given.output}"
    )


def run(given: argparse.Namespace) -> int:
    """Run one command; gives 0, or 2 after bad input."""
    inputs = [path for path in (given.config, getattr(given, "structure", None)) if path is not None]
    try:
        check_output(given.output, inputs, SUFFIXES[given.command])
        file = read_configuration(given.config)
        with file.named():
            geometry = geometry_of(file.values)
            if given.geometry not in (None, geometry):
                raise ValueError(f"--geometry {given.geometry}: the configuration is of geometry: {geometry}")
            parameters: Any = READ[geometry](file.values)
        _wanted(given, geometry)
        in_space = geometry == "spatial"
        if given.command == "generate":
            (_generate_in_space if in_space else _generate)(given, parameters)
        else:
            (_compress_in_space if in_space else _compress)(given, parameters, file.values)
    except (OSError, RuntimeError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0
