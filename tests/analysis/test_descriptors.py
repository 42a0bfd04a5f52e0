import numpy as np
import pytest

from analysis import descriptors


@pytest.fixture
def image():
    """Void left, SE in the middle, AM right: 4 rows of 2, 4 and 6 pixels."""
    return np.repeat(np.array([[0] * 2 + [1] * 4 + [2] * 6], np.uint8), 4, axis=0)


def test_shares_and_interfaces_are_counted(image):
    described = descriptors.describe(image)
    assert [described[f"{name}_share"] for name in ("void", "se", "am")] == pytest.approx(
        [1 / 6, 1 / 3, 1 / 2]
    )
    assert described["am_se_interface"] == pytest.approx(4 / 48)
    assert described["se_void_interface"] == pytest.approx(4 / 48)
    assert described["am_void_interface"] == 0


def test_chords_are_runs_along_each_axis(image):
    described = descriptors.describe(image)
    assert described["am_chord_x"] == 6 and described["se_chord_x"] == 4
    assert described["am_chord_y"] == 4
    assert descriptors.mean_chord(np.zeros((3, 3), bool)) == 0
    assert descriptors.mean_chord(np.array([[1, 0, 1, 1]], bool)) == pytest.approx(1.5)


def test_two_point_probability(image):
    assert descriptors.two_point(image == 2, 2) == pytest.approx(4 / 10)
    assert descriptors.two_point(image == 2, 40) == 0
    assert descriptors.describe(image)["am_pair_y_2"] == pytest.approx(1 / 2)
