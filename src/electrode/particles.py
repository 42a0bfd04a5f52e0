"""AM particles of a class image: discs found in it, and matched with those that are known to be there.

Parts of the AM that touch are told apart by a watershed (Beucher & Lantuejoul, 1979) of the distance from
what is not AM; a circle is fitted to the outline of each. Lengths are in pixels, from the first one's corner.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.ndimage import distance_transform_edt, find_objects, label
from scipy.optimize import least_squares
from scipy.spatial import cKDTree
from skimage.morphology import h_maxima
from skimage.segmentation import watershed

from electrode.phases import PHASES
from electrode.species import AM, SE

# AM is two parts where it is narrower than this share of the narrower of both [C].
NECK = 0.75
# Holes as small as an SE particle are none, parts of a smaller diameter no AM particle [um] [C].
HOLE, SMALLEST = 1.0, 1.5
# A circle that leaves the outline by more than this share of its radius (root mean square), or of which the
# image shows another area than the part has by more than this factor, is not the particle's [C].
ROUGHNESS, AREA_FACTOR = 0.15, 1.3
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


class Discs(NamedTuple):
    """P particles of an image, as discs."""

    x: np.ndarray  # along the columns [P, pixels]
    y: np.ndarray  # along the rows [P, pixels]
    radius: np.ndarray  # [P, pixels]
    area: np.ndarray  # of the part that the image shows [P, square pixels]
    cut: np.ndarray  # whether the border of the image cuts it [P, bool]

    def reach(self, shape: tuple[int, ...]) -> np.ndarray:
        """Whether they reach into an image of this shape by a pixel at least [P, bool]."""
        rows, columns = shape
        beyond = [np.maximum(np.maximum(-at, at - end), 0) for at, end in ((self.x, columns), (self.y, rows))]
        return np.hypot(*beyond) <= self.radius - 1

    def shifted(self, x: float, y: float) -> Discs:
        """The same seen from another corner [pixels]."""
        return self._replace(x=self.x + x, y=self.y + y)

    def chosen(self, which: np.ndarray) -> Discs:
        """Some of them [P, bool]."""
        return Discs(*(values[which] for values in self))


def find_discs(image: np.ndarray, um_per_pixel: float) -> Discs:
    """AM particles of a class image, from the first row to the last.

    Parameters
    ----------
    image
        uint8 [rows, columns]: 0 void, 1 SE, 2 AM.
    um_per_pixel
        Side of a pixel [um].
    """
    holes, _ = label(image != AM)
    small = np.bincount(holes.ravel()) <= np.pi / 4 * (HOLE / um_per_pixel) ** 2
    components, _ = label((image == AM) | small[holes])
    discs: list[tuple[float, ...]] = []
    for number, box in enumerate(find_objects(components), 1):
        mask = components[box] == number
        discs += _discs_of(mask, [side.start for side in box], image.shape, um_per_pixel)
    x, y, radius, area, cut = np.array(sorted(discs, key=lambda disc: disc[1])).reshape(-1, 5).T
    return Discs(x, y, radius, area, cut > 0)


def _discs_of(
    mask: np.ndarray, corner: list[int], shape: tuple[int, ...], um_per_pixel: float
) -> list[tuple[float, ...]]:
    """Discs of one connected part of the AM [rows, columns, bool], whose first pixel is `corner`."""
    # Beyond its box there is no AM, beyond the border of the image nobody knows: particles go on there.
    ends = [first + length for first, length in zip(corner, mask.shape, strict=True)]
    known = [
        (int(first > 0), int(last < length)) for first, last, length in zip(corner, ends, shape, strict=True)
    ]
    mask = np.pad(mask, known)
    (top, _), (left, _) = known
    if mask.all():
        return []  # nothing but AM: no outline tells of particles
    distance = distance_transform_edt(mask)
    # Of its logarithm: what counts is the width of a neck beside that of the particles that it joins.
    depth = np.log(distance, out=np.zeros_like(distance), where=mask)
    deepest, _ = label(h_maxima(depth, -np.log(NECK)), np.ones((3, 3)))
    parts = watershed(-depth, deepest, mask=mask)
    discs: list[tuple[float, ...]] = []
    for number, box in enumerate(find_objects(parts), 1):
        inside = np.argwhere(parts[box] == number) + [side.start for side in box]
        if len(inside) < np.pi / 4 * (SMALLEST / um_per_pixel) ** 2:
            continue
        edge, cut = _outline(parts, number, box, known)
        window = top - corner[0], left - corner[1], *shape
        x, y, radius = _circle(edge, inside.mean(axis=0), len(inside), window)
        discs.append((x + corner[1] - left, y + corner[0] - top, radius, len(inside), float(cut)))
    return discs


def _outline(
    parts: np.ndarray, number: int, box: tuple[slice, slice], known: list[tuple[int, int]]
) -> tuple[np.ndarray, bool]:
    """Middles of the edges of pixels where a part ends at what is no AM [E, (x, y)]; does a border cut it?"""
    rows, columns = box
    top, left = max(rows.start - 1, 0), max(columns.start - 1, 0)
    around = parts[top : rows.stop + 1, left : columns.stop + 1]
    mine, empty = around == number, around == 0
    points = []
    for axis in (0, 1):
        before, after = (np.delete(mine, end, axis) for end in (-1, 0))
        outside_before, outside_after = (np.delete(empty, end, axis) for end in (-1, 0))
        row, column = np.nonzero((before & outside_after) | (outside_before & after))
        # The edge lies between a pixel and the next along the axis.
        y, x = (row + 1.0, column + 0.5) if axis == 0 else (row + 0.5, column + 1.0)
        points.append(np.stack([x + left, y + top], axis=1))
    borders = (
        (known[0][0] == 0 and rows.start == 0),
        (known[0][1] == 0 and rows.stop == len(parts)),
        (known[1][0] == 0 and columns.start == 0),
        (known[1][1] == 0 and columns.stop == parts.shape[1]),
    )
    return np.concatenate(points), any(borders)


def _circle(
    edge: np.ndarray, centroid: np.ndarray, area: float, window: tuple[int, ...]
) -> tuple[float, float, float]:
    """Centre and radius of a part: of the circle closest to its outline, if it is a disc.

    An outline that is short or hollow may fit a circle far larger than the image: the area tells that its
    `window` (top, left, rows, columns) shows of it.
    """
    row, column = centroid
    start = np.array([column + 0.5, row + 0.5, np.sqrt(area / np.pi)])
    if len(edge) < 3:
        return _as_circle(start)  # between other parts and the border

    def off(circle: np.ndarray) -> np.ndarray:
        return np.hypot(edge[:, 0] - circle[0], edge[:, 1] - circle[1]) - circle[2]

    def slopes(circle: np.ndarray) -> np.ndarray:
        away = circle[:2] - edge
        length = np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-9)
        return np.column_stack([away / length, -np.ones(len(edge))])

    # Outlines may have a bump where a neck was cut, or a bite: these shall not weigh like the rest.
    fit = least_squares(off, start, slopes, loss="soft_l1", f_scale=1.0, xtol=1e-5, ftol=1e-5)
    radius = float(fit.x[2])
    rough = np.sqrt(np.mean(off(fit.x) ** 2))
    shown = _shown(*_as_circle(fit.x), window)
    other_area = not area / AREA_FACTOR < shown < area * AREA_FACTOR
    return _as_circle(start if rough > ROUGHNESS * radius or other_area else fit.x)


def _shown(x: float, y: float, radius: float, window: tuple[int, ...]) -> float:
    """Area of a circle within a window [square pixels], row by row."""
    top, left, rows, columns = window
    half = np.sqrt(np.maximum(radius**2 - (top + np.arange(rows) + 0.5 - y) ** 2, 0.0))
    return float(np.sum(np.maximum(np.minimum(x + half, left + columns) - np.maximum(x - half, left), 0.0)))


def _as_circle(numbers: np.ndarray) -> tuple[float, float, float]:
    x, y, radius = numbers.tolist()
    return x, y, radius


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
        As for `find_discs`.
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
