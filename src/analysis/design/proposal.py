"""The best setting under constraints, out of a `Design`."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import norm

from analysis.design.map import Design
from analysis.design.process import Predicted
from analysis.design.samples import QUANTITIES
from analysis.design.settings import SETTINGS, Setting, described
from electrode.targets import Target

# What may stand in constraints.
ROWS: dict[str, Target] = {**{name: quantity.row for name, quantity in QUANTITIES.items()}, **SETTINGS}
# Settings that are tried: AM shares and sizes in steps of a batch, pressures in so many equal factors.
SHARE_STEP = 0.01
SIZE_STEP = 0.1e-6
PRESSURES = 17
_FORM = re.compile(r"\s*(\w+)\s*(>=|<=|≥|≤)\s*([^\s]+)\s*(.*?)\s*", re.ASCII)


class Constraint(NamedTuple):
    """A bound of a quantity or a setting."""

    name: str  # of `ROWS`
    at_least: bool  # or at most
    value: float  # [SI]

    def __str__(self) -> str:
        return f"{self.name} {'>=' if self.at_least else '<='} {self.told(self.value)}"

    def told(self, value: float) -> str:
        """A value [SI] of the same quantity, in its shown unit."""
        unit = ROWS[self.name].display
        return f"{unit.factor * value:.4g} {unit.symbol}".rstrip()


def known_quantities(rows: Mapping[str, Target] = ROWS) -> str:
    """Names with their units, for messages."""
    return ", ".join(f"{name} {row.display.in_brackets}" for name, row in rows.items())


def check_quantity(name: str) -> str:
    """Raise ValueError if a name is none of `QUANTITIES`."""
    if name not in QUANTITIES:
        known = known_quantities({name: ROWS[name] for name in QUANTITIES})
        raise ValueError(f"there is no quantity {name!r}; those known are {known}")
    return name


def parse_constraint(text: str) -> Constraint:
    """Read a constraint such as ``am_utilisation >= 0.9`` or ``pressure <= 400 MPa``.

    Values are in the unit in which readers see the quantity (`electrode.targets.DISPLAY_UNITS`).

    Raises
    ------
    ValueError
        If it has another form, names another quantity or unit, or no finite number.
    """
    found = _FORM.fullmatch(text)
    if not found:
        raise ValueError(f"a constraint reads 'QUANTITY >= VALUE' or 'QUANTITY <= VALUE', got {text!r}")
    name, sign, number, unit = found.groups()
    if name not in ROWS:
        raise ValueError(f"{text!r}: there is no quantity {name!r}; those known are {known_quantities()}")
    display = ROWS[name].display
    if unit not in ("", display.symbol, display.symbol.replace("µ", "u")):
        raise ValueError(f"{text!r}: {name} is in {display.in_brackets}, got {unit!r}")
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{text!r}: the value must be a finite number, got {number!r}")
    return Constraint(name, sign in (">=", "≥"), value / display.factor)


class Proposal(NamedTuple):
    """A setting, and what is predicted there."""

    setting: Setting
    predicted: dict[str, Predicted]  # by quantity, of one setting each
    chances: dict[Constraint, float]  # probability that a packing meets it, of those of quantities


def candidates(design: Design, constraints: Sequence[Constraint] = ()) -> np.ndarray:
    """Settings that are tried [M, 3, SI]: a grid over the samples, with the bounds that constraints set."""
    low, high = design.region.lowest, design.region.highest
    axes = [
        _steps(low[0], high[0], SHARE_STEP),
        _steps(low[1], high[1], SIZE_STEP),
        np.unique([low[2], *np.round(np.geomspace(low[2], high[2], PRESSURES)[1:-1], -6), high[2]]),
    ]
    for column, name in enumerate(SETTINGS):
        more = [bound.value for bound in constraints if bound.name == name]
        inside = [value for value in more if low[column] <= value <= high[column]]
        axes[column] = np.union1d(axes[column], inside)
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(SETTINGS))
    return grid[design.region.contains(grid)]


def _steps(low: float, high: float, step: float) -> np.ndarray:
    """Multiples of a step from `low` to `high`, both of them too."""
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    # Rounded, so that 0.7 is 0.7.
    inside = [float(f"{k * step:.6g}") for k in range(first, last + 1)]
    return np.union1d(np.clip(inside, low, high), [low, high])


def propose(
    design: Design, maximise: str, constraints: Sequence[Constraint] = (), probability: float = 0.5
) -> Proposal:
    """The setting between the samples at which a quantity is largest.

    Parameters
    ----------
    design
        With processes of all that is asked for.
    maximise
        Name of the quantity.
    constraints
        That it must meet.
    probability
        With which a packing of it must meet each of them; 0.5: as expected.

    Raises
    ------
    ValueError
        If no setting does: the message says what comes nearest. If the probability is none.
    """
    if not 0 < probability < 1:
        raise ValueError(f"the probability must be in (0, 1), got {probability:g}")
    tried = candidates(design, constraints)
    asked = {bound.name for bound in constraints} & set(QUANTITIES) | {maximise}
    predicted = {name: design.processes[name](tried) for name in sorted(asked)}
    short = [_shortfall(bound, tried, predicted, probability) for bound in constraints]
    met = np.all([lack <= 0 for lack in short], axis=0) if short else np.ones(len(tried), bool)
    if not met.any():
        raise ValueError(_nearest(constraints, short, tried, predicted, probability))
    places = np.flatnonzero(met)
    best = Setting(*tried[places[np.argmax(predicted[maximise].value[places])]].tolist())
    answer = design(best)
    uncertain = (bound for bound in constraints if bound.name in QUANTITIES)
    return Proposal(best, answer, {bound: _chance(bound, answer[bound.name]) for bound in uncertain})


def _reached(
    bound: Constraint, tried: np.ndarray, predicted: Mapping[str, Predicted], probability: float
) -> np.ndarray:
    """What can be counted on at each setting [M, SI], with a probability."""
    if bound.name in SETTINGS:
        return tried[:, list(SETTINGS).index(bound.name)]
    return predicted[bound.name].exceeded_by(probability if bound.at_least else 1 - probability)


def _told_apart(bound: Constraint) -> float:
    """Value of a bound [SI], no nearer to an end of its quantity than values are told apart."""
    if bound.name in SETTINGS or not (near := QUANTITIES[bound.name].axis.near):
        return bound.value
    _, _, lowest, highest = QUANTITIES[bound.name].row
    return min(max(bound.value, lowest + near), highest - near)


def _shortfall(
    bound: Constraint, tried: np.ndarray, predicted: Mapping[str, Predicted], probability: float
) -> np.ndarray:
    """How far each setting is from a bound [M], in units of what all span; 0 or less: it meets it."""
    reached, value = _reached(bound, tried, predicted, probability), _told_apart(bound)
    lack = value - reached if bound.at_least else reached - value
    return lack / (np.ptp(reached) or 1.0)


def _nearest(
    constraints: Sequence[Constraint],
    short: Sequence[np.ndarray],
    tried: np.ndarray,
    predicted: Mapping[str, Predicted],
    probability: float,
) -> str:
    """Say which constraint cannot be met at all, or that they exclude each other; and what comes nearest."""

    def reached(place: int) -> list[str]:
        values = (_reached(bound, tried, predicted, probability)[place] for bound in constraints)
        return [bound.told(float(value)) for bound, value in zip(constraints, values, strict=True)]

    for k, lack in enumerate(short):
        if (lack > 0).all():
            best = int(np.argmin(lack))
            return (
                f"no setting has {constraints[k]}{_at(probability)}; the nearest is {reached(best)[k]}, "
                f"of {_place(tried[best])}"
            )
    best = int(np.argmin(np.sum([np.maximum(lack, 0) for lack in short], axis=0)))
    told = (f"{bound.name} {value}" for bound, value in zip(constraints, reached(best), strict=True))
    return (
        f"no setting has {' and '.join(map(str, constraints))} together{_at(probability)}; the nearest has "
        f"{' and '.join(told)}, of {_place(tried[best])}"
    )


def _at(probability: float) -> str:
    return "" if probability == 0.5 else f" with a probability of {probability:g}"


def _place(setting: np.ndarray) -> str:
    return described(Setting(*setting.tolist()))


def _chance(bound: Constraint, found: Predicted) -> float:
    """Probability that a packing meets a bound."""
    place = found.quantity.axis.along(bound.value)
    above = float(norm.sf(place, found.centre[0], found.of_packing[0]))
    return above if bound.at_least else 1 - above
