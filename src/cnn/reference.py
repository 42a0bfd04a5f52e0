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
# Share of the validation images that are called like the training images.
USUAL = 0.95
# Quantities are usual between these quantiles of training and validation images: the ends are a few images.
ENDS = (0.01, 0.99)
# A rim is at most this thick [um].
RIM = 0.3

# Quantities of a class image: what they are called, factor to the unit shown, unit.
QUANTITIES = {
    "am_fraction": ("AM covers", 100, "%"),
    "se_fraction": ("SE covers", 100, "%"),
    "void_fraction": ("void covers", 100, "%"),
    "am_chord": ("the mean chord of AM is", 1e6, "µm"),
    "se_chord": ("the mean chord of SE is", 1e6, "µm"),
    "interface": ("AM-SE interface per area is", 1e-6, "1/µm"),
    "void_rim": ("a rim of void parts AM and SE along", 100, "% of their boundary"),
    "se_rim": ("a rim of SE parts AM and void along", 100, "% of their boundary"),
    "am_rim": ("a rim of AM parts SE and void along", 100, "% of their boundary"),
}


class Reference(NamedTuple):
    """The images that M networks learnt from."""

    mean: np.ndarray  # of the features [M, features]
    precision: np.ndarray  # inverse of their covariance [M, features, features]
    distances: np.ndarray  # of validation images, ascending
    ranges: dict[str, tuple[float, float]]  # `ENDS` of the quantities of training and validation images, SI


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
    widest = max(1, round(RIM / um_per_pixel))
    for name, phase in (("void", VOID), ("se", SE), ("am", AM)):
        values[f"{name}_rim"] = rim_share(image, phase, widest)
    return values


def rim_share(image: np.ndarray, phase: int, widest: int) -> float:
    """Share of the passages between the two other phases, along rows and columns, that lead through a rim.

    A rim is a run of `phase` of at most `widest` pixels. Without passages the share is 0.
    """
    through = direct = 0
    for lines in (image, image.T):
        # Where runs begin, line by line; each line begins with one.
        starts = np.ones(lines.shape, bool)
        starts[:, 1:] = lines[:, 1:] != lines[:, :-1]
        at = np.flatnonzero(starts)
        value, line = lines.reshape(-1)[at], at // lines.shape[1]
        joined = line[1:] == line[:-1]
        direct += int(np.count_nonzero(joined & (value[1:] != phase) & (value[:-1] != phase)))
        thin = (value[1:-1] == phase) & (np.diff(at)[1:] <= widest) & joined[1:] & joined[:-1]
        through += int(np.count_nonzero(thin & (value[2:] != value[:-2])))
    return through / (through + direct) if through + direct else 0.0


def shrunk_precision(samples: np.ndarray) -> np.ndarray:
    """Inverse of the covariance of samples [N, features], which is moved a little towards an even one."""
    covariance = np.atleast_2d(np.cov(samples, rowvar=False))
    even = np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    return np.linalg.inv((1 - SHRINKAGE) * covariance + SHRINKAGE * even)


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
    precision = np.array([shrunk_precision(features) for features in learnt])
    known = Reference(mean, precision, np.empty(0), {})
    shown = [quantities(pixels, um_per_pixel) for pixels in image]
    ranges = {}
    for name in QUANTITIES:
        low, high = np.quantile([measured[name] for measured in shown], ENDS)
        ranges[name] = (float(low), float(high))
    return known._replace(distances=np.sort(distance(known, pooled[:, ~training])), ranges=ranges)


def distance(reference: Reference, pooled: np.ndarray) -> np.ndarray:
    """Distance of images from the training images [N]: root mean square over members and features."""
    apart = pooled - reference.mean[:, None]
    square = np.einsum("mnf,mfg,mng->mn", apart, reference.precision, apart, optimize=True)
    return np.sqrt(square.mean(axis=0) / pooled.shape[-1])


def reasons(reference: Reference, values: dict[str, float]) -> list[str]:
    """Sentences on the quantities that hardly any training image had."""
    sentences = []
    for name, (words, factor, unit) in QUANTITIES.items():
        low, high = reference.ranges[name]
        if not low <= values[name] <= high:
            value, least, most = (f"{factor * number:.3g}" for number in (values[name], low, high))
            sentences.append(f"{words} {value} {unit} (training images: {least} to {most} {unit})")
    return sentences
