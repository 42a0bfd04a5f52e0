"""Several sections of one electrode: each tells of the whole packing, together they tell more."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import xarray as xr

from cnn.uncertainty import Calibration, calibrate, interval, mean_and_spread

# In names of degraded copies, of studies and of their samples.
DEGRADED = "degraded"
# Numbers of sections that are judged together, and for which there are intervals.
COUNTS = (1, 2, 4, 8)


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


def calibrations(
    truth: np.ndarray, members: np.ndarray, electrode: np.ndarray, counts: Sequence[int] = COUNTS
) -> dict[int, Calibration]:
    """Intervals for each number of sections, fitted to sections of packings that were not trained on.

    Numbers of which no electrode has so many sections are left out.

    Parameters
    ----------
    truth
        [N, targets].
    members
        [M, N, targets].
    electrode
        As for `groups`.
    """
    fitted = {}
    for count in counts:
        firsts = groups(electrode, count)
        if firsts.size:
            fitted[count] = calibrate(truth[firsts], *mean_and_spread(together(members, firsts, count)))
    return fitted


def answer(
    members: np.ndarray, calibrated: dict[int, Calibration], sections: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Prediction of one electrode and both ends of its interval [targets].

    Parameters
    ----------
    members
        Of its W windows by M networks [M, W, targets].
    calibrated
        From `calibrations`.
    sections
        Number of independent sections that the windows amount to: of those calibrated the next below counts.
    """
    mean, spread = mean_and_spread(members.mean(axis=1))
    return mean, *interval(mean, spread, calibrated[next_below(calibrated, sections)])


def next_below(counts: Collection[int], sections: float) -> int:
    """Of some numbers of sections the largest that is not above a number, else the smallest."""
    return max((count for count in counts if count <= sections), default=min(counts))
