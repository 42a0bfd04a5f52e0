"""AM particles of a class image: matched with those that are known to be there, and what is about them.

Lengths are in pixels, from the first one's corner.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from electrode.phases import PHASES
from electrode.species import AM, SE

# A particle is matched if the centre found is off by less than this share of its radius [C].
TOLERANCE = 0.25

# Gaps to so many neighbours are looked at; what is farther than this many radii is far [C].
NEIGHBOURS, FAR = 3, 2.0
# Ends of the belts about a particle: distances from its outline [um] [C].
BELTS = (0.05, 0.15, 0.25, 0.4, 0.6, 0.8, 1.0, 1.5, 2.0)
# Columns of `surroundings`.
SURROUNDINGS = (
    *("border_along", "border_across"),  # distance of the centre / radius
    *(f"gap_{k}" for k in range(1, NEIGHBOURS + 1)),  # to the nearest AM / radius
    "touching",  # number of AM particles closer than a pixel
    "overlap",  # sum of overlaps with AM / radius
    "hertz",  # sum of overlap^1.5 x effective radius^0.5 / radius^2
    *(f"{phase}_{k}" for k in range(1, len(BELTS)) for phase in ("se", "am")),  # shares of the k-th belt
)


def match(
    x: np.ndarray, y: np.ndarray, radius: np.ndarray, found_x: np.ndarray, found_y: np.ndarray
) -> np.ndarray:
    """Which disc found is which particle known: nearest centre within `TOLERANCE` of its radius, each once.

    Parameters
    ----------
    x, y, radius
        Of the K particles known [K, pixels].
    found_x, found_y
        Centres found [P, pixels].

    Returns
    -------
    ndarray
        Number of the particle known of each disc [P], -1 of those that are none.
    """
    matched = np.full(found_x.size, -1)
    if not (x.size and found_x.size):
        return matched
    # Each to its nearest; of several discs that want one particle the nearest gets it.
    tree = cKDTree(np.stack([x, y], axis=1))
    distance, nearest = tree.query(np.stack([found_x, found_y], axis=1))
    near = distance < TOLERANCE * radius[nearest]
    for disc in np.argsort(distance, kind="stable"):
        if near[disc] and nearest[disc] not in matched:
            matched[disc] = nearest[disc]
    return matched


def surroundings(
    image: np.ndarray, um_per_pixel: float, x: np.ndarray, y: np.ndarray, radius: np.ndarray
) -> np.ndarray:
    """What is about each particle, as far as numbers tell it [P, `SURROUNDINGS`], all without units.

    Parameters
    ----------
    image, um_per_pixel
        As for `discs.find_discs`.
    x, y, radius
        Of P particles [P, pixels].
    """
    rows, columns = image.shape
    wide = radius[:, None]
    gap = np.hypot(x - x[:, None], y - y[:, None]) - radius - wide
    np.fill_diagonal(gap, np.inf)
    overlap = np.maximum(-gap, 0.0)
    # Sum of the Hertz forces over the sphere's surface, but for constants (Hertz, 1882).
    hertz = np.sum(np.sqrt(radius * wide / (radius + wide)) * overlap**1.5, axis=1) / radius**2
    nearest = np.sort(np.minimum(gap / wide, FAR), axis=1)[:, :NEIGHBOURS]
    nearest = np.pad(nearest, ((0, 0), (0, NEIGHBOURS - nearest.shape[1])), constant_values=FAR)
    borders = [np.clip(np.minimum(at, end - at) / radius, 0, FAR) for at, end in ((x, columns), (y, rows))]
    belts = [_belts(image, um_per_pixel, *disc) for disc in zip(x, y, radius, strict=True)]
    others = [np.sum(gap < 1, axis=1), overlap.sum(axis=1) / radius, hertz]
    return np.column_stack([*borders, nearest, *others, np.reshape(belts, (x.size, 2 * len(BELTS) - 2))])


def _belts(image: np.ndarray, um_per_pixel: float, x: float, y: float, radius: float) -> np.ndarray:
    """Shares of SE and of AM in the belts about a particle; 0 where the image shows nothing of a belt."""
    edges = np.array(BELTS) / um_per_pixel
    reach = radius + edges[-1]
    rows, columns = (
        np.arange(max(int(at - reach), 0), min(int(at + reach) + 1, length))
        for at, length in ((y, image.shape[0]), (x, image.shape[1]))
    )
    distance = np.hypot(columns + 0.5 - x, rows[:, None] + 0.5 - y) - radius
    belt = np.digitize(distance, edges)
    phase = image[rows[:, None], columns]
    count = np.bincount((len(PHASES) * belt + phase).ravel(), minlength=len(PHASES) * (edges.size + 1))
    # The first is what is nearer than the first belt, the last what is farther than the last one.
    count = count.reshape(-1, len(PHASES))[1:-1]
    return (count[:, [SE, AM]] / np.maximum(count.sum(axis=1, keepdims=True), 1)).ravel()
