"""The shipped ensemble and the baselines on structures of another seed, which no choice has seen.

    snakemake --cores all --configfile config/holdout.yaml -- results/holdout/dataset.nc
    python benchmarks/holdout.py

Needs dataset and predictions of `make study` too, from whose training part the baselines learn. R2 of all 500
structures with its 95 % bootstrap interval, the 95 % interval of the ensemble's R2 minus each other's on the
same resamples, and the share of structures in the 90 % intervals; models/paper/holdout.csv. Then the same for
single AM particles, which the resamples draw with their structures; models/paper/holdout_particles.csv.
"""

import csv
from pathlib import Path

import numpy as np
import xarray as xr

from analysis.baselines import PREDICTORS, Structures, features
from analysis.baselines import predict as predict_baseline
from analysis.dataset import open_dataset
from analysis.metrics import COLUMNS, judge, paired_gain
from analysis.particles import COLUMNS as PARTICLE_COLUMNS
from analysis.particles import NEEDED, evaluate
from cnn.bundle import read_bundle, run_bundle
from cnn.ensemble import particle_variables
from cnn.particles import find_tables
from cnn.uncertainty import interval, mean_and_spread
from provenance.netcdf import open_result

ROOT = Path(__file__).resolve().parent.parent
RESAMPLES = 2000
GAIN = ("gain_low", "gain_high")


def main():
    paper, holdout = (open_dataset(ROOT / f"results/{name}/dataset.nc") for name in ("paper", "holdout"))
    bundle = read_bundle(ROOT / "models/paper")
    if bundle.um_per_pixel != holdout.attrs["um_per_pixel"]:
        raise SystemExit("the ensemble was trained on images of another scale")
    image = holdout["image"].values
    particles = find_tables(image, bundle.um_per_pixel)
    passes = run_bundle(bundle, image, particles)
    rows = list(_target_rows(paper, holdout, bundle, passes))
    _write("holdout.csv", (*COLUMNS, *GAIN), rows)
    rows = _particle_rows(paper, holdout, bundle, particles, passes.particle_stress)
    _write("holdout_particles.csv", PARTICLE_COLUMNS, rows)


def _target_rows(paper, holdout, bundle, passes):
    """R2 of ensemble and baselines for every target, and how far the ensemble is above each."""
    truth = holdout["label"].values
    mean, spread = mean_and_spread(passes.target)
    low, high = interval(mean, spread, bundle.calibration)
    of_paper, of_holdout = features(paper), features(holdout)
    known = {kind: np.concatenate([of_paper[kind], of_holdout[kind]]) for kind in of_paper}
    label = np.concatenate([paper["label"].values, truth])
    train = np.append(paper["split"].sel(fold="random").values == "train", np.zeros(len(truth), bool))
    test = np.append(np.zeros(paper.sizes["sample"], bool), np.ones(len(truth), bool))
    predicted = {"cnn": mean, "cnn_single": passes.target[0]}
    predicted |= {name: predict_baseline(name, known, label, train, test) for name in PREDICTORS}
    judged = predicted | {"truth": truth, "inside": (low <= truth) & (truth <= high)}
    targets = holdout["target"].values.tolist()
    for row in judge(judged, targets, RESAMPLES, 1):
        k, other = targets.index(row["target"]), predicted[row["predictor"]]
        pair = truth[:, k], mean[:, k], other[:, k]
        gain = ("", "") if other is mean else paired_gain(*pair, RESAMPLES, np.random.default_rng(1))
        yield {"split": "random", "study": "holdout", **row, **dict(zip(GAIN, gain, strict=True))}


def _particle_rows(paper, holdout, bundle, particles, stress):
    """The same for single particles; the baselines learn from the training part of the study."""
    of_paper = open_result(ROOT / "results/paper/predictions/random.nc", *NEEDED)
    known = particle_variables(holdout, particles, stress, bundle.particle_calibration)
    of_holdout = xr.Dataset(known, {"sample": holdout["sample"]}).assign_coords(fold="random")
    learnt = Structures(paper, of_paper, of_paper["split"].values == "train")
    asked = Structures(holdout, of_holdout, np.ones(holdout.sizes["sample"], bool))
    return evaluate(learnt, asked, RESAMPLES, 1)


def _write(name, columns, rows):
    for row in rows:
        r2 = "{predictor:18s} {r2:.3f} [{r2_low:.3f}, {r2_high:.3f}] inside {coverage}".format(**row)
        print(row.get("target", "particle_stress").ljust(16), r2, "gain", [row[end] for end in GAIN])
    with open(ROOT / "models/paper" / name, "w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, columns)
        table.writeheader()
        table.writerows(rows)


if __name__ == "__main__":
    main()
