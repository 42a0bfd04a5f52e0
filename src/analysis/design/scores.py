"""How samples that a process did not know agree with it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from analysis.design.process import Process
from analysis.design.samples import QUANTITIES, Samples


class Score(NamedTuple):
    """How samples that a process did not know agree with it."""

    samples: int
    rmse: float  # [SI]
    r2: float
    coverage: float  # share of the samples within the interval of `LEVEL`


def held_out(samples: Samples, name: str, folds: np.ndarray, tested: Iterable[Any]) -> list[np.ndarray]:
    """Predict each fold from all others.

    Parameters
    ----------
    samples
        Of a study.
    name
        Of `QUANTITIES`.
    folds
        Label of each sample [N].
    tested
        Labels of the folds that are predicted, one after the other.

    Returns
    -------
    list of ndarray
        Number of the sample, truth, prediction, and ends of the interval [K, SI]. Without samples that have
        no place on the axis of the quantity.
    """
    quantity, values = QUANTITIES[name], samples.values[name]
    rows: list[tuple[np.ndarray, ...]] = []
    for fold in tested:
        rest = folds != fold
        process = Process(quantity, samples.part(rest), values[rest])
        asked = np.flatnonzero(~rest & np.isfinite(quantity.axis.along(values)))
        predicted = process(samples.settings[asked])
        rows.append((asked, values[asked], predicted.value, *predicted.interval))
    return [np.concatenate(column) for column in zip(*rows, strict=True)]


def score(truth: np.ndarray, value: np.ndarray, low: np.ndarray, high: np.ndarray) -> Score:
    """Judge predictions [K]; where the truth does not vary R2 is not a number."""
    error = value - truth
    variance = truth.var()
    r2 = 1 - np.mean(error**2) / variance if variance else math.nan
    inside = (truth >= low) & (truth <= high)
    return Score(truth.size, float(np.sqrt(np.mean(error**2))), float(r2), float(inside.mean()))
