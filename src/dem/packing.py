"""Packings of particles as CSV tables: ``x_um,y_um,radius_um,species``, one particle a line."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from typing import TextIO

import numpy as np

from dem.structure import Structure
from electrode.species import NAMES, SOLIDS
from provenance import FilePath, atomic_output

COLUMNS = ("x_um", "y_um", "radius_um", "species")
# A decimal in um and the binary number in m may differ by this [um].
ROUNDING = 1e-9


def write_packing(structure: Structure, path: FilePath) -> None:
    """Write a structure; numbers keep all their digits."""
    with atomic_output(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        for x, y, radius, species in zip(
            structure.x, structure.y, structure.radius, structure.species, strict=True
        ):
            table.writerow([*(f"{1e6 * value:.17g}" for value in (x, y, radius)), NAMES[int(species)]])


def read_packing(path: FilePath, height: float) -> Structure:
    """Read a packing for a box whose left and bottom walls are at 0.

    Parameters
    ----------
    path
        CSV table; particles may overlap each other, but not a wall.
    height
        Of the box [m]. Its width is where the rightmost particle ends.

    Raises
    ------
    ValueError
        Naming file, line, bound and value: missing columns, numbers that are none, unknown species,
        particles that overlap a wall, two with the same centre, no particle at all.
    """
    rows = []
    centres: dict[tuple[float, float], int] = {}
    with open(path, encoding="utf-8", newline="") as file:
        for line, x, y, radius, species in _rows(path, file):
            where = f"{path}, line {line}"
            if radius <= 0:
                raise ValueError(f"{where}: radius_um must be > 0 um, got {radius:g}")
            for name, value, end in (("x_um", x, math.inf), ("y_um", y, 1e6 * height)):
                if not radius - ROUNDING <= value <= end - radius + ROUNDING:
                    bound = f"in [{radius:g}, {end - radius:g}] um" if end < math.inf else f">= {radius:g} um"
                    raise ValueError(
                        f"{where}: the particle overlaps a wall: {name} must be {bound}, got {value:g}"
                    )
            if (x, y) in centres:
                raise ValueError(f"{where}: same centre ({x:g}, {y:g}) um as in line {centres[x, y]}")
            centres[x, y] = line
            rows.append((x, y, radius, species))
    if not rows:
        raise ValueError(f"{path}: no particles")
    x, y, radius, species = np.array(rows).T
    return Structure(
        x / 1e6, y / 1e6, radius / 1e6, species.astype(np.int8), float((x + radius).max()) / 1e6, height
    )


def _rows(path: FilePath, file: TextIO) -> Iterator[tuple[int, float, float, float, int]]:
    try:
        yield from _parsed(path, csv.DictReader(file))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path} cannot be read as a table: {error}") from error


def _parsed(path: FilePath, table: csv.DictReader[str]) -> Iterator[tuple[int, float, float, float, int]]:
    if missing := set(COLUMNS) - set(table.fieldnames or ()):
        raise ValueError(f"{path}: column {min(missing)} is missing; wanted {', '.join(COLUMNS)}")
    for row in table:
        numbers = []
        for name in COLUMNS[:3]:
            try:
                number = float(row[name])
            except (TypeError, ValueError):
                number = math.nan
            if not math.isfinite(number):
                raise ValueError(
                    f"{path}, line {table.line_num}: {name} must be a finite number, got {row[name]!r}"
                )
            numbers.append(number)
        if row["species"] not in SOLIDS:
            raise ValueError(
                f"{path}, line {table.line_num}: species must be AM or SE, got {row['species']!r}"
            )
        x, y, radius = numbers
        yield table.line_num, x, y, radius, SOLIDS[row["species"]]
