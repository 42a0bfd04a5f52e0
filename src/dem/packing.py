"""Packings as CSV tables: ``x_um,y_um,radius_um,species``, in space with ``z_um``; one particle a line."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from dem.filling.spatial import Packing
from dem.structure import Structure
from electrode.species import NAMES, SOLIDS
from provenance import FilePath, atomic_output

COLUMNS = ("x_um", "y_um", "radius_um", "species")
COLUMNS_IN_SPACE = ("x_um", "y_um", "z_um", "radius_um", "species")
# Between columns, as spreadsheets of all languages write tables.
DELIMITERS = (",", ";", "\t")
# A decimal in um and the binary number in m may differ by this [um].
ROUNDING = 1e-9


def write_packing(packing: Structure | Packing, path: FilePath) -> None:
    """Write a structure in the plane or a packing in space; numbers keep all their digits."""
    if isinstance(packing, Packing):
        header, position = [*COLUMNS_IN_SPACE], packing.position
    else:
        header, position = [*COLUMNS], np.stack([packing.x, packing.y], axis=1)
    with atomic_output(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(header)
        for place, radius, species in zip(position, packing.radius, packing.species, strict=True):
            table.writerow([*(f"{1e6 * value:.17g}" for value in (*place, radius)), NAMES[int(species)]])


def read_packing(path: FilePath, height: float) -> Structure:
    """Read a packing for a box in the plane whose left and bottom walls are at 0.

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
    (x, y), radius, species = _read(path, COLUMNS, (None, 1e6 * height), (True, True))
    return Structure(x, y, radius, species, float((x + radius).max()), height)


def read_packing_in_space(
    path: FilePath, width: float, height: float | None = None, periodic: bool = True
) -> Packing:
    """Read a packing for a box in space whose floor is at z = 0.

    Parameters
    ----------
    path
        As for `read_packing`, with a column ``z_um``.
    width
        Of the box, from 0 along x and y [m].
    height
        Of the box [m]; None: where the highest particle ends.
    periodic
        Whether the box repeats itself across: then only centres lie in it; else its sides are walls.

    Raises
    ------
    ValueError
        As of `read_packing`.
    """
    across, up = 1e6 * width, None if height is None else 1e6 * height
    (x, y, z), radius, species = _read(
        path, COLUMNS_IN_SPACE, (across, across, up), (not periodic, not periodic, True)
    )
    top = float((z + radius).max()) if height is None else height
    return Packing(np.stack([x, y, z], axis=1), radius, species, width, top, periodic)


def _read(
    path: FilePath, columns: tuple[str, ...], ends: tuple[float | None, ...], walls: tuple[bool, ...]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Centres [axes, N, m], radii [N, m] and species [N] of a table, in a box from 0 to `ends` [um].

    Along axes with walls the particles lie in it, along others their centres.
    """
    rows = []
    centres: dict[tuple[float, ...], int] = {}
    for line, *place, radius, species in _rows(path, columns):
        where = f"{path}, line {line}"
        if radius <= 0:
            raise ValueError(f"{where}: radius_um must be > 0 um, got {radius:g}")
        for name, value, end, wall in zip(columns, place, ends, walls, strict=False):
            room = radius if wall else 0.0
            highest = math.inf if end is None else end - room
            if not room - ROUNDING <= value <= highest + ROUNDING:
                bound = f"in [{room:g}, {highest:g}] um" if end is not None else f">= {room:g} um"
                what = "the particle overlaps a wall" if wall else "the particle lies beside the box"
                raise ValueError(f"{where}: {what}: {name} must be {bound}, got {value:g}")
        centre = tuple(place)
        if centre in centres:
            told = ", ".join(f"{value:g}" for value in centre)
            raise ValueError(f"{where}: same centre ({told}) um as in line {centres[centre]}")
        centres[centre] = line
        rows.append((*place, radius, species))
    if not rows:
        raise ValueError(f"{path}: no particles")
    *position, radius, species = np.array(rows).T
    return np.stack(position) / 1e6, radius / 1e6, species.astype(np.int8)


def _rows(path: FilePath, columns: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
    """Line, coordinates, radius and species of each particle."""
    try:
        # Spreadsheets begin UTF-8 with a byte-order mark.
        text = Path(path).read_bytes().decode("utf-8-sig")
        yield from _parsed(path, text, columns)
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path} cannot be read as a table: {error}") from error


def _parsed(path: FilePath, text: str, columns: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
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
    if missing := set(columns) - set(header):
        raise ValueError(f"{path}: column {min(missing)} is missing; wanted {', '.join(columns)}{shown}")
    if twice := {name for name in header if name and header.count(name) > 1}:
        raise ValueError(f"{path}: column {min(twice)} stands there twice{shown}")
    places = [header.index(name) for name in columns]
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
        values = [_number(where, *given) for given in zip(columns, numbers, strict=False)]
        if species not in SOLIDS:
            raise ValueError(f"{where}: species must be AM or SE, got {species!r:.60}")
        yield table.line_num, *values, SOLIDS[species]


def _number(where: str, name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        comma = "; write a decimal point, not a comma" if re.fullmatch(r"[-+]?\d*,\d+([eE].*)?", text) else ""
        raise ValueError(f"{where}: {name} must be a finite number, got {text!r:.60}{comma}")
    return number
