"""Uneven background, bright edges and charging of a micrograph, which thresholds take for phases.

An uneven background is levelled before the picture is parted; an even picture stays as it is. Bright edges
and charging are named: they hide pores, and no way was found to bring these back that did not do more harm.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from electrode.phases import PHASES

# Levelled from this share of the contrast between the phases on; even pictures have less.
UNEVEN = 0.06
# Warned of from these shares on.
BRIGHT, LEVELS_APART, STREAKS = 0.06, 0.12, 0.02
# Gray values are near a threshold within this share of the contrast, and so many may be: blurred edges.
NEAR, DOUBTFUL = 0.05, 0.1
# Blur and bright edges reach so far to either side of a boundary [um], and the inside begins there.
RIM = 0.2
# The background is fitted to about so many pixels, until less than this share of them changes its phase.
PIXELS, SETTLED, MOST_ROUNDS = 20_000, 1e-3, 20
# Gray levels are compared between so many places to a side, of so many calm pixels of the phase at least, and
# of this share of the place.
PLACES, LEAST_PIXELS, LEAST_OF_PLACE = 4, 30, 0.05
# Levels are compared where the surroundings range by less than this share of the contrast: blur fills small
# pores by more or less, and leaves none of them flat (chosen by benchmarks/trust.py levels).
FLAT = 0.1
# Rows are compared with the mean of so many around them.
NEIGHBOURS = 31
# From gray values in [0, 1] to 0, 1, 2 for dark, middle and bright.
Parting = Callable[[np.ndarray], np.ndarray]


class Lit(NamedTuple):
    """A picture with its lighting corrected."""

    parts: np.ndarray  # 0, 1, 2 for dark, middle and bright
    notes: list[str]  # what was corrected, and what could not be, as sentences


def correct(gray: np.ndarray, part: Parting, um_per_pixel: float) -> Lit:
    """Part a picture that shows three phases, levelled if its background is uneven.

    Parameters
    ----------
    gray
        Gray values [rows, columns] without noise.
    part
        Parts gray values.
    um_per_pixel
        Side of a pixel [um].
    """
    rough = roughness(gray, um_per_pixel)
    flat = flattened(gray, rough, part)
    levelled = part(flat)
    if (share := unevenness(gray, levelled, rough)) > UNEVEN:
        note = f"its background, uneven by {100 * share:.0f} % of the contrast, was levelled"
        return Lit(levelled, [note, *defects(flat, levelled, rough, um_per_pixel)])
    parts = part(gray)
    return Lit(parts, defects(gray, parts, rough, um_per_pixel))


def as_it_is(gray: np.ndarray, parts: np.ndarray, um_per_pixel: float) -> list[str]:
    """What is wrong with the lighting of a picture parted by hand, as sentences."""
    rough = roughness(gray, um_per_pixel)
    notes = defects(gray, parts, rough, um_per_pixel)
    if (share := unevenness(gray, parts, rough)) > UNEVEN:
        notes.append(
            f"its background is uneven by {100 * share:.0f} % of the contrast: without thresholds by hand it "
            "is levelled"
        )
    return notes


def defects(values: np.ndarray, parts: np.ndarray, rough: np.ndarray, um_per_pixel: float) -> list[str]:
    """Bright edges and what looks like charging or shadows, as sentences.

    Parameters
    ----------
    values
        Gray values [rows, columns] without noise, levelled.
    parts
        0, 1, 2 for dark, middle and bright.
    rough
        `roughness` of the picture.
    um_per_pixel
        Side of a pixel [um].
    """
    notes = []
    if (share := edge_brightness(values, parts, um_per_pixel)) > BRIGHT:
        notes.append(
            f"its edges are bright by {100 * share:.0f} % of the contrast: they are taken for phases"
        )
    if (share := levels_apart(values, parts, rough)) > LEVELS_APART:
        notes.append(
            f"gray levels of its phases differ between places by {100 * share:.0f} % of the contrast: "
            "charging or shadows are taken for phases"
        )
    if (share := doubtful(values, parts)) > DOUBTFUL:
        notes.append(
            f"{100 * share:.0f} % of its gray values are near a threshold: its phases do not separate, "
            "one may be parted in two"
        )
    if (share := streaks(values, parts)) > STREAKS:
        notes.append(f"its rows are streaked by {100 * share:.1f} % of the contrast: the specimen charged")
    return notes


def roughness(gray: np.ndarray, um_per_pixel: float) -> np.ndarray:
    """Range of the gray values within `RIM` of each pixel: large at the edges of phases."""
    from scipy.ndimage import maximum_filter, minimum_filter

    size = 2 * max(1, round(RIM / um_per_pixel)) + 1
    return maximum_filter(gray, size) - minimum_filter(gray, size)


def calm(rough: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """The half of each phase whose surroundings are most even: blur and bright edges are in the other."""
    middle = [np.median(rough[parts == k]) if (parts == k).any() else 0.0 for k in range(len(PHASES))]
    return rough <= np.array(middle)[parts]


def _ground(shape: tuple[int, ...], step: int = 1) -> np.ndarray:
    """Parabolas over a picture [terms, rows, columns], without the constant."""
    y, x = np.meshgrid(*(np.linspace(-1, 1, length)[::step] for length in shape), indexing="ij")
    return np.stack([x, y, x * y, x * x - 1 / 3, y * y - 1 / 3])


def _step(values: np.ndarray) -> int:
    return max(1, round((values.size / PIXELS) ** 0.5))


def _least_squares(columns: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Coefficients that leave least of the values [N], the least ones where columns [N, terms] are dependent.

    By the normal equations: columns are few and of like size, and a decomposition of all rows costs more.
    """
    return np.linalg.lstsq(columns.T @ columns, columns.T @ values, rcond=None)[0]


def _fit(
    values: np.ndarray, parts: np.ndarray, rough: np.ndarray, ground: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Levels of the parts, and coefficients of what is added to them and of what multiplies them.

    Values are level + added + (level - mean level) * multiplied, where they are calm.
    """
    chosen = calm(rough, parts)
    values, terms = values[chosen], ground[:, chosen].T
    present = (parts[chosen][:, None] == np.arange(len(PHASES))).astype(float)
    levels = _least_squares(np.hstack([present, terms]), values)[: len(PHASES)]
    own = (present @ (levels - levels.mean()))[:, None]
    fitted = _least_squares(np.hstack([present, terms, own * terms]), values)
    levels, added, scaled = np.split(fitted, [len(PHASES), len(PHASES) + len(ground)])
    return levels, added, scaled


def flattened(gray: np.ndarray, rough: np.ndarray, part: Parting) -> np.ndarray:
    """A picture without its background: a parabola that adds to the levels, and one that scales them.

    Levels and background are fitted in turns with the phases that follow from them, from two starts: the
    picture as it is and the picture less a parabola fitted to all of it. The fit that leaves less within the
    phases is taken.

    Parameters
    ----------
    gray
        Gray values [rows, columns] without noise.
    rough
        Their `roughness`.
    part
        Parts gray values.
    """
    step = _step(gray)
    values, around = gray[::step, ::step], rough[::step, ::step]
    ground, whole = _ground(gray.shape, step), _ground(gray.shape)
    terms = ground.reshape(len(ground), -1).T
    plain = _least_squares(np.hstack([np.ones((values.size, 1)), terms]), values.ravel())[1:]
    fits = []
    for start in (values, values - np.tensordot(plain, ground, 1)):
        parts = part(start)
        for _ in range(MOST_ROUNDS):
            levels, added, scaled = _fit(values, parts, around, ground)
            flat = _without(values, ground, levels, added, scaled)
            before, parts = parts, part(flat)
            if np.mean(before != parts) < SETTLED:
                break
        within = np.mean((flat - levels[parts]) ** 2) / max(np.var(flat), np.finfo(float).tiny)
        fits.append((float(within), levels, added, scaled))
    _, levels, added, scaled = min(fits, key=lambda fit: fit[0])
    return _without(gray, whole, levels, added, scaled)


def _without(
    values: np.ndarray, ground: np.ndarray, levels: np.ndarray, added: np.ndarray, scaled: np.ndarray
) -> np.ndarray:
    """Values less their background; nowhere is the contrast stretched more than fourfold."""
    middle = levels.mean()
    gain = np.maximum(1 + np.tensordot(scaled, ground, 1), 0.25)
    return middle + (values - middle - np.tensordot(added, ground, 1)) / gain


def unevenness(values: np.ndarray, parts: np.ndarray, rough: np.ndarray) -> float:
    """Largest range over the picture of the level of a phase, fitted as a parabola, / contrast of phases."""
    step = _step(values)
    ground = _ground(values.shape, step)
    values, parts, rough = (array[::step, ::step] for array in (values, parts, rough))
    levels, added, scaled = _fit(values, parts, rough, ground)
    contrast = np.ptp(levels)
    if not contrast > 0:
        return 0.0
    own = (levels - levels.mean())[:, None]
    course = (added + own * scaled) @ ground.reshape(len(ground), -1)
    return float(np.ptp(course, axis=1).max() / contrast)


def edge_brightness(values: np.ndarray, parts: np.ndarray, um_per_pixel: float) -> float:
    """How much brighter the rim of the brightest phase is than its inside, as a share of the contrast.

    The rim is looked at pixel by pixel inwards, as far as `RIM`, and the brightest counts: where it begins
    hangs on the thresholds. Blur makes the rim of the brightest phase darker, never brighter.
    """
    from scipy.ndimage import distance_transform_edt

    brightest = parts == len(PHASES) - 1
    depth = distance_transform_edt(brightest)
    width = max(2, round(RIM / um_per_pixel))
    inside = depth > width
    if not inside.any() or not (parts == 0).any():
        return 0.0
    level = np.median(values[inside])
    contrast = level - np.median(values[parts == 0])
    shells = [values[brightest & (depth > d - 1) & (depth <= d)] for d in range(1, width)]
    rim = max(shell.mean() for shell in shells if shell.size)
    return float((rim - level) / contrast) if contrast > 0 else 0.0


def _levels(values: np.ndarray, parts: np.ndarray) -> np.ndarray:
    present = [values[parts == k] for k in range(len(PHASES))]
    return np.array([np.median(of_phase) if of_phase.size else np.nan for of_phase in present])


def levels_apart(values: np.ndarray, parts: np.ndarray, rough: np.ndarray) -> float:
    """Largest range between places of the median gray value of a phase, where it is flat, / contrast."""
    contrast = np.ptp(_levels(values, parts))
    if not contrast > 0:
        return 0.0
    chosen = np.where(calm(rough, parts) & (rough < FLAT * contrast), parts, -1)
    split = [
        [block for strip in np.array_split(array, PLACES) for block in np.array_split(strip, PLACES, axis=1)]
        for array in (values, chosen)
    ]
    apart = [0.0]
    for k in range(len(PHASES)):
        least = max(LEAST_PIXELS, LEAST_OF_PLACE * values.size / PLACES**2)
        medians = [np.median(v[c == k]) for v, c in zip(*split, strict=True) if np.sum(c == k) >= least]
        if medians:
            apart.append(float(np.ptp(medians)))
    return max(apart) / float(contrast)


def doubtful(values: np.ndarray, parts: np.ndarray) -> float:
    """Share of the pixels whose gray value is within `NEAR` / contrast of a threshold.

    Edges are, as far as they are blurred; where a threshold runs through the gray values of a single phase,
    much of that phase is.
    """
    contrast = np.ptp(_levels(values, parts))
    if not contrast > 0:
        return 1.0
    between = [(values[parts == k].max() + values[parts == k + 1].min()) / 2 for k in range(len(PHASES) - 1)]
    near = [np.abs(values - threshold) < NEAR * contrast for threshold in between]
    return float(np.mean(np.any(near, axis=0)))


def streaks(values: np.ndarray, parts: np.ndarray) -> float:
    """How much the level of rows or columns jumps against that of their neighbours, / contrast."""
    from scipy.ndimage import median_filter

    levels = _levels(values, parts)
    contrast = np.ptp(levels)
    if not contrast > 0:
        return 0.0
    left = values - levels[parts]
    course = left.mean(axis=1)
    return float(np.std(course - median_filter(course, min(NEIGHBOURS, len(course)))) / contrast)
