"""Phases of images: their classes, names and gray values. No simulation depends on them."""

from __future__ import annotations

import numpy as np

VOID = 0
# Classes of pixels, by number; those of SE and AM are the numbers of their species.
PHASES = ("void", "SE", "AM")
# Gray value of each class, as in the paper: void black, SE white, AM gray; and from dark to bright.
GRAY_VALUES = np.array([0, 255, 128], np.uint8)
DARK_TO_BRIGHT = ("void", "AM", "SE")
