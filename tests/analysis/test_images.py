import numpy as np
import pytest

from analysis.images import class_image, crop_window, stress_map
from electrode.species import AM, SE


@pytest.fixture
def window():
    return crop_window(8, 9, 0.2, 1, 1)


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


def test_paper_window_has_360_pixels():
    window = crop_window(40, 40, 0.1, 2, 2)
    assert (window.columns, window.rows) == (360, 360) and window.cell == 20


@pytest.mark.parametrize(
    ("um_per_pixel", "crop_um", "cell", "message"),
    [
        (0.7, 1, 0.7, r"image.crop_um = 1 um leaves 6 um of final_width_um = 8 um: .*um_per_pixel = 0.7 um"),
        (0.2, 4, 1, r"image.crop_um = 4 um leaves 0 um of final_width_um"),
        (2, 1, 2, r"leaves 7 um of box_height_um = 9 um"),
        (
            0.2,
            1,
            0.5,
            r"stress_cell_um must be a whole number of pixels of image.um_per_pixel = 0.2 um, got 0.5",
        ),
        (0.2, 1, 2, r"leaves 7 um of box_height_um = 9 um: .*whole number of cells of .* = 2 um"),
    ],
)
def test_crop_that_does_not_fit_is_refused(um_per_pixel, crop_um, cell, message):
    with pytest.raises(ValueError, match=message):
        crop_window(8, 9, um_per_pixel, crop_um, cell)


def test_stress_map_is_the_mean_over_the_pixels_of_each_phase(trajectory, window):
    stress, image = stress_map(trajectory, window), class_image(trajectory, window)
    assert stress.shape == (2, 7, 6) and stress.dtype == np.float32
    x, y = np.meshgrid(window.x, window.y)
    for k, phase in enumerate((SE, AM)):
        rows, columns = slice(10, 15), slice(5, 10)  # one cell
        pressures = []
        for px, py in zip(x[rows, columns].ravel(), y[rows, columns].ravel(), strict=True):
            inside = np.hypot(*(trajectory.position[-1] - [px, py]).T) <= trajectory.radius
            of_phase = np.flatnonzero(inside & (trajectory.species == phase))
            covered = np.flatnonzero(inside & (trajectory.species == AM))
            if of_phase.size and (phase == AM or not covered.size):
                pressures.append(trajectory.contact_pressure[-1][of_phase[-1]])
        expected = np.mean(pressures) if pressures else 0.0
        assert stress[k, 2, 1] == pytest.approx(expected, rel=1e-5)
        without = (image.reshape(7, 5, 6, 5) == phase).sum(axis=(1, 3)) == 0
        assert (stress[k][without] == 0).all() and (stress[k][~without] > 0).any()
