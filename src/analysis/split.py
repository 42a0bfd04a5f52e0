"""Splits of a study into training, validation and test part: at random, or holding out a part of the grid."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

# Of the grid: width and uncovered fraction, or any that can be put in order.
Cell: TypeAlias = Any

PARTS = ("train", "validation", "test")
RANDOM = "random"
# In a split that does not use a sample.
UNUSED = "unused"


def part_sizes(count: int, shares: Mapping[str, float]) -> dict[str, int]:
    """Number of samples in each part, of `count` in all; `shares` by part sum to one."""
    ends = np.rint(np.cumsum([shares[part] for part in PARTS]) * count).astype(int)
    return dict(zip(PARTS, np.diff(ends, prepend=0).tolist(), strict=True))


def split_samples(cells: Sequence[Cell], shares: Mapping[str, float], seed: int) -> np.ndarray:
    """Deal samples to train, validation and test, evenly over the cells of the grid.

    Systematic sampling: the shuffled members of each cell are spread over (0, 1) and the parts are cut
    from the common order, so that totals are exact and no cell deviates by more than one or two.

    Parameters
    ----------
    cells
        Cell of each sample [N], hashable.
    shares
        By part; they sum to one.
    seed
        Root seed.

    Returns
    -------
    ndarray of str
        Part of each sample [N].
    """
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0,)))
    place = np.empty(len(cells))
    members_of: dict[Cell, list[int]] = {}
    for k, cell in enumerate(cells):
        members_of.setdefault(cell, []).append(k)
    for cell in sorted(members_of):
        members = np.array(members_of[cell])
        place[rng.permutation(members)] = (np.arange(members.size) + rng.random()) / members.size
    parts = np.empty(len(cells), dtype=f"U{max(map(len, PARTS))}")
    ends = np.cumsum(list(part_sizes(len(cells), shares).values()))
    for part, members in zip(PARTS, np.split(np.argsort(place), ends[:-1]), strict=True):
        parts[members] = part
    return parts


def deal(
    cells: Sequence[Cell], packings: Sequence[Hashable], shares: Mapping[str, float], seed: int
) -> np.ndarray:
    """Deal packings by `split_samples`; all samples of one get its part [N].

    Parameters
    ----------
    cells, packings
        Of each sample [N].
    shares, seed
        As for `split_samples`.
    """
    number: dict[Hashable, int] = {}
    numbers = [number.setdefault(packing, len(number)) for packing in packings]
    _, firsts = np.unique(numbers, return_index=True)
    return split_samples([cells[k] for k in firsts], shares, seed)[numbers]


def folds(
    widths: np.ndarray,
    uncovered_fractions: np.ndarray,
    shares: Mapping[str, float],
    seed: int,
    replicates: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """All splits of a study: ``random``, and one per width and per uncovered fraction that is held out.

    What is held out is the test part; the rest is dealt to training and validation in their old proportion.

    Parameters
    ----------
    widths, uncovered_fractions
        Of each sample [N, m] and [N].
    shares, seed
        As for `split_samples`.
    replicates
        Number of the replicate [N]. Samples that agree in all three are one packing under different
        pressures and come into the same part; without it each sample is a packing of its own.

    Returns
    -------
    dict
        Part of each sample [N], by names like ``random``, ``width-46``, ``uncovered-0.53``.
    """
    cells = list(zip(widths.tolist(), uncovered_fractions.tolist(), strict=True))
    numbers = range(len(cells)) if replicates is None else np.asarray(replicates).tolist()
    packings = list(zip(cells, numbers, strict=True))
    parts_of = {RANDOM: deal(cells, packings, shares, seed)}
    rest = shares["train"] + shares["validation"]
    inner = {"train": shares["train"] / rest, "validation": shares["validation"] / rest, "test": 0.0}
    for kind, values, factor in (("width", widths, 1e6), ("uncovered", uncovered_fractions, 1)):
        levels = np.unique(values)
        for level in levels if levels.size > 1 else ():
            parts = np.full_like(parts_of[RANDOM], "test")
            kept = np.flatnonzero(values != level)
            parts[kept] = deal([cells[k] for k in kept], [packings[k] for k in kept], inner, seed)
            parts_of[f"{kind}-{factor * level:g}"] = parts
    return parts_of


def section_folds(
    am: np.ndarray,
    pressure: np.ndarray,
    packing: np.ndarray,
    dealt: np.ndarray,
    shares: Mapping[str, float],
    seed: int,
) -> dict[str, np.ndarray]:
    """All splits of a study in space: ``random``, and one per AM share and per pressure that is held out.

    A pressure is held out with the test packings of the random split: what is tested is then new in both, and
    neither the other pressures of test packings nor this pressure of others are used.

    Parameters
    ----------
    am, pressure, packing
        AM share, pressure [Pa] and name of the packing of each sample [N].
    dealt
        Part of each sample in the random split [N].
    shares, seed
        As for `split_samples`.

    Returns
    -------
    dict
        Part of each sample [N], by names like ``random``, ``am-0.3``, ``pressure-50`` (MPa).
    """
    parts_of = {RANDOM: dealt}
    rest = shares["train"] + shares["validation"]
    inner = {"train": shares["train"] / rest, "validation": shares["validation"] / rest, "test": 0.0}
    levels = np.unique(am)
    for level in levels if levels.size > 1 else ():
        parts = np.full_like(dealt, "test")
        kept = np.flatnonzero(am != level)
        parts[kept] = deal(am[kept].tolist(), packing[kept].tolist(), inner, seed)
        parts_of[f"am-{level:g}"] = parts
    levels = np.unique(pressure)
    for level in levels if levels.size > 1 else ():
        parts_of[f"pressure-{level / 1e6:g}"] = np.where(
            (pressure == level) == (dealt == "test"), dealt, UNUSED
        )
    return parts_of
