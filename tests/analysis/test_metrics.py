import numpy as np
import pytest
import sklearn.metrics
import xarray as xr

from analysis.dataset import open_dataset
from analysis.metrics import COLUMNS, evaluate, in_order, inside, r2_interval, r2_score, read_metrics

PREDICTORS = {"cnn", "cnn_single", "mean", "process_linear", "process_boosting", "image_boosting"}


@pytest.fixture(scope="module")
def structures():
    """40 structures with 8 x 8 images whose first target follows the width, and whose second is noise."""
    rng = np.random.default_rng(2)
    width = np.repeat(np.linspace(46e-6, 55e-6, 4), 10)
    label = np.stack([1e6 * width + rng.normal(0, 0.3, 40), rng.normal(10, 2, 40)], axis=1)
    return xr.Dataset(
        {
            "image": (("sample", "y", "x"), rng.integers(0, 3, (40, 8, 8), dtype=np.uint8)),
            "label": (("sample", "target"), label),
        },
        {
            "target": ["good", "bad"],
            "sample": [f"s{k}" for k in range(40)],
            "study": ("sample", ["one"] * 40),
            "width": ("sample", width),
            "uncovered_fraction": ("sample", np.full(40, 0.7)),
            "replicate": ("sample", np.arange(40)),
            "am_box_fraction": ("sample", rng.uniform(0.3, 0.5, 40)),
        },
    )


def predictions_of(structures, fold, test):
    rng = np.random.default_rng(3)
    truth = structures["label"].values
    error = rng.normal(0, [0.5, 5], (3, 40, 2))
    dims = ("sample", "target")
    return xr.Dataset(
        {
            "truth": (dims, truth),
            "prediction": (dims, truth + error.mean(axis=0)),
            "member_prediction": (("member", *dims), truth + error),
            "low": (dims, truth - 1),
            "high": (dims, truth + np.array([1, -0.5])),
            "split": ("sample", np.where(test, "test", "train")),
        },
        {"target": structures["target"], "sample": structures["sample"], "fold": fold},
    )


@pytest.fixture(scope="module")
def rows(structures):
    random = predictions_of(structures, "random", np.arange(40) % 2 == 0)
    folds = [
        predictions_of(structures, f"width-{1e6 * w:g}", structures["width"].values == w)
        for w in np.unique(structures["width"])
    ]
    metrics = evaluate(structures, [random, *folds], 300, 1)
    return {(row["split"], row["predictor"], row["target"]): row for row in metrics}


def test_r2_is_that_of_scikit_learn():
    rng = np.random.default_rng(1)
    truth, predicted = rng.normal(size=(2, 30))
    assert r2_score(truth, predicted) == pytest.approx(sklearn.metrics.r2_score(truth, predicted))


def test_every_predictor_is_judged_on_every_split_and_target(rows):
    splits = ("random", "leave_width_out")
    assert set(rows) == {(s, p, t) for s in splits for p in PREDICTORS for t in ("good", "bad")}
    assert all(tuple(row) == COLUMNS for row in rows.values())


def test_rows_are_those_of_the_test_part(rows, structures):
    row = rows["random", "cnn", "good"]
    test = predictions_of(structures, "random", np.arange(40) % 2 == 0).isel(sample=slice(0, None, 2))
    truth, predicted = test["truth"][:, 0], test["prediction"][:, 0]
    assert row["r2"] == pytest.approx(sklearn.metrics.r2_score(truth, predicted))
    assert row["rmse"] == pytest.approx(sklearn.metrics.root_mean_squared_error(truth, predicted))
    assert row["n"] == 20 and row["r2_low"] < row["r2"] < row["r2_high"] <= 1
    assert rows["random", "cnn_single", "good"]["r2"] < row["r2"], "members err more than their mean"
    assert row["coverage"] == 1 and rows["random", "cnn", "bad"]["coverage"] == 0
    assert rows["random", "mean", "bad"]["coverage"] == ""


def test_folds_are_judged_together(rows):
    assert rows["leave_width_out", "cnn", "good"]["n"] == 40


def test_baselines_know_what_they_may_know(rows):
    """Width tells the first target, and nothing tells the second; a held-out width leaves the line."""
    assert rows["random", "process_linear", "good"]["r2"] > 0.9
    assert rows["leave_width_out", "process_linear", "good"]["r2"] > 0.9
    assert rows["leave_width_out", "process_boosting", "good"]["r2"] < 0.9, "trees do not extrapolate"
    assert rows["random", "process_boosting", "bad"]["r2"] < 0.3
    assert rows["random", "mean", "good"]["r2"] <= 0


def test_predictions_of_another_dataset_are_refused(structures):
    other = predictions_of(structures, "random", np.arange(40) % 2 == 0).isel(sample=slice(None, None, -1))
    with pytest.raises(ValueError, match="predictions of the split random are of another dataset"):
        evaluate(structures, [other], 100, 1)


def test_interval_covers_about_95_percent():
    rng = np.random.default_rng(4)
    population = 1 - 0.25 / 1.25  # R2 of the truth plus noise of half its spread, against the sum
    hits = 0
    for _ in range(200):
        predicted = rng.normal(size=80)
        truth = predicted + rng.normal(0, 0.5, 80)
        low, high = r2_interval(truth, predicted, 300, rng)
        hits += low < population < high
    assert 0.88 < hits / 200 < 0.99


def test_structures_of_one_packing_are_drawn_together():
    rng = np.random.default_rng(5)
    truth = rng.normal(size=30)
    predicted = truth + rng.normal(0, 0.5, 30)
    alone = r2_interval(truth, predicted, 2000, np.random.default_rng(1))
    assert r2_interval(truth, predicted, 2000, np.random.default_rng(1), np.arange(30)) == alone
    # Six times the same says no more than once; drawn one by one it would seem to.
    again = np.repeat(truth, 6), np.repeat(predicted, 6)
    together = r2_interval(*again, 2000, np.random.default_rng(1), np.repeat(np.arange(30), 6))
    assert together == pytest.approx(alone)
    low, high = r2_interval(*again, 2000, np.random.default_rng(1))
    assert high - low < 0.6 * (together[1] - together[0])


def test_packings_are_numbered_in_the_order_they_come():
    assert in_order(np.array([5, 5, 2, 9, 2])).tolist() == [0, 0, 1, 2, 1]


def test_interval_of_one_structure_is_unknown():
    assert np.isnan(r2_interval(np.ones(1), np.ones(1), 100, np.random.default_rng(1))).all()


def test_file_has_a_row_per_split_predictor_and_target(study):
    rows = read_metrics(study.metrics)
    assert tuple(rows[0]) == COLUMNS
    assert {row["split"] for row in rows} == {"random", "leave_width_out"}
    assert len(rows) == 2 * 5 * len(PREDICTORS) and {row["predictor"] for row in rows} == PREDICTORS
    with xr.open_dataset(study.predictions["random"]) as predictions:
        covered = inside(predictions)[predictions["split"].values == "test"].mean(axis=0)
    coverages = [
        float(row["coverage"]) for row in rows if (row["split"], row["predictor"]) == ("random", "cnn")
    ]
    np.testing.assert_allclose(coverages, covered)
    assert open_dataset(study.dataset)["fold"].values.tolist() == ["random", "width-10", "width-11"]
