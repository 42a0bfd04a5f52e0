"""The shipped ensemble and the baselines on structures of another seed, which no choice has seen.

    snakemake --cores all --configfile config/holdout.yaml -- results/holdout/dataset.nc
    python benchmarks/holdout.py

Needs the dataset of `make study` too, from whose training part the baselines learn. R2 of all 100 structures
with its 95 % bootstrap interval, and the share of them in the 90 % intervals; models/paper/holdout.csv.
"""

import csv
from pathlib import Path

import numpy as np

from analysis.baselines import PREDICTORS, features
from analysis.baselines import predict as predict_baseline
from analysis.dataset import open_dataset
from analysis.metrics import COLUMNS, judge
from cnn.bundle import read_bundle
from cnn.light import mean_and_spread, run_ensemble
from cnn.uncertainty import interval

ROOT = Path(__file__).resolve().parent.parent
RESAMPLES = 2000


def main():
    paper, holdout = (open_dataset(ROOT / f"results/{name}/dataset.nc") for name in ("paper", "holdout"))
    bundle = read_bundle(ROOT / "models/paper")
    truth = holdout["label"].values
    if bundle.um_per_pixel != holdout.attrs["um_per_pixel"]:
        raise SystemExit("the ensemble was trained on images of another scale")
    members = run_ensemble(bundle.networks, holdout["image"].values).target
    mean, spread = mean_and_spread(members)
    low, high = interval(mean, spread, bundle.calibration)

    of_paper, of_holdout = features(paper), features(holdout)
    known = {kind: np.concatenate([of_paper[kind], of_holdout[kind]]) for kind in of_paper}
    label = np.concatenate([paper["label"].values, truth])
    train = np.append(paper["split"].sel(fold="random").values == "train", np.zeros(len(truth), bool))
    test = np.append(np.zeros(paper.sizes["sample"], bool), np.ones(len(truth), bool))
    predicted = {"cnn": mean, "cnn_single": members[0]}
    predicted |= {name: predict_baseline(name, known, label, train, test) for name in PREDICTORS}

    predicted |= {"truth": truth, "inside": (low <= truth) & (truth <= high)}
    rows = []
    for row in judge(predicted, holdout["target"].values, RESAMPLES, 1):
        rows.append({"split": "random", "study": "holdout", **row})
        print("{predictor:18s} {target:16s} {r2:.3f} [{r2_low:.3f}, {r2_high:.3f}] {coverage}".format(**row))
    with open(ROOT / "models/paper/holdout.csv", "w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        table.writerows(rows)


if __name__ == "__main__":
    main()
