"""Fields of named tuples and dataclasses on the site, with the comments that say their shape and unit."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
from collections.abc import Iterator
from textwrap import dedent
from typing import Any

from sphinx.application import Sphinx


def is_record(thing: object) -> bool:
    """Whether it is a class of fields."""
    return isinstance(thing, type) and (dataclasses.is_dataclass(thing) or hasattr(thing, "_fields"))


def fields(record: type) -> Iterator[tuple[str, str, str]]:
    """Name, type and comment of each field that stands in the source of a class."""
    source = dedent(inspect.getsource(record))
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            after = lines[(node.end_lineno or node.lineno) - 1][node.end_col_offset :]
            yield node.target.id, ast.unparse(node.annotation), after.strip().removeprefix("#").strip()


def list_fields(app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]) -> None:
    """Add the fields of a class to its description."""
    if what == "class" and is_record(thing) and isinstance(thing, type):
        lines.append("")
        for field, kind, comment in fields(thing):
            comment = re.sub(r"([\\*|_])", r"\\\1", comment)
            if field[0] != "_":
                lines.extend((f":ivar {field}: {comment}", f":vartype {field}: ``{kind}``"))
        lines.append("")


def leave_out(app: Sphinx, what: str, name: str, thing: object, skip: bool, options: Any) -> bool | None:
    """Fields are listed with their class, not described as members."""
    alias = "Alias for field number" in (getattr(thing, "__doc__", None) or "")
    return True if alias else None


def setup(app: Sphinx) -> dict[str, bool]:
    """Describe classes so."""
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-process-docstring", list_fields)
    app.connect("autodoc-skip-member", leave_out)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
