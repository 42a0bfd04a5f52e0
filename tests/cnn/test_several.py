"""Several sections of one electrode."""

import numpy as np
import pytest
import xarray as xr

from cnn.several import answer, calibrations, electrodes, groups, next_below, together


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


def test_intervals_of_more_sections_are_narrower_and_hold():
    """Errors of sections are part their own, part their packing's."""
    rng = np.random.default_rng(0)
    truth = np.repeat(rng.normal(size=(2000, 1)), 8, axis=0)
    shared = np.repeat(rng.normal(scale=0.1, size=(2000, 1)), 8, axis=0)
    members = (truth + shared + rng.normal(scale=0.4, size=truth.shape))[None]
    names = np.repeat([f"{k}" for k in range(2000)], 8)
    fitted = calibrations(truth[:8000], members[:, :8000], names[:8000])
    assert list(fitted) == [1, 2, 4, 8]
    widths = []
    for count in fitted:
        firsts = groups(names[8000:], count) + 8000
        ends = [answer(members[:, k : k + count], fitted, count) for k in firsts]
        low, high = (np.array([end[place] for end in ends]) for place in (1, 2))
        assert 0.86 < np.mean((low <= truth[firsts]) & (truth[firsts] <= high)) < 0.94
        widths.append(np.mean(high - low))
    assert (np.diff(widths) < 0).all() and widths[-1] < 0.5 * widths[0]


def test_the_next_number_below_counts():
    assert [next_below([1, 2, 4], n) for n in (0.5, 1, 1.9, 3, 100)] == [1, 1, 1, 2, 4]


def test_what_is_known_of_no_structure_cannot_be_calibrated():
    with pytest.raises(ValueError, match="known of no structure"):
        calibrations(np.full((4, 1), np.nan), np.zeros((1, 4, 1)), np.array(list("aabb")))
