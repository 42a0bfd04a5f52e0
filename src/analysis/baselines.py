"""Predictors without a network, to hold the network against: of targets, and of the stress on particles."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import xarray as xr
from sklearn.base import RegressorMixin, clone
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import cross_val_predict
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


class Structures(NamedTuple):
    """Some samples of a dataset, with the particles that were found in their images."""

    dataset: xr.Dataset
    predictions: xr.Dataset  # of all samples of the dataset: where particles are, and their truth
    chosen: np.ndarray  # which samples [N, bool]

    def images(self) -> np.ndarray:
        """Descriptors of the images [samples, descriptors]."""
        images = self.dataset["image"][self.chosen]
        return np.array([list(describe(image.values).values()) for image in images])

    def mean(self) -> np.ndarray:
        """True mean stress on AM in the images [samples, Pa]."""
        return self.dataset["label"].sel(target="am_stress_mean").values[self.chosen]

    def truth(self) -> np.ndarray:
        """True stress on the particles found [samples, P, Pa], NaN where it is not known or none is."""
        return self.predictions["particle_truth"].values[self.chosen]

    def particles(self, mean: np.ndarray) -> np.ndarray:
        """What is known of the particles whose truth is [particles, features].

        Their size, what is about them (`electrode.particles.surroundings`: borders, gaps and overlaps to
        other AM, shares of the phases in belts), and a mean stress on AM in their image [samples, Pa].
        """
        um_per_pixel = float(self.dataset.attrs["um_per_pixel"])
        names = ("particle_x", "particle_y", "particle_diameter", "particle_truth")
        columns = [self.predictions[name].values[self.chosen] for name in names]
        rows = []
        for image, level, x, y, diameter, truth in zip(
            self.dataset["image"][self.chosen], mean, *columns, strict=True
        ):
            there = np.isfinite(x)
            place = [1e6 / um_per_pixel * values[there] for values in (x, y, diameter / 2)]
            about = surroundings(image.values, um_per_pixel, *place)
            known = np.column_stack([place[2], about, np.full(len(about), level)])
            # Neighbours count whether their own stress is known or not.
            rows.append(known[np.isfinite(truth[there])])
        return np.concatenate(rows)


def predict_particles(learnt: Structures, asked: Structures) -> dict[str, np.ndarray]:
    """Fit boosted trees to the stress on the particles of some structures and predict that of others.

    Returns
    -------
    dict
        ``particle_boosting``, told the mean stress on AM in the image as boosted trees predict it from
        descriptors of the image, and ``particle_boosting_told``, told the true one, which nobody knows of a
        new image. [samples asked, P, Pa], NaN where no particle was found or its truth is not known.
    """
    scale = float(np.std(learnt.mean()))
    of_images = learnt.images()
    level = clone(BOOSTING).fit(of_images, learnt.mean() / scale)
    # As of structures that were not learnt from: their errors are those of the structures asked.
    folds = min(5, len(of_images))
    left_out = cross_val_predict(clone(BOOSTING), of_images, learnt.mean() / scale, cv=folds)
    means = {
        "particle_boosting": (scale * left_out, scale * level.predict(asked.images())),
        "particle_boosting_told": (learnt.mean(), asked.mean()),
    }
    truth, known = learnt.truth(), np.isfinite(asked.truth())
    results = {}
    for name, (of_learnt, of_asked) in means.items():
        fitted = clone(BOOSTING).fit(learnt.particles(of_learnt), truth[np.isfinite(truth)] / scale)
        results[name] = np.full(known.shape, np.nan)
        results[name][known] = scale * fitted.predict(asked.particles(of_asked))
    return results
