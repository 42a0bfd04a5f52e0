"""Packings of particles as CSV tables: ``x_um,y_um,radius_um,species``, one particle a line."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from dem.structure import Structure
from electrode.species import NAMES, SOLIDS
from provenance import FilePath, atomic_output

COLUMNS = ("x_um", "y_um", "radius_um", "species")
# Between columns, as spreadsheets of all languages write tables.
DELIMITERS = (",", ";", "\t")
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
        CSV table in UTF-8 with commas, semicolons or tabs between columns, and decimal points; other columns
        are left aside. Particles may overlap each other, but not a wall.
    height
        Of the box [m]. Its width is where the rightmost particle ends.

    Raises
    ------
    ValueError
        Naming file, line, bound and value: missing columns, or twice the same, numbers that are none, decimal
        commas, unknown species, particles that overlap a wall, two with the same centre, no particle at all.
    """
    rows = []
    centres: dict[tuple[float, float], int] = {}
    for line, x, y, radius, species in _rows(path):
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


def _rows(path: FilePath) -> Iterator[tuple[int, float, float, float, int]]:
    """Line, numbers and species of each particle."""
    try:
        # Spreadsheets begin UTF-8 with a byte-order mark.
        text = Path(path).read_bytes().decode("utf-8-sig")
        yield from _parsed(path, text)
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path} cannot be read as a table: {error}") from error


def _parsed(path: FilePath, text: str) -> Iterator[tuple[int, float, float, float, int]]:
    first = (text.splitlines() or [""])[0]
    lines = io.StringIO(text, newline="")
    # Excel's own word for what stands between columns.
    if told := re.fullmatch(r"sep=([,;\t])", first.strip(' "')):
        table = csv.reader(lines, delimiter=told[1])
        next(table)
    else:
        table = csv.reader(lines, delimiter=max(DELIMITERS, key=first.count))
    header = [name.strip() for name in next(table, [])]
    shown = f"; the header is {','.join(header)!r:.80}"
    if missing := set(COLUMNS) - set(header):
        raise ValueError(f"{path}: column {min(missing)} is missing; wanted {', '.join(COLUMNS)}{shown}")
    if twice := {name for name in header if name and header.count(name) > 1}:
        raise ValueError(f"{path}: column {min(twice)} stands there twice{shown}")
    places = [header.index(name) for name in COLUMNS]
    for row in table:
        if not any(value.strip() for value in row):
            continue
        where = f"{path}, line {table.line_num}"
        if any(value.strip() for value in row[len(header) :]):
            raise ValueError(
                f"{where}: {len(row)} values for {len(header)} columns; "
                "numbers need decimal points, not commas"
            )
        *numbers, species = ([*row, *[""] * len(header)][place].strip() for place in places)
        x, y, radius = (_number(where, *given) for given in zip(COLUMNS, numbers, strict=False))
        if species not in SOLIDS:
            raise ValueError(f"{where}: species must be AM or SE, got {species!r:.60}")
        yield table.line_num, x, y, radius, SOLIDS[species]


def _number(where: str, name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        comma = "; write a decimal point, not a comma" if re.fullmatch(r"[-+]?\d*,\d+([eE].*)?", text) else ""
        raise ValueError(f"{where}: {name} must be a finite number, got {text!r:.60}{comma}")
    return number
