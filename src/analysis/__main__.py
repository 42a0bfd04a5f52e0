"""Hand a dataset to other tools, without a workflow: ``python -m analysis --help``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from analysis.export import export_dataset
from analysis.manifest import verify_manifest
from provenance.command import any_terminal, check_output_folder


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
    given = parser.parse_args(arguments)
    try:
        if given.command == "export":
            check_output_folder(given.folder, [given.dataset])
            count = export_dataset(given.dataset, given.folder)
            print(f"{count} images and labels.csv: {given.folder}")
        else:
            print(f"{verify_manifest(given.manifest)} files as written: {given.manifest}")
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
