"""What commands share: terminals of any code page, names of any bytes, outputs that replace nothing else."""

from __future__ import annotations

import codecs
import io
import os
import sys
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from provenance.files import FilePath

# Handler of characters that a terminal lacks.
PLAIN = "solid-state-electrode.plain"
# What compatibility decomposition does not bring to ASCII.
SPELLED = {"µ": "u", "μ": "u", "ρ": "rho", "δ": "delta", "±": "+-", "×": "x", "–": "-", "—": "-", "→": "->"}
# No command writes pictures by a name of the user's: a shell put the name of an input there.
PICTURES = (".png", ".tif", ".tiff", ".jpg", ".jpeg", ".bmp", ".gif", ".webp")


def any_terminal() -> None:
    """Let this process print to any terminal: characters that its code page lacks are spelled in ASCII."""
    codecs.register_error(PLAIN, _spell)
    for stream in (sys.stdout, sys.stderr):
        # Not what tests or a notebook put in their place.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=PLAIN)


def _spell(error: UnicodeError) -> tuple[str, int]:
    """Characters in ASCII, for `codecs.register_error`; bytes of a file name as ``\\xff``."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = readable(error.object[error.start : error.end])
    return "".join(_plain(character) for character in text), error.end


def _plain(character: str) -> str:
    if character in SPELLED:
        return SPELLED[character]
    return unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode() or "?"


def readable(path: FilePath) -> str:
    """A file's name as text that can be written anywhere: bytes that are no UTF-8 become ``\\xff``."""
    text = str(os.fspath(path))
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return text


def check_output(output: FilePath, inputs: Iterable[FilePath], suffixes: Iterable[str]) -> None:
    """Refuse to write a file over something that is none of a command's own.

    Parameters
    ----------
    output
        File that is going to be written.
    inputs
        Files that the command reads.
    suffixes
        Of files that the command writes, the usual first: it may replace those.

    Raises
    ------
    ValueError
        If `output` is an input, a folder, a picture, or a file of another kind; the message names it.
    """
    output, suffixes = Path(output), tuple(suffixes)
    name, usual = readable(output), suffixes[0]
    if same := [path for path in inputs if _same(output, Path(path))]:
        raise ValueError(f"{name} is to be written, but {readable(same[0])} is an input; name another output")
    if output.is_dir():
        raise ValueError(f"{name} is to be written, but is a folder; name a file, such as {name}{usual}")
    if output.suffix.lower() in PICTURES:
        raise ValueError(f"{name} is to be written, but has the name of a picture; name a {usual} file")
    if output.exists() and output.suffix.lower() not in suffixes:
        raise ValueError(
            f"{name} is to be written, but exists and is no {usual} file; remove it or name another output"
        )


def check_output_folder(folder: FilePath, inputs: Iterable[FilePath]) -> None:
    """Refuse to write to a folder that is one of the inputs, or a file.

    Raises
    ------
    ValueError
        The message names the folder.
    """
    folder = Path(folder)
    name = readable(folder)
    if any(_same(folder, Path(path)) for path in inputs):
        raise ValueError(f"{name} is to be written to, but is an input; name another folder")
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{name} is to be written to, but is a file; name a folder")


def _same(first: Path, second: Path) -> bool:
    """Whether two names are of one file; links and other spellings are."""
    try:
        return first.samefile(second)
    except OSError:
        return os.path.abspath(first) == os.path.abspath(second)
