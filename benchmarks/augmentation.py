"""Does training on blurred, noisy and coarse images pay?

    python benchmarks/augmentation.py

Needs the dataset of `make study`, or takes another's path. The first network of models/paper learnt from the
training images as they are; one of the same settings and seed learns, in as many steps, from these and from
`COPIES` of each, degraded at random and parted into phases again, as a user's image would be. Then R2 of both
on the test part, clean and degraded, and the median bias of the mean stress on SE: augmentation.csv.
"""

import csv
import sys
import tempfile
from pathlib import Path

import numpy as np
import xarray as xr
import yaml
from network import STUDY, of_random_split
from prediction import UM_PER_PIXEL

from analysis.labels import TARGETS
from analysis.metrics import r2_score
from cnn.data import part
from cnn.degrade import MOST_BLUR, MOST_NOISE, MOST_PIXEL, degrade
from cnn.light import read_network, run_ensemble
from cnn.train import train

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "benchmarks/augmentation.csv"
COPIES = 2
# Most of what training images are degraded by.
MOST = {"blur": MOST_BLUR, "noise": MOST_NOISE, "pixel": MOST_PIXEL}
TESTS = (
    ("clean", {}),
    ("blur 0.05 um", {"blur": 0.05}),
    ("blur 0.1 um", {"blur": 0.1}),
    ("blur 0.15 um", {"blur": 0.15}),
    ("noise 10 %", {"noise": 0.1}),
    ("noise 15 %", {"noise": 0.15}),
    ("noise 20 %", {"noise": 0.2}),
    ("pixels of 0.15 um", {"pixel": 0.15}),
    ("pixels of 0.2 um", {"pixel": 0.2}),
)


def augmented(dataset, draw):
    """The dataset with degraded copies of its training images."""
    ours = dataset.isel(sample=np.flatnonzero(dataset["split"][0] == "train"))
    parts = [dataset]
    for _ in range(COPIES):
        copies = []
        for image in ours["image"].values:
            kind = draw.choice([*MOST, "blur and noise"])
            chosen = {key: draw.uniform(0, MOST[key]) for key in MOST if key in kind}
            if "pixel" in chosen:
                chosen["pixel"] = max(chosen["pixel"], UM_PER_PIXEL)
            copies.append(degrade(image, UM_PER_PIXEL, draw, **chosen))
        parts.append(ours.assign(image=(ours["image"].dims, np.array(copies))))
    return xr.concat(parts, "sample", combine_attrs="override")


def trained(dataset, config, folder):
    """One network of the study's settings, in NumPy."""
    settings = {
        key: value
        for key, value in config["training"].items()
        if not key.startswith(("members", "environment"))
    }
    dataset.to_netcdf(folder / "dataset.nc", engine="h5netcdf")
    files = [folder / f"augmented{suffix}" for suffix in (".keras", ".csv", ".json")]
    train(folder / "dataset.nc", *files, config["network"], settings, config["seed"], "benchmark")
    return read_network(files[0])


def main():
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    dataset = of_random_split(Path(sys.argv[1]) if len(sys.argv) > 1 else STUDY / "dataset.nc")
    with tempfile.TemporaryDirectory() as name:
        more = augmented(dataset, np.random.default_rng(config["seed"]))
        config["training"]["epochs"] = round(config["training"]["epochs"] / (1 + COPIES))
        networks = {
            "clean": read_network(ROOT / "models/paper/member-0.keras"),
            "augmented": trained(more, config, Path(name)),
        }
    test = part(dataset.isel(fold=0), "test")
    rows = []
    for kind, change in TESTS:
        image = np.array(
            [
                degrade(one, UM_PER_PIXEL, np.random.default_rng(k), **change)
                for k, one in enumerate(test.image)
            ]
        )
        for training, network in networks.items():
            found = run_ensemble([network], image).target[0]
            r2 = r2_score(test.label.T, found.T)
            bias = np.median(found[:, 2] / test.label[:, 2]) - 1
            rows.append((kind, training, *(f"{value:.3f}" for value in (*r2, bias))))
            print("|", " | ".join(rows[-1]), "|", flush=True)
    with open(TABLE, "w", newline="") as file:
        csv.writer(file).writerows([("images", "trained on", *TARGETS, "bias_se_stress_mean"), *rows])


if __name__ == "__main__":
    main()
