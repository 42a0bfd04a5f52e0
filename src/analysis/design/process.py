"""A Gaussian process of one quantity over the settings, and what it predicts."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.stats import norm
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel

from analysis.design.packing_noise import NEW, OfSettings, PackingNoise
from analysis.design.samples import Quantity, Samples, deal_packings
from analysis.design.settings import Region
from analysis.design.spread import Spread

# Of intervals: share of packings in them.
LEVEL = 0.9
# Of packings left out in turn, where there are enough.
FOLDS = 10


class Predicted(NamedTuple):
    """A quantity at M settings; the process is of its place on `Quantity.axis`."""

    quantity: Quantity
    centre: np.ndarray  # mean of the process [M]
    of_mean: np.ndarray  # its standard deviation [M]: how well the mean over packings is known
    of_packing: np.ndarray  # standard deviation of a packing from the centre [M], that of the mean included

    def _quantile(self, deviation: np.ndarray, share: float) -> np.ndarray:
        values = self.quantity.axis.back(self.centre + norm.ppf(share) * deviation)
        return np.clip(values, self.quantity.row.lowest, self.quantity.row.highest)

    def _within(self, deviation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        low, high = (self._quantile(deviation, (1 + sign * LEVEL) / 2) for sign in (-1, 1))
        lowest, highest, near = *self.quantity.row[2:], self.quantity.axis.near
        # What is not told apart lies within together.
        return (
            np.where(low <= lowest + near, lowest, np.minimum(low, highest - near)),
            np.where(high >= highest - near, highest, np.maximum(high, lowest + near)),
        )

    @property
    def value(self) -> np.ndarray:
        """Expected [M, SI]: the median."""
        return self._quantile(self.of_packing, 0.5)

    @property
    def interval(self) -> tuple[np.ndarray, np.ndarray]:
        """Interval [M, SI] that holds a new packing with the probability `LEVEL`."""
        return self._within(self.of_packing)

    @property
    def mean_interval(self) -> tuple[np.ndarray, np.ndarray]:
        """The same of what is expected [M, SI]: how well that is known."""
        return self._within(self.of_mean)

    def exceeded_by(self, share: float) -> np.ndarray:
        """Value that a share of all packings exceeds [M, SI]."""
        return self._quantile(self.of_packing, 1 - share)


def _most_likely(objective: Callable[..., Any], start: np.ndarray, bounds: np.ndarray) -> tuple[Any, Any]:
    """Optimiser for `sklearn`: as exact as a hundredth of the log likelihood, which is all that data tell."""
    found = minimize(objective, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-5})
    return found.x, found.fun


KERNEL = ConstantKernel(4.0, (1e-2, 1e3)) * OfSettings([1.0, 4.0, 2.0], (0.2, 100.0), nu=2.5) + PackingNoise()


class Process:
    """A Gaussian process of one quantity over the settings.

    Parameters
    ----------
    quantity
        What it is of.
    samples
        That it is fitted to.
    values
        Of the quantity [N, SI]. Those that have no place on its axis are left out: conductivities of 0, of
        what does not percolate.
    like
        A process of more samples, whose kernel it takes instead of the most likely one.
    """

    def __init__(
        self, quantity: Quantity, samples: Samples, values: np.ndarray, like: Process | None = None
    ) -> None:
        self.quantity = quantity
        known = np.isfinite(quantity.axis.along(values))
        samples, values = samples.part(known), values[known]
        places = quantity.axis.along(values)
        self._region: Region = like._region if like else Region(samples.settings)
        self._spread = Spread(samples.settings, places)
        self._mean, self._scale = places.mean(), places.std() or 1.0
        rows = self._rows(samples.settings, self._spread(samples.settings) / self._scale, samples.packing)
        kernel = like._fitted.kernel_ if like else KERNEL
        self._fitted: Any = GaussianProcessRegressor(
            kernel, alpha=1e-8, optimizer=None if like else _most_likely
        )
        with warnings.catch_warnings():
            # At a bound: the quantity does not depend on that setting, or packings differ in nothing else.
            warnings.simplefilter("ignore", ConvergenceWarning)
            self._fitted.fit(rows, (places - self._mean) / self._scale)
        # What standard deviations of packings are multiplied by; never below 1.
        self.stretch = 1.0 if like else max(1.0, self._missed_by(samples, values))

    def _missed_by(self, samples: Samples, values: np.ndarray) -> float:
        """Stretch at which intervals hold packings that are left out, with the kernel as it is."""
        packings = np.unique(samples.packing).size
        folds = deal_packings(samples, FOLDS if packings >= 2 * FOLDS else packings, seed=0)
        ratios = np.empty(values.size)
        ends = self.quantity.axis.along(np.array(self.quantity.row[2:]))
        for fold in np.unique(folds):
            out = folds == fold
            others = Process(self.quantity, samples.part(~out), values[~out], like=self)
            predicted = others(samples.settings[out])
            missed = self.quantity.axis.along(values[out]) - np.clip(predicted.centre, *ends)
            ratios[out] = np.abs(missed) / predicted.of_packing
        return float(np.quantile(ratios, LEVEL) / norm.ppf((1 + LEVEL) / 2))

    def _rows(self, settings: np.ndarray, spread: Any, packing: Any) -> np.ndarray:
        """Inputs of the kernels [M, 5]."""
        count = len(settings)
        return np.column_stack(
            [self._region.scaled(settings), np.broadcast_to(spread, count), np.broadcast_to(packing, count)]
        )

    @property
    def length_scales(self) -> np.ndarray:
        """Of AM share, AM size and the logarithm of the pressure, in units of what the samples span [3]."""
        return np.asarray(self._fitted.kernel_.k1.k2.length_scale)

    @property
    def noise(self) -> PackingNoise:
        """What packings differ by, fitted."""
        return self._fitted.kernel_.k2

    def __call__(self, settings: np.ndarray) -> Predicted:
        """The quantity of new packings at M settings [M, 3, SI], wherever they lie."""
        centre, deviation = self._fitted.predict(self._rows(settings, 0.0, NEW), return_std=True)
        of_mean = self._scale * deviation
        noise = math.sqrt(self.noise.scale) * self._spread(settings)
        return Predicted(
            self.quantity,
            self._mean + self._scale * centre,
            of_mean,
            self.stretch * np.hypot(of_mean, noise),
        )
