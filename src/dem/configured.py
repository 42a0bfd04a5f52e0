"""From sections of a configuration, whose keys end in their unit, to frozen dataclasses in SI.

Unit and bounds of a key are those of the field's annotation: ``density: Annotated[float,
Bounds("kg_per_m3", above=0)]`` is configured as ``density_kg_per_m3``; type checkers see a float. The
schema of the workflow takes them from there (`dem.schema`).
"""

from __future__ import annotations

import numbers
import re
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from decimal import Decimal
from typing import Annotated, Any, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

# Unit of a configuration key -> power of ten that takes its value to SI, and the unit there.
UNITS = {
    "um": (-6, "m"),
    "MPa": (6, "Pa"),
    "GPa": (9, "Pa"),
    "kg_per_m3": (0, "kg/m3"),
    "m_per_s": (0, "m/s"),
    "ns": (-9, "s"),
}

# What YAML 1.1 takes for text: a number with an exponent needs a point there, and a sign.
EXPONENT = re.compile(r"\s*[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+\s*")
# Whole numbers are kept in 64 bit.
LARGEST = 2**63 - 1

Parameters = TypeVar("Parameters")


class Bounds(NamedTuple):
    """Unit and bounds of a number, or of each in a list or mapping, as configured; None: no bound."""

    unit: str = ""
    above: float | None = None
    least: float | None = None
    below: float | None = None
    most: float | None = None

    def holds(self, value: float) -> bool:
        """Whether a number is within the bounds."""
        return (
            (self.above is None or value > self.above)
            and (self.least is None or value >= self.least)
            and (self.below is None or value < self.below)
            and (self.most is None or value <= self.most)
        )

    @property
    def bound(self) -> str:
        """The bounds in words."""
        low = self.least if self.above is None else self.above
        high = self.most if self.below is None else self.below
        left, right = "[("[self.above is not None], "])"[self.below is not None]
        if low is None:
            return f"{'<=' if self.below is None else '<'} {high}"
        if high is None:
            return f"{'>=' if self.above is None else '>'} {low}"
        return f"in {left}{low}, {high}{right}"

    @property
    def about(self) -> str:
        """The unit in words, nothing without one."""
        return f"in {self.unit.replace('_per_', '/')}" if self.unit else ""

    def in_si(self) -> Bounds:
        """The same of the number in SI."""
        if not self.unit:
            return self
        exponent, unit = UNITS[self.unit]
        return Bounds(unit, *(None if bound is None else to_si(bound, exponent) for bound in self[1:]))


@dataclass(frozen=True, eq=False)
class Names:
    """What a text may be, or which keys a mapping has; beside a `Bounds` in annotations."""

    allowed: Collection[str]


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


def check_value(name: str, value: Any, hint: Any, about: str | None = None) -> None:
    """Raise BadValue, which names it, if a value is not what the annotation of its field says.

    Parameters
    ----------
    name
        Of the value, for messages.
    value
        Numbers must be finite; truth values are none.
    hint
        Annotation: float, int, bool, str, a pair of floats or any number of them, a mapping of floats, or one
        of them and None, with `Bounds` and `Names`; others are not checked.
    about
        What the value is, for messages; None: that it has the unit of its `Bounds`.
    """
    quantity, names, hint = annotated(hint)
    kinds = get_args(hint)
    if type(None) in kinds:
        if value is None:
            return
        (hint,) = (kind for kind in kinds if kind is not type(None))
        kinds = get_args(hint)
    if about is None:
        about = quantity.about
    origin = get_origin(hint) or hint
    if origin is tuple:
        fits = isinstance(value, Sequence) and not isinstance(value, str)
        if kinds[-1] is Ellipsis:
            _refuse_unless(fits, name, "a list of numbers", value, about)
            kinds = kinds[:1] * len(value)
        _refuse_unless(
            fits and len(value) == len(kinds), name, f"a list of {len(kinds)} numbers", value, about
        )
        for index, (number, kind) in enumerate(zip(value, kinds, strict=True)):
            check_value(f"{name}.{index}", number, Annotated[kind, quantity], about)
    elif origin is Mapping:
        _refuse_unless(isinstance(value, Mapping), name, "a section of keys with values", value, about)
        if names is not None and set(names.allowed) != set(value):
            pairs = ", ".join(names.allowed)
            raise BadValue(f"{name} must be given for the pairs {pairs}, got {list(value)!r:.60}", name)
        if kinds[1] is float:
            for key, number in value.items():
                check_value(f"{name}.{key}", number, Annotated[float, quantity], about)
    elif origin is float:
        finite = "a number" if isinstance(value, str) else "a finite number"
        _refuse_unless(is_number(value), name, finite, value, about)
        _refuse_unless(quantity.holds(value), name, quantity.bound, value, about)
    elif origin is int:
        whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
        _refuse_unless(whole and abs(value) <= LARGEST, name, "a whole number", value, about)
        _refuse_unless(quantity.holds(value), name, quantity.bound, value, about)
    elif origin is bool:
        _refuse_unless(isinstance(value, bool), name, "true or false", value, about)
    elif origin is str:
        _refuse_unless(isinstance(value, str), name, "a text", value, about)
        if names is not None:
            _refuse_unless(value in names.allowed, name, " or ".join(names.allowed), value, about)


def annotated(hint: Any) -> tuple[Bounds, Names | None, Any]:
    """What an annotation says beside the type, and the type."""
    beside = getattr(hint, "__metadata__", ())
    quantity = next((item for item in beside if isinstance(item, Bounds)), Bounds())
    names = next((item for item in beside if isinstance(item, Names)), None)
    return quantity, names, hint.__origin__ if beside else hint


def _refuse_unless(condition: bool, name: str, bound: str, value: Any, about: str) -> None:
    if not condition:
        told = f" ({about})" if about else ""
        raise BadValue(f"{name} must be {bound}, got {value!r:.60}{told}{text_hint(value)}", name)


def check_fields(instance: Any) -> None:
    """Raise BadValue if a field of a dataclass, in SI, is not what its annotation says, see `check_value`."""
    for name, hint in get_type_hints(type(instance), include_extras=True).items():
        quantity, names, plain = annotated(hint)
        beside = (quantity.in_si(), *([names] if names else []))
        check_value(name, getattr(instance, name), Annotated[(plain, *beside)])


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
    hints = keys_of(kind, given)
    check_keys(section, where, [*hints, *others])
    required = required_keys(kind, given)
    if missing := set(required) - set(section):
        raise BadValue(f"missing configuration key {where}.{min(missing)}", where)
    values, names = {}, {}
    for key, (name, hint) in hints.items():
        names[key] = name
        if key in section:
            check_value(f"{where}.{key}", section[key], hint)
            unit, value = annotated(hint)[0].unit, section[key]
            values[name] = to_si(value, UNITS[unit][0]) if unit and value is not None else value
    try:
        return kind(**values, **given)
    except BadValue as error:
        name, _, rest = error.key.partition(".")
        key = next((key for key in names if names[key] == name), name)
        raise BadValue(
            f"configuration section {where}: {error}", f"{where}.{key}.{rest}".rstrip(".")
        ) from None


def keys_of(kind: type[Any], given: Iterable[str] = ()) -> dict[str, tuple[str, Any]]:
    """Keys that a dataclass is configured with: the field, and its annotation.

    Parameters
    ----------
    kind
        The dataclass.
    given
        Fields that have no key.
    """
    hints = get_type_hints(kind, include_extras=True)
    keys = {}
    for name in (parameter.name for parameter in fields(kind) if parameter.name not in given):
        unit = annotated(hints[name])[0].unit
        keys[f"{name}_{unit}" if unit else name] = (name, hints[name])
    return keys


def required_keys(kind: type[Any], given: Iterable[str] = ()) -> list[str]:
    """Those of `keys_of` that have no default."""
    defaults = {parameter.name: parameter.default for parameter in fields(kind)}
    return [key for key, (name, _) in keys_of(kind, given).items() if defaults[name] is MISSING]


def check_keys(section: Mapping[str, Any], where: str, known: Sequence[str]) -> None:
    """Raise BadValue if a section has keys that nothing reads; names the first."""
    if unknown := {str(key) for key in section if key not in known}:
        key = f"{where}.{min(unknown)}"
        raise BadValue(f"unknown configuration key {key}; known: {', '.join(known)}", key)
