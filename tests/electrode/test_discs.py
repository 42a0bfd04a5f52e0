import numpy as np
import pytest

from electrode.discs import SMALLEST, TOO_DEEP, find_discs
from electrode.species import AM, SE


def test_discs_are_found_to_a_fraction_of_a_pixel(image_of):
    given = [(40.3, 50.7, 20.2), (90.1, 60.4, 30.0), (180.6, 120.2, 41.7)]
    discs = find_discs(image_of(given), 0.1)
    found = np.column_stack([discs.x, discs.y, discs.radius])[np.argsort(discs.x)]
    np.testing.assert_allclose(found, given, atol=0.1)
    assert not discs.cut.any()
    np.testing.assert_allclose(np.sort(discs.area), [np.pi * r**2 for *_, r in given], rtol=0.01)


def test_particles_that_touch_are_told_apart(image_of):
    """A row that overlaps by a tenth of the radius, as under strong compression, and one across it."""
    given = [(40, 60, 30), (96, 60, 30), (150, 60, 28), (96, 110, 23)]
    discs = find_discs(image_of(given), 0.1)
    order = np.lexsort((discs.y.round(), discs.x.round()))
    found = np.column_stack([discs.x, discs.y, discs.radius])[order]
    np.testing.assert_allclose(found, sorted(given), atol=0.3)


def test_a_bumpy_particle_stays_one_particle(image_of):
    generator = np.random.default_rng(1)
    angle = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    bumps = [(100 + 38 * np.cos(a), 100 + 38 * np.sin(a), 8) for a in angle + generator.normal(0, 0.1, 12)]
    discs = find_discs(image_of([(100, 100, 40), *bumps]), 0.1)
    assert discs.x.size == 1 and discs.radius[0] == pytest.approx(43, abs=2)


@pytest.mark.parametrize(("x", "y"), [(5, 100), (100, 3), (238, 100), (100, 196), (4, 6)])
def test_the_border_cuts_particles_whose_circle_goes_on(x, y, image_of):
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


def test_noise_is_no_particle_and_holes_are_none(image_of):
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
    assert all(values.size == 0 for values in discs)


def overlaps(discs):
    """Of each pair, as shares of the smaller radius."""
    one, other = np.triu_indices(discs.x.size, 1)
    apart = np.hypot(discs.x[one] - discs.x[other], discs.y[one] - discs.y[other])
    radii = discs.radius[one], discs.radius[other]
    return (sum(radii) - apart) / np.minimum(*radii)


@pytest.mark.parametrize("depth", [14, 18])
def test_a_particle_with_a_notch_on_both_sides_is_one(image_of, depth):
    """Blur does this: each half is near enough to a disc to be taken for one."""
    image = image_of([(100, 100, 40), (181, 100, 40)])
    whole = find_discs(image, 0.1)
    rows, columns = np.mgrid[:200, :240] + 0.5
    image[(abs(rows - 100) > 40 - depth) & (abs(columns - 100) < 4)] = 0
    notched = find_discs(image, 0.1)
    np.testing.assert_allclose(notched.radius, whole.radius, atol=1)
    np.testing.assert_allclose(np.sort(notched.x), [100, 181], atol=1)
    assert notched.area.sum() == np.count_nonzero(image) < whole.area.sum()


def test_a_wide_circle_through_what_the_border_shows_swallows_no_particle(image_of):
    """Two particles that the border cuts where they are one: their outline is nearly straight."""
    image = image_of([(60, 205, 30), (88, 205, 30), (116, 205, 30), (88, 150, 24)])
    discs = find_discs(image, 0.1)
    assert overlaps(discs).max() <= TOO_DEEP
    inner = np.argmin(abs(discs.y - 150))
    assert [discs.x[inner], discs.y[inner], discs.radius[inner]] == pytest.approx([88, 150, 24], abs=0.5)


def test_what_is_no_disc_leaves_room_for_those_that_are(image_of):
    """A hook about a particle: the circle of its area would lie on the particle."""
    image = image_of([(100, 100, 30)])
    rows, columns = np.mgrid[:200, :240] + 0.5
    distance = np.hypot(columns - 100, rows - 100)
    image[(distance > 33) & (distance < 60) & (columns < 110)] = AM
    discs = find_discs(image, 0.1)
    assert overlaps(discs).max(initial=0) <= TOO_DEEP
    inner = np.argmin(np.hypot(discs.x - 100, discs.y - 100))
    assert [discs.x[inner], discs.y[inner], discs.radius[inner]] == pytest.approx([100, 100, 30], abs=0.5)


def test_a_corner_full_of_am_is_no_particle_wider_than_the_image():
    """Particles run together there, and their outline is nearly straight over the whole image."""
    rows, columns = np.mgrid[:200, :240] + 0.5
    wavy = 6 * np.sin((columns - rows) / 12)
    image = np.where(columns + rows + wavy < 170, AM, 0).astype(np.uint8)
    discs = find_discs(image, 0.1)
    assert discs.radius == pytest.approx(np.sqrt(np.count_nonzero(image) / np.pi))


def test_between_discs_there_is_room_for_a_particle_or_none(image_of):
    """A thick rim of AM about a particle leaves no room for another circle but a tiny one."""
    generator = np.random.default_rng(3)
    for _ in range(20):
        image = image_of([(100, 100, 30)])
        rows, columns = np.mgrid[:200, :240] + 0.5
        distance = np.hypot(columns - 100, rows - 100)
        width, end = generator.uniform(8, 40), generator.uniform(60, 150)
        image[(distance > 32) & (distance < 32 + width) & (columns < end)] = AM
        discs = find_discs(image, 0.1)
        assert discs.radius.min() >= 0.85 * SMALLEST / 2 / 0.1
