"""Names of files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from provenance import FilePath


def file_names(paths: Iterable[FilePath]) -> list[str]:
    """A name of its own for each file: its stem, numbered where it comes again."""
    names: list[str] = []
    for path in paths:
        stem, number = Path(path).stem, 1
        name = stem
        while name.lower() in (other.lower() for other in names):
            number += 1
            name = f"{stem}-{number}"
        names.append(name)
    return names
