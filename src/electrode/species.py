"""Species of particles, phases of images and pairs in contact: their numbers, names and gray values."""

from __future__ import annotations

import numpy as np

# The number of a species is that of its class in images, where 0 is void; among particles 0 is the wall.
VOID = WALL = 0
SE, AM = 1, 2
SPECIES = {"wall": WALL, "SE": SE, "AM": AM}
NAMES = {number: name for name, number in SPECIES.items()}
# Those of particles, in the order in which files and networks hold maps of them.
SOLIDS = {"SE": SE, "AM": AM}
# Classes of pixels, by number.
PHASES = ("void", "SE", "AM")
# Gray value of each class, as in the paper: void black, SE white, AM gray; and from dark to bright.
GRAY_VALUES = np.array([0, 255, 128], np.uint8)
DARK_TO_BRIGHT = ("void", "AM", "SE")

# Species that touch: particles each other, particles the wall.
PARTICLE_PAIRS = ("AM-AM", "AM-SE", "SE-SE")
WALL_PAIRS = ("AM-wall", "SE-wall")
PAIRS = PARTICLE_PAIRS + WALL_PAIRS
