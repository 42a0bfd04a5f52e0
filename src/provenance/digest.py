"""Digests of code: what a result was made by, and whether it is due again."""

from __future__ import annotations

import ast
import hashlib
import io
import tokenize
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path

SOURCES = Path(__file__).resolve().parent.parent
# Those of the project; where it is installed, packages of others stand beside them.
PACKAGES = ("analysis", "assb", "cnn", "dem", "electrode", "provenance", "study", "transport")
# The package that no digest covers, this one.
LEFT_OUT = __name__.partition(".")[0]


def code_digest(*modules: str, sources: Path = SOURCES) -> str:
    """SHA-256 over the source of modules and of every project module they import, as `code_files` lists them.

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
        If a module has no source file below `sources`, or a source is no Python.
    """
    digest = hashlib.sha256()
    for path in code_files(*modules, sources=sources):
        digest.update(path.relative_to(sources).as_posix().encode() + b"\0")
        digest.update(_bare_code(_source(path)).encode() + b"\0")
    return digest.hexdigest()[:16]


def code_files(*modules: str, sources: Path = SOURCES) -> list[Path]:
    """Sources of modules and of all that they import, directly or not, but for the package `provenance`.

    It says where results come from and keeps them whole, and changes no number in them: an edit of it is no
    reason to make them again. Imports count wherever they stand, inside functions too.

    Parameters
    ----------
    *modules, sources
        As for `code_digest`.

    Raises
    ------
    ValueError
        As `code_digest`.
    """
    waiting = []
    for module in modules:
        path = _source_file(module, sources)
        if path is None:
            raise ValueError(f"module {module!r} has no source file below {sources}")
        waiting.append(path)
    reached: set[Path] = set()
    while waiting:
        path = waiting.pop()
        if path not in reached:
            reached.add(path)
            names = (name for name in _imported_names(path, sources) if name.split(".")[0] != LEFT_OUT)
            waiting.extend(file for name in names if (file := _source_file(name, sources)))
    return sorted(reached)


def _source(path: Path) -> str:
    """Text of a source: UTF-8 as Python reads it, whatever the locale."""
    return path.read_text(encoding="utf-8")


# Twice each source is walked: for what it imports, and for its bare code.
_tree = lru_cache(maxsize=None)(ast.parse)


@cache
def _imports(text: str) -> list[tuple[int, str, tuple[str, ...]]]:
    """Import statements as level (0: absolute), module and names; many modules import the same ones."""
    statements: list[tuple[int, str, tuple[str, ...]]] = []
    for node in ast.walk(_tree(text)):
        if isinstance(node, ast.Import):
            statements += [(0, alias.name, ()) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            statements.append((node.level, node.module or "", tuple(alias.name for alias in node.names)))
    return statements


@cache
def _bare_code(text: str) -> str:
    """Lines of code without comments, docstrings and empty lines: the same in every version of Python."""
    lines = text.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    for node in ast.walk(_tree(text)):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if ast.get_docstring(node, clean=False) is not None:
            first, last = node.body[0].lineno, node.body[0].end_lineno or node.body[0].lineno
            lines[first - 1 : last] = [""] * (last - first + 1)
    return "\n".join(line.rstrip() for line in lines if line.strip())


def _source_file(module: str, sources: Path) -> Path | None:
    if sources == SOURCES and module.partition(".")[0] not in PACKAGES:
        return None
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
        imports = _imports(_source(path))
    except SyntaxError as error:
        raise ValueError(f"{path} is no Python: {error}") from error
    for level, module, names in imports:
        start = ".".join(package[: len(package) - level + 1]) if level else ""
        base = ".".join(part for part in (start, module) if part)
        yield base
        yield from (f"{base}.{name}" for name in names)
