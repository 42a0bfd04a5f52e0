"""The shipped ensemble and one that learnt from degraded images too, on degraded images.

    snakemake --cores all --configfile config/robust.yaml -- results/robust/bundle
    python benchmarks/robust.py [--ensembles paper robust]

Needs the dataset of `make study`. Test images are blurred, made noisy or coarse and parted into phases
again, as a user's image would be. The ensembles read them: R2, median bias of the mean stress on SE and
share of the true reaction areas in their 90 % intervals, all of the images whose numbers are given; share
of all images that the verdict does not warn of (like), and of those whose numbers it withholds (unlike):
robust.csv, where rows of other ensembles stay.
"""

import argparse
import csv
from contextlib import suppress
from pathlib import Path

import numpy as np

from analysis.metrics import r2_score
from cnn.bundle import read_bundle, run_bundle
from cnn.composite import LIKE, UNLIKE, scores, verdict
from cnn.data import part, read_dataset
from cnn.degrade import degrade
from cnn.particles import find_tables
from cnn.reference import distance
from cnn.shape import shapes
from cnn.uncertainty import interval, mean_and_spread
from electrode.targets import TARGETS

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "benchmarks/robust.csv"
ENSEMBLES = {"paper": ROOT / "models/paper", "robust": ROOT / "models/robust"}
COLUMNS = ("images", "ensemble", *TARGETS, "bias_se_stress_mean", "area_covered", "like", "unlike")
TESTS = (
    ("clean", {}),
    ("blur 0.05 um", {"blur": 0.05}),
    ("blur 0.1 um", {"blur": 0.1}),
    ("blur 0.2 um", {"blur": 0.2}),
    ("noise 10 %", {"noise": 0.1}),
    ("noise 15 %", {"noise": 0.15}),
    ("noise 20 %", {"noise": 0.2}),
    ("noise 30 %", {"noise": 0.3}),
    ("pixels of 0.15 um", {"pixel": 0.15}),
    ("pixels of 0.2 um", {"pixel": 0.2}),
    ("pixels of 0.3 um", {"pixel": 0.3}),
)


def seen(test, um_per_pixel, defect):
    """Test images with a defect and their targets, without those that cannot be parted in three."""
    shown, truth = [], []
    for k, (image, label) in enumerate(zip(test.image, test.label, strict=True)):
        with suppress(ValueError):
            shown.append(degrade(image, um_per_pixel, np.random.default_rng(k), **defect))
            truth.append(label)
    return np.array(shown), np.array(truth)


def main():
    stress, area = (list(TARGETS).index(name) for name in ("se_stress_mean", "reaction_area"))
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--ensembles", nargs="+", choices=ENSEMBLES, default=list(ENSEMBLES))
    chosen = parser.parse_args().ensembles
    bundles = {name: read_bundle(ENSEMBLES[name]) for name in chosen}
    test = part(read_dataset(ROOT / "results/paper/dataset.nc"), "test")
    rows = []
    for images, defect in TESTS:
        shown, truth = seen(test, bundles[chosen[0]].um_per_pixel, defect)
        for name, bundle in bundles.items():
            passes = run_bundle(bundle, shown, find_tables(shown, bundle.um_per_pixel))
            mean, spread = mean_and_spread(passes.target)
            low, high = interval(mean, spread, bundle.calibration)
            covered = (low <= truth) & (truth <= high)
            measured = np.array([shapes(image, bundle.um_per_pixel) for image in shown])
            novelty = scores(bundle.composite, distance(bundle.reference, passes.pooled), measured)
            words = np.array([verdict(bundle.composite, score[None]) for score in novelty])
            given = words != UNLIKE
            told = given.sum() > 1  # of fewer there is no R2
            numbers = (
                *(r2_score(truth[given].T, mean[given].T) if told else [np.nan] * len(TARGETS)),
                np.median(mean[given, stress] / truth[given, stress]) - 1 if told else np.nan,
                covered[given, area].mean() if told else np.nan,
                np.mean(words == LIKE),
                np.mean(words == UNLIKE),
            )
            rows.append((images, name, *(f"{number:.3f}" for number in numbers)))
            print("|", " | ".join(rows[-1]), "|", flush=True)
    with open(TABLE, encoding="utf-8", newline="") as file:
        others = [[row.get(name, "") for name in COLUMNS] for row in csv.DictReader(file)]
    kept = [row for row in others if row[1] not in chosen]
    order = [images for images, _ in TESTS]
    with open(TABLE, "w", encoding="utf-8", newline="") as file:
        table = sorted([*kept, *rows], key=lambda row: (order.index(row[0]), row[1]))
        csv.writer(file).writerows([COLUMNS, *table])


if __name__ == "__main__":
    main()
