"""Dense states in space for the benchmarks: AM and SE 10:1 in size, shrunk until all overlaps."""

import numpy as np

from dem.compress import largest_time_step
from dem.cpu.spatial.integrate import advance
from dem.filling.spatial import Packing, _places_along_curve, fill
from dem.parameters import SpatialFilling
from dem.press import under_piston

EDGE = 26.5e-6  # of the box before it shrinks: about 5,500 spheres, and wide enough for AM after it [m]
FILLING = SpatialFilling(
    box_width=EDGE,
    box_height=EDGE,
    am_mean_diameter=(10e-6, 10e-6),
    am_sd_diameter=(0.1e-6, 0.1e-6),
    am_minimum_diameter=9e-6,
    se_mean_diameter=1e-6,
    se_pitch=0.2e-6,
    solid_fraction=0.42,
    maximum_tries=5_000_000,
    fresh_starts=4,
)
AM_SHARE = 0.6  # of the solids [-]
SHRINK, STAGES = 0.98, 12  # of all coordinates, and how often: relative density 0.42 / 0.98^36 = 0.87
RELAX = 300  # steps after each
DAMPING = 0.05  # per Rayleigh time
STEP = 0.1  # Rayleigh times


def dense_packing(materials, contacts):
    """About 5,000 spheres shrunk with their box and relaxed, stage by stage, and the time step [s]."""
    packing, _ = fill(FILLING, AM_SHARE, np.random.default_rng(1))
    step = largest_time_step(packing, materials, STEP)
    for _ in range(STAGES):
        packing = packing._replace(
            position=SHRINK * packing.position,
            width=SHRINK * packing.width,
            height=SHRINK * packing.height,
        )
        system = under_piston(packing, materials, contacts)
        advance(system, step, RELAX, damping=DAMPING * STEP / step)
        packing = packing._replace(position=system.particles.position)
    return packing, step


def side_by_side(packing, repeats):
    """A packing repeated along x and y, numbered along one curve through all of it."""
    width = packing.width
    shifts = [(width * i, width * j, 0.0) for i in range(repeats) for j in range(repeats)]
    position = np.concatenate([packing.position % [width, width, np.inf] + shift for shift in shifts])
    radius, species = np.tile(packing.radius, repeats**2), np.tile(packing.species, repeats**2)
    # AM first, as the filling has it.
    order = np.lexsort((_places_along_curve(position, 2 * radius.min()), -radius))
    return Packing(position[order], radius[order], species[order], repeats * width, packing.height, True)
