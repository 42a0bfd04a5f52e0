"""Predictors without a network, to hold the network against."""

from __future__ import annotations

import numpy as np
import xarray as xr
from sklearn.base import RegressorMixin, clone
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.linear_model import LinearRegression
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from analysis.descriptors import describe

# What a predictor may know: how the structure was made, or what descriptors see in its image.
PROCESS = ("width", "am_box_fraction")
BOOSTING = GradientBoostingRegressor(
    n_estimators=300, learning_rate=0.05, max_depth=3, subsample=0.7, random_state=0
)
PREDICTORS: dict[str, tuple[str, RegressorMixin]] = {
    "mean": ("process", DummyRegressor(strategy="mean")),
    "process_linear": ("process", make_pipeline(StandardScaler(), LinearRegression())),
    "process_boosting": ("process", MultiOutputRegressor(BOOSTING)),
    "image_boosting": ("image", MultiOutputRegressor(BOOSTING)),
}


def features(dataset: xr.Dataset) -> dict[str, np.ndarray]:
    """What predictors are given of each sample: ``process`` [N, 2 or 3] and ``image`` [N, descriptors].

    The process is the width and the AM coverage before compression, and the pressure if it is a setting: 0
    for structures of a joined study that were compressed to a width.
    """
    process = [*PROCESS, *(name for name in ("pressure",) if name in dataset.variables)]
    described = [list(describe(image.values).values()) for image in dataset["image"]]
    return {
        "process": np.nan_to_num(np.stack([dataset[name].values for name in process], axis=1)),
        "image": np.array(described),
    }


def predict(
    name: str, known: dict[str, np.ndarray], label: np.ndarray, train: np.ndarray, test: np.ndarray
) -> np.ndarray:
    """Fit a predictor to some samples and predict others.

    Parameters
    ----------
    name
        One of `PREDICTORS`.
    known
        From `features`.
    label
        [N, targets].
    train, test
        Which samples [N, bool].

    Returns
    -------
    ndarray
        [samples of the test part, targets].
    """
    kind, predictor = PREDICTORS[name]
    mean, sd = label[train].mean(axis=0), label[train].std(axis=0)
    fitted = clone(predictor).fit(known[kind][train], (label[train] - mean) / sd)
    return mean + sd * fitted.predict(known[kind][test])
