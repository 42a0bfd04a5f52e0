"""What AM share, AM size and pressure give: Gaussian processes over the samples of a study in space.

Of each quantity there is a process (Rasmussen & Williams, Gaussian Processes for Machine Learning, 2006,
chapters 2 and 5) of what is expected of a setting, and beside it what single packings differ by from that.
Outside of the samples nothing is predicted.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from scipy.interpolate import RegularGridInterpolator
from scipy.optimize import minimize
from scipy.spatial import ConvexHull, QhullError
from scipy.special import expit, logit
from scipy.stats import norm
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel

from analysis.packing_noise import NEW, OfSettings, PackingNoise
from analysis.press_dataset import open_dataset
from electrode.targets import Target, target_row
from provenance import FilePath

# Of intervals: share of packings in them.
LEVEL = 0.9
# Of packings left out in turn, where there are enough.
FOLDS = 10
# Packings that the spread of more of them weighs as much as, where there are few.
AS_MANY = 3
# Samples next to a setting that are asked whether they percolate.
NEAREST = 20


class Setting(NamedTuple):
    """What is chosen of an electrode."""

    am_volume_fraction: float  # share of AM in the volume of the solids [-]
    am_mean_diameter: float  # of the distribution that AM diameters are drawn from [m]
    pressure: float  # pressed at, or let go from [Pa]


SETTINGS = {
    "am_volume_fraction": Target("1", "AM share of the solids", highest=1.0),
    "am_mean_diameter": Target("m", "Mean AM diameter"),
    "pressure": Target("Pa", "Pressure"),
}
# The same in a dataset.
_COLUMNS = ("am_volume_fraction", "am_mean_diameter_drawn", "pressure")


def reachable_capacity(values: Mapping[str, Any]) -> Any:
    """Share of the electrode's volume that is AM which ions and electrons reach [-].

    Material is conserved: AM counts with the volume of its spheres, overlaps included (`relative_density`).
    """
    return values["am_volume_fraction"] * values["relative_density"] * values["am_utilisation"]


class Axis(NamedTuple):
    """On which a quantity varies smoothly, and packings differ as a normal distribution has it."""

    along: Callable[[Any], Any]  # of values [SI]; of what has no place on it -inf
    back: Callable[[Any], Any]
    near: float = 0.0  # nearer to the bounds of the quantity than this values are not told apart [SI]


def _logarithm(values: Any) -> Any:
    with np.errstate(divide="ignore"):
        return np.log10(np.maximum(values, 0.0))


PLAIN = Axis(np.asarray, np.asarray)
LOGARITHM = Axis(_logarithm, lambda places: 10.0**places)
NEAR = 3e-3
# Of shares that come near to 0 and 1.
LOGIT = Axis(lambda shares: logit(np.clip(shares, NEAR, 1 - NEAR)), expit, NEAR)


class Quantity(NamedTuple):
    """What is predicted of a setting."""

    row: Target  # unit [SI], title, bounds
    axis: Axis
    of: Callable[[Mapping[str, Any]], Any]  # values [SI], from variables of `analysis.press_dataset`


def _measured(name: str, axis: Axis) -> Quantity:
    return Quantity(target_row(name), axis, lambda values: values[name])


QUANTITIES = {
    "specific_interface_area": _measured("specific_interface_area", LOGARITHM),
    "ionic_conductivity": _measured("ionic_conductivity", LOGARITHM),
    "am_utilisation": _measured("am_utilisation", LOGIT),
    "relative_density": _measured("relative_density", PLAIN),
    "reachable_capacity": Quantity(Target("1", "Reachable capacity", highest=1.0), PLAIN, reachable_capacity),
}


def quantities_of(values: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """All quantities [SI] of samples, from their variables; shares that rounding brought above 1 are 1."""
    return {
        name: np.clip(quantity.of(values), quantity.row.lowest, quantity.row.highest)
        for name, quantity in QUANTITIES.items()
    }


class Samples(NamedTuple):
    """N samples of a study in one state: under load, or let go."""

    settings: np.ndarray  # as in `Setting` [N, 3, SI]
    packing: np.ndarray  # number of the packing [N]
    values: dict[str, np.ndarray]  # of `QUANTITIES` [N, SI]
    let_go_to: float | None  # pressure that the press was let back to [Pa]; None: under load

    def part(self, chosen: np.ndarray) -> Samples:
        """Some of them."""
        values = {name: column[chosen] for name, column in self.values.items()}
        return self._replace(settings=self.settings[chosen], packing=self.packing[chosen], values=values)


def read_samples(path: FilePath, let_go: bool = False) -> Samples:
    """Samples of a study in space with AM and SE, in one state.

    Parameters
    ----------
    path
        Dataset of the study.
    let_go
        Those let back to the least pressure of the study, instead of those under load.

    Raises
    ------
    ValueError
        If it cannot be read, is of the plane, or holds none that are let go or whose conduction was measured.
    """
    dataset = open_dataset(path)
    if "ionic_conductivity" not in dataset:
        raise ValueError(f"{path} holds no conduction: it needs the step transport")
    back, share = dataset["unloaded_to"].values, dataset["am_volume_fraction"].values
    if let_go and np.isnan(back).all():
        raise ValueError(f"{path} holds no samples that are let go")
    least = float(np.nanmin(back)) if let_go else None
    chosen = (np.isnan(back) if least is None else back == least) & (share > 0) & (share < 1)
    opened = dataset.isel(sample=chosen)
    _, packing = np.unique(opened["packing"].values, return_inverse=True)
    settings = np.stack([opened[name].values for name in _COLUMNS], axis=1)
    columns = {str(name): column.values for name, column in opened.variables.items()}
    return Samples(settings, packing, quantities_of(columns), least)


def _places(settings: np.ndarray) -> np.ndarray:
    """Settings on axes on which the processes are smooth [N, 3]: pressures by their logarithm."""
    places = np.array(settings, float)
    places[:, 2] = np.log(places[:, 2])
    return places


class Region:
    """Where the samples are: the convex hull of their settings, pressures by their logarithm."""

    def __init__(self, settings: np.ndarray) -> None:
        if not len(settings):
            raise ValueError("a design map needs samples of AM with SE, there are none")
        self.lowest, self.highest = settings.min(axis=0), settings.max(axis=0)
        for name, low, high in zip(SETTINGS, self.lowest, self.highest, strict=True):
            if low == high:
                raise ValueError(
                    f"a design map needs two values of {name} at least, all samples have {_told(name, low)}"
                )
        places = _places(settings)
        self._origin, self._extent = places.min(axis=0), np.ptp(places, axis=0)
        try:
            self._faces = ConvexHull(self.scaled(settings)).equations
        except QhullError as error:
            raise ValueError("a design map needs AM of several sizes in two AM shares at least") from error

    def scaled(self, settings: np.ndarray) -> np.ndarray:
        """Settings [N, 3] on axes on which the samples span 0 to 1."""
        return (_places(settings) - self._origin) / self._extent

    def beyond(self, settings: np.ndarray) -> np.ndarray:
        """How far N settings [N, 3] lie outside [N], on axes on which the samples span 1; inside below 0."""
        return np.max(self.scaled(settings) @ self._faces[:, :-1].T + self._faces[:, -1], axis=1)

    def contains(self, settings: np.ndarray) -> np.ndarray:
        """Whether each of N settings [N, 3] lies between samples; those on the surface do."""
        return self.beyond(settings) <= 1e-9

    def check(self, setting: Setting) -> None:
        """Raise ValueError if a setting lies outside, naming what is."""
        for name, value, low, high in zip(SETTINGS, setting, self.lowest, self.highest, strict=True):
            # Written as decimals, bounds are not met to the last bit.
            if not low * (1 - 1e-9) <= value <= high * (1 + 1e-9):
                raise ValueError(
                    f"{name} must be in [{_told(name, low)}, {_told(name, high)}], where there are samples, "
                    f"got {_told(name, value)}"
                )
        if not self.contains(np.array([setting]))[0]:
            raise ValueError(f"there are no samples around {described(setting)}, only on one side of it")


def _told(name: str, value: float) -> str:
    unit = SETTINGS[name].display
    return f"{unit.factor * value:.4g} {unit.symbol}".rstrip()


def described(setting: Setting) -> str:
    """A setting in words."""
    share = f"{100 * setting.am_volume_fraction:.4g} %"
    size, pressure = (
        _told(name, value) for name, value in zip(("am_mean_diameter", "pressure"), setting[1:], strict=True)
    )
    return f"AM {share} of the solids, {size} in the mean, {pressure}"


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


class Spread:
    """Standard deviation over packings of one setting: by cell of the grid, between them interpolated.

    In a cell, of one AM share and pressure, packings differ in AM size too: what a straight line in it leaves
    is spread. Few packings lean on what all pressures of their AM share tell, and these on all AM shares, as
    on `AS_MANY` more of them.
    """

    def __init__(self, settings: np.ndarray, values: np.ndarray) -> None:
        shares, pressures = np.unique(settings[:, 0]), np.unique(settings[:, 2])
        squares, freedoms = np.zeros((2, shares.size, pressures.size))
        for cell in np.ndindex(squares.shape):
            chosen = (settings[:, 0] == shares[cell[0]]) & (settings[:, 2] == pressures[cell[1]])
            if np.count_nonzero(chosen) > 2:
                sizes = settings[chosen, 1]
                line = np.stack(
                    [np.ones_like(sizes), (sizes - sizes.mean()) / (np.ptp(sizes) or 1.0)], axis=1
                )
                left = values[chosen] - line @ np.linalg.lstsq(line, values[chosen])[0]
                squares[cell], freedoms[cell] = left @ left, left.size - 2
        if not freedoms.any():
            raise ValueError("a design map needs four packings of an AM share, or three of several")
        # Samples of a packing tell the same under all pressures: a share has no more freedoms than a cell.
        of_all = squares.sum() / freedoms.sum()
        of_share = _leaning(squares.sum(axis=1), freedoms.sum(axis=1), of_all, pressures.size)
        variance = _leaning(squares, freedoms, of_share[:, None])
        # What does not differ at all is still no more certain than this.
        floor = (1e-3 * values.std()) ** 2 or 1e-12
        self._axes = shares, np.log(pressures)
        self._log_variance = RegularGridInterpolator(self._axes, np.log(np.maximum(variance, floor)))

    def __call__(self, settings: np.ndarray) -> np.ndarray:
        """Standard deviation at M settings [M]; beyond the outermost cells that of these."""
        places = _places(settings)[:, [0, 2]]
        for column, axis in enumerate(self._axes):
            places[:, column] = np.clip(places[:, column], axis[0], axis[-1])
        return np.exp(self._log_variance(places) / 2)


def _leaning(squares: np.ndarray, freedoms: np.ndarray, on: Any, alike: int = 1) -> np.ndarray:
    """Variances of sums of squares, of which so many are alike; where freedoms are few they lean on others.

    In proportion, as variances differ by orders of magnitude.
    """
    own = np.divide(squares, freedoms, out=np.zeros_like(squares), where=freedoms > 0)
    ratio = np.maximum(own / np.maximum(on, 1e-300), 1e-4)
    weight = (freedoms / alike) / (AS_MANY + freedoms / alike)
    return np.asarray(on * ratio**weight)


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


class Design:
    """Processes of some quantities, and where they hold.

    Parameters
    ----------
    samples
        From `read_samples`.
    names
        Of `QUANTITIES`.
    done
        Called with each of them when its process is fitted, which takes a while.

    Raises
    ------
    ValueError
        If the samples are too few or too much alike.
    """

    def __init__(
        self,
        samples: Samples,
        names: Iterable[str] = tuple(QUANTITIES),
        done: Callable[[str], object] = lambda name: None,
    ) -> None:
        self.samples = samples
        self.region = Region(samples.settings)
        self.processes = {}
        for name in names:
            self.processes[name] = Process(QUANTITIES[name], samples, samples.values[name])
            done(name)

    def __call__(self, setting: Setting) -> dict[str, Predicted]:
        """All quantities at one setting.

        Raises
        ------
        ValueError
            If it lies outside of the samples.
        """
        self.region.check(setting)
        return {name: process(np.array([setting])) for name, process in self.processes.items()}

    def not_percolating(self, setting: Setting) -> tuple[int, int]:
        """How many of the `NEAREST` samples do not percolate for ions, and of how many."""
        places = self.region.scaled(np.vstack([self.samples.settings, setting]))
        nearest = np.argsort(np.sum((places[:-1] - places[-1]) ** 2, axis=1), kind="stable")[:NEAREST]
        return int(np.sum(self.samples.values["ionic_conductivity"][nearest] == 0)), nearest.size


class Score(NamedTuple):
    """How samples that a process did not know agree with it."""

    samples: int
    rmse: float  # [SI]
    r2: float
    coverage: float  # share of the samples within the interval of `LEVEL`


def deal_packings(samples: Samples, folds: int, seed: int) -> np.ndarray:
    """Number of a fold for each sample [N]: packings of each AM share are dealt evenly at random."""
    rng = np.random.default_rng(seed)
    packings, first = np.unique(samples.packing, return_index=True)
    # By AM share, at random within one.
    order = np.lexsort([rng.random(packings.size), samples.settings[first, 0]])
    fold_of = np.empty(packings.size, int)
    fold_of[order] = np.arange(packings.size) % folds
    return fold_of[np.searchsorted(packings, samples.packing)]


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
