"""What the training images are like, and how far another image is from them.

The distance is that of Mahalanobis, in the features from which the networks read their targets, held against
that of validation images, which the networks did not learn from either. Quantities that can be named say why.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from electrode.phases import VOID
from electrode.species import AM, SE

# Share of the variance that every direction is given: training images span few.
SHRINKAGE = 0.05
# Up to which share of the validation images' distances an image is like them, and beyond which multiple of
# their largest it is unlike.
USUAL, FAR = 0.95, 1.5
LIKE, EDGE, UNLIKE = (
    "like the training images",
    "at the edge of the training images",
    "unlike the training images",
)

# Quantities of a class image: what they are called, factor to the unit shown, unit.
QUANTITIES = {
    "am_fraction": ("AM covers", 100, "%"),
    "se_fraction": ("SE covers", 100, "%"),
    "void_fraction": ("void covers", 100, "%"),
    "am_chord": ("the mean chord of AM is", 1e6, "µm"),
    "se_chord": ("the mean chord of SE is", 1e6, "µm"),
    "interface": ("AM-SE interface per area is", 1e-6, "1/µm"),
}


class Reference(NamedTuple):
    """The images that M networks learnt from."""

    mean: np.ndarray  # of the features [M, features]
    precision: np.ndarray  # inverse of their covariance [M, features, features]
    distances: np.ndarray  # of validation images, ascending
    ranges: dict[str, tuple[float, float]]  # of the quantities over training and validation images, SI units


def quantities(image: np.ndarray, um_per_pixel: float) -> dict[str, float]:
    """`QUANTITIES` of a class image [rows, columns], SI units; a chord of no phase is 0."""
    pixel = um_per_pixel / 1e6
    values = {"void_fraction": float(np.mean(image == VOID))}
    for name, phase in (("se", SE), ("am", AM)):
        inside = image == phase
        values[f"{name}_fraction"] = float(inside.mean())
        # A run along a row or a column ends where it leaves the phase, or the image.
        ends = [np.count_nonzero(inside[:, -1]) + np.count_nonzero(inside[:, :-1] & ~inside[:, 1:])]
        ends += [np.count_nonzero(inside[-1]) + np.count_nonzero(inside[:-1] & ~inside[1:])]
        runs = sum(ends) / 2
        values[f"{name}_chord"] = pixel * np.count_nonzero(inside) / runs if runs else 0.0
    # Edges between pixels, AM on one side, SE on the other; pi / 4 takes the staircase out of circles.
    steps = [image[1:] + image[:-1], image[:, 1:] + image[:, :-1]]
    apart = [image[1:] != image[:-1], image[:, 1:] != image[:, :-1]]
    edges = sum(np.count_nonzero((step == AM + SE) & other) for step, other in zip(steps, apart, strict=True))
    values["interface"] = np.pi / 4 * edges * pixel / (image.size * pixel**2)
    return values


def make_reference(
    pooled: np.ndarray, image: np.ndarray, training: np.ndarray, um_per_pixel: float
) -> Reference:
    """Learn what images are like.

    Parameters
    ----------
    pooled
        Features of training and validation images by M networks [M, N, features].
    image
        The images [N, rows, columns].
    training
        Which of the N are training images, at least two; the others are validation images, at least one.
    um_per_pixel
        Side of a pixel [um].
    """
    learnt = pooled[:, training]
    mean = learnt.mean(axis=1)
    precision = []
    for features in learnt:
        covariance = np.cov(features, rowvar=False)
        even = np.trace(covariance) / len(covariance) * np.eye(len(covariance))
        precision.append(np.linalg.inv((1 - SHRINKAGE) * covariance + SHRINKAGE * even))
    known = Reference(mean, np.array(precision), np.empty(0), {})
    shown = [quantities(pixels, um_per_pixel) for pixels in image]
    ranges = {name: (min(q[name] for q in shown), max(q[name] for q in shown)) for name in QUANTITIES}
    return known._replace(distances=np.sort(distance(known, pooled[:, ~training])), ranges=ranges)


def distance(reference: Reference, pooled: np.ndarray) -> np.ndarray:
    """Distance of images from the training images [N]: root mean square over members and features."""
    apart = pooled - reference.mean[:, None]
    square = np.einsum("mnf,mfg,mng->mn", apart, reference.precision, apart, optimize=True)
    return np.sqrt(square.mean(axis=0) / pooled.shape[-1])


def verdict(reference: Reference, distances: np.ndarray) -> str:
    """Where images at some distances are: the word for the one in the middle."""
    middle = float(np.median(distances))
    if middle <= np.quantile(reference.distances, USUAL):
        return LIKE
    return EDGE if middle <= FAR * reference.distances[-1] else UNLIKE


def reasons(reference: Reference, values: dict[str, float]) -> list[str]:
    """Sentences on the quantities that no training image had."""
    sentences = []
    for name, (words, factor, unit) in QUANTITIES.items():
        low, high = reference.ranges[name]
        if not low <= values[name] <= high:
            value, least, most = (f"{factor * number:.3g}" for number in (values[name], low, high))
            sentences.append(f"{words} {value} {unit} (training images: {least} to {most} {unit})")
    return sentences
