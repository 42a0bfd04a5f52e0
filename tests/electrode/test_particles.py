import numpy as np
import pytest

from electrode.particles import (
    BELTS,
    FAR,
    NEIGHBOURS,
    SURROUNDINGS,
    TOLERANCE,
    find_discs,
    match,
    surroundings,
)
from electrode.species import AM, SE


def image_of(discs, shape=(200, 240), phase=AM):
    """Class image of discs (x, y, radius) [pixels]."""
    image = np.zeros(shape, np.uint8)
    rows, columns = np.mgrid[: shape[0], : shape[1]] + 0.5
    for x, y, radius in discs:
        image[np.hypot(columns - x, rows - y) <= radius] = phase
    return image


def column(name):
    return SURROUNDINGS.index(name)


def test_discs_are_found_to_a_fraction_of_a_pixel():
    given = [(40.3, 50.7, 20.2), (90.1, 60.4, 30.0), (180.6, 120.2, 41.7)]
    discs = find_discs(image_of(given), 0.1)
    found = np.column_stack([discs.x, discs.y, discs.radius])[np.argsort(discs.x)]
    np.testing.assert_allclose(found, given, atol=0.1)
    assert not discs.cut.any()
    np.testing.assert_allclose(np.sort(discs.area), [np.pi * r**2 for *_, r in given], rtol=0.01)


def test_particles_that_touch_are_told_apart():
    """A row that overlaps by a tenth of the radius, as under strong compression, and one across it."""
    given = [(40, 60, 30), (96, 60, 30), (150, 60, 28), (96, 110, 23)]
    discs = find_discs(image_of(given), 0.1)
    order = np.lexsort((discs.y.round(), discs.x.round()))
    found = np.column_stack([discs.x, discs.y, discs.radius])[order]
    np.testing.assert_allclose(found, sorted(given), atol=0.3)


def test_a_bumpy_particle_stays_one_particle():
    generator = np.random.default_rng(1)
    angle = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    bumps = [(100 + 38 * np.cos(a), 100 + 38 * np.sin(a), 8) for a in angle + generator.normal(0, 0.1, 12)]
    discs = find_discs(image_of([(100, 100, 40), *bumps]), 0.1)
    assert discs.x.size == 1 and discs.radius[0] == pytest.approx(43, abs=2)


@pytest.mark.parametrize(("x", "y"), [(5, 100), (100, 3), (238, 100), (100, 196), (4, 6)])
def test_the_border_cuts_particles_whose_circle_goes_on(x, y):
    discs = find_discs(image_of([(x, y, 40)]), 0.1)
    assert discs.cut.tolist() == [True]
    assert [discs.x[0], discs.y[0], discs.radius[0]] == pytest.approx([x, y, 40], abs=0.5)


@pytest.mark.parametrize("turned", range(4))
def test_slivers_at_the_border_get_no_circle_larger_than_what_is_seen(turned):
    """Their outlines are straight or hollow: circles through them are as large as one likes."""
    straight = np.zeros((200, 200), np.uint8)
    straight[40:90, :9] = AM
    hollow = np.zeros((200, 200), np.uint8)
    rows, columns = np.mgrid[:200, :200] + 0.5
    hollow[(columns < 14) & (abs(rows - 100) < 45) & (np.hypot(columns - 320, rows - 100) > 310)] = AM
    for image in (straight, hollow):
        image = np.rot90(image, turned)
        discs = find_discs(image, 0.1)
        assert discs.cut.all() and discs.area.sum() == np.count_nonzero(image)
        for x, y, radius, area, _ in zip(*discs, strict=True):
            shown = np.count_nonzero(np.hypot(columns - x, rows - y) < radius)
            assert 0.5 * area < shown < 1.3 * area and radius < 60


def test_noise_is_no_particle_and_holes_are_none():
    image = image_of([(100, 100, 40)])
    generator = np.random.default_rng(2)
    image[generator.random(image.shape) < 0.02] = AM
    image[generator.random(image.shape) < 0.02] = SE
    image[image_of([(100, 100, 4)]) == AM] = 0
    discs = find_discs(image, 0.1)
    assert [discs.x[0], discs.y[0], discs.radius[0]] == pytest.approx(
        [100, 100, 40], abs=1
    ) and discs.x.size == 1


def test_what_is_no_disc_gets_the_circle_of_its_area():
    image = np.zeros((100, 200), np.uint8)
    image[40:60, 30:150] = AM
    discs = find_discs(image, 0.1)
    assert discs.radius[0] == pytest.approx(np.sqrt(20 * 120 / np.pi)) and (discs.x[0], discs.y[0]) == (
        90,
        50,
    )


@pytest.mark.parametrize("phase", [0, SE, AM])
def test_images_of_one_phase_have_no_particles(phase):
    discs = find_discs(np.full((60, 80), phase, np.uint8), 0.1)
    assert discs.x.size == 0
    assert surroundings(np.zeros((60, 80), np.uint8), 0.1, *discs[:3]).shape == (
        discs.x.size,
        len(SURROUNDINGS),
    )


def test_particles_are_matched_with_the_nearest_that_is_near_enough():
    known = np.array([10.0, 30.0, 60.0]), np.array([10.0, 10.0, 10.0]), np.array([8.0, 8.0, 8.0])
    near, far = TOLERANCE * 8 - 0.1, TOLERANCE * 8 + 0.1
    found = np.array([30 + near, 30.5, 60 + far, 10.0]), np.full(4, 10.0)
    np.testing.assert_array_equal(match(*known, *found), [-1, 1, -1, 0])
    assert match(*(np.empty(0),) * 3, *found).tolist() == [-1] * 4
    assert match(*known, np.empty(0), np.empty(0)).size == 0


def test_surroundings_are_what_they_are_called():
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


def test_surroundings_of_the_mirror_image_are_the_same():
    x, y, radius = np.array([50.0, 105.0]), np.array([60.0, 64.0]), np.array([30.0, 26.0])
    image = image_of(np.column_stack([x, y, radius]))
    image[:, 150:] = SE
    there = surroundings(image[::-1, ::-1], 0.1, 240 - x, 200 - y, radius)
    np.testing.assert_allclose(surroundings(image, 0.1, x, y, radius), there, atol=0.02)
