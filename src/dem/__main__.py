"""Fill a box, or compress any packing, without a workflow: ``python -m dem --help``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from provenance.command import any_terminal
from provenance.installation import extras_named


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m dem", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    generate = commands.add_parser("generate", help="fill a box with AM and SE, write the packing as CSV")
    generate.add_argument("--replicate", type=int, default=0, help="number of the replicate (default 0)")
    plane = generate.add_argument_group("in the plane")
    plane.add_argument("--width-um", type=float, help="width of the box [um]")
    plane.add_argument("--uncovered-fraction", type=float, help="share of the box not covered by AM")
    space = generate.add_argument_group("in space")
    space.add_argument("--am-volume-fraction", type=float, help="share of AM in the volume of the solids")
    squeeze = commands.add_parser("compress", help="compress a packing, write the trajectory as HDF5")
    squeeze.add_argument(
        "--structure",
        type=Path,
        required=True,
        help="CSV (commas, semicolons, tabs) with x_um, y_um, in space z_um, radius_um, species (AM or SE)",
    )
    plane = squeeze.add_argument_group("in the plane")
    plane.add_argument("--width-um", type=float, help="width after compression [um]")
    plane.add_argument(
        "--pressure-mpa",
        type=float,
        help="compress to this wall pressure [MPa]; the width is the narrowest then",
    )
    space = squeeze.add_argument_group("in space")
    space.add_argument(
        "--box-um",
        type=float,
        nargs="+",
        metavar=("WIDTH", "HEIGHT"),
        help="width across and height before pressing [um]; without them the width of the configuration, and "
        "the height where the highest particle ends",
    )
    space.add_argument("--pressures-mpa", type=float, nargs="+", help="press to each, rising [MPa]")
    for command in (generate, squeeze):
        command.add_argument(
            "--geometry",
            choices=("planar", "spatial"),
            help="where the configuration says nothing or the same",
        )
        command.add_argument(
            "--config",
            type=Path,
            required=True,
            help="YAML, such as config/config.yaml or config/spatial.yaml",
        )
        command.add_argument("--output", type=Path, required=True, help="file to write")
    return parser.parse_args(arguments)


@extras_named()
def main(arguments: list[str] | None = None) -> int:
    """Run one command; gives 0, or 2 after bad input."""
    any_terminal()
    given = _arguments(arguments)
    # With Numba, which help does without.
    from dem.commands import run

    return run(given)


if __name__ == "__main__":
    sys.exit(main())
