"""Shapes of the phases of a class image: what tells pressed composites of grains from other pictures."""

from __future__ import annotations

import numpy as np

from electrode.phases import PHASES, VOID
from electrode.species import AM, SE

# Evenness is judged on so many blocks to a side, roundness on pixels of about this side [um].
BLOCKS, COARSE = 4, 0.2
# Grains that touch are parted at necks that are so much shallower than either of them [pixels].
NECK = 0.5
# Shares and interfaces enter as logarithms, which need something where a phase is missing.
LEAST_SHARE, LEAST_INTERFACE = 1e-4, 1e-3
# What is measured: names for readers.
OF_PHASE = (
    "share of {}",
    "mean chord of {}",
    "spread of the chords of {}",
    "direction of {}",
    "evenness of {} over the image",
)
PAIRS = ((AM, SE), (AM, VOID), (SE, VOID))
SHAPES = (
    *(name.format(phase) for phase in PHASES for name in OF_PHASE),
    "roundness of AM",
    *(f"interface of {PHASES[a]} and {PHASES[b]}" for a, b in PAIRS),
)


def shapes(image: np.ndarray, um_per_pixel: float) -> np.ndarray:
    """Numbers of `SHAPES` of a class image, on scales on which they spread evenly.

    Of each phase: its share; the mean of its chords along rows and columns, and their standard deviation /
    mean; the ratio of mean chords along rows and columns or along the diagonals, whichever differ more; the
    standard deviation of its share between blocks. Of AM its `roundness`. Of each pair of phases the
    interface per area. All but evenness and roundness as logarithms.

    Parameters
    ----------
    image
        uint8 [rows, columns], 0 void, 1 SE, 2 AM.
    um_per_pixel
        Side of a pixel [um].
    """
    numbers: list[float] = []
    for phase in range(len(PHASES)):
        inside = image == phase
        along, across = _chords(inside), _chords(inside.T)
        chords = np.concatenate([along, across])
        diagonal = _mean(_chords(_sheared(inside))) / _mean(_chords(_sheared(inside[::-1])))
        direction = max(abs(np.log(_mean(along) / _mean(across))), abs(np.log(diagonal)))
        blocks = [
            block.mean()
            for strip in np.array_split(inside, BLOCKS)
            for block in np.array_split(strip, BLOCKS, axis=1)
        ]
        numbers += [
            np.log(max(inside.mean(), LEAST_SHARE)),
            np.log(_mean(chords) * um_per_pixel),
            np.log((chords.std() / chords.mean() if chords.size else 0.0) + 0.1),
            np.log(direction + 0.02),
            float(np.std(blocks)),
        ]
    step = max(1, round(COARSE / um_per_pixel))
    numbers.append(roundness((image == AM)[::step, ::step]))
    area = image.size * um_per_pixel**2
    numbers += [np.log(_interface(image, *pair) * um_per_pixel / area + LEAST_INTERFACE) for pair in PAIRS]
    return np.array(numbers)


def _chords(inside: np.ndarray) -> np.ndarray:
    """Lengths of the runs along rows [pixels]; those that an edge of the image cuts count as they are."""
    steps = np.diff(np.pad(inside, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    return np.nonzero(steps == -1)[1] - np.nonzero(steps == 1)[1]


def _mean(chords: np.ndarray) -> float:
    return float(chords.mean()) if chords.size else 1.0


def _sheared(inside: np.ndarray) -> np.ndarray:
    """Diagonals as rows."""
    rows, columns = inside.shape
    sheared = np.zeros((rows + columns, rows), bool)
    y, x = np.nonzero(inside)
    sheared[x - y + rows - 1, y] = True
    return sheared


def _interface(image: np.ndarray, phase: int, other: int) -> int:
    """Edges of pixels between two phases."""
    edges = 0
    for a, b in ((image[1:], image[:-1]), (image[:, 1:], image[:, :-1])):
        edges += int(np.count_nonzero((a == phase) & (b == other) | (a == other) & (b == phase)))
    return edges


def roundness(inside: np.ndarray) -> float:
    """Share of the area of grains that their largest inscribed circles cover: 1 for discs.

    Grains that touch are parted by watershed of the depth below the surface (Vincent and Soille, 1991); those
    that an edge of the image cuts are left out unless there are no others.
    """
    from scipy.ndimage import distance_transform_edt, gaussian_filter, label, maximum
    from skimage.morphology import h_maxima
    from skimage.segmentation import clear_border, watershed

    if not inside.any():
        return 0.0
    depth = distance_transform_edt(np.pad(inside, 1))[1:-1, 1:-1]
    smooth = gaussian_filter(depth, 1)
    markers = label(h_maxima(smooth, NECK) * inside, structure=np.ones((3, 3)))[0]
    grains = watershed(-smooth, markers, mask=inside)
    whole = clear_border(grains)
    grains = whole if whole.any() else grains
    numbers = np.unique(grains[grains > 0])
    if numbers.size == 0:
        return 0.0
    area = np.bincount(grains.ravel())[numbers]
    circle = np.pi * np.asarray(maximum(depth, grains, numbers)) ** 2
    return float(circle.sum() / area.sum())
