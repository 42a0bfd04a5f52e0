"""What a prediction of an image holds: its variables with dimensions and units, and what is withheld."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr

from cnn.bundle import Bundle
from electrode.phases import PHASES

# What is withheld of an image that the ensemble knows nothing like.
NUMBERS = (
    *("prediction", "low", "high", "between_windows", "window_prediction", "heatmap"),
    *("particle_stress", "particle_low", "particle_high", "member_prediction"),
)


class Variable(NamedTuple):
    """Declaration of one variable of a prediction."""

    dims: tuple[str, ...]
    units: str
    long_name: str


OF_TARGET = "see target_units"
# All that a prediction holds along its coordinates; `predict` explains them.
VARIABLES = {
    "prediction": Variable(("target",), OF_TARGET, "mean over the windows"),
    "low": Variable(("target",), OF_TARGET, "lower end of its 90 % interval"),
    "high": Variable(("target",), OF_TARGET, "upper end of its 90 % interval"),
    "between_windows": Variable(("target",), OF_TARGET, "standard deviation between windows"),
    "window_prediction": Variable(("window", "target"), OF_TARGET, "mean of the ensemble"),
    "distance": Variable(("window",), "1", "distance from the training images"),
    "phase_fraction": Variable(("phase",), "1", "share of the image"),
    "class_image": Variable(("y", "x"), "1", "0 void, 1 SE, 2 AM; top row first"),
    "heatmap": Variable(("target", "cell_y", "cell_x"), "1", "Grad-CAM, standard deviations of the target"),
    "member_prediction": Variable(("member", "window", "target"), OF_TARGET, "of each network"),
    "score": Variable(("target",), "1", "R2 of as many sections on packings never seen"),
    "particle_x": Variable(("particle",), "m", "centre of an AM particle, from the left edge"),
    "particle_y": Variable(("particle",), "m", "the same from the top edge"),
    "particle_diameter": Variable(("particle",), "m", "diameter of the circle about its outline"),
    "particle_cut": Variable(("particle",), "1", "whether the border of the image cuts it"),
    "particle_stress": Variable(("particle",), "Pa", "contact pressure on it, mean of the ensemble"),
    "particle_low": Variable(("particle",), "Pa", "lower end of its 90 % interval"),
    "particle_high": Variable(("particle",), "Pa", "upper end of its 90 % interval"),
}


def make_result(
    values: Mapping[str, np.ndarray],
    judged: Mapping[str, object],
    corners: Sequence[tuple[int, int]],
    bundle: Bundle,
) -> xr.Dataset:
    """A prediction as it is given away: without its numbers if they are withheld."""
    if judged["withheld"]:
        values = {
            name: np.full_like(array, np.nan) if name in NUMBERS else array for name, array in values.items()
        }
    attributes = {
        "title": "what is read off an image of an electrode",
        **judged,
        "um_per_pixel": bundle.um_per_pixel,
        "window_um": [bundle.um_per_pixel * length for length in reversed(bundle.networks[0].image_shape)],
    }
    return xr.Dataset(
        {name: _declared(name, array) for name, array in values.items()},
        _coordinates(corners, bundle),
        attributes,
    )


def _declared(name: str, values: object) -> tuple[tuple[str, ...], object, dict[str, str]]:
    """A variable as xarray takes it."""
    variable = VARIABLES[name]
    return variable.dims, values, {"units": variable.units, "long_name": variable.long_name}


def _coordinates(corners: Sequence[tuple[int, int]], bundle: Bundle) -> Mapping[str, object]:
    return {
        "target": bundle.targets,
        "target_units": ("target", bundle.target_units),
        "phase": list(PHASES),
        "window_x": ("window", [bundle.um_per_pixel * left / 1e6 for _, left in corners], {"units": "m"}),
        "window_y": ("window", [bundle.um_per_pixel * top / 1e6 for top, _ in corners], {"units": "m"}),
    }
