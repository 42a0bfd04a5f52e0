"""How well the stress on single AM particles is predicted, beside a predictor without a network."""

from __future__ import annotations

import csv
from collections.abc import Sequence

import numpy as np
import xarray as xr

from analysis.baselines import predict_particles
from analysis.dataset import open_dataset
from analysis.metrics import in_order, paired_gain, r2_interval, r2_score
from provenance import FilePath, atomic_output
from provenance.netcdf import open_result

NEEDED = (
    *(f"particle_{name}" for name in ("x", "y", "diameter", "truth", "prediction", "low", "high")),
    *("member_particle_prediction", "split", "fold"),
)
COLUMNS = (
    *("split", "study", "predictor", "r2", "r2_low", "r2_high", "rmse", "coverage"),
    *("gain_low", "gain_high", "particles", "structures", "matched"),
)


def evaluate(
    dataset: xr.Dataset, predictions: xr.Dataset, resamples: int, seed: int
) -> list[dict[str, object]]:
    """Rows of the table of one split: one per study and predictor, over the test part.

    Parameters
    ----------
    dataset
        Of the study.
    predictions
        Of one split, with `NEEDED`.
    resamples, seed
        Of the bootstrap, which draws packings with all their particles.
    """
    if not np.array_equal(predictions["sample"].values, dataset["sample"].values):
        raise ValueError(f"predictions of the split {predictions['fold'].item()} are of another dataset")
    train, test = (predictions["split"].values == part for part in ("train", "test"))
    truth = predictions["particle_truth"].values[test]
    predicted = {
        "cnn": predictions["particle_prediction"].values[test],
        "cnn_single": predictions["member_particle_prediction"].values[0][test],
        "particle_boosting": predict_particles(dataset, predictions, train, test),
    }
    low, high = (predictions[f"particle_{end}"].values[test] for end in ("low", "high"))
    packing = np.stack(
        [dataset[name].values[test] for name in ("width", "uncovered_fraction", "replicate")], axis=1
    )
    shown = np.isfinite(dataset["particle_stress"].values[test]).sum(axis=1)
    rows: list[dict[str, object]] = []
    for study in np.unique(dataset["study"].values[test]):
        mine = dataset["study"].values[test] == study
        known = np.isfinite(truth) & mine[:, None]
        _, number = np.unique(packing, axis=0, return_inverse=True)
        drawn = in_order(np.broadcast_to(number[:, None], truth.shape)[known])
        for name, values in predicted.items():
            pair = truth[known], values[known]
            r2_low, r2_high = r2_interval(*pair, resamples, np.random.default_rng(seed), drawn)
            gain = paired_gain(
                truth[known],
                predicted["cnn"][known],
                values[known],
                resamples,
                np.random.default_rng(seed),
                drawn,
            )
            inside = (low[known] <= truth[known]) & (truth[known] <= high[known])
            rows.append(
                {
                    "split": str(predictions["fold"].item()),
                    "study": str(study),
                    "predictor": name,
                    "r2": float(r2_score(*pair)),
                    "r2_low": r2_low,
                    "r2_high": r2_high,
                    "rmse": float(np.sqrt(np.mean((pair[0] - pair[1]) ** 2))),
                    "coverage": float(inside.mean()) if name == "cnn" else "",
                    "gain_low": "" if name == "cnn" else gain[0],
                    "gain_high": "" if name == "cnn" else gain[1],
                    "particles": int(known.sum()),
                    "structures": int(mine.sum()),
                    "matched": float(known.sum() / shown[mine].sum()),
                }
            )
    return rows


def write_particle_metrics(
    dataset: FilePath, predictions: Sequence[FilePath], output: FilePath, resamples: int, seed: int
) -> None:
    """Evaluate the particles in files of predictions and write the table as CSV; RMSE is in Pa."""
    opened = open_dataset(dataset)
    rows = [
        row for path in predictions for row in evaluate(opened, open_result(path, *NEEDED), resamples, seed)
    ]
    with atomic_output(output) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        table.writerows(rows)
