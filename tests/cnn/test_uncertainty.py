import numpy as np
import pytest

from cnn.uncertainty import calibrate, expected_error, interval


def draw(rng, count, scale=1.0, noise=0.7, relative=0.0):
    """Truths, predictions whose error has a known spread and shared noise, and that spread."""
    spread = rng.uniform(0.5, 2.0, (count, 2)) * scale
    truth = rng.uniform(0, 20, (count, 2))
    size = np.sqrt(spread**2 + noise**2 + (relative * truth) ** 2)
    return truth, truth + rng.normal(0, size), spread


@pytest.mark.parametrize(("scale", "noise", "relative"), [(0.1, 0.7, 0.0), (1.0, 0.7, 0.0), (0.1, 0.1, 0.1)])
def test_intervals_hold_the_nominal_share(scale, noise, relative):
    rng = np.random.default_rng(1)
    calibration = calibrate(*draw(rng, 400, scale, noise, relative))
    truth, prediction, spread = draw(rng, 4000, scale, noise, relative)
    low, high = interval(prediction, spread, calibration)
    covered = (low <= truth) & (truth <= high)
    np.testing.assert_allclose(covered.mean(axis=0), 0.9, atol=0.04)
    for part in (truth < 10, truth >= 10):
        np.testing.assert_allclose(covered[part].mean(), 0.9, atol=0.05)


@pytest.mark.parametrize(("noise", "relative"), [(0.7, 0.0), (0.05, 0.1)])
def test_a_spread_that_is_right_leaves_the_noise_that_was_put_in(noise, relative):
    calibration = calibrate(*draw(np.random.default_rng(2), 5000, 0.1, noise, relative))
    for value in (1.0, 20.0):
        errors = expected_error(np.full(2, value), np.zeros(2), calibration)
        np.testing.assert_allclose(errors, np.hypot(noise, relative * value), rtol=0.15)


def test_members_that_agree_leave_all_error_to_the_noise():
    rng = np.random.default_rng(3)
    truth = rng.uniform(10, 11, (200, 1))
    prediction = truth + rng.normal(0, 2, (200, 1))
    calibration = calibrate(truth, prediction, np.zeros((200, 1)))
    assert expected_error(np.full(1, 10.5), np.zeros(1), calibration)[0] == pytest.approx(2, rel=0.2)


def test_few_structures_give_an_interval_that_holds_them_all():
    truth = np.array([[1.0], [2.0], [3.0]])
    prediction, spread = truth + np.array([[0.1], [-0.5], [0.2]]), np.full((3, 1), 0.1)
    low, high = interval(prediction, spread, calibrate(truth, prediction, spread))
    assert ((low <= truth) & (truth <= high)).all()
