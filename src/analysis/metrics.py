"""How well predictors do on the test part of a split."""

from __future__ import annotations

import csv
from os import PathLike

import numpy as np
import xarray as xr

from analysis.baselines import predict_mean
from provenance import atomic_output

COLUMNS = ("split", "predictor", "target", "r2", "r2_low", "r2_high", "rmse", "n")


def r2_score(truth: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Coefficient of determination over the last axis [-]: 1 - residual / total sum of squares."""
    residual = np.sum((truth - predicted) ** 2, axis=-1)
    total = np.sum((truth - truth.mean(axis=-1, keepdims=True)) ** 2, axis=-1)
    return 1 - residual / total


def r2_interval(
    truth: np.ndarray, predicted: np.ndarray, resamples: int, rng: np.random.Generator
) -> tuple[float, float]:
    """95 % percentile bootstrap interval of R2 over N structures (Efron, 1979).

    Parameters
    ----------
    truth, predicted
        [N].
    resamples
        Number of bootstrap resamples; those that draw one structure only have no R2 and are left out.
    rng
        Source of the resamples.
    """
    chosen = rng.integers(truth.size, size=(resamples, truth.size))
    chosen = chosen[np.ptp(truth[chosen], axis=1) > 0]
    if not chosen.size:
        return np.nan, np.nan
    low, high = np.quantile(r2_score(truth[chosen], predicted[chosen]), [0.025, 0.975])
    return float(low), float(high)


def evaluate(predictions: xr.Dataset, resamples: int, seed: int) -> list[dict[str, object]]:
    """Rows of the metrics table: one per predictor and target, for the test part of the random split.

    Parameters
    ----------
    predictions
        With ``truth``, ``prediction`` and ``split`` (docs/data-formats.md).
    resamples
        Bootstrap resamples.
    seed
        Of the bootstrap.
    """
    split, truth = predictions["split"].values, predictions["truth"].values
    test = split == "test"
    by_predictor = {
        "cnn": predictions["prediction"].values[test],
        "mean": predict_mean(truth[split == "train"], np.count_nonzero(test)),
    }
    rows = []
    for predictor, predicted in by_predictor.items():
        for k, target in enumerate(predictions["target"].values):
            # The same resamples for every predictor and target: intervals can be compared.
            rng = np.random.default_rng(seed)
            low, high = r2_interval(truth[test, k], predicted[:, k], resamples, rng)
            error = truth[test, k] - predicted[:, k]
            rows.append(
                {
                    "split": "random",
                    "predictor": predictor,
                    "target": str(target),
                    "r2": float(r2_score(truth[test, k], predicted[:, k])),
                    "r2_low": low,
                    "r2_high": high,
                    "rmse": float(np.sqrt(np.mean(error**2))),
                    "n": int(np.count_nonzero(test)),
                }
            )
    return rows


def write_metrics(predictions: str | PathLike, output: str | PathLike, resamples: int, seed: int) -> None:
    """Evaluate a file of predictions and write the table as CSV; RMSE is in SI units."""
    with xr.open_dataset(predictions, engine="h5netcdf") as opened:
        rows = evaluate(opened.load(), resamples, seed)
    with atomic_output(output) as temporary, open(temporary, "w", newline="") as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        table.writerows(rows)


def read_metrics(path: str | PathLike) -> list[dict[str, str]]:
    """Rows of a metrics table as written, by column name."""
    with open(path, newline="") as file:
        return list(csv.DictReader(file))
