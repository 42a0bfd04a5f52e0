"""AM particles of a class image, found as discs.

Parts of the AM that touch are told apart by a watershed (Beucher & Lantuejoul, 1979) of the distance from
what is not AM; a circle is fitted to the outline of each. Lengths are in pixels, from the first one's corner.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.ndimage import distance_transform_edt, find_objects, label
from scipy.optimize import least_squares
from skimage.morphology import h_maxima
from skimage.segmentation import watershed

from electrode.species import AM

# AM is two parts where it is narrower than this share of the narrower of both [C].
NECK = 0.75
# Holes as small as an SE particle are none, parts of a smaller diameter no AM particle [um] [C].
HOLE, SMALLEST = 1.0, 1.5
# A circle that leaves the outline by more than this share of its radius (root mean square), or of which the
# image shows another area than the part has by more than this factor, is not the particle's [C].
ROUGHNESS, AREA_FACTOR = 0.15, 1.3
# Nor is one of which the image shows less than this share: a quarter of its outline, nearly straight [C].
SEEN = 0.1
# Circles of two particles do not overlap by more than this share of the smaller radius [C]: those of pressed
# AM overlap by a tenth.
TOO_DEEP = 0.3
# Two such parts are one particle if the image shows at least this share of the circle about both [C].
MOSTLY = 0.5


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


class _Disc(NamedTuple):
    """Circle of a part of the AM, or of several."""

    x: float
    y: float
    radius: float
    area: float
    cut: bool
    fitted: bool  # to its outline; else it has the part's area, about its centroid
    parts: tuple[int, ...]  # their numbers
    box: tuple[slice, slice]  # rows and columns that they are in

    @property
    def shown(self) -> float:
        """Share of the circle that is in the image."""
        return self.area / (np.pi * self.radius**2)


def find_discs(image: np.ndarray, um_per_pixel: float) -> Discs:
    """AM particles of a class image, from the first row to the last.

    Parameters
    ----------
    image
        uint8 [rows, columns]: 0 void, 1 SE, 2 AM.
    um_per_pixel
        Side of a pixel [um].
    """
    smallest = SMALLEST / 2 / um_per_pixel
    parts = _parts(image, um_per_pixel, smallest)
    large = np.bincount(parts.ravel()) >= np.pi * smallest**2
    boxes = enumerate(find_objects(parts), 1)
    discs = [_disc(parts, (number,), box) for number, box in boxes if large[number]]
    while pair := _too_deep(discs):
        trusted, other = pair
        discs = [disc for disc in discs if disc not in pair] + _settled(parts, trusted, other, smallest)
    discs.sort(key=lambda disc: disc.y)
    return Discs(*(np.array([getattr(disc, field) for disc in discs]) for field in Discs._fields))


def _parts(image: np.ndarray, um_per_pixel: float, smallest: float) -> np.ndarray:
    """Number of the part of the AM that a pixel belongs to, 0 where there is none [rows, columns].

    AM that stands alone and is smaller than the `smallest` particle, by its radius [pixels], is in none: a
    noisy picture has tens of thousands of specks.
    """
    holes, _ = label(image != AM)
    small = np.bincount(holes.ravel()) <= np.pi / 4 * (HOLE / um_per_pixel) ** 2
    components, _ = label((image == AM) | small[holes])
    speck = np.bincount(components.ravel()) < np.pi * smallest**2
    parts, found = np.zeros(image.shape, np.int64), 0
    for number, box in enumerate(find_objects(components), 1):
        if speck[number]:
            continue
        # Beyond its box there is no AM, beyond the border of the image nobody knows: particles go on there.
        known = [
            (int(side.start > 0), int(side.stop < length))
            for side, length in zip(box, image.shape, strict=True)
        ]
        mask = np.pad(components[box] == number, known)
        if mask.all():
            continue  # nothing but AM: no outline tells of particles
        distance = distance_transform_edt(mask)
        # Of its logarithm: what counts is the width of a neck beside that of the particles that it joins.
        depth = np.log(distance, out=np.zeros_like(distance), where=mask)
        deepest, _ = label(h_maxima(depth, -np.log(NECK)), np.ones((3, 3)))
        basins = watershed(-depth, deepest, mask=mask)
        rows, columns = (
            slice(before, length - after) for (before, after), length in zip(known, mask.shape, strict=True)
        )
        basins = basins[rows, columns]
        parts[box] = np.where(basins > 0, found + basins, parts[box])
        found += int(basins.max())
    return parts


def _too_deep(discs: list[_Disc]) -> tuple[_Disc, _Disc] | None:
    """The two discs that overlap most, if deeper than particles do; the one to be trusted first."""
    x, y, radius = np.array([disc[:3] for disc in discs]).reshape(-1, 3).T
    overlap = radius + radius[:, None] - np.hypot(x - x[:, None], y - y[:, None])
    share = np.triu(overlap / np.minimum(radius, radius[:, None]), 1)
    if not np.any(share > TOO_DEEP):
        return None
    pair = [discs[k] for k in np.unravel_index(np.argmax(share), share.shape)]
    trusted, other = sorted(pair, key=lambda disc: (disc.fitted, disc.shown), reverse=True)
    return trusted, other


def _settled(parts: np.ndarray, trusted: _Disc, other: _Disc, smallest: float) -> list[_Disc]:
    """Two discs that lie in each other: they are one particle, or one of the circles is wrong."""
    # A blur or a crack parts a particle: then the outline of both is that of a disc.
    rows, columns = (
        slice(min(side.start, of_other.start), max(side.stop, of_other.stop))
        for side, of_other in zip(trusted.box, other.box, strict=True)
    )
    both = _disc(parts, trusted.parts + other.parts, (rows, columns))
    if both.fitted and both.shown > MOSTLY:
        return [both]
    if other.fitted:
        return [trusted, _of_its_area(parts, other.parts, other.box)]
    # What is no disc is as large as there is room for, if there is room for a particle.
    room = float(np.hypot(trusted.x - other.x, trusted.y - other.y)) - trusted.radius
    return [trusted, other._replace(radius=room)] if room >= smallest else [trusted]


def _disc(parts: np.ndarray, numbers: tuple[int, ...], box: tuple[slice, slice]) -> _Disc:
    """The circle closest to the outline of some parts [rows, columns], if they are a disc."""
    plain = _of_its_area(parts, numbers, box)
    edge = _outline(parts, numbers, box)
    if len(edge) < 3:
        return plain  # between other parts and the border

    def off(circle: np.ndarray) -> np.ndarray:
        return np.hypot(edge[:, 0] - circle[0], edge[:, 1] - circle[1]) - circle[2]

    def slopes(circle: np.ndarray) -> np.ndarray:
        away = circle[:2] - edge
        length = np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-9)
        return np.column_stack([away / length, -np.ones(len(edge))])

    # Outlines may have a bump where a neck was cut, or a bite: these shall not weigh like the rest.
    fit = least_squares(off, plain[:3], slopes, loss="soft_l1", f_scale=1.0, xtol=1e-5, ftol=1e-5)
    x, y, radius = fit.x.tolist()
    rough = np.sqrt(np.mean(off(fit.x) ** 2)) > ROUGHNESS * radius
    # An outline that is short or hollow may fit a circle far larger than the image: its area tells.
    shown = _shown(x, y, radius, parts.shape)
    if rough or shown < SEEN * np.pi * radius**2:
        return plain
    if not plain.area / AREA_FACTOR < shown < plain.area * AREA_FACTOR:
        return plain
    return plain._replace(x=x, y=y, radius=radius, fitted=True)


def _of_its_area(parts: np.ndarray, numbers: tuple[int, ...], box: tuple[slice, slice]) -> _Disc:
    """The circle about the centroid of some parts [rows, columns] that has their area."""
    pixels = np.argwhere(np.isin(parts[box], numbers)) + [side.start for side in box]
    y, x = (pixels.mean(axis=0) + 0.5).tolist()
    area = float(len(pixels))
    cut = any(side.start == 0 or side.stop == end for side, end in zip(box, parts.shape, strict=True))
    return _Disc(x, y, float(np.sqrt(area / np.pi)), area, cut, False, numbers, box)


def _outline(parts: np.ndarray, numbers: tuple[int, ...], box: tuple[slice, slice]) -> np.ndarray:
    """Middles of the edges of pixels where some parts end at what is no AM [E, (x, y)]."""
    top, left = (max(side.start - 1, 0) for side in box)
    around = parts[top : box[0].stop + 1, left : box[1].stop + 1]
    inside, empty = np.isin(around, numbers), around == 0
    points = []
    for axis in (0, 1):
        before, after = (np.delete(inside, end, axis) for end in (-1, 0))
        outside_before, outside_after = (np.delete(empty, end, axis) for end in (-1, 0))
        row, column = np.nonzero((before & outside_after) | (outside_before & after))
        # The edge lies between a pixel and the next along the axis.
        y, x = (row + 1.0, column + 0.5) if axis == 0 else (row + 0.5, column + 1.0)
        points.append(np.stack([x + left, y + top], axis=1))
    return np.concatenate(points)


def _shown(x: float, y: float, radius: float, shape: tuple[int, ...]) -> float:
    """Area of a circle within an image of this shape [square pixels], row by row."""
    rows, columns = shape
    half = np.sqrt(np.maximum(radius**2 - (np.arange(rows) + 0.5 - y) ** 2, 0.0))
    return float(np.sum(np.maximum(np.minimum(x + half, columns) - np.maximum(x - half, 0), 0.0)))
