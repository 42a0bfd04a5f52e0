import numpy as np
import pytest

from cnn.uncertainty import calibrate, expected_error, interval


def draw(rng, count, scale):
    """Truths, predictions whose error has a known spread and a shared noise, and that spread."""
    spread = rng.uniform(0.5, 2.0, (count, 2)) * scale
    truth = rng.normal(10, 3, (count, 2))
    return truth, truth + rng.normal(0, np.hypot(spread, 0.7)), spread


@pytest.mark.parametrize("scale", [0.1, 1.0])
def test_intervals_hold_the_nominal_share(scale):
    rng = np.random.default_rng(1)
    calibration = calibrate(*draw(rng, 400, scale))
    truth, prediction, spread = draw(rng, 4000, scale)
    low, high = interval(prediction, spread, calibration)
    covered = ((low <= truth) & (truth <= high)).mean(axis=0)
    np.testing.assert_allclose(covered, 0.9, atol=0.04)


def test_a_spread_that_is_right_leaves_the_noise_that_was_put_in():
    calibration = calibrate(*draw(np.random.default_rng(2), 5000, 1.0))
    np.testing.assert_allclose(calibration.noise, 0.7, atol=0.1)
    np.testing.assert_allclose(expected_error(np.zeros(2), calibration), calibration.noise)


def test_members_that_agree_leave_all_error_to_the_noise():
    rng = np.random.default_rng(3)
    truth = rng.normal(size=(200, 1))
    prediction = truth + rng.normal(0, 2, (200, 1))
    calibration = calibrate(truth, prediction, np.zeros((200, 1)))
    assert calibration.noise[0] == pytest.approx(2, rel=0.15)


def test_few_structures_give_an_interval_that_holds_them_all():
    truth = np.array([[1.0], [2.0], [3.0]])
    prediction, spread = truth + np.array([[0.1], [-0.5], [0.2]]), np.full((3, 1), 0.1)
    low, high = interval(prediction, spread, calibrate(truth, prediction, spread))
    assert ((low <= truth) & (truth <= high)).all()
