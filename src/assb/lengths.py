"""Sides of pixels, and lengths of the units in which files state them."""

from __future__ import annotations

from typing import NamedTuple

UM_PER_INCH = 25_400.0
UM_PER_METRE = 1e6
# Lengths of the units that ImageJ, OME and microscopes write [um], in small letters.
METRES = {"nano": 1e-3, "micro": 1.0, "milli": 1e3, "centi": 1e4, "": 1e6}
UNITS = {
    **{
        f"{name}{metre}": um
        for name, um in METRES.items()
        for metre in ("meter", "metre", "meters", "metres")
    },
    **{"pm": 1e-6, "nm": 1e-3, "um": 1.0, "micron": 1.0, "microns": 1.0, "mm": 1e3, "cm": 1e4, "m": 1e6},
    **{"å": 1e-4, "angstrom": 1e-4, "inch": UM_PER_INCH, "inches": UM_PER_INCH, "in": UM_PER_INCH},
}
# How the sign for a millionth is written: two characters of Unicode, escaped, UTF-8 taken for Latin-1.
MICRO_SIGNS = ("\\u00b5", "\\u03bc", "Âµ", "âµ", "µ", "μ")
# The OME-XML of a single picture has a few thousand characters; files beside a picture have fewer bytes.
MOST_TEXT = 1_000_000


class Stated(NamedTuple):
    """Sides of a pixel."""

    width: float  # [um]
    height: float  # [um]


class Scan(NamedTuple):
    """Size of a picture as it was scanned [pixels]; None where only the other side is stated."""

    width: float | None
    height: int | None


def unit_length(name: str) -> float | None:
    """Length of a unit [um], None if it is none (or pixels)."""
    name = name.strip().strip('"').lower()
    for sign in MICRO_SIGNS:
        name = name.replace(sign.lower(), "u")
    return UNITS.get(name)


def positive(value: object) -> float | None:
    """A value as a finite number above 0, None if it is none."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return number if 0 < number < float("inf") else None
