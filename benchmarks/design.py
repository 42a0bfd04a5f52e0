"""How well the processes of the design map know packings that they were not fitted to.

    python benchmarks/design.py [DATASET]    # docs/spatial/dataset.nc; benchmarks/design.csv

Packings are left out in five parts (``packings``), and each AM share at once (``share-0.5`` and so on; of the
lowest and the highest the processes are asked beyond their samples, which the map itself refuses). All is
fitted anew each time. Under load.
"""

import csv
import sys
from pathlib import Path

import numpy as np

from analysis.design import read_samples
from analysis.design.samples import QUANTITIES, deal_packings
from analysis.design.scores import held_out, score

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks/design.csv"
PARTS = 5


def judged(samples):
    """Rows of the table."""
    shares = samples.settings[:, 0]
    packings = deal_packings(samples, PARTS, seed=1)
    for name, quantity in QUANTITIES.items():
        unit = quantity.row.display
        for part, folds in (("packings", packings), ("share", shares)):
            number, *columns = held_out(samples, name, folds, np.unique(folds))
            kinds = {f"share-{share:g}": shares[number] == share for share in np.unique(shares)}
            if part == "packings":
                kinds = {"packings": np.ones(number.size, bool)} | {
                    f"packings of {kind}": chosen for kind, chosen in kinds.items()
                }
            for kind, chosen in kinds.items():
                found = score(*(column[chosen] for column in columns))
                yield {
                    "quantity": name,
                    "unit": unit.column,
                    "left_out": kind,
                    "samples": found.samples,
                    "mean": f"{unit.factor * columns[0][chosen].mean():.4g}",
                    "rmse": f"{unit.factor * found.rmse:.3g}",
                    "r2": f"{found.r2:.4f}",
                    "coverage": f"{found.coverage:.3f}",
                }
                print(name, kind, found, flush=True)


def main(dataset):
    """Judge, and write the table."""
    rows = list(judged(read_samples(dataset)))
    with open(RESULTS, "w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else ROOT / "docs/spatial/dataset.nc")
