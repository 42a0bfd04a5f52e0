"""How well predictors do on the test parts of the splits."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence

import numpy as np
import xarray as xr

from analysis.baselines import PREDICTORS, features, predict
from analysis.dataset import open_dataset
from provenance import FilePath, atomic_output
from provenance.netcdf import open_result

COLUMNS = ("split", "study", "predictor", "target", "r2", "r2_low", "r2_high", "rmse", "coverage", "n")
# First word of a fold's name -> name of the split it belongs to.
SCHEMES = {"random": "random", "width": "leave_width_out", "uncovered": "leave_uncovered_fraction_out"}


def r2_score(truth: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Coefficient of determination over the last axis [-]: 1 - residual / total sum of squares."""
    residual = np.sum((truth - predicted) ** 2, axis=-1)
    total = np.sum((truth - truth.mean(axis=-1, keepdims=True)) ** 2, axis=-1)
    return 1 - residual / total


def r2_interval(
    truth: np.ndarray,
    predicted: np.ndarray,
    resamples: int,
    rng: np.random.Generator,
    packing: np.ndarray | None = None,
) -> tuple[float, float]:
    """95 % percentile bootstrap interval of R2 over N structures (Efron, 1979).

    Parameters
    ----------
    truth, predicted
        [N].
    packing
        Number of the packing of each structure [N, 0 to P - 1]: those of one, under different pressures, are
        drawn together. None: each is a packing of its own.
    resamples
        Number of bootstrap resamples; those that draw one structure only have no R2 and are left out.
    rng
        Source of the resamples.
    """
    chosen = _resamples(truth, resamples, rng, packing)
    return _ends([r2_score(truth[row], predicted[row]) for row in chosen])


def paired_gain(
    truth: np.ndarray,
    predicted: np.ndarray,
    other: np.ndarray,
    resamples: int,
    rng: np.random.Generator,
    packing: np.ndarray | None = None,
) -> tuple[float, float]:
    """95 % interval of the R2 of one predictor minus that of another, on the same resamples.

    Parameters are those of `r2_interval`, with two predictions of the same structures. An interval above 0
    says that the first is better, whichever structures are drawn.
    """
    chosen = _resamples(truth, resamples, rng, packing)
    return _ends([r2_score(truth[row], predicted[row]) - r2_score(truth[row], other[row]) for row in chosen])


def _resamples(
    truth: np.ndarray, resamples: int, rng: np.random.Generator, packing: np.ndarray | None
) -> list[np.ndarray]:
    """Which structures each resample has, packings being drawn as a whole."""
    packing = np.arange(truth.size) if packing is None else packing
    members = [np.flatnonzero(packing == number) for number in range(packing.max() + 1)]
    drawn = rng.integers(len(members), size=(resamples, len(members)))
    chosen = (np.concatenate([members[number] for number in row]) for row in drawn)
    return [row for row in chosen if np.ptp(truth[row]) > 0]


def _ends(scores: list[np.ndarray]) -> tuple[float, float]:
    """Ends of the percentile interval; not numbers without any score."""
    if not scores:
        return np.nan, np.nan
    low, high = np.quantile(scores, [0.025, 0.975])
    return float(low), float(high)


def evaluate(
    dataset: xr.Dataset, predictions: Sequence[xr.Dataset], resamples: int, seed: int
) -> list[dict[str, object]]:
    """Rows of the metrics table: one per split, study, predictor and target, for the test parts.

    Splits that each hold out one width are judged together, over all structures when they were held out;
    those that hold out an uncovered fraction likewise. Splits that train on one study of several are judged
    one by one, on the test parts of each study.

    Parameters
    ----------
    dataset
        Of the study, for the baselines, which learn from the training part as the network does.
    predictions
        One per split, with ``truth``, ``prediction``, ``split`` and ``fold`` (docs/data-formats.md).
    resamples
        Bootstrap resamples.
    seed
        Of the bootstrap.
    """
    known, label = features(dataset), dataset["label"].values
    packings = np.stack(
        [dataset[name].values for name in ("width", "uncovered_fraction", "replicate")], axis=1
    )
    judged: dict[str, dict[str, list[np.ndarray]]] = {}
    for fold in predictions:
        train, test = (fold["split"].values == name for name in ("train", "test"))
        if not np.array_equal(fold["sample"].values, dataset["sample"].values):
            raise ValueError(f"predictions of the split {fold['fold'].item()} are of another dataset")
        split = str(fold["fold"].item())
        collected = judged.setdefault(SCHEMES.get(split.split("-")[0], split), {})
        collected.setdefault("study", []).append(dataset["study"].values[test])
        collected.setdefault("packing", []).append(packings[test])
        collected.setdefault("truth", []).append(fold["truth"].values[test])
        collected.setdefault("inside", []).append(inside(fold)[test])
        for name in PREDICTORS:
            collected.setdefault(name, []).append(predict(name, known, label, train, test))
        members = fold["member_prediction"].values[:, test]
        collected.setdefault("cnn", []).append(fold["prediction"].values[test])
        collected.setdefault("cnn_single", []).append(members[0])
    rows: list[dict[str, object]] = []
    for split, columns in judged.items():
        pooled = {name: np.concatenate(parts) for name, parts in columns.items()}
        of_study, packing = pooled.pop("study"), pooled.pop("packing")
        for study in np.unique(of_study):
            mine = of_study == study
            _, number = np.unique(packing[mine], axis=0, return_inverse=True)
            chosen = {name: values[mine] for name, values in pooled.items()}
            scores = judge(chosen, dataset["target"].values.tolist(), resamples, seed, in_order(number))
            rows += [{"split": split, "study": str(study), **row} for row in scores]
    return rows


def in_order(number: np.ndarray) -> np.ndarray:
    """Numbers [N] given anew from 0 on, in the order in which they come first."""
    _, first, inverse = np.unique(number, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse]


def judge(
    predicted: dict[str, np.ndarray],
    targets: Sequence[str],
    resamples: int,
    seed: int,
    packing: np.ndarray | None = None,
) -> Iterator[dict[str, object]]:
    """Rows of the metrics table, without ``split`` and ``study``.

    Parameters
    ----------
    predicted
        Predictions [N, targets] by predictor; with them ``truth``, not a number where it is not known, and
        ``inside``: whether it is in the intervals of ``cnn``.
    targets
        Names.
    resamples, seed, packing
        Of the bootstrap (`r2_interval`).
    """
    truth = predicted["truth"]
    for predictor, values in predicted.items():
        if predictor in ("truth", "inside"):
            continue
        for k, target in enumerate(targets):
            known = np.isfinite(truth[:, k])
            pair = truth[known, k], values[known, k]
            drawn = None if packing is None else in_order(packing[known])
            low, high = r2_interval(*pair, resamples, np.random.default_rng(seed), drawn)
            yield {
                "predictor": predictor,
                "target": str(target),
                "r2": float(r2_score(*pair)),
                "r2_low": low,
                "r2_high": high,
                "rmse": float(np.sqrt(np.mean((pair[0] - pair[1]) ** 2))),
                "coverage": float(predicted["inside"][known, k].mean()) if predictor == "cnn" else "",
                "n": int(known.sum()),
            }


def inside(predictions: xr.Dataset) -> np.ndarray:
    """Whether each truth lies in the interval of its prediction [samples, targets]."""
    truth = predictions["truth"].values
    return (predictions["low"].values <= truth) & (truth <= predictions["high"].values)


def write_metrics(
    dataset: FilePath,
    predictions: Sequence[FilePath],
    output: FilePath,
    resamples: int,
    seed: int,
) -> None:
    """Evaluate files of predictions and write the table as CSV; RMSE is in SI units."""
    needed = ("truth", "prediction", "member_prediction", "low", "high", "split", "fold")
    opened = [open_result(path, *needed) for path in predictions]
    rows = evaluate(open_dataset(dataset), opened, resamples, seed)
    with atomic_output(output) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        table.writerows(rows)


def read_metrics(path: FilePath) -> list[dict[str, str]]:
    """Rows of a metrics table as written, by column name."""
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_scores(
    metrics: FilePath, split: str, predictors: Sequence[str]
) -> dict[tuple[str, str], dict[str, str]]:
    """Rows of a metrics table of one split, by predictor and target.

    Raises
    ------
    ValueError
        If it lacks a predictor; the message names it and the file.
    """
    rows = {(row["predictor"], row["target"]): row for row in read_metrics(metrics) if row["split"] == split}
    for predictor in predictors:
        if predictor not in {name for name, _ in rows}:
            raise ValueError(f"{metrics} has no {predictor} for the split {split}")
    return rows
