"""Fill a box, or compress any packing, without a workflow: ``python -m dem --help``."""

from __future__ import annotations

import argparse
import dataclasses
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import Progress

from dem.compress import compress
from dem.configuration_file import read_configuration
from dem.configured import require
from dem.packing import read_packing, write_packing
from dem.parameters import SimulationParameters, read_parameters
from dem.structure import fill, structure_seed
from dem.trajectory import Compressed, open_trajectory, write_structure
from electrode import trajectory
from provenance import code_digest
from provenance.command import any_terminal, check_output

# Of the files that each command writes.
SUFFIXES = {"generate": (".csv",), "compress": trajectory.SUFFIXES}


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m dem", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    generate = commands.add_parser("generate", help="fill a box with AM and SE, write the packing as CSV")
    generate.add_argument("--width-um", type=float, required=True, help="width of the box [um]")
    generate.add_argument(
        "--uncovered-fraction", type=float, required=True, help="share of the box not covered by AM"
    )
    generate.add_argument("--replicate", type=int, default=0, help="number of the replicate (default 0)")
    squeeze = commands.add_parser("compress", help="compress a packing, write the trajectory as HDF5")
    squeeze.add_argument(
        "--structure",
        type=Path,
        required=True,
        help="CSV (commas, semicolons, tabs) with x_um, y_um, radius_um, species (AM or SE)",
    )
    squeeze.add_argument("--width-um", type=float, required=True, help="width after compression [um]")
    squeeze.add_argument(
        "--pressure-mpa",
        type=float,
        help="compress to this wall pressure [MPa]; the width is the narrowest then",
    )
    for command in (generate, squeeze):
        command.add_argument("--config", type=Path, required=True, help="YAML, such as config/config.yaml")
        command.add_argument("--output", type=Path, required=True, help="file to write")
    return parser.parse_args(arguments)


def _generate(given: argparse.Namespace, parameters: SimulationParameters) -> None:
    require(0 < given.width_um < math.inf, "--width-um", "> 0 um and finite", given.width_um)
    width = given.width_um / 1e6
    seed = structure_seed(parameters.seed, width, given.uncovered_fraction, given.replicate)
    structure, _ = fill(parameters.structure, width, given.uncovered_fraction, np.random.default_rng(seed))
    write_packing(structure, given.output)
    print(f"{structure.x.size} particles: {given.output}")


def _compress(given: argparse.Namespace, parameters: SimulationParameters, config: dict[str, Any]) -> None:
    require(0 < given.width_um < math.inf, "--width-um", "> 0 um and finite", given.width_um)
    structure = read_packing(given.structure, parameters.structure.box_height)
    protocol = dataclasses.replace(parameters.compression, final_width=given.width_um / 1e6)
    parameters = dataclasses.replace(parameters, compression=protocol)
    config = {**config, "compression": {**config["compression"], "final_width_um": given.width_um}}
    frames = []
    with (
        open_trajectory(given.output, config, code_digest("dem.__main__")) as file,
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


def main(arguments: list[str] | None = None) -> int:
    """Run one command; gives 0, or 2 after bad input."""
    any_terminal()
    given = _arguments(arguments)
    inputs = [path for path in (given.config, getattr(given, "structure", None)) if path is not None]
    try:
        check_output(given.output, inputs, SUFFIXES[given.command])
        file = read_configuration(given.config)
        with file.named():
            parameters = read_parameters(file.values)
        if given.command == "generate":
            _generate(given, parameters)
        else:
            _compress(given, parameters, file.values)
    except (OSError, RuntimeError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
