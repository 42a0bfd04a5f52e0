"""How well the stress on single AM particles is predicted, beside a predictor without a network."""

from __future__ import annotations

import csv
from collections.abc import Sequence

import numpy as np

from analysis.baselines import Structures, predict_particles
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


def evaluate(learnt: Structures, asked: Structures, resamples: int, seed: int) -> list[dict[str, object]]:
    """Rows of the table: one per study and predictor.

    Parameters
    ----------
    learnt
        Structures that predictors without a network learn from.
    asked
        Structures to judge; their predictions have `NEEDED`.
    resamples, seed
        Of the bootstrap, which draws packings with all their particles.
    """
    dataset, predictions, chosen = asked
    truth = asked.truth()
    predicted = {
        "cnn": predictions["particle_prediction"].values[chosen],
        "cnn_single": predictions["member_particle_prediction"].values[0][chosen],
        **predict_particles(learnt, asked),
    }
    low, high = (predictions[f"particle_{end}"].values[chosen] for end in ("low", "high"))
    packing = np.stack(
        [dataset[name].values[chosen] for name in ("width", "uncovered_fraction", "replicate")], axis=1
    )
    shown = np.isfinite(dataset["particle_stress"].values[chosen]).sum(axis=1)
    rows: list[dict[str, object]] = []
    for study in np.unique(dataset["study"].values[chosen]):
        mine = dataset["study"].values[chosen] == study
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
    rows = []
    for path in predictions:
        fold = open_result(path, *NEEDED)
        if not np.array_equal(fold["sample"].values, opened["sample"].values):
            raise ValueError(f"predictions of the split {fold['fold'].item()} are of another dataset")
        train, test = (Structures(opened, fold, fold["split"].values == part) for part in ("train", "test"))
        rows += evaluate(train, test, resamples, seed)
    write_rows(rows, output)


def write_rows(rows: Sequence[dict[str, object]], output: FilePath) -> None:
    """Write rows of the table as CSV."""
    with atomic_output(output) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        table.writerows(rows)
