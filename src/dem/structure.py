"""Particle-filled structure before compression (Komori et al., 2022, section 2.1.1)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numba import njit

from dem.parameters import Filling
from electrode.species import AM, SE


class Structure(NamedTuple):
    """Particles in a box ``[0, width] x [0, height]``, at rest and without overlap; AM come first."""

    x: np.ndarray  # [N, m]
    y: np.ndarray  # [N, m]
    radius: np.ndarray  # [N, m]
    species: np.ndarray  # int8 [N], see `electrode.species`
    width: float  # [m]
    height: float  # [m]


class Draw(NamedTuple):
    """What was drawn for a structure, and how it came out."""

    am_mean_diameter: float  # mean of the normal distribution of AM diameters [m]
    am_sd_diameter: float  # its standard deviation, before truncation [m]
    tries: int  # AM particles drawn, the rejected ones included


def check_structure(structure: Structure) -> None:
    """Raise ValueError if a structure is none, see `check_particles`."""
    check_particles(
        "structure",
        {"width": structure.width, "height": structure.height},
        {"x": (structure.x, structure.width), "y": (structure.y, structure.height)},
        structure.radius,
        structure.species,
    )


def check_particles(
    what: str,
    box: Mapping[str, float],
    places: Mapping[str, tuple[np.ndarray, float]],
    radius: np.ndarray,
    species: np.ndarray,
) -> None:
    """Raise ValueError if there are no particles, or one has no place, size or kind; names the first.

    Particles must lie in the box with their centres, and no two may share a centre.

    Parameters
    ----------
    what
        They are called together.
    box
        Its lengths [m], by name.
    places
        Coordinates [N, m] by axis, each with the end of the box.
    radius, species
        [N, m], [N].
    """
    if not radius.size:
        raise ValueError(f"a {what} must have at least one particle")
    for name, value in box.items():
        if not 0 < value < math.inf:
            raise ValueError(f"{name} of the box must be > 0 m and finite, got {value:g}")
    wrong = np.flatnonzero(~((radius > 0) & (radius < math.inf)))
    if wrong.size:
        raise ValueError(f"radius of particle {wrong[0]} must be > 0 m and finite, got {radius[wrong[0]]:g}")
    wrong = np.flatnonzero(~np.isin(species, (AM, SE)))
    if wrong.size:
        raise ValueError(
            f"species of particle {wrong[0]} must be {SE} (SE) or {AM} (AM), got {species[wrong[0]]}"
        )
    for name, (values, end) in places.items():
        outside = np.flatnonzero(~((values >= 0) & (values <= end)))  # NaN is outside too
        if outside.size:
            k = outside[0]
            raise ValueError(f"{name} of particle {k} must be in [0, {end:g}] m, got {values[k]:g}")
    centres = np.stack([values for values, _ in places.values()], axis=1)
    different, first = np.unique(centres, axis=0, return_index=True)
    if len(different) < radius.size:
        twin = np.setdiff1d(np.arange(radius.size), first)[0]
        same = np.flatnonzero((centres == centres[twin]).all(axis=1))[0]
        place = ", ".join(f"{value:g}" for value in centres[twin])
        raise ValueError(f"particles {same} and {twin} have the same centre ({place}) m")


def structure_seed(seed: int, width: float, uncovered_fraction: float, replicate: int):
    """Seed of one structure, keyed by its own parameters only.

    A structure thus stays the same when the grid of structures around it grows.

    Parameters
    ----------
    seed
        Root seed of the study.
    width
        Width before compression [m]; enters in nm.
    uncovered_fraction
        Share of the box not covered by AM [-]; enters in 1e-4.
    replicate
        Number of the replicate.

    Returns
    -------
    numpy.random.SeedSequence
    """
    if not (0 < width < math.inf and 0 < uncovered_fraction <= 1 and replicate >= 0):
        raise ValueError(
            "width must be > 0 m, uncovered_fraction in (0, 1] and replicate >= 0, "
            f"got {width:g} m, {uncovered_fraction:g} and {replicate}"
        )
    key = (round(width * 1e9), round(uncovered_fraction * 1e4), replicate)
    return np.random.SeedSequence(seed, spawn_key=key)


@njit(cache=True, nogil=True)
def _overlaps(x, y, radius, placed, new_x, new_y, new_radius):
    for k in range(placed):
        reach = radius[k] + new_radius
        if (x[k] - new_x) ** 2 + (y[k] - new_y) ** 2 < reach**2:
            return True
    return False


@njit(cache=True, nogil=True)
def place_active_material(rng, width, height, mean, sd, minimum, target_area, maximum_tries, x, y, radius):
    """Random sequential addition of AM discs until they cover `target_area` [m^2].

    Diameter (normal, redrawn until >= `minimum`) and position are drawn anew after each rejection.
    Mutates `x`, `y`, `radius` [m].

    Returns
    -------
    placed, tries : int
    area : float
        Covered area [m^2]; below `target_area` if `maximum_tries` were not enough.
    """
    placed = 0
    area = 0.0
    tries = 0
    while area <= target_area and tries < maximum_tries:
        tries += 1
        diameter = rng.normal(mean, sd)
        while diameter < minimum:
            diameter = rng.normal(mean, sd)
        r = diameter / 2
        new_x = width * rng.random()
        new_y = height * rng.random()
        inside = r <= new_x <= width - r and r <= new_y <= height - r
        if inside and not _overlaps(x, y, radius, placed, new_x, new_y, r):
            x[placed], y[placed], radius[placed] = new_x, new_y, r
            placed += 1
            area += math.pi * r**2
    return placed, tries, area


@njit(cache=True, nogil=True)
def fill_solid_electrolyte(rng, width, height, se_radius, pitch, am_x, am_y, am_radius):
    """Fill the box from its left edge with SE discs of one size.

    Candidate centres form a raster, scanned column by column, each jittered inside its raster cell so
    that no crystal grows; a disc is placed wherever it overlaps nothing.

    Returns
    -------
    x, y : ndarray
        Centres [m].
    """
    # A bin with this side holds one centre at most: two in it would overlap.
    side = se_radius * math.sqrt(2.0)
    bins_x, bins_y = int(width / side) + 1, int(height / side) + 1
    occupant = np.full((bins_x, bins_y), -1, np.int64)
    x = np.empty(bins_x * bins_y)
    y = np.empty(bins_x * bins_y)
    placed = 0
    for column in range(int((width - 2 * se_radius) / pitch) + 1):
        for row in range(int((height - 2 * se_radius) / pitch) + 1):
            new_x = se_radius + (column + rng.random()) * pitch
            new_y = se_radius + (row + rng.random()) * pitch
            if new_x > width - se_radius or new_y > height - se_radius:
                continue
            bx, by = int(new_x / side), int(new_y / side)
            free = True
            for cx in range(max(bx - 2, 0), min(bx + 3, bins_x)):
                for cy in range(max(by - 2, 0), min(by + 3, bins_y)):
                    k = occupant[cx, cy]
                    if k >= 0 and (x[k] - new_x) ** 2 + (y[k] - new_y) ** 2 < 4 * se_radius**2:
                        free = False
            if free and not _overlaps(am_x, am_y, am_radius, am_x.size, new_x, new_y, se_radius):
                x[placed], y[placed] = new_x, new_y
                occupant[bx, by] = placed
                placed += 1
    return x[:placed], y[:placed]


def fill(
    filling: Filling, width: float, uncovered_fraction: float, rng: np.random.Generator
) -> tuple[Structure, Draw]:
    """Fill a box with AM until less than `uncovered_fraction` of it is uncovered, then with SE.

    Parameters
    ----------
    filling
        Sizes and bounds.
    width
        Of the box before compression [m].
    uncovered_fraction
        The paper's "area ratio": share of the box not covered by AM [-].
    rng
        All random numbers come from it.

    Raises
    ------
    ValueError
        If the box is too narrow for AM, or the fraction no share.
    RuntimeError
        If the coverage is not reached within the bounded number of tries, or solids cannot cover
        ``solid_fraction`` of the box.
    """
    if not filling.am_mean_diameter[1] < width < math.inf:
        raise ValueError(
            f"width must be finite and above {filling.am_mean_diameter[1]:g} m, "
            f"the largest mean AM diameter, got {width:g} m"
        )
    if not 0 < uncovered_fraction <= 1:
        raise ValueError(f"uncovered_fraction must be in (0, 1], got {uncovered_fraction:g}")
    mean = rng.uniform(*filling.am_mean_diameter)
    sd = rng.uniform(*filling.am_sd_diameter)
    box = width * filling.box_height
    room = int(4 * box / (math.pi * filling.am_minimum_diameter**2)) + 1
    x, y, radius = np.empty(room), np.empty(room), np.empty(room)
    target = (1 - uncovered_fraction) * box
    tries = 0
    for _ in range(filling.fresh_starts):
        placed, tried, area = place_active_material(
            rng,
            width,
            filling.box_height,
            mean,
            sd,
            filling.am_minimum_diameter,
            target,
            filling.maximum_tries,
            x,
            y,
            radius,
        )
        tries += tried
        if area > target:
            break
    else:
        raise RuntimeError(
            f"active material covers {area / box:.3f} of the box after {tries} tries in "
            f"{filling.fresh_starts} starts, wanted more than {1 - uncovered_fraction:.3f}; "
            "see structure.maximum_tries and structure.fresh_starts "
            f"(mean diameter {mean * 1e6:.2f} um, SD {sd * 1e6:.2f} um)"
        )
    x, y, radius = x[:placed], y[:placed], radius[:placed]
    se_x, se_y = fill_solid_electrolyte(
        rng, width, filling.box_height, filling.se_diameter / 2, filling.se_pitch, x, y, radius
    )
    if filling.solid_fraction is not None:
        disc = math.pi * filling.se_diameter**2 / 4
        wanted = round((filling.solid_fraction * box - area) / disc)
        if not 0 < wanted <= se_x.size:
            raise RuntimeError(
                f"structure.solid_fraction must be in ({area / box:.3f}, "
                f"{(area + se_x.size * disc) / box:.3f}], from AM alone to AM with all SE that fits, "
                f"got {filling.solid_fraction:g}"
            )
        kept = np.sort(rng.permutation(se_x.size)[:wanted])
        se_x, se_y = se_x[kept], se_y[kept]
    structure = Structure(
        x=np.concatenate([x, se_x]),
        y=np.concatenate([y, se_y]),
        radius=np.concatenate([radius, np.full(se_x.size, filling.se_diameter / 2)]),
        species=np.repeat(np.array([AM, SE], np.int8), [placed, se_x.size]),
        width=width,
        height=filling.box_height,
    )
    return structure, Draw(mean, sd, tries)
