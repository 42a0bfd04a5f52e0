"""Hand a trained ensemble on, without a workflow: ``python -m cnn --help``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from cnn.bundle import write_bundle
from provenance.command import any_terminal, check_output_folder
from provenance.installation import extras_named


@extras_named()
def main(arguments: list[str] | None = None) -> int:
    """Run one command; gives 0, or 2 after bad input."""
    any_terminal()
    parser = argparse.ArgumentParser(prog="python -m cnn", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    bundle = commands.add_parser("bundle", help="collect the ensemble of a finished study in one folder")
    bundle.add_argument("study", type=Path, help="such as results/paper")
    bundle.add_argument("folder", type=Path, help="to write to, such as models/paper")
    bundle.add_argument("--samples", type=int, default=20, help="test structures to go with it (default 20)")
    given = parser.parse_args(arguments)
    try:
        check_output_folder(given.folder, [given.study, given.study / "cnn/random"])
        write_bundle(given.study, given.folder, given.samples)
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"ensemble of {given.study}: {given.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
