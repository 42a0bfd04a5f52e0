"""Sections through pressed packings: planes along and across the press, and the images of them."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from analysis.images import Window, disc_image
from electrode.species import AM
from electrode.structures import PressedPacking

# How a section lies to the direction of the press, z. Sections of a sample take turns.
ALONG, ACROSS = "along", "across"
PRESS = 2  # number of its axis


@dataclass(frozen=True)
class Section:
    """A square of a plane through a packing; the plane is normal to an axis of the box."""

    normal: int  # axis across the plane: 0, 1, 2
    columns: int  # axis along the rows of the image, from its left edge on
    rows: int  # axis along its columns, from its bottom edge on
    corner: np.ndarray  # bottom left corner of the square [3, m]

    @property
    def orientation(self) -> str:
        """`ACROSS` the press or `ALONG` it."""
        return ACROSS if self.normal == PRESS else ALONG

    @property
    def depth(self) -> float:
        """Where the plane meets its normal [m]."""
        return float(self.corner[self.normal])


def random_sections(
    packing: PressedPacking, count: int, side: float, margin: float, seed: int
) -> Iterator[Section]:
    """Squares at random places of a sample, along and across the press by turns, at depths spread evenly.

    Of those along the press every other one has it along its rows: a micrograph does not tell.

    Parameters
    ----------
    packing
        The sample.
    count
        Number of sections.
    side
        Of the squares [m].
    margin
        What is shown lies as far from floor and piston, and from the sides of a die [m].
    seed
        Root seed of the study: the sections of a sample do not depend on which others there are.

    Raises
    ------
    ValueError
        If a square does not fit between the margins.
    """
    low, high = _between(packing, margin)
    for axis, room in enumerate(high - low):
        if room < side * (1 - 1e-9):
            raise ValueError(
                f"sections.side_um must leave sections.margin_um = {1e6 * margin:g} um on either side of "
                f"{packing.name} along {'xyz'[axis]}, {1e6 * room:.4g} um at most, got {1e6 * side:g} um"
            )
    key = (4, zlib.crc32(packing.name.encode()))
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))
    of_each = math.ceil(count / 2)
    # Depths of both kinds: each in a layer of its own, in random order.
    places = [(rng.permutation(of_each) + rng.random(of_each)) / of_each for _ in (ALONG, ACROSS)]
    for k in range(count):
        turn, kind = divmod(k, 2)
        normal = PRESS if kind else int(rng.integers(2))
        columns, rows = (axis for axis in range(3) if axis != normal)
        if not kind and turn % 2:
            columns, rows = rows, columns
        corner = low + rng.random(3) * (high - low - side)
        corner[normal] = low[normal] + places[kind][turn] * (high - low)[normal]
        yield Section(normal, columns, rows, corner)


def _between(packing: PressedPacking, margin: float) -> tuple[np.ndarray, np.ndarray]:
    """Where sections may lie [3, m]: anywhere along an axis that repeats itself."""
    floor, piston, *_ = packing.wall_position[-1].tolist()
    low, high = np.append(np.zeros(2), floor), np.append(packing.box[:2], piston)
    walled = ~np.array(packing.periodic)
    return low + margin * walled, high - margin * walled


def cut(packing: PressedPacking, section: Section, window: Window) -> np.ndarray:
    """Number of the sphere that contains the centre of each pixel of a section, -1 for none; AM before SE.

    Parameters
    ----------
    packing
        The sample, at rest in its last frame.
    section
        Where it is cut.
    window
        The square, its corner at the origin.

    Returns
    -------
    ndarray
        [rows, columns], row 0 at the bottom.
    """
    place = packing.position[-1] - section.corner
    periods = np.where(packing.periodic, packing.box, np.inf)
    period = periods[section.normal]
    square = packing.radius**2 - _wrapped(place[:, section.normal], period, -period / 2) ** 2
    number = np.flatnonzero(square > 0)
    radius = np.sqrt(square[number])
    frame = np.array([section.columns, section.rows])
    size = window.pixel * np.array([window.columns, window.rows])
    centre = place[np.ix_(number, frame)]
    for column, period in enumerate(periods[frame]):
        if math.isinf(period):
            continue
        # What sticks out of the box on one side comes in on the other.
        centre[:, column] = _wrapped(centre[:, column], period, 0.0)
        moves = np.repeat([0.0, -period, period], len(centre))
        centre, radius, number = (np.concatenate([values] * 3) for values in (centre, radius, number))
        centre[:, column] += moves
        seen = np.abs(centre[:, column] - size[column] / 2) < size[column] / 2 + radius
        centre, radius, number = centre[seen], radius[seen], number[seen]
    # AM comes last, so that it wins.
    order = np.argsort(packing.species[number] == AM, kind="stable")
    return disc_image(centre[order], radius[order], number[order], window)


def _wrapped(place: np.ndarray, period: float, first: float) -> np.ndarray:
    """Places along an axis, brought between `first` and a period after it; as they are without a period."""
    return place if math.isinf(period) else (place - first) % period + first
