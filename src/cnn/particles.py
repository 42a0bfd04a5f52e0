"""AM particles of images as the network is given them: a table of numbers for each image."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from electrode.particles import SURROUNDINGS, Discs, find_discs, surroundings

# Centre and radius [pixels], from which the network knows where to look; then what it is told besides.
COLUMNS = ("x", "y", "radius", "size", *SURROUNDINGS)
GEOMETRY = len(COLUMNS) - 3
# What brings the columns told besides to values about 1: the size is told in so many pixels; overlaps and
# Hertz sums are small beside the radius.
SIZE = 40.0
SCALES = {"touching": 0.5, "overlap": 20.0, "hertz": 50.0}


def table(image: np.ndarray, um_per_pixel: float, discs: Discs) -> np.ndarray:
    """Table of the particles of a class image, float32 [P, `COLUMNS`]."""
    beside = surroundings(image, um_per_pixel, discs.x, discs.y, discs.radius)
    beside *= [SCALES.get(name, 1.0) for name in SURROUNDINGS]
    columns = [discs.x, discs.y, discs.radius, discs.radius / SIZE, beside]
    return np.column_stack(columns).astype(np.float32)


def stack(tables: Iterable[np.ndarray]) -> np.ndarray:
    """Tables of N images in one array [N, P, `COLUMNS`]; rows of radius 0 fill it up."""
    tables = list(tables)
    result = np.zeros((len(tables), max((len(each) for each in tables), default=0), len(COLUMNS)), np.float32)
    for whole, each in zip(result, tables, strict=True):
        whole[: len(each)] = each
    return result


def find_tables(image: np.ndarray, um_per_pixel: float) -> np.ndarray:
    """Tables of the particles found in class images [N, rows, columns], in one array [N, P, `COLUMNS`]."""
    return stack(table(each, um_per_pixel, find_discs(each, um_per_pixel)) for each in image)


def mirrored(tables: np.ndarray, shape: tuple[int, ...], rows: int, columns: int) -> np.ndarray:
    """Tables [..., `COLUMNS`] of an image of this shape whose rows or columns are turned over, where -1."""
    result = tables.copy()
    there = tables[..., 2] > 0
    for column, length, order in ((0, shape[1], columns), (1, shape[0], rows)):
        if order < 0:
            result[..., column] = np.where(there, length - tables[..., column], 0.0)
    return result
