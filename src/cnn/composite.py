"""Whether an image is one of a pressed composite of AM and SE, as far as an ensemble knows such.

Two distances say how far it is from the training images: in the features from which the networks read their
targets (`cnn.reference`), and in the shapes of its phases (`cnn.shape`). A logistic regression weighs them,
learnt from the validation images and from pictures of other things (`cnn.negatives`). Neither distance can
speak for an image: their weights are not negative, so that what is far in any respect is never called near,
of whatever kind it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from cnn.negatives import KINDS, negative
from cnn.reference import USUAL, shrunk_precision
from cnn.shape import SHAPES

LIKE, EDGE, UNLIKE = (
    "like the training images",
    "at the edge of the training images",
    "unlike the training images",
)
# Pictures of each kind of negatives, and root seed of theirs.
OF_EACH, SEED = 24, 20_260_101
# Penalty of the squared weights in the mean loss.
PENALTY = 1e-3
# Shapes are named from so many standard deviations on, the farthest first, so many of them.
FAR, MOST_NAMED = 4.0, 3


class Composite(NamedTuple):
    """What is known of pressed composites."""

    mean: np.ndarray  # of the shapes of training images [shapes]
    deviation: np.ndarray  # their standard deviations [shapes]
    precision: np.ndarray  # inverse of their correlation [shapes, shapes]
    weights: np.ndarray  # of 1 and the logarithms of both distances
    usual: float  # score up to which most validation images are


def shape_distance(known: Composite, shown: np.ndarray) -> np.ndarray:
    """Distance of shapes [N, shapes] from those of the training images [N]: root mean square, Mahalanobis."""
    apart = (shown - known.mean) / known.deviation
    square = np.einsum("nf,fg,ng->n", apart, known.precision, apart)
    return np.sqrt(square / shown.shape[-1])


def scores(known: Composite, distances: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """Logarithm of the odds that images are no pressed composites [N].

    Parameters
    ----------
    known
        From `make_composite`.
    distances
        From `cnn.reference.distance` [N].
    shown
        From `cnn.shape.shapes` [N, shapes].
    """
    return _terms(distances, shape_distance(known, shown)) @ known.weights


def _terms(distances: np.ndarray, of_shapes: np.ndarray) -> np.ndarray:
    both = np.log(np.maximum([distances, of_shapes], np.finfo(float).tiny))
    return np.stack([np.ones(len(distances)), *both], axis=-1)


def verdict(known: Composite, of_windows: np.ndarray) -> str:
    """Where an image is whose windows have some scores: the word for the one in the middle."""
    middle = float(np.median(of_windows))
    if middle > 0:
        return UNLIKE
    return LIKE if middle <= known.usual else EDGE


def strange_shapes(known: Composite, shown: np.ndarray) -> list[str]:
    """Names of the shapes in which an image is farthest from the training images, by its median window.

    Parameters
    ----------
    known
        From `make_composite`.
    shown
        Of the windows [N, shapes].
    """
    apart = np.abs((np.median(shown, axis=0) - known.mean) / known.deviation)
    return [SHAPES[k] for k in np.argsort(-apart)[:MOST_NAMED] if apart[k] > FAR]


def other_pictures(
    shape: tuple[int, int],
    um_per_pixel: float,
    kinds: Sequence[str] = tuple(KINDS),
    of_each: int = OF_EACH,
    seed: int = SEED,
) -> np.ndarray:
    """Class images of what is no pressed composite [kinds * of_each, rows, columns]."""
    return np.array(
        [
            negative(kind, np.random.default_rng([seed, list(KINDS).index(kind), k]), shape, um_per_pixel)
            for kind in kinds
            for k in range(of_each)
        ]
    )


def make_composite(
    learnt: np.ndarray,
    validation: tuple[np.ndarray, np.ndarray],
    others: tuple[np.ndarray, np.ndarray],
) -> Composite:
    """Learn what is a pressed composite.

    Parameters
    ----------
    learnt
        Shapes of the training images [N, shapes].
    validation
        Distances (`cnn.reference.distance`) and shapes of validation images.
    others
        The same of pictures of other things.
    """
    from scipy.optimize import minimize

    deviation = learnt.std(axis=0)
    # A shape that all training images share says nothing of how far others may be from it.
    deviation = np.where(deviation > 0, deviation, 1.0)
    mean = learnt.mean(axis=0)
    precision = shrunk_precision((learnt - mean) / deviation)
    known = Composite(mean, deviation, precision, np.zeros(3), 0.0)
    near, far = (_terms(distances, shape_distance(known, shown)) for distances, shown in (validation, others))

    def loss(weights: np.ndarray) -> float:
        wrong = np.logaddexp(0, near @ weights).mean() + np.logaddexp(0, -far @ weights).mean()
        return float(wrong + PENALTY * np.sum(weights[1:] ** 2))

    bounds = [(None, None), (0, None), (0, None)]
    weights = minimize(loss, np.array([0.0, 1.0, 1.0]), method="L-BFGS-B", bounds=bounds).x
    return known._replace(weights=weights, usual=float(np.quantile(near @ weights, USUAL)))
