"""Files of a configuration: read so that each problem is told by file, line and key, whatever reads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from dem.configured import BadValue, refused_key
from provenance import FilePath


@dataclass(frozen=True)
class ConfigurationFile:
    """What a file of a configuration holds, and where."""

    path: FilePath
    values: dict[str, Any]
    lines: Mapping[str, int]  # of each key, dotted

    def place(self, key: str) -> str:
        """File and line of a key, or of the section that would hold it."""
        while key and key not in self.lines:
            key = key.rpartition(".")[0]
        return f"{self.path}, line {self.lines[key]}" if key else str(self.path)

    @contextmanager
    def named(self) -> Iterator[None]:
        """Have refused values within tell the file, and the line if the key is known."""
        try:
            yield
        except ValueError as error:
            raise ValueError(f"{self.place(refused_key(error))}: {error}") from None


def read_configuration(path: FilePath) -> ConfigurationFile:
    """Read a configuration, YAML in UTF-8; nothing in it is checked but that each key stands there once.

    An empty file has no keys.

    Raises
    ------
    OSError
        If it cannot be opened.
    ValueError
        Naming file and line: no YAML, no mapping of keys to values, a key twice.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: must be text in UTF-8, but byte {error.start} is not") from None
    if text.lstrip().startswith("{"):
        text = text.replace("\t", " ")  # JSON, which YAML reads but for tabs
    lines: dict[str, int] = {}
    try:
        _take_lines(yaml.compose(text, Loader=yaml.SafeLoader), "", lines, set())
        values = yaml.safe_load(text)
    except BadValue as error:
        raise ValueError(f"{path}, {error}") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}, line {mark.line + 1}" if mark else str(path)
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise ValueError(f"{place}: cannot be read as YAML: {problem}") from None
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        # Dates that there are not, numbers of thousands of digits, lists in lists in lists.
        raise ValueError(f"{path}: cannot be read as YAML: {error}") from None
    if values is None:
        values = {}
    if not isinstance(values, dict):
        raise ValueError(f"{path}: must hold keys with values, got a {type(values).__name__}: {values!r:.60}")
    return ConfigurationFile(path, values, lines)


def _take_lines(node: Any, above: str, lines: dict[str, int], seen: set[int]) -> None:
    """Note the line of each key of a YAML node; aliases, which may even be cycles, are followed once."""
    if node is None or id(node) in seen:
        return
    seen.add(id(node))
    if node.id == "sequence":
        for item in node.value:
            _take_lines(item, above, lines, seen)
    if node.id != "mapping":
        return
    here: dict[str, int] = {}
    for key, value in node.value:
        name, line = str(key.value), key.start_mark.line + 1
        if name in here and key.tag != "tag:yaml.org,2002:merge":
            full = f"{above}{name:.60}"
            raise BadValue(f"line {line}: the key {full} stands there twice, first in line {here[name]}")
        here[name] = line
        lines[f"{above}{name}"] = line
        _take_lines(value, f"{above}{name}.", lines, seen)
