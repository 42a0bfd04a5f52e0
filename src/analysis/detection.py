"""How often images of another study are told from those that an ensemble knows."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence

import numpy as np
import xarray as xr

from provenance import FilePath, atomic_output
from provenance.netcdf import open_result

FALSE_ALARMS = 0.05
COLUMNS = ("split", "measure", "study", "pressure_MPa", "threshold", "rate", "n")


def detect(novelty: xr.Dataset) -> Iterator[dict[str, object]]:
    """Rows of the table: share of images beyond the threshold, per measure, study and pressure.

    The threshold is exceeded by `FALSE_ALARMS` of the validation part, which the networks did not learn from.
    Of the ensemble's own study the test part is counted: that rate is of false alarms, those of other studies
    are of detections.

    Parameters
    ----------
    novelty
        From `cnn.novelty.novelty_dataset`.
    """
    part, study = novelty["split"].values, novelty["study"].values
    own = np.unique(study[part == "train"])
    pressure = novelty["pressure"].values if "pressure" in novelty.variables else np.full(part.size, np.nan)
    groups = {}
    for name in np.unique(study):
        chosen = (study == name) & ((part == "test") | ~np.isin(name, own))
        groups[name, ""] = chosen
        for value in np.unique(pressure[chosen & np.isfinite(pressure)]):
            groups[name, f"{value / 1e6:g}"] = chosen & (pressure == value)
    for measure in novelty["measure"].values:
        values = novelty["novelty"].sel(measure=measure).values
        threshold = np.quantile(values[part == "validation"], 1 - FALSE_ALARMS)
        for (name, under), chosen in groups.items():
            yield {
                "split": str(novelty["fold"].item()),
                "measure": str(measure),
                "study": str(name),
                "pressure_MPa": under,
                "threshold": float(threshold),
                "rate": float(np.mean(values[chosen] > threshold)),
                "n": int(chosen.sum()),
            }


def write_detection(novelty: Sequence[FilePath], output: FilePath) -> None:
    """Write the table of several splits as CSV; no pressure stands for all structures of a study."""
    rows = [row for path in novelty for row in detect(open_result(path, "novelty", "split", "study", "fold"))]
    with atomic_output(output) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        table.writerows(rows)


def read_detection(path: FilePath) -> list[dict[str, str]]:
    """Rows of a table of detections as written, by column name."""
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
