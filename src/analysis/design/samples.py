"""What is predicted of an electrode, and the samples of a study in space that it is learnt from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from scipy.special import expit, logit

from analysis.press_dataset import open_dataset
from electrode.targets import Target, target_row
from provenance import FilePath

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


def open_conduction(path: FilePath) -> xr.Dataset:
    """Dataset of a study in space whose conduction was measured.

    Raises
    ------
    ValueError
        If it cannot be read, is of the plane or lacks that.
    """
    dataset = open_dataset(path)
    if "ionic_conductivity" not in dataset:
        raise ValueError(f"{path} holds no conduction: it needs the step transport")
    return dataset


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
    dataset = open_conduction(path)
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


def deal_packings(samples: Samples, folds: int, seed: int) -> np.ndarray:
    """Number of a fold for each sample [N]: packings of each AM share are dealt evenly at random."""
    rng = np.random.default_rng(seed)
    packings, first = np.unique(samples.packing, return_index=True)
    # By AM share, at random within one.
    order = np.lexsort([rng.random(packings.size), samples.settings[first, 0]])
    fold_of = np.empty(packings.size, int)
    fold_of[order] = np.arange(packings.size) % folds
    return fold_of[np.searchsorted(packings, samples.packing)]
