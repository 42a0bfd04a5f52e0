"""Spheres in space before compression: active material added at random, electrolyte on a raster between.

The box repeats itself across (x and y) or has rigid sides; floor and piston are rigid.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from dem.parameters import SpatialFilling
from dem.structure import check_particles
from electrode.species import AM, SE


class Packing(NamedTuple):
    """N spheres at rest in a box ``[0, width] x [0, width] x [0, height]``; AM come first."""

    position: np.ndarray  # centres [N, 3, m]
    radius: np.ndarray  # [N, m]
    species: np.ndarray  # int8 [N], see `electrode.species`
    width: float  # across, along x and y [m]
    height: float  # [m]
    periodic: bool  # whether the box repeats itself across, else its sides are rigid


class SpatialDraw(NamedTuple):
    """What was drawn for a packing, and how it came out."""

    am_mean_diameter: float  # mean of the normal distribution of AM diameters [m]
    am_sd_diameter: float  # its standard deviation, before truncation [m]
    tries: int  # AM particles drawn, the rejected ones included
    am_volume_fraction: float  # of the solids, as it came out [-]
    solid_fraction: float  # volume of the solids / box [-]


def check_packing(packing: Packing) -> None:
    """Raise ValueError if a packing is none, see `dem.structure.check_particles`.

    A box that repeats itself must be so wide that no two spheres meet on both ways round it.
    """
    ends = (packing.width, packing.width, packing.height)
    check_particles(
        "packing",
        {"width": packing.width, "height": packing.height},
        dict(zip("xyz", zip(packing.position.T, ends, strict=True), strict=True)),
        packing.radius,
        packing.species,
    )
    check_width(packing.width, 2 * packing.radius.max(), packing.periodic)


def check_width(width: float, largest: float, periodic: bool) -> None:
    """Raise ValueError if a box is too narrow for its `largest` diameter [m]."""
    least, why = (2, "repeats itself: a particle would touch its own image") if periodic else (1, "is rigid")
    if width < least * largest:
        raise ValueError(
            f"the box must be at least {least * largest * 1e6:g} um wide, {least} x the largest diameter, "
            f"as it {why}, got {width * 1e6:g} um"
        )


def packing_seed(seed: int, am_volume_fraction: float, replicate: int) -> np.random.SeedSequence:
    """Seed of one packing, keyed by its own parameters only; see `dem.structure.structure_seed`.

    Parameters
    ----------
    seed
        Root seed of the study.
    am_volume_fraction
        Of the solids [-]; enters in 1e-4.
    replicate
        Number of the replicate.
    """
    if not (0 <= am_volume_fraction <= 1 and replicate >= 0):
        raise ValueError(
            "am_volume_fraction must be in [0, 1] and replicate >= 0, "
            f"got {am_volume_fraction:g} and {replicate}"
        )
    # The leading number keeps these seeds apart from those of the plane.
    return np.random.SeedSequence(seed, spawn_key=(3, round(am_volume_fraction * 1e4), replicate))


@njit(cache=True, nogil=True)
def _gap_squared(position, k, x, y, z, width, periodic):
    dx, dy = abs(position[k, 0] - x), abs(position[k, 1] - y)
    if periodic:
        dx, dy = min(dx, width - dx), min(dy, width - dy)
    return dx * dx + dy * dy + (position[k, 2] - z) ** 2


@njit(cache=True, nogil=True)
def place_active_material(
    rng, width, height, periodic, mean, sd, minimum, target, maximum_tries, position, radius
):
    """Random sequential addition of AM spheres until their volume is as near to `target` [m^3] as they come.

    Diameter (normal, redrawn until >= `minimum`) and place are drawn anew after each rejection. Mutates
    `position`, `radius` [m].

    Returns
    -------
    placed, tries : int
    volume : float
        Of the AM [m^3].
    reached : bool
        False if `maximum_tries` were not enough.
    """
    placed, tries, volume = 0, 0, 0.0
    while tries < maximum_tries:
        tries += 1
        diameter = rng.normal(mean, sd)
        while diameter < minimum:
            diameter = rng.normal(mean, sd)
        r = diameter / 2
        own = 4 / 3 * math.pi * r**3
        if volume + own / 2 > target:
            return placed, tries, volume, True
        room = 0.0 if periodic else r
        x = room + (width - 2 * room) * rng.random()
        y = room + (width - 2 * room) * rng.random()
        z = r + (height - 2 * r) * rng.random()
        free = True
        for k in range(placed):
            if _gap_squared(position, k, x, y, z, width, periodic) < (radius[k] + r) ** 2:
                free = False
                break
        if free:
            position[placed, 0], position[placed, 1], position[placed, 2], radius[placed] = x, y, z, r
            placed += 1
            volume += own
    return placed, tries, volume, False


@njit(cache=True, nogil=True)
def place_electrolyte(rng, width, height, periodic, mean, sd, pitch, position, radius, placed, side):
    """Fill the box with SE spheres from its floor on, layer by layer, wherever one overlaps nothing.

    Candidate centres form a raster, each jittered inside its raster cell so that no crystal grows. Diameters
    are normal, redrawn until within two `sd` of the `mean` [m]. Mutates `position`, `radius` [m] from
    `placed` on, where AM end; `side` [m] is that of the cells in which neighbors are sought.

    Returns
    -------
    int
        Particles placed, AM included; less than there is room for, or the arrays are full.
    """
    across, up = max(1, int(width / side)), max(1, int(height / side))
    head = np.full((across, across, up), -1, np.int64)
    following = np.empty(radius.size, np.int64)
    am = placed  # large, and few: they are gone through one by one
    columns, layers = int(width / pitch), int(height / pitch)
    for layer in range(layers):
        for row in range(columns):
            for column in range(columns):
                diameter = rng.normal(mean, sd)
                while abs(diameter - mean) > 2 * sd:
                    diameter = rng.normal(mean, sd)
                r = diameter / 2
                x = (column + rng.random()) * pitch
                y = (row + rng.random()) * pitch
                z = (layer + rng.random()) * pitch
                if z < r or z > height - r or x >= width or y >= width:
                    continue
                if not periodic and (x < r or x > width - r or y < r or y > width - r):
                    continue
                cx, cy = min(int(x / width * across), across - 1), min(int(y / width * across), across - 1)
                cz = min(int(z / height * up), up - 1)
                free = True
                for kx in range(-1, 2):
                    for ky in range(-1, 2):
                        for kz in range(max(cz - 1, 0), min(cz + 2, up)):
                            k = head[(cx + kx) % across, (cy + ky) % across, kz]
                            while free and k >= 0:
                                gap = _gap_squared(position, k, x, y, z, width, periodic)
                                free = gap >= (radius[k] + r) ** 2
                                k = following[k]
                if not free:
                    continue
                for k in range(am):
                    if _gap_squared(position, k, x, y, z, width, periodic) < (radius[k] + r) ** 2:
                        free = False
                        break
                if not free:
                    continue
                if placed == radius.size:
                    return placed
                position[placed, 0], position[placed, 1], position[placed, 2], radius[placed] = x, y, z, r
                following[placed] = head[cx, cy, cz]
                head[cx, cy, cz] = placed
                placed += 1
    return placed


def fill(
    filling: SpatialFilling, am_volume_fraction: float, rng: np.random.Generator
) -> tuple[Packing, SpatialDraw]:
    """Fill a box with AM and SE until solids take their share of it.

    Parameters
    ----------
    filling
        Box, sizes and bounds.
    am_volume_fraction
        Share of AM in the volume of the solids [-].
    rng
        All random numbers come from it.

    Raises
    ------
    ValueError
        If the fraction is no share, or the box too narrow.
    RuntimeError
        If AM cannot be placed within the bounded number of tries, or SE finds no room.
    """
    if not 0 <= am_volume_fraction <= 1:
        raise ValueError(f"am_volume_fraction must be in [0, 1], got {am_volume_fraction:g}")
    mean, sd = rng.uniform(*filling.am_mean_diameter), rng.uniform(*filling.am_sd_diameter)
    width, height, periodic = filling.box_width, filling.box_height, filling.periodic
    box = width**2 * height
    solids = filling.solid_fraction * box
    smallest = filling.se_mean_diameter - 2 * filling.se_sd_diameter
    room = 64 + int(1.2 * solids / (math.pi / 6 * min(smallest, filling.am_minimum_diameter) ** 3))
    position, radius = np.empty((2 * room, 3)), np.empty(2 * room)
    placed, tries, am_volume = _add_active_material(
        filling, am_volume_fraction * solids, mean, sd, rng, position, radius
    )
    largest = 2 * radius[:placed].max() if placed else filling.se_mean_diameter + 2 * filling.se_sd_diameter
    check_width(width, largest, periodic)
    wanted = solids - am_volume
    if am_volume > 0:  # as many SE as make the share exact
        wanted = am_volume * (1 - am_volume_fraction) / am_volume_fraction
    every = placed
    if wanted > 0:
        side = filling.se_mean_diameter + 2 * filling.se_sd_diameter
        every = place_electrolyte(
            rng,
            width,
            height,
            periodic,
            filling.se_mean_diameter,
            filling.se_sd_diameter,
            filling.se_pitch,
            position,
            radius,
            placed,
            side,
        )
    kept = placed + _thinned(4 / 3 * math.pi * radius[placed:every] ** 3, wanted, (am_volume, box), rng)
    kept = kept[np.argsort(_places_along_curve(position[kept], filling.se_mean_diameter), kind="stable")]
    order = np.concatenate([np.arange(placed), kept])
    packing = Packing(
        position=position[order],
        radius=radius[order],
        species=np.repeat(np.array([AM, SE], np.int8), [placed, kept.size]),
        width=width,
        height=height,
        periodic=periodic,
    )
    volume = 4 / 3 * math.pi * packing.radius**3
    am_share = volume[:placed].sum() / volume.sum()
    return packing, SpatialDraw(mean, sd, tries, float(am_share), float(volume.sum() / box))


def _add_active_material(filling, target, mean, sd, rng, position, radius):
    """Place AM, starting afresh if need be; number, tries and volume [m^3]."""
    if target == 0:
        return 0, 0, 0.0
    tries = 0
    for _ in range(filling.fresh_starts):
        placed, tried, volume, reached = place_active_material(
            rng,
            filling.box_width,
            filling.box_height,
            filling.periodic,
            mean,
            sd,
            filling.am_minimum_diameter,
            target,
            filling.maximum_tries,
            position,
            radius,
        )
        tries += tried
        if reached and placed:
            return placed, tries, volume
    box = filling.box_width**2 * filling.box_height
    raise RuntimeError(
        f"active material takes {volume / box:.3f} of the box after {tries} tries in {filling.fresh_starts} "
        f"starts, wanted {target / box:.3f}; see structure.solid_fraction, structure.maximum_tries and "
        f"structure.fresh_starts (mean diameter {mean * 1e6:.2f} um, SD {sd * 1e6:.2f} um)"
    )


def _thinned(volume: np.ndarray, wanted: float, others: tuple[float, float], rng) -> np.ndarray:
    """Places of particles, taken at random, whose `volume` [m^3] sums up to what is `wanted`."""
    if wanted <= 0:
        return np.empty(0, np.int64)
    order = rng.permutation(volume.size)
    total = np.cumsum(volume[order])
    if not volume.size or total[-1] < wanted - volume.max() / 2:
        am, box = others
        most = (am + (total[-1] if volume.size else 0.0)) / box
        raise RuntimeError(
            f"structure.solid_fraction is too large: AM with all SE that fits take {most:.3f} of the box, "
            f"wanted {(am + wanted) / box:.3f}"
        )
    return np.sort(order[: 1 + int(np.abs(total - wanted).argmin())])


def _places_along_curve(position: np.ndarray, cell: float) -> np.ndarray:
    """Where points lie on a curve through all cells of space that keeps neighbors together (Morton, 1966)."""
    place = np.zeros(len(position), np.uint64)
    numbers = (position / cell).astype(np.uint64)
    for bit in range(20):
        for axis in range(3):
            place |= ((numbers[:, axis] >> np.uint64(bit)) & np.uint64(1)) << np.uint64(3 * bit + axis)
    return place
