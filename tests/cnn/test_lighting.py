import numpy as np
import pytest

from cnn.degrade import photograph
from cnn.negatives import grain_of_film
from cnn.segmentation import part

# Thresholds halfway between the levels of photographs.
HALFWAY = (92, 157)


@pytest.fixture(scope="module")
def images(structures):
    """Two structures of the study."""
    return structures


@pytest.fixture(scope="module")
def fine(images):
    """One of them at half the side of a pixel, as edges are seen."""
    return images[1].repeat(2, 0).repeat(2, 1)


def um_per_pixel(image):
    return 36 / len(image)


def parted(image, seed=1, thresholds=None, **defects):
    photo = photograph(image, um_per_pixel(image), np.random.default_rng(seed), **defects)
    return part(photo, thresholds=thresholds, um_per_pixel=um_per_pixel(image))


def wrong(image, classes):
    return np.mean(image != classes)


@pytest.mark.parametrize(
    "defects", [{}, {"noise": 0.02}, {"noise": 0.1}, {"noise": 0.2}, {"blur": 0.05, "noise": 0.02}]
)
def test_what_is_even_stays_as_it_is_parted_without_correction(images, defects, monkeypatch):
    for image in images:
        corrected = parted(image, **defects)
        assert corrected.notes == []
        monkeypatch.setattr("cnn.lighting.UNEVEN", np.inf)
        monkeypatch.setattr("cnn.lighting.BRIGHT", np.inf)
        np.testing.assert_array_equal(corrected.classes, parted(image, **defects).classes)
        monkeypatch.undo()
        if defects in ({}, {"noise": 0.02}):
            assert wrong(image, corrected.classes) < 1e-3


@pytest.mark.parametrize("blur, noise", [(0.1, 0.02), (0.1, 0.1), (0.2, 0.02), (0.2, 0.1)])
def test_blur_is_called_neither_uneven_nor_charged(images, blur, noise):
    for image in images:
        assert parted(image, blur=blur, noise=noise).notes == []


@pytest.mark.parametrize("uneven", [0.3, 0.6])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_an_uneven_background_is_levelled_and_said(images, uneven, seed):
    for image in images:
        found = parted(image, seed, uneven=uneven, noise=0.04)
        assert wrong(image, found.classes) < 2e-3
        (note,) = found.notes
        share = int(note.split("uneven by ")[1].split(" %")[0])
        # The level of each phase ranges by more or less than the background, which is added and scales.
        assert "was levelled" in note and 40 * uneven < share < 130 * uneven


@pytest.mark.parametrize("thresholds", [None, HALFWAY])
@pytest.mark.parametrize("uneven", [0.0, 0.3])
def test_bright_edges_are_named(fine, uneven, thresholds):
    found = parted(fine, edges=0.4, uneven=uneven, noise=0.04, thresholds=thresholds)
    assert any("its edges are bright by" in note for note in found.notes)


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_charging_is_named_where_it_is_taken_for_phases(images, seed):
    for image in images:
        found = parted(image, seed, charging=0.7, noise=0.04)
        named = any("charging" in note or "charged" in note for note in found.notes)
        assert named or wrong(image, found.classes) < 0.005


def charged(found):
    return any("charging" in note for note in found.notes)


@pytest.mark.parametrize("blur", [0.0, 0.05, 0.1])
@pytest.mark.parametrize("noise", [0.0, 0.02, 0.05, 0.1])
def test_pores_that_blur_fills_are_not_called_charged(sections, blur, noise):
    for image in sections:
        if blur or noise:  # else it shows three gray levels
            photo = photograph(image, 0.1, np.random.default_rng(1), blur=blur, noise=noise)
            assert not charged(part(photo, um_per_pixel=0.1))


def test_pores_that_blur_fills_have_other_gray_levels(sections, monkeypatch):
    """What is compared where levels are flat alone."""
    monkeypatch.setattr("cnn.lighting.FLAT", np.inf)
    for image in sections:
        assert charged(part(photograph(image, 0.1, np.random.default_rng(1), blur=0.1), um_per_pixel=0.1))


@pytest.mark.parametrize("blur", [0.0, 0.1])
@pytest.mark.parametrize("seed", [1, 4])
def test_charged_sections_are_named(sections, blur, seed, monkeypatch):
    monkeypatch.setattr("cnn.lighting.STREAKS", np.inf)  # whose note would do, too
    for image in sections:
        photo = photograph(image, 0.1, np.random.default_rng(seed), charging=0.7, noise=0.04, blur=blur)
        assert charged(part(photo, um_per_pixel=0.1))


def test_phases_that_do_not_separate_are_named():
    """Gray values of a single peak, such as noise of one length: thresholds part it all the same."""
    photo = grain_of_film(np.random.default_rng(1), (360, 360), 0.1)
    assert any("its phases do not separate" in note for note in part(photo.astype(np.uint8)).notes)


def test_thresholds_by_hand_hold_for_the_picture_as_it_is(images):
    found = parted(images[0], thresholds=HALFWAY, uneven=1.0)
    assert any("its background is uneven by" in note for note in found.notes)
    assert wrong(images[0], found.classes) > 0.02


def test_classes_have_no_lighting(images):
    for levels in ([0, 255, 128], [0, 2, 1]):
        found = part(np.array(levels, np.uint8)[images[0]])
        assert found.notes == []
        np.testing.assert_array_equal(found.classes, images[0])
