"""Scores by number of sections, baselines, and where the variance lies, on sections made up."""

import csv

import numpy as np
import pytest
import xarray as xr

from analysis.metrics import r2_score
from analysis.section_metrics import (
    CEILING_COLUMNS,
    PREDICTORS,
    SECTION_COLUMNS,
    ceiling,
    combined,
    evaluate,
)

SECTIONS, SAMPLES = 4, 40


# Of one section, and of two: what the other target says helps, and both are off by something.
WEIGHTS = np.array([[[1.0, 0.1], [0.0, 0.9]], [[1.1, -0.2], [0.1, 1.0]]])
OFFSET = np.array([[0.01, -0.02], [-0.03, 0.04]])


@pytest.fixture(scope="module")
def made_up():
    """Sections whose share of AM tells the first target, and predictions that err by packing and section."""
    rng = np.random.default_rng(0)
    count = SAMPLES * SECTIONS
    sample = np.repeat(np.arange(SAMPLES), SECTIONS)
    share = np.repeat(np.linspace(0.2, 0.6, SAMPLES), SECTIONS)
    image = np.array([rng.choice(3, (24, 24), p=[0.1, 0.9 - am, am]) for am in share]).astype(np.uint8)
    label = np.stack([share, np.where(sample % 5 == 0, np.nan, share**2)], axis=1)
    shared = np.repeat(rng.normal(scale=0.02, size=(SAMPLES, 1)), SECTIONS, axis=0)
    told = np.nan_to_num(label, nan=0.3) + shared + rng.normal(scale=0.04, size=label.shape)
    split = np.where(sample % 4 == 0, "test", np.where(sample % 4 == 1, "validation", "train"))
    dataset = xr.Dataset(
        {
            "image": (("sample", "y", "x"), image),
            "label": (("sample", "target"), label),
            "study": ("sample", ["mine"] * count),
            "packing": ("sample", [f"packing-{k // 2}" for k in sample]),
            "pressed": ("sample", [f"sample-{k}" for k in sample]),
            "am_volume_fraction": ("sample", share.round(1)),
            "am_mean_diameter_drawn": ("sample", np.full(count, 4e-6)),
            "am_sd_diameter_drawn": ("sample", np.full(count, 4e-7)),
            "pressure": ("sample", np.full(count, 1e8)),
            "unloaded_to": ("sample", np.full(count, np.nan)),
        },
        {"sample": [f"section-{k}" for k in range(count)], "target": ["relative_density", "am_coverage"]},
        {"um_per_pixel": 0.1},
    )
    first = np.arange(0, count, 2)
    pair = told[first[:, None] + np.arange(2)].mean(axis=1)
    fold = xr.Dataset(
        {
            "truth": (("sample", "target"), label),
            "prediction": (("sample", "target"), told),
            "member_prediction": (("member", "sample", "target"), told[None]),
            "low": (("sample", "target"), told - 0.08),
            "high": (("sample", "target"), told + 0.08),
            "split": ("sample", split),
            "group_sections": ("group", np.full(first.size, 2)),
            "group_first": ("group", first),
            "group_prediction": (("group", "target"), pair),
            "group_low": (("group", "target"), pair - 0.06),
            "group_high": (("group", "target"), pair + 0.06),
            "combination_weights": (("sections", "target", "mean"), WEIGHTS),
            "combination_offset": (("sections", "target"), OFFSET),
            "sections": [1, 2],
        },
        {"sample": dataset["sample"], "target": dataset["target"], "fold": "random"},
    )
    return dataset, fold


def test_every_predictor_is_judged_on_one_and_on_several_sections(made_up):
    rows = evaluate(*made_up[:1], [made_up[1]], 100, 0)
    assert {row["predictor"] for row in rows} == {*PREDICTORS, "cnn", "cnn_mean", "cnn_single"}
    assert set(rows[0]) == set(SECTION_COLUMNS)
    scores = {(row["predictor"], row["sections"], row["target"]): row for row in rows}
    one, two = (scores["cnn", count, "relative_density"] for count in (1, 2))
    assert (one["n"], two["n"]) == (40, 20)
    assert one["r2"] < two["r2"] < 1 and 0.8 < one["coverage"] <= 1
    # The shares tell it: stereology needs no network here.
    assert scores["stereology", 1, "relative_density"]["r2"] > 0.9
    assert (
        scores["stereology", 2, "relative_density"]["r2"] > scores["stereology", 1, "relative_density"]["r2"]
    )
    assert scores["mean", 1, "relative_density"]["r2"] <= 0


def test_means_are_combined_by_the_rule_of_their_number(made_up):
    _, fold = made_up
    means = np.array([[0.4, 0.2], [0.5, 0.3]])
    for place, count in enumerate((1, 2)):
        expected = [[sum(WEIGHTS[place, t] * row) + OFFSET[place, t] for t in range(2)] for row in means]
        np.testing.assert_allclose(combined(fold, means, count), expected)


def test_one_network_and_plain_means_are_judged_beside_the_ensemble(made_up):
    dataset, fold = made_up
    rows = evaluate(dataset, [fold], 100, 0)
    scores = {(row["predictor"], row["sections"], row["target"]): row["r2"] for row in rows}
    plain, one = (scores[name, 2, "relative_density"] for name in ("cnn_mean", "cnn_single"))
    test = fold["split"].values == "test"
    truth, means = (
        fold[name].values[..., test, 0].reshape(-1, 2).mean(axis=-1)
        for name in ("truth", "member_prediction")
    )
    assert plain == pytest.approx(r2_score(truth, means))
    assert one != pytest.approx(plain)


def test_what_is_not_known_is_not_judged(made_up):
    rows = evaluate(*made_up[:1], [made_up[1]], 100, 0)
    row = next(row for row in rows if (row["predictor"], row["target"]) == ("cnn", "am_coverage"))
    assert row["n"] == 40 - 2 * SECTIONS and np.isfinite(row["r2"])


def test_predictions_of_another_dataset_are_refused(made_up):
    dataset, fold = made_up
    other = fold.assign_coords(sample=[f"other-{k}" for k in range(fold.sizes["sample"])])
    with pytest.raises(ValueError, match="split random are of another dataset"):
        evaluate(dataset, [other], 100, 0)


def test_the_error_is_parted_in_what_sections_share_and_the_rest(made_up):
    dataset, fold = made_up
    plain = {"combination_weights": np.stack([np.eye(2)] * 2), "combination_offset": np.zeros((2, 2))}
    fold = fold.assign({name: (fold[name].dims, values) for name, values in plain.items()})
    rows = ceiling(dataset, fold)
    assert [tuple(row) for row in rows] == [CEILING_COLUMNS] * 2
    row = rows[0]
    variance = np.var(fold["truth"].values[fold["split"].values == "test", 0])
    assert row["section_error"] == pytest.approx(0.04**2 / variance, rel=0.4)
    assert row["shared_error"] == pytest.approx(0.02**2 / variance, abs=0.4 * 0.02**2 / variance + 0.01)
    assert row["r2_one"] < row["r2_ever_more"] <= 1
    assert row["settings"] + row["packings"] == pytest.approx(1)
    # Shares of AM to one digit are the settings: nearly all lies between them.
    assert row["settings"] > 0.8


def test_what_lies_between_packings_is_not_told_of_settings_with_one(made_up):
    dataset, fold = made_up
    alone = dataset.assign(am_volume_fraction=("sample", np.repeat(np.arange(SAMPLES), SECTIONS) / 100))
    (row, _) = ceiling(alone, fold)
    assert np.isnan(row["settings"]) and np.isnan(row["packings"]) and np.isfinite(row["shared_error"])


def test_a_pressure_is_held_out_with_packings_that_are_new_too(made_up):
    from analysis.split import UNUSED, section_folds

    am, pressure = np.repeat([0.3, 0.5], 8), np.tile([1e8, 2e8], 8)
    packing = np.array([f"p{k // 2}" for k in range(16)])
    dealt = np.repeat(["train", "train", "validation", "test"] * 2, 2)
    parts = section_folds(am, pressure, packing, dealt, {"train": 0.5, "validation": 0.25, "test": 0.25}, 0)
    assert list(parts) == ["random", "am-0.3", "am-0.5", "pressure-100", "pressure-200"]
    held = parts["pressure-100"]
    assert ((held == "test") == ((dealt == "test") & (pressure == 1e8))).all()
    assert (held[(pressure == 1e8) & (dealt != "test")] == UNUSED).all()
    assert (held[(pressure == 2e8) & (dealt == "test")] == UNUSED).all()
    assert (parts["am-0.3"][am == 0.3] == "test").all() and (parts["am-0.3"][am == 0.5] != "test").all()
    for part in parts.values():
        used = part != UNUSED
        both = {name: set(part[used & (packing == name)]) for name in np.unique(packing)}
        assert all(len(of_packing) <= 1 for of_packing in both.values())


def test_columns_of_the_shipped_table_follow_the_planar_ones(root):
    with open(root / "models/paper/metrics.csv", encoding="utf-8") as file:
        planar = next(csv.reader(file))
    assert [name for name in SECTION_COLUMNS if name != "sections"] == planar
