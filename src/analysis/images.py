"""The window of a compressed structure that an image shows, and the image of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from electrode.phases import VOID
from electrode.species import AM, SE, SOLIDS
from electrode.structures import Trajectory


@dataclass(frozen=True)
class Window:
    """Rectangle of a compressed box, cut into square pixels."""

    left: float  # [m]
    bottom: float  # [m]
    columns: int
    rows: int
    pixel: float  # side of a pixel [m]
    cell: int = 1  # side of a cell of the stress map [pixels]

    @property
    def x(self) -> np.ndarray:
        """Centres of the columns [columns, m]."""
        return self.left + self.pixel * (np.arange(self.columns) + 0.5)

    @property
    def y(self) -> np.ndarray:
        """Centres of the rows, from bottom to top [rows, m]."""
        return self.bottom + self.pixel * (np.arange(self.rows) + 0.5)

    def contains(self, point: np.ndarray) -> np.ndarray:
        """Whether points [..., 2, m] lie in the window."""
        low = np.array([self.left, self.bottom])
        high = low + self.pixel * np.array([self.columns, self.rows])
        return np.all((point >= low) & (point < high), axis=-1)


def crop_window(
    width_um: float, height_um: float, um_per_pixel: float, crop_um: float, stress_cell_um: float
) -> Window:
    """Window left of a box after a margin is cut off on each side.

    Parameters
    ----------
    width_um, height_um
        Of the compressed box [um].
    um_per_pixel
        Side of a pixel [um].
    crop_um
        Margin [um].
    stress_cell_um
        Side of a cell of the stress map [um].

    Raises
    ------
    ValueError
        If the crop leaves nothing, or no whole number of pixels or cells.
    """
    cell = round(stress_cell_um / um_per_pixel)
    if cell < 1 or abs(cell * um_per_pixel - stress_cell_um) > 1e-6 * um_per_pixel:
        raise ValueError(
            f"image.stress_cell_um must be a whole number of pixels of image.um_per_pixel = {um_per_pixel:g} "
            f"um, got {stress_cell_um:g} um"
        )
    counts = []
    for name, edge in (("final_width_um", width_um), ("box_height_um", height_um)):
        left_over = edge - 2 * crop_um
        pixels = round(left_over / um_per_pixel)
        if pixels < 1 or abs(pixels * um_per_pixel - left_over) > 1e-6 * um_per_pixel:
            raise ValueError(
                f"image.crop_um = {crop_um:g} um leaves {left_over:g} um of {name} = {edge:g} um: this must "
                f"be a whole number of pixels of image.um_per_pixel = {um_per_pixel:g} um, at least one"
            )
        if pixels % cell:
            raise ValueError(
                f"image.crop_um = {crop_um:g} um leaves {left_over:g} um of {name} = {edge:g} um: this must "
                f"be a whole number of cells of image.stress_cell_um = {stress_cell_um:g} um"
            )
        counts.append(pixels)
    columns, rows = counts
    return Window(crop_um / 1e6, crop_um / 1e6, columns, rows, um_per_pixel / 1e6, cell)


def section_window(sections: Mapping[str, Any]) -> Window:
    """The square that an image shows, its corner at the origin.

    Parameters
    ----------
    sections
        ``side_um``, ``um_per_pixel`` and ``stress_cell_um``.

    Raises
    ------
    ValueError
        If the side is no whole number of cells, or the cell no whole number of pixels.
    """
    side, pixel, cell = (sections[name] for name in ("side_um", "um_per_pixel", "stress_cell_um"))
    pixels, of_cell = round(side / pixel), round(cell / pixel)
    for name, length, part, of, count in (
        ("stress_cell_um", cell, pixel, "pixels of sections.um_per_pixel", of_cell),
        ("side_um", side, cell, "cells of sections.stress_cell_um", round(side / cell)),
    ):
        if count < 1 or abs(count * part - length) > 1e-6 * part:
            raise ValueError(
                f"sections.{name} must be a whole number of {of} = {part:g} um, got {length:g} um"
            )
    return Window(0.0, 0.0, pixels, pixels, pixel / 1e6, of_cell)


def image_window(
    trajectory: Trajectory, um_per_pixel: float, crop_um: float, stress_cell_um: float
) -> Window:
    """Window that the image of a compressed structure shows.

    All images of a study are of one size, that of the box of the configured width after cropping. A box that
    stopped under pressure is wider: its image is in the middle.

    Raises
    ------
    ValueError
        If the box is narrower than the configured width, or the crop does not fit, see `crop_window`.
    """
    left, right, bottom, top = trajectory.final_box
    spare = right - left - trajectory.final_width / 1e6
    if spare < -1e-6 * um_per_pixel / 1e6:
        raise ValueError(
            f"{trajectory.name}: the box must be at least final_width_um = {trajectory.final_width:g} um "
            f"wide, got {1e6 * (right - left):g} um"
        )
    window = crop_window(trajectory.final_width, (top - bottom) * 1e6, um_per_pixel, crop_um, stress_cell_um)
    return replace(window, left=window.left + left + spare / 2)


def class_image(trajectory: Trajectory, window: Window, particle: np.ndarray | None = None) -> np.ndarray:
    """Class of each pixel of the compressed structure: 0 void, 1 SE, 2 AM.

    A pixel takes the class of the particle that contains its centre; AM wins where both do. Give
    `particle`, from `particle_image`, where it is at hand.

    Returns
    -------
    ndarray
        uint8 [rows, columns], row 0 at the bottom.
    """
    return classes(trajectory.species, particle_image(trajectory, window) if particle is None else particle)


def classes(species: np.ndarray, particle: np.ndarray) -> np.ndarray:
    """Class of each pixel, uint8, from the species of the particles [N] and the particle of each pixel."""
    # The last entry is that of no particle, -1.
    return np.append(species, VOID).astype(np.uint8)[particle]


def stress_map(trajectory: Trajectory, window: Window, particle: np.ndarray | None = None) -> np.ndarray:
    """Mean contact pressure over the pixels of each phase, cell by cell; 0 where a cell has none of it.

    Give `particle`, from `particle_image`, where it is at hand.

    Returns
    -------
    ndarray
        float32 [`SOLIDS`, rows of cells, columns of cells, Pa], row 0 at the bottom.
    """
    particle = particle_image(trajectory, window) if particle is None else particle
    return mean_over_cells(trajectory.species, trajectory.contact_pressure[-1], particle, window.cell)


def mean_over_cells(species: np.ndarray, pressure: np.ndarray, particle: np.ndarray, cell: int) -> np.ndarray:
    """`stress_map` of the particle of each pixel.

    Parameters
    ----------
    species, pressure
        Of the particles [N] and [N, Pa].
    particle
        Number of that of each pixel [rows, columns], -1 for none.
    cell
        Side of a cell [pixels].
    """
    values, phases = np.append(pressure, 0.0)[particle], classes(species, particle)
    maps = []
    for phase in SOLIDS.values():
        count = _sum_over_cells(phases == phase, cell)
        total = _sum_over_cells(np.where(phases == phase, values, 0.0), cell)
        maps.append(np.divide(total, count, out=np.zeros_like(total), where=count > 0))
    return np.array(maps, np.float32)


def am_particles(trajectory: Trajectory, window: Window, particle: np.ndarray) -> dict[str, np.ndarray]:
    """The AM particles of which the image shows at least a pixel.

    Parameters
    ----------
    trajectory
        The structure.
    window
        What the image shows of it.
    particle
        From `particle_image`.

    Returns
    -------
    dict
        ``particle_x`` and ``particle_y`` of the centres from the left and bottom edge of the image [P, m],
        ``particle_diameter`` [P, m], and ``particle_stress``, the contact pressure at rest [P, Pa].
    """
    shown = np.unique(particle[particle >= 0])
    shown = shown[trajectory.species[shown] == AM]
    x, y = (trajectory.position[-1][shown] - [window.left, window.bottom]).T
    return {
        "particle_x": x,
        "particle_y": y,
        "particle_diameter": 2 * trajectory.radius[shown],
        "particle_stress": trajectory.contact_pressure[-1][shown],
    }


def _sum_over_cells(values: np.ndarray, cell: int) -> np.ndarray:
    rows, columns = values.shape
    return values.reshape(rows // cell, cell, columns // cell, cell).sum(axis=(1, 3), dtype=float)


def particle_image(trajectory: Trajectory, window: Window) -> np.ndarray:
    """Number of the particle that contains the centre of each pixel, -1 for none; AM before SE."""
    order = np.concatenate([np.flatnonzero(trajectory.species == species) for species in (SE, AM)])
    return disc_image(trajectory.position[-1][order], trajectory.radius[order], order, window)


def disc_image(centre: np.ndarray, radius: np.ndarray, number: np.ndarray, window: Window) -> np.ndarray:
    """Number of the disc that contains the centre of each pixel, -1 for none.

    Parameters
    ----------
    centre, radius
        Of D discs [D, 2, m] and [D, m]. Where several contain a pixel, the last has it.
    number
        Of each disc [D].
    window
        What the image shows.
    """
    image = np.full((window.rows, window.columns), -1)
    x, y = window.x, window.y
    columns = _pixels_within(centre[:, 0], radius, window.left, window.pixel, window.columns)
    rows = _pixels_within(centre[:, 1], radius, window.bottom, window.pixel, window.rows)
    ends = np.column_stack([rows, columns]).tolist()
    discs = zip(centre.tolist(), radius.tolist(), number.tolist(), ends, strict=True)
    for (x0, y0), reach, k, (bottom, top, left, right) in discs:
        square = (x[left:right] - x0) ** 2 + (y[bottom:top, None] - y0) ** 2
        image[bottom:top, left:right][square <= reach**2] = k
    return image


def _pixels_within(
    centre: np.ndarray, reach: np.ndarray, origin: float, pixel: float, count: int
) -> np.ndarray:
    """First and one past the last pixel along an axis [D, 2] whose centre may be that near to a place [D]."""
    ends = np.floor((centre[:, None] + reach[:, None] * np.array([-1, 1]) - origin) / pixel)
    first, last = np.clip(ends, -1, count).astype(int).T
    return np.column_stack([np.maximum(first, 0), np.minimum(last, count - 1) + 1])
