import math

import numpy as np
import pytest

from dem.measure import frames


def test_porosity_of_one_disc_is_the_rest_of_the_box(scene):
    system = scene(2, 3, radius=1, walls=(0, 4, 0, 6))
    assert frames.snapshot(system, 0, 1e-12).porosity == pytest.approx(1 - math.pi / 24, abs=2e-3)


def test_porosity_counts_overlaps_once_and_nothing_beyond_the_walls(scene):
    # Two discs at one another, overlapping by half a radius, and a third one half beyond the left wall.
    system = scene([2, 3.5, 0], [2, 2, 5], radius=1, walls=(0, 8, 0, 6))
    lens = 2 * math.acos(0.75) - 1.5 * math.sqrt(1 - 0.75**2)
    covered = 2.5 * math.pi - lens
    assert frames.snapshot(system, 0, 1e-12).porosity == pytest.approx(1 - covered / 48, abs=2e-3)
    arguments = system.particles, system.walls, 0.1e-6
    assert frames.void_share(*arguments) == frames.void_share.py_func(*arguments)


def test_porosity_is_the_same_at_every_wall(scene):
    """A disc whose centre lies beyond a wall covers its segment inside, whichever wall it is."""
    places = [(-0.4, 4), (8.4, 4), (4, -0.4), (4, 8.4)]
    porosities = [
        frames.snapshot(scene(x, y, radius=1, walls=(0, 8, 0, 8)), 0, 1e-12).porosity for x, y in places
    ]
    segment = math.acos(0.4) - 0.4 * math.sqrt(1 - 0.4**2)
    np.testing.assert_allclose(porosities, 1 - segment / 64, atol=3e-4)


def test_raster_of_tiny_particles_stays_small(scene):
    system = scene([2, 30], 2, radius=[1, 1e-3], walls=(0, 40, 0, 40))
    assert frames.snapshot(system, 0, 1e-12).porosity == pytest.approx(1 - math.pi / 1600, abs=1e-4)


def test_coordination_counts_both_sides_of_a_contact(scene):
    system = scene([1, 1.95, 5], 2, walls=(0.55, 9, 0, 9))
    assert frames.snapshot(system, 0, 1e-12).coordination_number == pytest.approx(2 / 3)


def test_inertial_number_is_that_of_the_formula(scene):
    system = scene([0.49, 1.46], 1, walls=(0, 1.95, 0, 2))
    assert frames.inertial_number(system) == 0, "the wall stands"
    system.walls.velocity[1] = -2.0
    pressure = system.walls.force[1] / (2e-6 * 1e-6)
    expected = 2.0 / 1.95e-6 * 1e-6 * math.sqrt(2000 / pressure)
    assert frames.inertial_number(system) == pytest.approx(expected)
    system.walls.force[1] = 0.0
    assert frames.inertial_number(system) == math.inf


def test_a_lost_particle_is_named_with_its_place(scene):
    system = scene([2, 3, 4], 2, walls=(0, 8, 0, 4))
    system.particles.y[1] = np.nan
    system.particles.x[2] = 9e-6
    with pytest.raises(
        RuntimeError,
        match=r"2 particles have left the box by step 5, the first is particle 1 \(SE, radius 0.5 um\) "
        r"at x = 3 um, y = nan um; the box is x = 0 to 8 um, y = 0 to 4 um",
    ):
        frames.snapshot(system, 5, 1e-12)
