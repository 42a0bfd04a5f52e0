"""Pictures of what is no pressed composite of AM and SE, made at random: what the verdict learns to notice.

All have the scale of the study, gray values between void and the brightest phase, and the blur and noise that
micrographs may have. They are what a user might hand over by mistake: other materials, other sections of a
cell, a page of text, nothing but noise.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree

from cnn.degrade import CONTRAST, MOST_BLUR, MOST_NOISE
from cnn.segmentation import segment
from electrode.phases import GRAY_VALUES

# Tries to draw a picture that can be parted in three, and discs dropped where there may be no more room.
TRIES, DROPPED = 100, 5000
LETTERS = "etaoin shrdlu cmfwyp vbgkqj xz ETAOIN 0123456789 .,;:()=+-/"
# Void, the middle phase, the brightest phase.
LEVELS = np.sort(GRAY_VALUES).astype(np.float32)
# Gray values [rows, columns] of a picture of that shape; the float is the side of a pixel [um].
Generator = Callable[[np.random.Generator, tuple[int, int], float], np.ndarray]


def fibres(rng: np.random.Generator, shape: tuple[int, int], um_per_pixel: float) -> np.ndarray:
    """Straight fibres over each other, more or less aligned: felts, nanowires, paper."""
    thickness = rng.uniform(0.3, 3.0)
    preferred, spread = rng.uniform(0, np.pi), rng.choice([0.1, 0.5, np.pi])
    count = int(rng.uniform(0.5, 2.0) * _area(shape, um_per_pixel) / (20 * thickness))

    def draw(canvas: ImageDraw.ImageDraw, at: np.ndarray) -> None:
        angle = preferred + rng.uniform(-spread, spread)
        half = rng.uniform(5, 20) / um_per_pixel * np.array([np.cos(angle), np.sin(angle)])
        width = max(1, round(rng.uniform(0.7, 1.3) * thickness / um_per_pixel))
        canvas.line([*(at - half), *(at + half)], fill=_level(rng), width=width)

    return _drawn(rng, shape, count, draw)


def plates(rng: np.random.Generator, shape: tuple[int, int], um_per_pixel: float) -> np.ndarray:
    """Plates seen from the side, more or less aligned: graphite, clay, oxides of layers."""
    thickness, aspect = rng.uniform(0.5, 3.0), rng.uniform(3, 10)
    preferred, spread = rng.uniform(0, np.pi), rng.choice([0.1, 0.4, np.pi])
    count = int(rng.uniform(0.6, 1.5) * _area(shape, um_per_pixel) / (aspect * thickness**2))

    def draw(canvas: ImageDraw.ImageDraw, at: np.ndarray) -> None:
        angle = preferred + rng.uniform(-spread, spread)
        along = np.array([np.cos(angle), np.sin(angle)]) * rng.uniform(0.5, 1.5) * aspect * thickness / 2
        across = np.array([-np.sin(angle), np.cos(angle)]) * rng.uniform(0.5, 1.5) * thickness / 2
        corners = [
            at + (p * along + q * across) / um_per_pixel for p, q in ((1, 1), (1, -1), (-1, -1), (-1, 1))
        ]
        canvas.polygon([tuple(corner) for corner in corners], fill=_level(rng))

    return _drawn(rng, shape, count, draw)


def angular_grains(rng: np.random.Generator, shape: tuple[int, int], um_per_pixel: float) -> np.ndarray:
    """Polygons of three phases that fill the plane, with or without dark boundaries: rocks, ceramics."""
    size = rng.uniform(1, 8)
    nearest = _cells(rng, shape, um_per_pixel, size)
    shares = rng.dirichlet([2, 2, 2])
    gray = rng.choice(LEVELS, nearest.max() + 1, p=shares)[nearest]
    if rng.random() < 0.5:
        gap = max(1, round(rng.uniform(0.02, 0.1) * size / um_per_pixel))
        apart = np.zeros(shape, bool)
        apart[:-gap] |= nearest[:-gap] != nearest[gap:]
        apart[:, :-gap] |= nearest[:, :-gap] != nearest[:, gap:]
        gray[apart] = LEVELS[0]
    return gray


def splinters(rng: np.random.Generator, shape: tuple[int, int], um_per_pixel: float) -> np.ndarray:
    """Angular grains in a matrix with small pores: crushed ore, concrete, cermets."""
    size, corners = rng.uniform(3, 10), int(rng.integers(3, 6))
    picture = Image.new("L", shape[::-1], int(LEVELS[2]))
    canvas = ImageDraw.Draw(picture)
    share = rng.uniform(0.2, 0.7)
    area = _area(shape, um_per_pixel)

    def polygon(at: np.ndarray, diameter: float, level: float) -> None:
        angle = np.sort(rng.uniform(0, 2 * np.pi, corners))
        radius = diameter / 2 / um_per_pixel * rng.uniform(0.6, 1.2, corners)
        points = at + radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        canvas.polygon([tuple(point) for point in points], fill=int(level))

    for _ in range(int(-np.log(1 - share) * area / (0.4 * size**2))):
        polygon(rng.uniform(0, shape[::-1]), size * rng.uniform(0.5, 1.5), LEVELS[1])
    for _ in range(int(rng.uniform(0.01, 0.15) * area)):
        polygon(rng.uniform(0, shape[::-1]), rng.uniform(0.5, 1.5), LEVELS[0])
    return np.asarray(picture, dtype=np.float32)


def two_phases(rng: np.random.Generator, shape: tuple[int, int], um_per_pixel: float) -> np.ndarray:
    """Two phases that wind through each other: alloys, blends, foams of open cells."""
    field = _random_field(rng, shape, rng.uniform(0.3, 4.0) / um_per_pixel)
    low, high = rng.choice(3, 2, replace=False)
    return np.where(field > np.quantile(field, rng.uniform(0.2, 0.8)), LEVELS[high], LEVELS[low])


def layers(rng: np.random.Generator, shape: tuple[int, int], um_per_pixel: float) -> np.ndarray:
    """Layers, flat or wavy, some of them grainy: a cell from current collector to separator."""
    y, x = np.mgrid[: shape[0], : shape[1]] * um_per_pixel
    angle = rng.uniform(0, np.pi)
    depth = np.cos(angle) * x + np.sin(angle) * y
    depth = depth + rng.uniform(0, 2) * _random_field(rng, shape, rng.uniform(2, 6) / um_per_pixel)
    ends = np.cumsum(rng.uniform(0.2, 1.8, 60) * rng.uniform(2, 15)) + depth.min()
    which = np.searchsorted(ends, depth)
    level = rng.permutation(3)[np.arange(which.max() + 1) % 3]
    gray = LEVELS[level][which]
    grains = rng.choice(LEVELS, shape[0] * shape[1])[_cells(rng, shape, um_per_pixel, rng.uniform(0.5, 3))]
    grainy = rng.random(which.max() + 1) < rng.uniform(0, 0.4)
    return np.where(grainy[which], grains, gray)


def text(rng: np.random.Generator, shape: tuple[int, int], um_per_pixel: float) -> np.ndarray:
    """Lines of letters, dark on bright or bright on dark, at times on gray: a page, a screen, a label."""
    ground, ink = LEVELS[rng.choice(3, 2, replace=False)]
    picture = Image.new("L", shape[::-1], int(ground))
    canvas = ImageDraw.Draw(picture)
    size = int(rng.integers(9, 60))
    font = ImageFont.load_default(size)
    for top in np.arange(rng.integers(0, size), shape[0], rng.uniform(1.0, 1.8) * size):
        line = "".join(rng.choice(list(LETTERS), int(2.5 * shape[1] / size)))
        canvas.text((int(rng.integers(-size, size)), int(top)), line, fill=int(ink), font=font)
    return np.asarray(picture.rotate(rng.normal(0, 3), fillcolor=int(ground)), dtype=np.float32)


def holes(rng: np.random.Generator, shape: tuple[int, int], um_per_pixel: float) -> np.ndarray:
    """Discs that overlap as they fall, all of one phase or of two: foams, aerosols, bubbles."""
    size = rng.uniform(0.8, 8)
    count = int(rng.uniform(0.3, 2.0) * _area(shape, um_per_pixel) / size**2)
    level = _level(rng) if rng.random() < 0.5 else None

    def draw(canvas: ImageDraw.ImageDraw, at: np.ndarray) -> None:
        radius = rng.uniform(0.3, 1.0) * size / um_per_pixel
        canvas.ellipse([*(at - radius), *(at + radius)], fill=level or _level(rng))

    return _drawn(rng, shape, count, draw)


def loose_packings(rng: np.random.Generator, shape: tuple[int, int], um_per_pixel: float) -> np.ndarray:
    """Discs of AM and SE that are far apart: powders, suspensions, electrodes before they are pressed."""
    gray = np.full(shape, LEVELS[0])
    y, x = np.mgrid[: shape[0], : shape[1]]
    for phase, mean, share in (
        (1, rng.uniform(2, 12), rng.uniform(0.05, 0.4)),
        (2, 1.0, rng.uniform(0.05, 0.3)),
    ):
        for _ in range(DROPPED):
            if np.mean(gray == LEVELS[phase]) >= share:
                break
            radius = rng.uniform(0.7, 1.3) * mean / 2 / um_per_pixel
            row, column = rng.uniform(0, shape[0]), rng.uniform(0, shape[1])
            rows, columns = (
                slice(max(0, int(at - radius) - 1), int(at + radius) + 2) for at in (row, column)
            )
            inside = (y[rows, columns] - row) ** 2 + (x[rows, columns] - column) ** 2 < radius**2
            if phase == 1 or np.mean(gray[rows, columns][inside] != LEVELS[0]) < 0.1:
                gray[rows, columns][inside] = LEVELS[phase]
    return gray


def clouds(rng: np.random.Generator, shape: tuple[int, int], um_per_pixel: float) -> np.ndarray:
    """Gray values without steps, of all lengths: photographs out of focus, stains, landscapes."""
    rough = rng.uniform(1.0, 2.0)
    frequency = np.hypot(*np.meshgrid(*map(np.fft.fftfreq, shape), indexing="ij"))
    frequency[0, 0] = np.inf
    spectrum = np.fft.fft2(rng.normal(size=shape)) * frequency**-rough
    field = np.fft.ifft2(spectrum).real
    low, high = np.quantile(field, [0.01, 0.99])
    return CONTRAST * np.clip((field - low) / (high - low), 0, 1)


def grain_of_film(rng: np.random.Generator, shape: tuple[int, int], um_per_pixel: float) -> np.ndarray:
    """Noise of one length and nothing else: a detector without beam, a polished metal."""
    field = _random_field(rng, shape, rng.uniform(0.05, 0.6) / um_per_pixel)
    return CONTRAST * np.clip(0.5 + field / rng.uniform(4, 6), 0, 1)


KINDS: dict[str, Generator] = {
    make.__name__.replace("_", " "): make
    for make in (
        fibres,
        plates,
        angular_grains,
        splinters,
        two_phases,
        layers,
        text,
        holes,
        loose_packings,
        clouds,
        grain_of_film,
    )
}


def negative(kind: str, rng: np.random.Generator, shape: tuple[int, int], um_per_pixel: float) -> np.ndarray:
    """A picture of one of `KINDS`, parted into phases as any other.

    Parameters
    ----------
    kind
        Of `KINDS`.
    rng
        Of all that is random in it.
    shape
        Rows and columns.
    um_per_pixel
        Side of a pixel [um].

    Returns
    -------
    ndarray
        uint8 [rows, columns]: 0 void, 1 SE, 2 AM.

    Raises
    ------
    RuntimeError
        If none of `TRIES` pictures could be parted in three.
    """
    for _ in range(TRIES):
        gray = KINDS[kind](rng, shape, um_per_pixel)
        # Some as sharp as drawings, others as blurred and noisy as the networks may have learnt.
        gray = gaussian_filter(gray, rng.choice([0, 1]) * rng.uniform(0, MOST_BLUR) / um_per_pixel)
        gray = gray + rng.choice([0, 1]) * rng.uniform(0, MOST_NOISE) * CONTRAST * rng.normal(size=shape)
        if rng.random() < 0.5:
            gray = CONTRAST - gray
        try:
            return segment(gray.round().clip(0, 255).astype(np.uint8))
        except ValueError:
            continue
    raise RuntimeError(
        f"none of {TRIES} pictures of {kind} at {um_per_pixel:g} um per pixel shows three phases"
    )


def _area(shape: tuple[int, int], um_per_pixel: float) -> float:
    """[um2]."""
    return shape[0] * shape[1] * um_per_pixel**2


def _level(rng: np.random.Generator) -> int:
    return int(rng.choice(LEVELS))


def _drawn(
    rng: np.random.Generator,
    shape: tuple[int, int],
    count: int,
    draw: Callable[[ImageDraw.ImageDraw, np.ndarray], None],
) -> np.ndarray:
    """A ground with `count` things drawn at random places."""
    picture = Image.new("L", shape[::-1], _level(rng))
    canvas = ImageDraw.Draw(picture)
    for _ in range(max(count, 3)):
        draw(canvas, rng.uniform(0, shape[::-1]))
    return np.asarray(picture, dtype=np.float32)


def _cells(rng: np.random.Generator, shape: tuple[int, int], um_per_pixel: float, size: float) -> np.ndarray:
    """Number of the nearest of random points, about `size` [um] apart."""
    sides = np.array(shape) * um_per_pixel
    points = rng.uniform(0, 1, (max(4, int(np.prod(sides) / size**2)), 2)) * sides
    pixels = np.moveaxis(np.mgrid[: shape[0], : shape[1]], 0, -1).reshape(-1, 2) * um_per_pixel
    return cKDTree(points).query(pixels)[1].reshape(shape)


def _random_field(rng: np.random.Generator, shape: tuple[int, int], length: float) -> np.ndarray:
    """Normal random field of unit variance, correlated over `length` [pixels]."""
    field = gaussian_filter(rng.normal(size=shape), length, mode="wrap")
    return (field - field.mean()) / field.std()
