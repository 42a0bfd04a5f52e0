import numpy as np
import pytest
import sklearn.metrics
import xarray as xr

from analysis.baselines import predict_mean
from analysis.metrics import COLUMNS, evaluate, r2_interval, r2_score, read_metrics


@pytest.fixture
def predictions():
    """40 structures, 20 of them in test, one target predicted well and one badly."""
    rng = np.random.default_rng(2)
    truth = rng.normal(10, 2, (40, 2))
    return xr.Dataset(
        {
            "truth": (("sample", "target"), truth),
            "prediction": (("sample", "target"), truth + rng.normal(0, [0.5, 5], (40, 2))),
            "split": ("sample", np.repeat(["train", "test"], 20)),
        },
        {"target": ["good", "bad"]},
    )


def test_r2_is_that_of_scikit_learn():
    rng = np.random.default_rng(1)
    truth, predicted = rng.normal(size=(2, 30))
    assert r2_score(truth, predicted) == pytest.approx(sklearn.metrics.r2_score(truth, predicted))


def test_rows_are_those_of_the_test_part(predictions):
    rows = {(row["predictor"], row["target"]): row for row in evaluate(predictions, 500, 1)}
    assert set(rows) == {(p, t) for p in ("cnn", "mean") for t in ("good", "bad")}
    test = predictions.isel(sample=slice(20, None))
    row = rows["cnn", "good"]
    truth, predicted = test["truth"][:, 0], test["prediction"][:, 0]
    assert row["r2"] == pytest.approx(sklearn.metrics.r2_score(truth, predicted))
    assert row["rmse"] == pytest.approx(sklearn.metrics.root_mean_squared_error(truth, predicted))
    assert row["n"] == 20 and row["split"] == "random" and tuple(row) == COLUMNS
    assert row["r2_low"] < row["r2"] < row["r2_high"] <= 1
    assert rows["cnn", "bad"]["r2"] < 0.3


def test_mean_knows_the_training_part_only(predictions):
    train = predictions["truth"].values[:20]
    np.testing.assert_allclose(predict_mean(train, 3), np.tile(train.mean(axis=0), (3, 1)))
    row = next(r for r in evaluate(predictions, 100, 1) if r["predictor"] == "mean")
    assert row["r2"] <= 0


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


def test_interval_of_one_structure_is_unknown():
    assert np.isnan(r2_interval(np.ones(1), np.ones(1), 100, np.random.default_rng(1))).all()


def test_file_has_a_row_per_predictor_and_target(study):
    rows = read_metrics(study.metrics)
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == 2 * 5 and {row["predictor"] for row in rows} == {"cnn", "mean"}
