import collections

from analysis.split import part_sizes, split_samples

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
