"""Predictors without a network, to hold the network against: of targets, and of the stress on particles."""

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
from electrode.particles import surroundings

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


def predict_particles(
    dataset: xr.Dataset, predictions: xr.Dataset, train: np.ndarray, test: np.ndarray
) -> np.ndarray:
    """Fit boosted trees to the stress on the particles of some samples and predict that of others.

    They know the size of a particle, what is about it (`electrode.particles.surroundings`: borders, gaps and
    overlaps to other AM, shares of the phases in belts), and the true mean stress on AM in the image, which
    nobody knows of a new image.

    Parameters
    ----------
    dataset
        Of the study, for images and true means.
    predictions
        Of the same samples: the particles found in their images, with ``particle_truth``.
    train, test
        Which samples [N, bool].

    Returns
    -------
    ndarray
        [samples of the test part, P, Pa], NaN where no particle was found or its truth is not known.
    """
    um_per_pixel = float(dataset.attrs["um_per_pixel"])
    pixel = um_per_pixel / 1e6
    names = ("particle_x", "particle_y", "particle_diameter", "particle_truth")
    x, y, diameter, truth = (predictions[name].values for name in names)
    mean = dataset["label"].sel(target="am_stress_mean").values

    def known(k: int) -> np.ndarray:
        there = np.isfinite(x[k])
        image = dataset["image"][k].values
        place = [values[k, there] / pixel for values in (x, y, diameter / 2)]
        # Neighbours count whether their own stress is known or not.
        about = surroundings(image, um_per_pixel, *place)
        table = np.column_stack([place[2], about, np.full(len(about), mean[k])])
        return table[np.isfinite(truth[k, there])]

    learnt = np.flatnonzero(train)
    on_train = truth[learnt][np.isfinite(truth[learnt])]
    scale = on_train.std()
    fitted = clone(BOOSTING).fit(np.concatenate([known(k) for k in learnt.tolist()]), on_train / scale)
    result = np.full(truth[test].shape, np.nan)
    for row, k in zip(result, np.flatnonzero(test).tolist(), strict=True):
        if np.isfinite(truth[k]).any():
            row[np.isfinite(truth[k])] = scale * fitted.predict(known(k))
    return result
