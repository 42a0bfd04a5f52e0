"""AM particles of images as the network is given them: a table of numbers for each image."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from cnn.uncertainty import Calibration, expected_error
from electrode.discs import Discs, find_discs
from electrode.particles import SURROUNDINGS, surroundings

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


def no_tables(image: np.ndarray) -> np.ndarray:
    """Tables without a particle of images [N, rows, columns]: finding them takes long, features need none."""
    return np.zeros((len(image), 0, len(COLUMNS)), np.float32)


class Placed(NamedTuple):
    """K particles of an image that is read in N windows."""

    tables: np.ndarray  # of the particles in each window [N, P, `COLUMNS`]
    window: np.ndarray  # in which each particle is read [K]
    row: np.ndarray  # of its table [K]


def place(
    image: np.ndarray,
    um_per_pixel: float,
    discs: Discs,
    corners: Sequence[tuple[int, int]],
    shape: tuple[int, int],
) -> Placed:
    """Tables of the particles in each window of an image; each is read where it lies most central.

    Parameters
    ----------
    image
        uint8 [rows, columns].
    um_per_pixel
        Side of a pixel [um].
    discs
        The K particles of the image.
    corners
        Top and left pixel of N windows.
    shape
        Of a window [rows, columns].
    """
    moved = [discs.shifted(-left, -top) for top, left in corners]
    seen = np.array([inside.reach(shape) for inside in moved])
    rows, columns = shape
    away = np.array([np.maximum(abs(each.y / rows - 0.5), abs(each.x / columns - 0.5)) for each in moved])
    window = np.where(seen, away, away + away.max(initial=0.0)).argmin(axis=0)
    # A circle may miss the image that shows a part of it: it belongs to the nearest window.
    seen[window, np.arange(window.size)] = True
    tables = [
        table(image[top : top + rows, left : left + columns], um_per_pixel, inside.chosen(chosen))
        for (top, left), inside, chosen in zip(corners, moved, seen, strict=True)
    ]
    row = np.cumsum(seen, axis=1)[window, np.arange(window.size)] - 1
    return Placed(stack(tables), window, row)


def mirrored(tables: np.ndarray, shape: tuple[int, ...], rows: int, columns: int) -> np.ndarray:
    """Tables [..., `COLUMNS`] of an image of this shape whose rows or columns are turned over, where -1."""
    result = tables.copy()
    there = tables[..., 2] > 0
    for column, length, order in ((0, shape[1], columns), (1, shape[0], rows)):
        if order < 0:
            result[..., column] = np.where(there, length - tables[..., column], 0.0)
    return result


def inside(tables: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Whether there is a particle, and its centre in the image of this shape [..., P, bool]."""
    x, y, radius = np.moveaxis(tables[..., :3], -1, 0)
    rows, columns = shape
    return (radius > 0) & (x >= 0) & (x < columns) & (y >= 0) & (y < rows)


def read_off_particles(
    target: np.ndarray,
    names: Sequence[str],
    stress: np.ndarray,
    counted: np.ndarray,
    calibration: Calibration,
) -> np.ndarray:
    """Targets with the mean and SD of the stress on AM read off the particles, where there are any.

    The mean is that of the particles whose centre the image shows. Predictions spread less than what they
    predict, by their error: the variance expected of it is added to theirs.

    Parameters
    ----------
    target
        Of N images by M networks [M, N, targets].
    names
        Of the targets.
    stress
        On the particles of the images [M, N, P, Pa].
    counted
        Which particles count [N, P, bool], see `inside`.
    calibration
        Of the stress on particles: what errors the networks share.
    """
    number = np.maximum(counted.sum(axis=1), 1)
    shared = expected_error(stress[..., None], np.zeros(1), calibration)[..., 0]

    def over(values: np.ndarray) -> np.ndarray:
        return np.sum(np.where(counted, values, 0.0), axis=-1) / number

    mean = over(stress)
    variance = over((stress - mean[..., None]) ** 2) + over(shared**2)
    read = {"am_stress_mean": mean, "am_stress_sd": np.sqrt(variance)}
    result = target.copy()
    for k, name in enumerate(names):
        if name in read:
            result[..., k] = np.where(counted.any(axis=1), read[name], target[..., k])
    return result
