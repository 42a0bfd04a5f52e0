"""Particles of an image that is read in windows, and what is read off particles."""

import numpy as np
import pytest

from cnn.particles import COLUMNS, find_tables, inside, mirrored, place, read_off_particles, stack
from cnn.uncertainty import Calibration, calibrate_particles
from electrode.discs import find_discs
from electrode.species import AM

NONE = Calibration(np.zeros(1), np.zeros(1), np.ones(1))


def image_of(discs, shape):
    image = np.zeros(shape, np.uint8)
    rows, columns = np.mgrid[: shape[0], : shape[1]] + 0.5
    for x, y, radius in discs:
        image[np.hypot(columns - x, rows - y) <= radius] = AM
    return image


def test_each_particle_is_read_once_where_it_is_most_central():
    discs = [(40, 50, 15), (100, 52, 16), (160, 48, 14), (98, 4, 12)]
    image = image_of(discs, (100, 200))
    corners = [(0, 0), (0, 50), (0, 100)]  # windows of 100 x 100 that share half
    found = find_discs(image, 0.1)
    placed = place(image, 0.1, found, corners, (100, 100))
    by_x = dict(zip(found.x.round().astype(int).tolist(), placed.window.tolist(), strict=True))
    assert by_x == {40: 0, 98: 1, 100: 1, 160: 2}
    for k, (window, row) in enumerate(zip(placed.window, placed.row, strict=True)):
        top, left = corners[window]
        x, y, radius = placed.tables[window, row, :3]
        assert (x + left, y + top, radius) == pytest.approx((found.x[k], found.y[k], found.radius[k]))


def test_a_circle_that_misses_all_windows_is_read_in_the_nearest():
    image = image_of([(40, 50, 15)], (100, 200))
    found = find_discs(image, 0.1)
    beside = found._replace(x=np.array([215.0]), y=np.array([50.0]), radius=np.array([10.0]))
    placed = place(image, 0.1, beside, [(0, 0), (0, 50), (0, 100)], (100, 100))
    assert (placed.window.tolist(), placed.row.tolist()) == ([2], [0])
    assert placed.tables[2, 0, :3].tolist() == [115, 50, 10]


def test_a_window_alone_has_the_particles_that_are_found_in_it():
    image = image_of([(40, 50, 15), (70, 51, 16), (98, 40, 14)], (100, 100))
    placed = place(image, 0.1, find_discs(image, 0.1), [(0, 0)], (100, 100))
    np.testing.assert_allclose(placed.tables, find_tables(image[None], 0.1), rtol=1e-5)
    assert placed.window.tolist() == [0, 0, 0] and placed.row.tolist() == [0, 1, 2]


def test_an_image_without_particles_has_an_empty_table():
    image = np.zeros((100, 100), np.uint8)
    placed = place(image, 0.1, find_discs(image, 0.1), [(0, 0)], (100, 100))
    assert placed.tables.shape == (1, 0, len(COLUMNS)) and placed.window.size == 0
    assert stack([np.zeros((2, len(COLUMNS))), np.zeros((0, len(COLUMNS)))]).shape == (2, 2, len(COLUMNS))


def test_mirrored_tables_are_those_of_mirrored_images():
    image = image_of([(40, 50, 15), (75, 30, 16), (98, 70, 14)], (100, 120))
    table = find_tables(image[None], 0.1)
    there = find_tables(image[None, ::-1, ::-1], 0.1)
    turned = mirrored(table, image.shape, -1, -1)
    for row in turned[0]:
        nearest = there[0][np.hypot(*(there[0, :, :2] - row[:2]).T).argmin()]
        np.testing.assert_allclose(row, nearest, atol=0.05)
    np.testing.assert_array_equal(
        mirrored(turned, image.shape, -1, -1)[..., :3].round(3), table[..., :3].round(3)
    )


def test_mean_and_sd_are_of_particles_whose_centre_is_in_the_image():
    tables = np.zeros((2, 3, len(COLUMNS)), np.float32)
    tables[0, :, :3] = [(5, 5, 3), (9, 9, 3), (-1, 5, 3)]
    counted = inside(tables, (10, 10))
    assert counted.tolist() == [[True, True, False], [False] * 3]
    stress = np.array([[[1.0, 3.0, 50.0], [0, 0, 0]]])
    names = ["am_stress_mean", "se_stress_mean", "am_stress_sd"]
    given = np.array([[[7.0, 8.0, 9.0], [7.0, 8.0, 9.0]]])
    read = read_off_particles(given, names, stress, counted, NONE)
    np.testing.assert_allclose(read[0, 0], [2, 8, 1])
    np.testing.assert_array_equal(read[0, 1], given[0, 1], "none in the image: the network's own")
    shared = read_off_particles(given, names, stress, counted, Calibration(np.array([2.0]), *NONE[1:]))
    assert shared[0, 0, 2] == pytest.approx(np.sqrt(1 + 4))
    in_proportion = Calibration(np.zeros(1), np.array([0.5]), np.ones(1))
    wider = read_off_particles(given, names, stress, counted, in_proportion)
    assert wider[0, 0, 2] == pytest.approx(np.sqrt(1 + 0.25 * (1 + 9) / 2))


def test_the_error_added_gives_the_spread_of_what_was_predicted():
    """Spread of the predictions and their error make up the spread of the truth."""
    generator = np.random.default_rng(1)
    told, hidden = generator.normal(100, 30, (400, 15)), generator.normal(0, 20, (400, 15))
    truth = told + hidden
    calibration = calibrate_particles(truth, told, np.zeros_like(told))
    given = np.zeros((1, 400, 1))
    read = read_off_particles(given, ["am_stress_sd"], told[None], np.ones_like(told, bool), calibration)
    assert np.mean(read) == pytest.approx(np.mean(truth.std(axis=1)), rel=0.03)
    assert np.mean(told.std(axis=1)) < 0.9 * np.mean(truth.std(axis=1))


def test_calibration_of_particles_leaves_out_those_that_are_unknown():
    generator = np.random.default_rng(2)
    prediction = generator.normal(100, 30, (50, 10))
    truth = prediction + generator.normal(0, 5, (50, 10))
    known = np.where(generator.random((50, 10)) < 0.8, truth, np.nan)
    whole = calibrate_particles(
        truth[np.isfinite(known)][None],
        prediction[np.isfinite(known)][None],
        np.zeros((1, np.isfinite(known).sum())),
    )
    parted = calibrate_particles(known, prediction, np.zeros_like(prediction))
    np.testing.assert_allclose(np.ravel(parted), np.ravel(whole))
    with pytest.raises(ValueError, match="no AM particle of the validation part was found"):
        calibrate_particles(np.full((2, 2), np.nan), np.ones((2, 2)), np.zeros((2, 2)))
