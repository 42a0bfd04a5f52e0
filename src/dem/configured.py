"""From sections of a configuration, whose keys end in their unit, to frozen dataclasses in SI.

The unit of a key is that of the field's annotation: ``density: Annotated[float, "kg_per_m3"]`` is configured
as ``density_kg_per_m3``; type checkers see a float. Files of them are read here too, so that each problem is
told by file, line and key, whatever reads them.
"""

from __future__ import annotations

import numbers
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import MISSING, dataclass, fields
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from provenance import FilePath

# Unit of a configuration key -> power of ten that takes its value to SI.
UNIT_EXPONENTS = {"um": -6, "GPa": 9, "kg_per_m3": 0, "m_per_s": 0, "ns": -9}

# What YAML 1.1 takes for text: a number with an exponent needs a point there, and a sign.
EXPONENT = re.compile(r"\s*[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+\s*")
# Whole numbers are kept in 64 bit.
LARGEST = 2**63 - 1

Parameters = TypeVar("Parameters")


class BadValue(ValueError):
    """A value is refused; `key` is the one of the configuration, dotted, or as much of it as is known."""

    def __init__(self, message: str, key: str = ""):
        super().__init__(message)
        self.key = key


def refused_key(error: ValueError) -> str:
    """Dotted key that an error is about; of others than `BadValue` it may be their first word."""
    return error.key if isinstance(error, BadValue) else str(error).partition(" ")[0].rstrip(":")


def require(condition: bool, name: str, bound: str, value: Any) -> None:
    """Raise BadValue with name, bound and value unless a condition holds."""
    if not condition:
        raise BadValue(f"{name} must be {bound}, got {value}", name.replace(" of ", "."))


def text_hint(value: Any) -> str:
    """What to write, where YAML has read a number such as 1e-3 as text; else nothing."""
    if not isinstance(value, str) or not EXPONENT.fullmatch(value):
        return ""
    mantissa, exponent = re.split("[eE]", value.strip())
    if "." in mantissa and exponent[0] in "+-":
        return ""  # it stands in quotes
    mantissa += "" if "." in mantissa else ".0"
    sign = "" if exponent[0] in "+-" else "+"
    return f"; YAML reads numbers like {value.strip():.40} as text, write {mantissa:.40}e{sign}{exponent:.40}"


def is_number(value: Any) -> bool:
    """Finite, also as a floating-point number, and not a truth value."""
    real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    return real and bool(abs(value) <= sys.float_info.max)


def check_type(name: str, value: Any, hint: Any, unit: str = "") -> None:
    """Raise BadValue, which names it, if a value is not what the annotation of its field says.

    Parameters
    ----------
    name
        Of the value, for messages.
    value
        Numbers must be finite; truth values are none.
    hint
        Annotation, without unit: float, int, bool, str, a pair of floats, a mapping of floats, or one of them
        and None; others are not checked.
    unit
        Of numbers, for messages.
    """
    kinds = get_args(hint)
    if type(None) in kinds:
        if value is None:
            return
        (hint,) = (kind for kind in kinds if kind is not type(None))
        kinds = get_args(hint)
    origin = get_origin(hint) or hint
    if origin is tuple:
        fits = isinstance(value, Sequence) and not isinstance(value, str) and len(value) == len(kinds)
        _require_type(fits, name, f"a list of {len(kinds)} numbers", value, unit)
        for number, kind in zip(value, kinds, strict=True):
            check_type(name, number, kind, unit)
    elif origin is Mapping:
        _require_type(isinstance(value, Mapping), name, "a section of keys with values", value, unit)
        if kinds[1] is float:
            for key, number in value.items():
                check_type(f"{name}.{key}", number, float, unit)
    elif origin is float:
        finite = "a number" if isinstance(value, str) else "a finite number"
        _require_type(is_number(value), name, finite, value, unit)
    elif origin is int:
        whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
        _require_type(whole and abs(value) <= LARGEST, name, "a whole number", value, unit)
    elif origin is bool:
        _require_type(isinstance(value, bool), name, "true or false", value, unit)
    elif origin is str:
        _require_type(isinstance(value, str), name, "a text", value, unit)


def _require_type(condition: bool, name: str, bound: str, value: Any, unit: str) -> None:
    if not condition:
        told = f" (in {unit})" if unit else ""
        raise BadValue(f"{name} must be {bound}, got {value!r:.60}{told}{text_hint(value)}", name)


def check_types(instance: Any) -> None:
    """Raise BadValue if a field of a dataclass is not what its annotation says, see `check_type`."""
    for name, hint in get_type_hints(type(instance)).items():
        check_type(name, getattr(instance, name), hint)


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
    # Jobs of the workflow get their configuration as it is: they need no YAML.
    import yaml

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


def to_si(value: Any, exponent: int) -> Any:
    """Scale numbers by a power of ten in decimal arithmetic: 46 um is the float nearest to 46e-6 m."""
    if isinstance(value, (list, tuple)):
        return tuple(to_si(item, exponent) for item in value)
    return float(Decimal(repr(value)).scaleb(exponent))


def read_section(
    kind: type[Parameters], section: Mapping[str, Any], where: str, others: Iterable[str] = (), **given: Any
) -> Parameters:
    """Make a dataclass from a section of the configuration whose keys end in their unit.

    Parameters
    ----------
    kind
        The dataclass.
    section
        Of the configuration.
    where
        Its name, for messages.
    others
        Keys of it that are read by others, for messages.
    **given
        Fields that do not stand in the section.

    Raises
    ------
    ValueError
        If a key is unknown or missing, or a value out of bounds; the message names section and key.
    """
    if not isinstance(section, Mapping):
        raise BadValue(f"configuration section {where} must be keys with values, got {section!r:.60}", where)
    declared = [parameter for parameter in fields(kind) if parameter.name not in given]  # type: ignore[arg-type]
    hints, plain = get_type_hints(kind, include_extras=True), get_type_hints(kind)
    units = {name: getattr(hints[name], "__metadata__", (None,))[0] for name in (f.name for f in declared)}
    names = {f"{name}_{unit}" if unit else name: name for name, unit in units.items()}
    check_keys(section, where, [*names, *others])
    optional = {parameter.name for parameter in declared if parameter.default is not MISSING}
    if missing := {key for key, name in names.items() if name not in optional} - set(section):
        raise BadValue(f"missing configuration key {where}.{min(missing)}", where)
    values = {}
    for key, name in names.items():
        if key not in section:
            continue
        unit, value = units[name], section[key]
        try:
            check_type(f"{where}.{key}", value, plain[name], unit or "")
        except BadValue as error:
            raise BadValue(f"configuration key {error}", error.key) from None
        values[name] = to_si(value, UNIT_EXPONENTS[unit]) if unit and value is not None else value
    try:
        return kind(**values, **given)
    except BadValue as error:
        name, _, rest = error.key.partition(".")
        key = next((key for key in names if names[key] == name), name)
        raise BadValue(
            f"configuration section {where}: {error}", f"{where}.{key}.{rest}".rstrip(".")
        ) from None


def check_keys(section: Mapping[str, Any], where: str, known: Sequence[str]) -> None:
    """Raise BadValue if a section has keys that nothing reads; names the first."""
    if unknown := {str(key) for key in section if key not in known}:
        key = f"{where}.{min(unknown)}"
        raise BadValue(f"unknown configuration key {key}; known: {', '.join(known)}", key)
