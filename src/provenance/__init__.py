"""Where a result comes from, and how it is written whole.

The one package that the others share. It imports nothing but the standard library, so that a
workflow can read digests without starting Numba or TensorFlow.
"""

from __future__ import annotations

import ast
import errno
import hashlib
import io
import os
import tempfile
import tokenize
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

# Whatever names a file.
FilePath: TypeAlias = str | os.PathLike[str]
# Before the SHA-256 of all that precedes it, at the end of a sealed file.
SEAL = b"\nSHA-256:"
# Deflate, which all our formats compress by, shrinks nothing by more than this.
MOST_SHRINKAGE = 1032
SOURCES = Path(__file__).resolve().parent.parent


def code_digest(*modules: str, sources: Path = SOURCES) -> str:
    """SHA-256 over the source of modules and of every project module they import.

    Parameters
    ----------
    *modules
        Dotted names such as ``"dem.compress"``; the name of a package stands for its ``__init__``.
    sources
        Folder that holds the top-level packages.

    Returns
    -------
    str
        First 16 hexadecimal digits of the digest. It changes when, and only when, a line of code of one of
        these modules changes: comments, docstrings and empty lines do not count.

    Raises
    ------
    ValueError
        If a module has no source file below `sources`.
    """
    digest = hashlib.sha256()
    for path in sorted(_import_closure(modules, sources)):
        digest.update(path.relative_to(sources).as_posix().encode() + b"\0")
        digest.update(_bare_code(path.read_text()).encode() + b"\0")
    return digest.hexdigest()[:16]


@lru_cache
def _imports(text: str) -> list[tuple[int, str, tuple[str, ...]]]:
    """Import statements as level (0: absolute), module and names; many modules import the same ones."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found += [(0, alias.name, ()) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append((node.level, node.module or "", tuple(alias.name for alias in node.names)))
    return found


@lru_cache
def _bare_code(text: str) -> str:
    """Lines of code without comments, docstrings and empty lines: the same in every version of Python."""
    lines = text.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    for node in ast.walk(ast.parse(text)):
        documented = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        if documented and ast.get_docstring(node, clean=False) is not None:
            docstring = node.body[0]
            lines[docstring.lineno - 1 : docstring.end_lineno] = [""] * (
                docstring.end_lineno - docstring.lineno + 1
            )
    return "\n".join(line.rstrip() for line in lines if line.strip())


def _import_closure(modules: tuple[str, ...], sources: Path) -> set[Path]:
    found: set[Path] = set()
    waiting = []
    for module in modules:
        path = _source_file(module, sources)
        if path is None:
            raise ValueError(f"module {module!r} has no source file below {sources}")
        waiting.append(path)
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            names = _imported_names(path, sources)
            waiting.extend(file for name in names if (file := _source_file(name, sources)))
    return found


def _source_file(module: str, sources: Path) -> Path | None:
    base = sources.joinpath(*module.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None


def _imported_names(path: Path, sources: Path) -> Iterator[str]:
    """Dotted names that a file may import, its own packages among them (their ``__init__`` runs first)."""
    package = path.relative_to(sources).parent.parts
    for depth in range(1, len(package) + 1):
        yield ".".join(package[:depth])
    try:
        imports = _imports(path.read_text())
    except SyntaxError as error:
        raise ValueError(f"{path} is no Python: {error}") from error
    for level, module, names in imports:
        start = ".".join(package[: len(package) - level + 1]) if level else ""
        base = ".".join(part for part in (start, module) if part)
        yield base
        yield from (f"{base}.{name}" for name in names)


@contextmanager
def atomic_output(path: FilePath, seal: bool = False) -> Iterator[Path]:
    """Give a temporary name beside `path`; rename it to `path` on success, remove it on failure.

    A reader thus sees the whole file or none. The suffix is kept, because writers choose a format by it.

    Parameters
    ----------
    path
        Of the file.
    seal
        Whether to append a checksum for `check_seal`. Readers of HDF5 ignore what follows the end that a file
        states, and writers cut it off: a file changed on purpose has no seal.

    Raises
    ------
    OSError
        If the disk is full; the message names `path`, whatever the writer said.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        if seal:
            digest = _sha256(temporary)
            with open(temporary, "ab") as file:
                file.write(SEAL + digest)
        # mkstemp makes private files; results are to be as readable as any other new file.
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        temporary.replace(path)
    except (OSError, RuntimeError) as error:
        full = os.strerror(errno.ENOSPC)
        if full in str(error):
            raise OSError(errno.ENOSPC, full, str(path)) from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


def check_seal(path: FilePath) -> None:
    """Raise ValueError if a file is not as it was when `atomic_output` sealed it; one without a seal passes.

    HDF5 has no checksum over texts of variable length: over damaged ones it crashes, or runs for ever.
    """
    whole = os.path.getsize(path) - len(SEAL) - hashlib.sha256().digest_size
    if whole < 0:
        return
    with open(path, "rb") as file:
        file.seek(whole)
        mark, expected = file.read(len(SEAL)), file.read()
    if mark == SEAL and _sha256(path, whole) != expected:
        raise ValueError("it is damaged: its content does not agree with its checksum")


def _sha256(path: FilePath, size: int | None = None) -> bytes:
    """Checksum of a file, or of its first bytes."""
    left = os.path.getsize(path) if size is None else size
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(min(left, 2**20)):
            digest.update(block)
            left -= len(block)
    return digest.digest()


def check_declared(path: FilePath, declared: int) -> None:
    """Raise ValueError if a file claims to hold more bytes than it can: before memory is asked for them.

    Parameters
    ----------
    path
        Of the file.
    declared
        Bytes that its header says it unpacks to.
    """
    most = MOST_SHRINKAGE * os.path.getsize(path)
    if declared > most:
        raise ValueError(f"its content must be at most {most} bytes for its size, it declares {declared}")
