import numpy as np
import pytest

from analysis.images import class_image, crop_window
from analysis.trajectories import AM, SE


@pytest.fixture
def window():
    return crop_window(8, 9, 0.2, 1)


def test_image_equals_brute_force(trajectory, window):
    image = class_image(trajectory, window)
    x, y = np.meshgrid(window.x, window.y)
    expected = np.zeros(image.shape, int)
    for species in (SE, AM):
        for (px, py), radius in zip(
            trajectory.position[-1][trajectory.species == species],
            trajectory.radius[trajectory.species == species],
            strict=True,
        ):
            expected[(x - px) ** 2 + (y - py) ** 2 <= radius**2] = species
    assert np.array_equal(image, expected)
    assert image.dtype == np.uint8 and set(np.unique(image)) == {0, SE, AM}


def test_pixels_tile_the_window(window):
    assert (window.columns, window.rows) == (30, 35)
    assert window.x[0] == pytest.approx(1.1e-6) and window.x[-1] == pytest.approx(6.9e-6)
    assert window.y[-1] == pytest.approx(7.9e-6)


def test_window_contains_its_lower_edge_only(window):
    points = np.array([[1e-6, 1e-6], [7e-6, 4e-6], [6.99e-6, 7.99e-6], [0.99e-6, 4e-6]])
    assert window.contains(points).tolist() == [True, False, True, False]


def test_paper_window_has_180_pixels():
    window = crop_window(40, 40, 0.2, 2)
    assert (window.columns, window.rows) == (180, 180)


@pytest.mark.parametrize(
    ("um_per_pixel", "crop_um", "message"),
    [
        (0.7, 1, r"image.crop_um = 1 um leaves 6 um of final_width_um = 8 um: .*um_per_pixel = 0.7 um"),
        (0.2, 4, r"image.crop_um = 4 um leaves 0 um of final_width_um"),
        (2, 1, r"leaves 7 um of box_height_um = 9 um"),
    ],
)
def test_crop_that_does_not_fit_is_refused(um_per_pixel, crop_um, message):
    with pytest.raises(ValueError, match=message):
        crop_window(8, 9, um_per_pixel, crop_um)
