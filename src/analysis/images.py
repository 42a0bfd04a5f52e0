"""The window of a compressed structure that an image shows, and the image of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.trajectories import AM, SE, Trajectory

VOID = 0


@dataclass(frozen=True)
class Window:
    """Rectangle of a compressed box, cut into square pixels."""

    left: float  # [m]
    bottom: float  # [m]
    columns: int
    rows: int
    pixel: float  # side of a pixel [m]

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


def crop_window(width_um: float, height_um: float, um_per_pixel: float, crop_um: float) -> Window:
    """Window left of a box after a margin is cut off on each side.

    Parameters
    ----------
    width_um, height_um
        Of the compressed box [um].
    um_per_pixel
        Side of a pixel [um].
    crop_um
        Margin [um].

    Raises
    ------
    ValueError
        If the crop leaves nothing or is no whole number of pixels.
    """
    counts = []
    for name, edge in (("final_width_um", width_um), ("box_height_um", height_um)):
        left_over = edge - 2 * crop_um
        pixels = round(left_over / um_per_pixel)
        if pixels < 1 or abs(pixels * um_per_pixel - left_over) > 1e-6 * um_per_pixel:
            raise ValueError(
                f"image.crop_um = {crop_um:g} um leaves {left_over:g} um of {name} = {edge:g} um: this must "
                f"be a whole number of pixels of image.um_per_pixel = {um_per_pixel:g} um, at least one"
            )
        counts.append(pixels)
    return Window(crop_um / 1e6, crop_um / 1e6, *counts, um_per_pixel / 1e6)


def class_image(trajectory: Trajectory, window: Window) -> np.ndarray:
    """Class of each pixel of the compressed structure: 0 void, 1 SE, 2 AM.

    A pixel takes the class of the particle that contains its centre; AM wins where both do.

    Returns
    -------
    ndarray
        uint8 [rows, columns], row 0 at the bottom.
    """
    image = np.full((window.rows, window.columns), VOID, np.uint8)
    position = trajectory.position[-1]
    for species in (SE, AM):
        of_species = trajectory.species == species
        for (x, y), radius in zip(position[of_species], trajectory.radius[of_species], strict=True):
            columns = _pixels_between(x - radius, x + radius, window.left, window.pixel, window.columns)
            rows = _pixels_between(y - radius, y + radius, window.bottom, window.pixel, window.rows)
            square = (window.x[columns] - x) ** 2 + (window.y[rows, None] - y) ** 2
            image[rows, columns][square <= radius**2] = species
    return image


def _pixels_between(low: float, high: float, origin: float, pixel: float, count: int) -> slice:
    """Pixels along one axis whose centres may lie between two coordinates [m]."""
    first, last = np.clip(np.floor((np.array([low, high]) - origin) / pixel), -1, count).astype(int)
    return slice(max(first, 0), min(last, count - 1) + 1)
