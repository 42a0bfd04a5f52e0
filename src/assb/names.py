"""How things are written for readers: names of files, numbers, sentences."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from pathlib import Path


def file_names(paths: Iterable[str | PathLike]) -> list[str]:
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


def short(value: float) -> str:
    """Three digits, or all before the point."""
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"


def sentence(text: str) -> str:
    """The text with a capital letter and a full stop."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
