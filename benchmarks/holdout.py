"""The shipped ensemble and the baselines on structures of another seed, which no choice has seen.

    snakemake --cores all --configfile config/holdout.yaml -- results/holdout/dataset.nc
    python benchmarks/holdout.py

Needs the dataset of `make study` too, from whose training part the baselines learn. R2 of all 100 structures
with its 95 % bootstrap interval, and the share of them in the 90 % intervals.
"""

from pathlib import Path

import numpy as np

from analysis.baselines import PREDICTORS, features
from analysis.baselines import predict as predict_baseline
from analysis.dataset import open_dataset
from analysis.metrics import r2_interval, r2_score
from cnn.bundle import read_bundle
from cnn.predict import predict
from cnn.uncertainty import interval

ROOT = Path(__file__).resolve().parent.parent
RESAMPLES = 2000


def main():
    paper, holdout = (open_dataset(ROOT / f"results/{name}/dataset.nc") for name in ("paper", "holdout"))
    bundle = read_bundle(ROOT / "models/paper")
    truth = holdout["label"].values
    members = np.stack([predict(model, holdout["image"].values) for model in bundle.models])
    mean, spread = members.mean(axis=0), members.std(axis=0, ddof=1)
    low, high = interval(mean, spread, bundle.calibration)

    of_paper, of_holdout = features(paper), features(holdout)
    known = {kind: np.concatenate([of_paper[kind], of_holdout[kind]]) for kind in of_paper}
    label = np.concatenate([paper["label"].values, truth])
    train = np.append(paper["split"].sel(fold="random").values == "train", np.zeros(len(truth), bool))
    test = np.append(np.zeros(paper.sizes["sample"], bool), np.ones(len(truth), bool))
    predicted = {"ensemble": mean, "one network": members[0]}
    predicted |= {name: predict_baseline(name, known, label, train, test) for name in PREDICTORS}

    print(f"| | {' | '.join(holdout['target'].values)} |")
    for name, values in predicted.items():
        cells = []
        for k in range(truth.shape[1]):
            ends = r2_interval(truth[:, k], values[:, k], RESAMPLES, np.random.default_rng(1))
            cells.append(f"{r2_score(truth[:, k], values[:, k]):.3f} [{ends[0]:.3f}, {ends[1]:.3f}]")
        print(f"| {name} | {' | '.join(cells)} |")
    covered = ((low <= truth) & (truth <= high)).mean(axis=0)
    print(f"| truths in the 90 % intervals | {' | '.join(f'{share:.2f}' for share in covered)} |")


if __name__ == "__main__":
    main()
