"""From sections of a configuration, whose keys end in their unit, to frozen dataclasses in SI.

The unit of a key is that of the field's annotation: ``density: Annotated[float, "kg_per_m3"]`` is configured
as ``density_kg_per_m3``; type checkers see a float.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields
from decimal import Decimal
from typing import Any, TypeVar, get_type_hints

# Unit of a configuration key -> power of ten that takes its value to SI.
UNIT_EXPONENTS = {"um": -6, "GPa": 9, "kg_per_m3": 0, "m_per_s": 0, "ns": -9}

Parameters = TypeVar("Parameters")


def require(condition: bool, name: str, bound: str, value: Any) -> None:
    """Raise ValueError with name, bound and value unless a condition holds."""
    if not condition:
        raise ValueError(f"{name} must be {bound}, got {value}")


def to_si(value: Any, exponent: int) -> Any:
    """Scale by a power of ten in decimal arithmetic, so that 46 um is the float nearest to 46e-6 m."""
    if isinstance(value, (list, tuple)):
        return tuple(to_si(item, exponent) for item in value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"must be a number, got {value!r}")
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
    declared = [parameter for parameter in fields(kind) if parameter.name not in given]  # type: ignore[arg-type]
    hints = get_type_hints(kind, include_extras=True)
    units = {name: getattr(hints[name], "__metadata__", (None,))[0] for name in (f.name for f in declared)}
    names = {f"{name}_{unit}" if unit else name: name for name, unit in units.items()}
    if unknown := set(section) - set(names):
        known = ", ".join([*names, *others])
        raise ValueError(f"unknown configuration key {where}.{min(unknown)}; known: {known}")
    optional = {parameter.name for parameter in declared if parameter.default is not MISSING}
    if missing := {key for key, name in names.items() if name not in optional} - set(section):
        raise ValueError(f"missing configuration key {where}.{min(missing)}")
    values = {}
    for key, name in names.items():
        if key not in section:
            continue
        try:
            unit = units[name]
            values[name] = to_si(section[key], UNIT_EXPONENTS[unit]) if unit else section[key]
        except ValueError as error:
            raise ValueError(f"configuration key {where}.{key} {error}") from None
    try:
        return kind(**values, **given)
    except ValueError as error:
        raise ValueError(f"configuration section {where}: {error}") from None
