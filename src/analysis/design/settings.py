"""What is chosen of an electrode: AM share, AM size and pressure, and where samples have these."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.spatial import ConvexHull, QhullError

from electrode.targets import Target


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


def places(settings: np.ndarray) -> np.ndarray:
    """Settings on axes on which the processes are smooth [N, 3]: pressures by their logarithm."""
    placed = np.array(settings, float)
    placed[:, 2] = np.log(placed[:, 2])
    return placed


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
        placed = places(settings)
        self._origin, self._extent = placed.min(axis=0), np.ptp(placed, axis=0)
        try:
            self._faces = ConvexHull(self.scaled(settings)).equations
        except QhullError as error:
            raise ValueError("a design map needs AM of several sizes in two AM shares at least") from error

    def scaled(self, settings: np.ndarray) -> np.ndarray:
        """Settings [N, 3] on axes on which the samples span 0 to 1."""
        return (places(settings) - self._origin) / self._extent

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
