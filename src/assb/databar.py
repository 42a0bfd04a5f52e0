"""The data bar of scanning electron microscopes: a band below the picture with scale and settings."""

from __future__ import annotations

import numpy as np

# A picture of fewer gray levels is one of phases, where straight bands may be of the electrode.
FEW_LEVELS = 16
# The band fills this share of the height at least, and at most.
LEAST, MOST = 0.015, 0.25
# Shares of a row that the background fills: of rows with text, and of the first row of the band.
TEXT_ROW, FIRST_ROW = 0.4, 0.9
# Gray values this far from the background, as a share of the whole range, are of it still (JPEG).
TOLERANCE = 0.02


def picture_rows(gray: np.ndarray) -> int:
    """Rows of a picture above its data bar, all where there is none.

    A bar is a band at the bottom that begins with a sharp straight edge, on a background of one gray value
    with or without text. Pictures without noise are left as they are: theirs may be of the electrode.

    Parameters
    ----------
    gray
        Gray values [rows, columns], top row first.
    """
    rows, columns = gray.shape
    most = int(MOST * rows)
    least = max(4, int(np.ceil(LEAST * rows)))
    if most < least or columns < 16 or not np.isfinite(gray[-most - 1 :]).all():
        return rows
    if np.unique(gray[:: max(1, rows // 50)]).size <= FEW_LEVELS:
        return rows
    low, high = float(gray.min()), float(gray.max())
    background = float(np.median(gray[-1]))
    near = np.abs(gray[-most - 1 :].astype(np.float64) - background) <= TOLERANCE * (high - low)
    share = near.mean(axis=1)
    # Lines through the whole bar have another gray value, but one.
    spread = np.ptp(gray[-most - 1 :].astype(np.float64), axis=1)
    of_bar = (share >= TEXT_ROW) | (spread <= TOLERANCE * (high - low))
    if of_bar.all():
        return rows
    # The lowest row that is none of a bar's.
    edge = int(np.flatnonzero(~of_bar)[-1])
    height = most - edge
    if (
        height < least
        or max(share[edge + 1], 1.0 * (spread[edge + 1] <= TOLERANCE * (high - low))) < FIRST_ROW
    ):
        return rows
    # Noise: in the picture itself no gray value fills a band as it does in the bar.
    above = gray[max(0, rows - height - height // 2 - 8) : rows - height].astype(np.float64)
    if np.mean(np.abs(above - background) <= TOLERANCE * (high - low)) > TEXT_ROW:
        return rows
    return rows - height
