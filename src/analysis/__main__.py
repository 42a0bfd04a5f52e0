"""Hand datasets and trajectories to other tools, without a workflow: ``python -m analysis --help``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from analysis.export import export_dataset
from analysis.manifest import verify_manifest
from analysis.view import FORMATS, view
from provenance.command import any_terminal, check_output_folder
from provenance.installation import extras_named


@extras_named()
def main(arguments: list[str] | None = None) -> int:
    """Run one command; gives 0, or 2 after bad input."""
    any_terminal()
    parser = argparse.ArgumentParser(prog="python -m analysis", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    export = commands.add_parser("export", help="write a dataset as PNG images and a table of labels")
    export.add_argument("dataset", type=Path, help="such as results/paper/dataset.nc")
    export.add_argument("folder", type=Path, help="to write images/ and labels.csv to")
    verify = commands.add_parser("verify", help="compare a dataset and its trajectories with their checksums")
    verify.add_argument("manifest", type=Path, help="such as results/paper/manifest.json")
    viewed = commands.add_parser("view", help="write a trajectory for viewers: OVITO, ASE, ParaView, PyVista")
    viewed.add_argument("trajectory", type=Path, help="such as results/demo/example.h5")
    viewed.add_argument("folder", type=Path, help="to write a file per structure or packing to")
    viewed.add_argument(
        "--format", choices=FORMATS, default="extxyz", help="extended XYZ (the usual) or VTKHDF for ParaView"
    )
    given = parser.parse_args(arguments)
    try:
        if given.command == "export":
            check_output_folder(given.folder, [given.dataset])
            count = export_dataset(given.dataset, given.folder)
            print(f"{count} images and labels.csv: {given.folder}")
        elif given.command == "view":
            check_output_folder(given.folder, [given.trajectory])
            for path in view(given.trajectory, given.folder, given.format):
                print(path)
        else:
            print(f"{verify_manifest(given.manifest)} files as written: {given.manifest}")
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
