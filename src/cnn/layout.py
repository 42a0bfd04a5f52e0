"""How the network is laid out and what its parts are called: for who builds it, and who only runs it."""

from __future__ import annotations

from typing import NamedTuple

# Poolings before the block that sees one cell of the stress map per place, and that block.
MAP_POOLINGS = 2
MAP_BLOCK = MAP_POOLINGS + 1
# The layers whose maps Grad-CAM weighs and whose shares of the phases go with them; the network inside a
# finished model and the way back to SI units behind it; its outputs.
FEATURES = "features"
SHARES = "shares"
NETWORK, SI_UNITS = "network", "si_units"
TARGETS, STRESS_MAP = "targets", "stress_map"
# Input and output of the head that reads the stress of each AM particle, and its layers.
PARTICLES, PARTICLE_STRESS = "particles", "particle_stress"
PARTICLE_HIDDEN, PARTICLE_SI_UNITS = "particle_hidden", "particle_si_units"
# Added to the area of a phase, which may be missing, and to the variance of its stress: away from zero,
# where the root has no gradient.
LEAST_AREA, LEAST_VARIANCE = 1e-6, 1e-4
# The electrode and its mirror images are the same to the labels: row and column order of each view.
FLIPS = ((1, 1), (1, -1), (-1, 1), (-1, -1))


class Ring(NamedTuple):
    """Places about the outline of a particle, over which features are averaged."""

    block: int  # whose features
    distance: float  # from the outline, outwards [places]
    width: float  # half: the weight falls to nothing over it [places]


# About the outline, where the contacts are, at the resolutions of a quarter, half and whole cell.
RINGS = (Ring(1, 0.0, 1.0), Ring(1, 1.0, 1.0), Ring(2, 0.5, 1.0), Ring(3, 0.0, 1.0))


def block_name(block: int) -> str:
    """Name of the layer that gives the features of a block."""
    return FEATURES if block == MAP_BLOCK else f"{FEATURES}_{block}"
