import numpy as np
import pytest

from electrode.particles import (
    BELTS,
    FAR,
    NEIGHBOURS,
    SURROUNDINGS,
    TOLERANCE,
    match,
    surroundings,
)
from electrode.species import AM, SE


def column(name):
    return SURROUNDINGS.index(name)


def test_particles_are_matched_with_the_nearest_that_is_near_enough():
    known = np.array([10.0, 30.0, 60.0]), np.array([10.0, 10.0, 10.0]), np.array([8.0, 8.0, 8.0])
    near, far = TOLERANCE * 8 - 0.1, TOLERANCE * 8 + 0.1
    found = np.array([30 + near, 30.5, 60 + far, 10.0]), np.full(4, 10.0)
    np.testing.assert_array_equal(match(*known, *found), [-1, 1, -1, 0])
    assert match(*(np.empty(0),) * 3, *found).tolist() == [-1] * 4
    assert match(*known, np.empty(0), np.empty(0)).size == 0


def test_surroundings_are_what_they_are_called(image_of):
    x, y, radius = np.array([50.0, 105.0, 50.0]), np.array([60.0, 60.0, 130.0]), np.array([30.0, 26.0, 30.0])
    image = image_of(np.column_stack([x, y, radius]))
    # SE lies in the third belt about the first particle, wherever there is no AM.
    rows, columns = np.mgrid[:200, :240] + 0.5
    distance = np.hypot(columns - 50, rows - 60) - 30
    image[(distance > 10 * BELTS[2]) & (distance <= 10 * BELTS[3]) & (image == 0)] = SE
    about = surroundings(image, 0.1, x, y, radius)
    assert about[:, column("border_along")] == pytest.approx([50 / 30, FAR, 50 / 30])
    assert about[:, column("border_across")] == pytest.approx([FAR, FAR, FAR], abs=0.4)
    assert about[0, column("gap_1")] == pytest.approx(-1 / 30) and about[0, column("gap_2")] == pytest.approx(
        1 / 3
    )
    assert about[0, column(f"gap_{NEIGHBOURS}")] == FAR
    assert about[:, column("touching")].tolist() == [1, 1, 0]
    assert about[0, column("overlap")] == pytest.approx(1 / 30)
    # By hand: sqrt(30 x 26 / 56) x 1^1.5 / 30^2.
    assert (
        about[0, column("hertz")] == pytest.approx(np.sqrt(780 / 56) / 900) and about[2, column("hertz")] == 0
    )
    belt = (distance > 10 * BELTS[2]) & (distance <= 10 * BELTS[3])
    assert about[0, column("se_3")] == pytest.approx(np.mean(image[belt] == SE), abs=0.02)
    assert about[0, column("am_3")] == pytest.approx(np.mean(image[belt] == AM), abs=0.02)
    assert about[0, column("se_3")] > 0.8 and about[0, column("se_7")] == 0


def test_surroundings_of_the_mirror_image_are_the_same(image_of):
    x, y, radius = np.array([50.0, 105.0]), np.array([60.0, 64.0]), np.array([30.0, 26.0])
    image = image_of(np.column_stack([x, y, radius]))
    image[:, 150:] = SE
    there = surroundings(image[::-1, ::-1], 0.1, 240 - x, 200 - y, radius)
    np.testing.assert_allclose(surroundings(image, 0.1, x, y, radius), there, atol=0.02)


def test_no_particles_have_no_surroundings():
    nothing = (np.empty(0),) * 3
    assert surroundings(np.zeros((60, 80), np.uint8), 0.1, *nothing).shape == (0, len(SURROUNDINGS))
