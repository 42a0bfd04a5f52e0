"""How far an ensemble may be off: its own spread, calibrated on structures it was not trained on."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

NOMINAL = 0.9  # share of the truths that intervals shall hold


class Calibration(NamedTuple):
    """What turns a spread into an interval, per target."""

    noise: np.ndarray  # error that members share and their spread does not show [targets], SI units
    factor: np.ndarray  # half width of the interval / error expected [targets]


def expected_error(spread: np.ndarray, calibration: Calibration) -> np.ndarray:
    """Error expected of predictions: spread of the members and shared noise, added as variances."""
    return np.hypot(spread, calibration.noise)


def calibrate(truth: np.ndarray, prediction: np.ndarray, spread: np.ndarray) -> Calibration:
    """Fit intervals to structures whose truth is known (split conformal: Lei et al., 2018).

    Parameters
    ----------
    truth, prediction, spread
        [N, targets]; the spread is the standard deviation over the members. None of the N structures was
        trained on.
    """
    error = np.abs(truth - prediction)
    # What the spread explains of the mean squared error is not noise.
    noise = np.sqrt(np.maximum(np.mean(error**2 - spread**2, axis=0), 0.01 * np.mean(error**2, axis=0)))
    score = np.sort(error / np.hypot(spread, noise), axis=0)
    rank = min(math.ceil((len(truth) + 1) * NOMINAL), len(truth)) - 1
    return Calibration(noise, score[rank])


def interval(
    prediction: np.ndarray, spread: np.ndarray, calibration: Calibration
) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper end of the intervals that hold the truth with probability `NOMINAL`."""
    half = calibration.factor * expected_error(spread, calibration)
    return prediction - half, prediction + half
