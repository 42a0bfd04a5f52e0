import collections

import numpy as np

from analysis.split import folds, part_sizes, split_samples

SHARES = {"train": 0.64, "validation": 0.16, "test": 0.2}


def test_split_of_the_paper_is_320_80_100_and_even_over_the_grid():
    cells = [(w, u) for w in range(10) for u in range(5) for _ in range(10)]
    parts = split_samples(cells, SHARES, 1)
    assert collections.Counter(parts) == {"train": 320, "validation": 80, "test": 100}
    for cell in set(cells):
        counts = collections.Counter(p for p, c in zip(parts, cells, strict=True) if c == cell)
        assert 6 <= counts["train"] <= 7 and 1 <= counts["validation"] <= 2 and counts["test"] == 2


def test_split_follows_the_seed():
    cells = [0] * 50
    first = split_samples(cells, SHARES, 1)
    assert (first == split_samples(cells, SHARES, 1)).all()
    assert (first != split_samples(cells, SHARES, 2)).any()


def test_split_of_few_samples_keeps_the_totals():
    parts = split_samples(list(range(8)), SHARES, 1)
    assert collections.Counter(parts) == {"train": 5, "validation": 1, "test": 2}


def test_sizes_are_those_of_the_split():
    assert part_sizes(500, SHARES) == {"train": 320, "validation": 80, "test": 100}
    for count in range(1, 30):
        counts = collections.Counter(split_samples([0] * count, SHARES, 1))
        assert part_sizes(count, SHARES) == {part: counts[part] for part in SHARES}


def test_folds_hold_out_each_width_and_each_fraction():
    widths = np.repeat([46e-6, 47e-6, 48e-6], 20)
    fractions = np.tile(np.repeat([0.53, 0.63], 10), 3)
    parts_by_fold = folds(widths, fractions, SHARES, 1)
    names = ["random", "width-46", "width-47", "width-48", "uncovered-0.53", "uncovered-0.63"]
    assert list(parts_by_fold) == names
    parts = parts_by_fold["width-47"]
    np.testing.assert_array_equal(parts == "test", widths == 47e-6)
    counts = collections.Counter(parts)
    assert counts == {"test": 20, "train": 32, "validation": 8}
    np.testing.assert_array_equal(parts_by_fold["uncovered-0.53"] == "test", fractions == 0.53)


def test_the_only_width_is_not_held_out():
    assert list(folds(np.full(10, 46e-6), np.full(10, 0.5), SHARES, 1)) == ["random"]
