"""How far an ensemble may be off: its own spread, calibrated on structures it was not trained on."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize

NOMINAL = 0.9  # share of the truths that intervals shall hold
SMALLEST = 1e-3  # of the two kinds of noise, as shares of the error at hand


class Calibration(NamedTuple):
    """What turns a spread into an interval, per target.

    Members share errors that their spread does not show: some whatever the value, some in proportion to it.
    """

    noise: np.ndarray  # [targets], SI units
    relative_noise: np.ndarray  # share of the prediction [targets]
    factor: np.ndarray  # half width of the interval / error expected [targets]


def mean_and_spread(members: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation over the members [M, ...]; the spread of one member is 0."""
    spread = members.std(axis=0, ddof=1) if len(members) > 1 else np.zeros_like(members[0])
    return members.mean(axis=0), spread


def expected_error(prediction: np.ndarray, spread: np.ndarray, calibration: Calibration) -> np.ndarray:
    """Error expected of predictions: spread and both kinds of noise, added as variances."""
    relative = calibration.relative_noise * prediction
    return np.sqrt(spread**2 + calibration.noise**2 + relative**2)


def calibrate(truth: np.ndarray, prediction: np.ndarray, spread: np.ndarray) -> Calibration:
    """Fit intervals to structures whose truth is known.

    Noise by maximum likelihood of normal errors, the factor by split conformal prediction (Lei et al., 2018).

    Parameters
    ----------
    truth, prediction, spread
        [N, targets]; the spread is the standard deviation over the members. None of the N structures was
        trained on. A truth that is not known is no number.

    Raises
    ------
    ValueError
        If of a target no truth is known.
    """
    columns = zip(truth.T, prediction.T, spread.T, strict=True)
    return Calibration(*np.array([_calibrated(*column) for column in columns]).T)


def _calibrated(truth: np.ndarray, prediction: np.ndarray, spread: np.ndarray) -> tuple[float, float, float]:
    """Both kinds of noise and the factor of one target."""
    known = np.isfinite(truth)
    if not known.any():
        raise ValueError("a target is known of no structure of the validation part")
    error, prediction, spread = np.abs(truth - prediction)[known], prediction[known], spread[known]
    noise, relative_noise = _noise(error, prediction, spread)
    whole = Calibration(np.array(noise), np.array(relative_noise), np.ones(1))
    score = np.sort(error / expected_error(prediction, spread, whole))
    rank = min(math.ceil((score.size + 1) * NOMINAL), score.size) - 1
    return noise, relative_noise, float(score[rank])


def calibrate_particles(truth: np.ndarray, prediction: np.ndarray, spread: np.ndarray) -> Calibration:
    """Fit the intervals of the stress on particles, as of a single target.

    Parameters
    ----------
    truth, prediction, spread
        Of the particles of N structures [N, P, Pa]; the truth is NaN where it is not known.

    Raises
    ------
    ValueError
        If of none of their particles the truth is known.
    """
    known = np.isfinite(truth)
    if not known.any():
        raise ValueError("no AM particle of the validation part was found in its image")
    return calibrate(*(values[known][:, None] for values in (truth, prediction, spread)))


def _noise(error: np.ndarray, prediction: np.ndarray, spread: np.ndarray) -> tuple[float, float]:
    """Both kinds of noise of one target that make its errors [N] most likely."""
    size, level = np.sqrt(np.mean(error**2)), np.sqrt(np.mean(prediction**2))
    error2, spread2, value2 = (error / size) ** 2, (spread / size) ** 2, (prediction / level) ** 2

    def unlikelihood(logarithms: np.ndarray) -> float:
        constant, proportional = np.exp(2 * logarithms)
        variance = spread2 + constant + proportional * value2
        return float(np.mean(np.log(variance) + error2 / variance))

    bounds = 2 * [(math.log(SMALLEST), math.log(10.0))]
    starts = [(math.log(0.5), math.log(0.5)), (math.log(0.1), 0.0), (0.0, math.log(0.1))]
    fits = [minimize(unlikelihood, start, method="L-BFGS-B", bounds=bounds) for start in starts]
    constant, proportional = np.exp(min(fits, key=lambda fit: fit.fun).x)
    return constant * size, proportional * size / level


def interval(
    prediction: np.ndarray, spread: np.ndarray, calibration: Calibration
) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper end of the intervals that hold the truth with probability `NOMINAL`."""
    half = calibration.factor * expected_error(prediction, spread, calibration)
    return prediction - half, prediction + half
