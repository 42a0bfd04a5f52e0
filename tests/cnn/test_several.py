"""Several sections of one electrode."""

import numpy as np
import pytest
import xarray as xr

from cnn.several import answer, disagreement, electrodes, groups, next_below, readings, together


def test_groups_are_of_one_electrode_and_whole():
    names = np.array(["a"] * 5 + ["b"] * 2 + ["c"])
    np.testing.assert_array_equal(groups(names, 1), np.arange(8))
    np.testing.assert_array_equal(groups(names, 2), [0, 2, 5])
    np.testing.assert_array_equal(groups(names, 4), [0])
    assert groups(names, 8).size == 0


def test_together_is_the_mean_over_the_sections():
    members = np.arange(2 * 6 * 1, dtype=float).reshape(2, 6, 1)
    np.testing.assert_allclose(together(members, np.array([0, 3]), 3)[..., 0], [[1, 4], [7, 10]])


def test_copies_are_other_electrodes():
    sections = xr.Dataset(
        {"study": ("sample", ["s", "s", "s-degraded"]), "pressed": ("sample", ["a", "a", "a"])}
    )
    assert electrodes(sections).tolist() == ["s/a", "s/a", "s-degraded/a"]


@pytest.fixture(scope="module")
def drawn():
    """Two networks that are drawn to the middle, by errors of sections that are part their packing's."""
    rng = np.random.default_rng(0)
    truth = np.repeat(rng.normal(size=(3000, 2)), 8, axis=0)
    shared = np.repeat(rng.normal(scale=0.1, size=(3000, 2)), 8, axis=0)
    seen = truth + shared + rng.normal(scale=0.7, size=truth.shape)
    members = np.stack([seen + rng.normal(scale=0.1, size=seen.shape) for _ in range(2)]) / 1.5
    names = np.repeat([f"{k}" for k in range(3000)], 8)
    part = np.repeat(["train", "validation", "test"], 8000)
    return truth, members, names, part


def test_intervals_of_more_sections_are_narrower_and_hold(drawn):
    truth, members, names, part = drawn
    fitted = readings(truth, members, names, part)
    assert list(fitted) == [1, 2, 4, 8]
    widths = []
    for count in fitted:
        firsts = groups(names[part == "test"], count) + 16000
        ends = [answer(members[:, k : k + count], fitted, count) for k in firsts]
        low, high = (np.array([end[place] for end in ends]) for place in (1, 2))
        assert 0.86 < np.mean((low <= truth[firsts]) & (truth[firsts] <= high)) < 0.94
        widths.append(np.mean(high - low))
    assert (np.diff(widths) < 0).all() and widths[-1] < 0.5 * widths[0]


def test_the_more_sections_the_less_their_answer_is_drawn_to_the_middle(drawn):
    truth, members, names, part = drawn
    fitted = readings(truth, members, names, part)
    own = [fitted[count].combination.weights.diagonal() for count in fitted]
    assert (np.diff(own, axis=0) > 0).all()
    np.testing.assert_allclose(own[-1], 1.5 / (1 + 0.1**2 + 0.7**2 / 8), rtol=0.03)
    firsts = groups(names[part == "test"], 8) + 16000
    plain = members[:, firsts[:, None] + np.arange(8)].mean(axis=(0, 2))
    error = [np.mean((said - truth[firsts]) ** 2) for said in (fitted[8].combination.of(plain), plain)]
    assert error[0] < 0.7 * error[1]


def test_what_one_target_says_helps_another(drawn):
    """The second target is what the networks say of the first."""
    truth, members, names, part = drawn
    twisted = np.stack([truth[:, 0], truth[:, 0]], axis=1)
    weights = readings(twisted, members, names, part)[8].combination.weights
    np.testing.assert_allclose(weights[1], weights[0], atol=0.02)
    assert weights[1, 0] > 1 and abs(weights[1, 1]) < 0.1


def test_a_truth_known_of_some_is_learnt_of_those(drawn):
    truth, members, names, part = drawn
    some = truth.copy()
    some[np.arange(len(truth)) // 8 % 2 == 0, 1] = np.nan
    whole, partly = (readings(of, members, names, part)[8].combination for of in (truth, some))
    np.testing.assert_allclose(partly.weights[0], whole.weights[0], rtol=1e-9)
    np.testing.assert_allclose(partly.weights[1], whole.weights[1], atol=0.05)


def test_sections_of_several_electrodes_differ_more_than_those_of_one(drawn):
    truth, members, names, part = drawn
    fitted = readings(truth, members, names, part)
    said = fitted[1].combination.of(members.mean(axis=0))[part == "test"].reshape(-1, 8, 2)
    for count in range(2, 9):
        apart = np.array([disagreement(each[:count], fitted) for each in said])
        assert np.mean(apart > 1) < 0.025
        assert (apart > 1).any() or count in (3, 5, 6, 7)
    many = np.array([disagreement(pair, fitted) for pair in said.reshape(-1, 16, 2)])
    assert np.mean(many > 1) > 0.2, "sections of two electrodes, though most are hardly apart"
    far = np.argsort(said.mean(axis=(1, 2)))[[0, -1]]
    assert disagreement(np.concatenate([said[far[0], :2], said[far[1], :2]]), fitted) > 1.5
    assert disagreement(said[0, :1], fitted) == 0


def test_the_next_number_below_counts():
    assert [next_below([1, 2, 4], n) for n in (0.5, 1, 1.9, 3, 100)] == [1, 1, 1, 2, 4]


def test_where_hardly_a_truth_is_known_the_means_stay():
    truth, names = np.array([[0.0], [1], [2], [3]]), np.array(list("abcd"))
    parts = np.array(["train", "train", "validation", "validation"])
    truth[0] = np.nan
    (reading,) = readings(truth, np.ones((1, 4, 1)), names, parts).values()
    np.testing.assert_array_equal(reading.combination.of(np.array([5.0])), [5.0])


def test_what_is_known_of_no_structure_cannot_be_calibrated():
    truth, names = np.array([[0.0], [1], [np.nan], [np.nan]]), np.array(list("abcd"))
    with pytest.raises(ValueError, match="known of no structure"):
        readings(truth, np.zeros((1, 4, 1)), names, np.array(["train", "train", "validation", "validation"]))
