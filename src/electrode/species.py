"""Species of particles and pairs in contact: their numbers and names."""

from __future__ import annotations

# The number of a species is that of its class in images (`electrode.phases`).
WALL, SE, AM = 0, 1, 2
SPECIES = {"wall": WALL, "SE": SE, "AM": AM}
NAMES = {number: name for name, number in SPECIES.items()}
# Those of particles, in the order in which files and networks hold maps of them.
SOLIDS = {"SE": SE, "AM": AM}

# Species that touch: particles each other, particles the wall.
PARTICLE_PAIRS = ("AM-AM", "AM-SE", "SE-SE")
WALL_PAIRS = ("AM-wall", "SE-wall")
PAIRS = PARTICLE_PAIRS + WALL_PAIRS
