"""Several sections of one electrode: each tells of the whole packing, together they tell more.

Their mean is not the best answer: what a network says of one section is drawn towards the middle, as far as
the section leaves it in doubt, and the mean of several, which leave less, stays drawn. So a combination of
the means of all targets is learnt for each number of sections.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr

from cnn.uncertainty import Calibration, calibrate, interval, mean_and_spread

# In names of degraded copies, of studies and of their samples.
DEGRADED = "degraded"
# Numbers of sections that are judged together, and for which there are intervals.
COUNTS = (1, 2, 4, 8)
# Candidates for the penalty of the combination, on targets of unit variance.
PENALTIES = np.logspace(-3, 3, 13)
# With fewer truths known nothing is fitted.
LEAST_KNOWN = 2
# Sections differ more than those of one electrode do where such a share of electrodes differs less.
NEARLY_ALL = 0.99


class Combination(NamedTuple):
    """What answers for several sections, out of the means over what is said of each."""

    weights: np.ndarray  # [targets, targets], SI units
    offset: np.ndarray  # [targets], SI units

    def of(self, means: np.ndarray) -> np.ndarray:
        """Answers out of means over sections [..., targets]."""
        return means @ self.weights.T + self.offset


class Agreement(NamedTuple):
    """How far sections of one electrode say different things."""

    scale: np.ndarray  # standard deviation between its sections, usually [targets], SI units
    most: np.ndarray  # that of any target, in this scale, of nearly all electrodes; 0 of one section


class Reading(NamedTuple):
    """How so many sections of one electrode are read."""

    combination: Combination
    calibration: Calibration
    agreement: Agreement


def electrodes(sections: xr.Dataset) -> np.ndarray:
    """Name of the electrode of each section [N]: a sample of a study; its degraded copies are others."""
    names = (sections[name].values.astype(str) for name in ("study", "pressed"))
    return np.array(["/".join(pair) for pair in zip(*names, strict=True)])


def groups(electrode: np.ndarray, count: int) -> np.ndarray:
    """Sections dealt to groups of so many of one electrode, in their order; what is left over is in none.

    Parameters
    ----------
    electrode
        Name of that of each section [N]; sections of one stand one after the other.
    count
        Of a group.

    Returns
    -------
    ndarray
        First section of each group [G].
    """
    starts = np.flatnonzero(np.append(True, electrode[1:] != electrode[:-1]))
    lengths = np.diff(np.append(starts, electrode.size))
    firsts = [
        start + np.arange(0, length - count + 1, count) for start, length in zip(starts, lengths, strict=True)
    ]
    return np.concatenate(firsts).astype(int)


def together(members: np.ndarray, firsts: np.ndarray, count: int) -> np.ndarray:
    """Predictions of groups: the means over their sections.

    Parameters
    ----------
    members
        Of N sections by M networks [M, N, targets].
    firsts, count
        From `groups`.

    Returns
    -------
    ndarray
        [M, G, targets].
    """
    return members[:, firsts[:, None] + np.arange(count)].mean(axis=2)


def readings(
    truth: np.ndarray,
    members: np.ndarray,
    electrode: np.ndarray,
    part: np.ndarray,
    counts: Sequence[int] = COUNTS,
) -> dict[int, Reading]:
    """Fit the reading of each number of sections: what answers to those trained on, its intervals to others.

    Numbers of which no electrode of either part has so many sections are left out.

    Parameters
    ----------
    truth
        Of N sections [N, targets]; not a number where it is not known.
    members
        What M networks say of them [M, N, targets].
    electrode
        As for `groups`.
    part
        ``train``, ``validation`` or ``test`` [N].

    Raises
    ------
    ValueError
        If of a target no truth is known in the validation part.
    """
    fitted: dict[int, Reading] = {}
    for count in counts:
        firsts = groups(electrode, count)
        learnt, held_back = (firsts[part[firsts] == name] for name in ("train", "validation"))
        if not (learnt.size and held_back.size):
            continue
        combination = _combine(together(members, learnt, count).mean(axis=0), truth[learnt])
        told = combination.of(together(members, held_back, count))
        calibration = calibrate(truth[held_back], *mean_and_spread(told))
        alone = fitted[1].combination if fitted else combination
        said = alone.of(members.mean(axis=0)[held_back[:, None] + np.arange(count)])
        fitted[count] = Reading(combination, calibration, _agree(said))
    return fitted


def _agree(said: np.ndarray) -> Agreement:
    """Fit how far apart the answers of single sections of one electrode are [G, sections, targets]."""
    _, count, targets = said.shape
    if count == 1:
        return Agreement(np.ones(targets), np.zeros(()))
    variance = said.var(axis=1, ddof=1)
    scale = np.sqrt(variance.mean(axis=0))
    scale = np.where(scale > 0, scale, 1.0)
    apart = (np.sqrt(variance) / scale).max(axis=1)
    return Agreement(scale, np.quantile(apart, NEARLY_ALL))


def disagreement(said: np.ndarray, readings: dict[int, Reading]) -> float:
    """How far apart sections are, / the most that those of nearly all electrodes are.

    As standard deviations, which for more sections reach less far: what holds for 2 sections holds for 3.

    Parameters
    ----------
    said
        What each section says alone [S, targets].
    readings
        From `readings`.
    """
    agreement = readings[next_below(readings, len(said))].agreement
    if not agreement.most > 0:
        return 0.0
    return float((said.std(axis=0, ddof=1) / agreement.scale).max() / agreement.most)


def _combine(means: np.ndarray, truth: np.ndarray) -> Combination:
    """Fit the error of means over sections [G, targets] by ridge regression.

    The less truths are known, the more the means stay as they are.
    """
    from sklearn.linear_model import RidgeCV

    middle, scale = means.mean(axis=0), means.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    weights, offset = np.eye(truth.shape[1]), np.zeros(truth.shape[1])
    for k, values in enumerate(truth.T):
        known = np.isfinite(values)
        if known.sum() < LEAST_KNOWN:
            continue
        error = (values - means[:, k])[known] / scale[k]
        fit = RidgeCV(PENALTIES).fit((means[known] - middle) / scale, error)
        adds = scale[k] * fit.coef_ / scale
        weights[k] += adds
        offset[k] = scale[k] * fit.intercept_ - adds @ middle
    return Combination(weights, offset)


def answer(
    members: np.ndarray, readings: dict[int, Reading], sections: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Prediction of one electrode and both ends of its interval [targets].

    Parameters
    ----------
    members
        Of its W windows by M networks [M, W, targets].
    readings
        From `readings`.
    sections
        Number of independent sections that the windows amount to: of those read the next below counts.
    """
    chosen = readings[next_below(readings, sections)]
    mean, spread = mean_and_spread(chosen.combination.of(members.mean(axis=1)))
    return mean, *interval(mean, spread, chosen.calibration)


def next_below(counts: Collection[int], sections: float) -> int:
    """Of some numbers of sections the largest that is not above a number, else the smallest."""
    return max((count for count in counts if count <= sections), default=min(counts))
