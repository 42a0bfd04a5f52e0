"""Pictures of spheres in a box, with depth: what is seen of which sphere, and its light."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.ndimage import maximum_filter, uniform_filter

# Rays per pixel along each side: what is painted is their mean.
RAYS = 2
# Light that reaches every surface, and the direction to the lamp: right, up, to the viewer.
AMBIENT = 0.6
LAMP = np.array([-0.25, 0.5, 0.83])
# What is left of the colour at the outline of a sphere, and in deep gaps.
OUTLINE, GAP = 0.45, 0.35
# Of `Seen.sphere`, where a ray meets none.
NOTHING = -1


class Camera(NamedTuple):
    """Whence a box with z up is seen, in parallel rays; in front are the faces of low y and high x."""

    azimuth: float = -62.0  # of the viewer, from x towards y [degrees]
    elevation: float = 24.0  # above the plane of x and y [degrees]

    def axes(self) -> np.ndarray:
        """Unit vectors to the right and up in the picture, and away from the viewer [3, 3]."""
        turn, rise = np.radians([self.azimuth, self.elevation])
        right = np.array([-np.sin(turn), np.cos(turn), 0.0])
        away = -np.array([np.cos(rise) * np.cos(turn), np.cos(rise) * np.sin(turn), np.sin(rise)])
        return np.stack([right, np.cross(right, away), away])

    def project(self, points: np.ndarray) -> np.ndarray:
        """Places in the picture, right and up [..., 2, m], of points [..., 3, m]."""
        return points @ self.axes()[:2].T


class Seen(NamedTuple):
    """What H x W rays into a box meet, the top row first."""

    sphere: np.ndarray  # number of the sphere, or NOTHING [H, W]
    section: np.ndarray  # whether it is cut there by a face of the box [H, W]
    depth: np.ndarray  # of what is met, along the rays; infinite where nothing is [H, W, m]
    light: np.ndarray  # share of the colour that is left: shading, outlines, gaps [H, W]
    extent: tuple[float, float, float, float]  # left, right, bottom, top edge in the picture [m]


def look(
    position: np.ndarray,
    radius: np.ndarray,
    box: np.ndarray,
    periodic: tuple[bool, ...],
    pixel: float,
    camera: Camera | None = None,
) -> Seen:
    """Look at the spheres in a box in parallel rays; what sticks out of the box is cut off.

    A ray that enters the box within a sphere meets its section. Where spheres overlap there, the section is
    parted at the plane of their contact: it belongs to the sphere of the least power, d^2 - R^2
    (Aurenhammer 1987). Gaps are darkened by how far they lie behind what is around them (Luft et al. 2006).

    Parameters
    ----------
    position, radius
        Centres [N, 3, m] and radii [N, m].
    box
        Lowest and highest corner [2, 3, m].
    periodic
        Whether the box repeats itself along x, y, z: spheres that reach over a face come in again opposite.
    pixel
        Side of a pixel of the picture; rays are `RAYS` times as dense [m].
    camera
        Where from; None: the usual view.

    Raises
    ------
    ValueError
        If a pixel is not positive, or the box has no volume.
    """
    box = np.asarray(box, float)
    if not pixel > 0:
        raise ValueError(f"the side of a pixel must be positive [m], got {pixel:g}")
    if not (box[1] > box[0]).all():
        raise ValueError(f"the highest corner of a box must be beyond the lowest [m], got {box.tolist()}")
    axes = (camera or Camera()).axes()
    number, centre = _with_images(np.asarray(position, float), radius, box, periodic)
    size = np.asarray(radius, float)[number]

    corners = np.stack(np.meshgrid(*box.T, indexing="ij"), axis=-1).reshape(-1, 3) @ axes[:2].T
    step = pixel / RAYS
    low = corners.min(axis=0)
    # Whole pixels that hold the box.
    columns, rows = (RAYS * np.ceil((corners.max(axis=0) - low) / pixel)).astype(int)
    right, up = (low[k] + step * (np.arange(count) + 0.5) for k, count in enumerate((columns, rows)))
    entry, leave, face = _through_box(right, up, box, axes)
    missed = entry >= leave
    nearest = np.where(missed, -np.inf, leave)
    met = np.full((rows, columns), NOTHING)

    for k, (x, y, depth) in enumerate(centre @ axes.T):
        across = slice(*np.searchsorted(right, (x - size[k], x + size[k])))
        along = slice(*np.searchsorted(up, (y - size[k], y + size[k])))
        squared = (up[along, None] - y) ** 2 + (right[across] - x) ** 2
        half = np.sqrt(np.maximum(size[k] ** 2 - squared, 0))
        begin = entry[along, across]
        power = squared + (begin - depth) ** 2 - size[k] ** 2
        # A section lies before all that is behind the face; among sections the least power is nearest.
        key = np.where(power < 0, begin + power / (4 * size.max()), depth - half)
        seen = (half > 0) & (key < nearest[along, across]) & ((power < 0) | (key >= begin))
        nearest[along, across][seen] = key[seen]
        met[along, across][seen] = k

    section = (met != NOTHING) & (nearest < entry)
    depth = np.where(met == NOTHING, np.inf, np.maximum(nearest, entry))
    light = _shading(met, section, depth, face, right, up, centre, size, axes)
    if size.size:
        light *= _gaps(depth, float(size.mean()), step)
    light[_outlines(met)] *= OUTLINE
    left, bottom = low
    extent = (left, left + step * columns, bottom, bottom + step * rows)
    sphere = np.where(met == NOTHING, NOTHING, number[met] if number.size else NOTHING)
    return Seen(sphere[::-1], section[::-1], depth[::-1], light[::-1], extent)


def paint(seen: Seen, colours: np.ndarray) -> np.ndarray:
    """A picture of what is seen, `RAYS` x `RAYS` rays to a pixel; clear where nothing is.

    Parameters
    ----------
    seen
        From `look`.
    colours
        Red, green and blue of each sphere, 0 to 1 [N, 3].

    Returns
    -------
    numpy.ndarray
        Red, green, blue and opacity, 0 to 1 [H / RAYS, W / RAYS, 4].
    """
    solid = seen.sphere != NOTHING
    picture = np.zeros((*solid.shape, 4))
    picture[solid, :3] = np.asarray(colours)[seen.sphere[solid]] * seen.light[solid, None]
    picture[solid, 3] = 1
    rows, columns = solid.shape
    picture = picture.reshape(rows // RAYS, RAYS, columns // RAYS, RAYS, 4).mean(axis=(1, 3))
    # The colour of a pixel at an edge is that of the rays that met something.
    picture[..., :3] /= np.maximum(picture[..., 3:], 1 / RAYS**2)
    return picture


def _with_images(
    position: np.ndarray, radius: np.ndarray, box: np.ndarray, periodic: tuple[bool, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Numbers and centres of all spheres and of their periodic images that reach into the box."""
    number, centre = np.arange(len(position)), position.copy()
    for axis in np.flatnonzero(periodic):
        (low, high), length = box[:, axis], box[1, axis] - box[0, axis]
        centre[:, axis] = low + (centre[:, axis] - low) % length
        place, size = centre[:, axis], np.asarray(radius)[number]
        copies = [(place - size < low, length), (place + size > high, -length)]
        shift = np.eye(3)[axis]
        centre = np.concatenate([centre, *(centre[which] + by * shift for which, by in copies)])
        number = np.concatenate([number, *(number[which] for which, _ in copies)])
    return number, centre


def _through_box(
    right: np.ndarray, up: np.ndarray, box: np.ndarray, axes: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Depths at which each ray enters and leaves the box, and the axis of the face by which it enters."""
    start = right[:, None] * axes[0] + up[:, None, None] * axes[1]
    # A ray along a face never crosses it: almost along it, it does so almost at infinity.
    away = np.where(axes[2] == 0, 1e-30, axes[2])
    first, second = (box[0] - start) / away, (box[1] - start) / away
    entries = np.minimum(first, second)
    return entries.max(axis=-1), np.maximum(first, second).min(axis=-1), entries.argmax(axis=-1)


def _shading(
    met: np.ndarray,
    section: np.ndarray,
    depth: np.ndarray,
    face: np.ndarray,
    right: np.ndarray,
    up: np.ndarray,
    centre: np.ndarray,
    size: np.ndarray,
    axes: np.ndarray,
) -> np.ndarray:
    """Light on what is met by the cosine to the lamp (Lambert 1760), on a section that of its face."""
    lamp = LAMP / np.linalg.norm(LAMP) * (1, 1, -1)
    cosine = np.zeros(met.shape)
    row, column = np.nonzero((met != NOTHING) & ~section)
    k = met[row, column]
    points = np.stack([right[column], up[row], depth[row, column]], axis=-1)
    cosine[row, column] = (points - centre[k] @ axes.T) / size[k, None] @ lamp
    # The faces in front look back along the rays.
    outward = -np.sign(axes[2])[:, None] * np.eye(3) @ axes.T @ lamp
    cosine[section] = outward[face[section]]
    return AMBIENT + (1 - AMBIENT) * np.maximum(cosine, 0)


def _gaps(depth: np.ndarray, radius: float, step: float) -> np.ndarray:
    """Share of light by how far what is met lies behind what is around; least two diameters behind.

    Parameters
    ----------
    depth
        Of what is met; infinite where nothing is [H, W, m].
    radius
        Usual one of the spheres: what is within about two of it, is around [m].
    step
        From ray to ray [m].
    """
    met = np.isfinite(depth)
    width = max(1, round(2 * radius / step))
    # Mean over the rays that meet something only.
    around, weight = (
        uniform_filter(uniform_filter(values, width), width)
        for values in (np.where(met, depth, 0.0), met.astype(float))
    )
    behind = np.where(met, depth - around / np.maximum(weight, 1e-12), 0)
    return 1 - (1 - GAP) * np.clip(behind / (4 * radius), 0, 1)


def _outlines(met: np.ndarray) -> np.ndarray:
    """Where a sphere ends: rays beside one that meets a sphere of another number [H, W]."""
    cross = np.array([[0, 0, 0], [0, 1, 1], [0, 1, 0]], bool)
    return (met != NOTHING) & (
        (maximum_filter(met, footprint=cross) != met) | (-maximum_filter(-met, footprint=cross) != met)
    )
