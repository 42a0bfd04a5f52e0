"""Trainings beside that of the study: what more data, other pixels and other networks give.

    python benchmarks/network.py learning_curve|resolution|variants [line ...]

Needs the trajectories and the dataset of `make study`. One training per line, with the seed and settings of
config/config.yaml but for what the line names; R2 of the five targets, mirror images averaged. Variants are
compared on the validation part, which training does not look at; the test part is for the learning curve and
the resolution. Lines can be chosen: ``learning_curve 40 80``, ``variants "dropout 0.1"``.
"""

import copy
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import xarray as xr
import yaml

from analysis.dataset import build_dataset
from analysis.metrics import r2_score
from cnn.data import part, read_dataset
from cnn.predict import load_model, predict
from cnn.train import train

ROOT = Path(__file__).resolve().parent.parent
STUDY = ROOT / "results/paper"
SIZES = (40, 80, 160, 320)
# Divide the window and the cells of the stress map [um].
PIXELS = (0.5, 0.25, 0.1, 0.05)
VARIANTS = {
    "as configured": {},
    "without stress maps": {"training": {"stress_map_weight": 0.0}},
    "dropout 0.1": {"network": {"dropout": 0.1}},
    "half the filters": {"network": {"filters": [12, 24, 32, 48, 64]}},
    "learning rate x 2": {"training": {"learning_rate": 2.0e-3}},
}


def scores(dataset, config):
    """R2 on the validation and on the test part [2, targets], and the seconds of a training."""
    with tempfile.TemporaryDirectory() as name:
        files = [Path(name) / file for file in ("model.keras", "history.csv", "settings.json")]
        settings = {key: value for key, value in config["training"].items() if not key.startswith("members")}
        start = time.perf_counter()
        train(dataset, *files, config["network"], settings, config["seed"], "benchmark")
        seconds = time.perf_counter() - start
        model, samples = load_model(files[0]), read_dataset(dataset)
        found = []
        for which in ("validation", "test"):
            chosen = part(samples, which)
            found.append(r2_score(chosen.label.T, predict(model, chosen.image).T))
    return np.array(found), seconds


def row(name, values, seconds):
    """A line of the table as Markdown."""
    print(f"| {name} | {' | '.join(f'{value:.3f}' for value in values)} | {seconds:.0f} |", flush=True)


def learning_curve(config, sizes):
    """R2 on the test part against the number of training structures, spread evenly over the grid."""
    with xr.open_dataset(STUDY / "dataset.nc") as opened:
        dataset = opened.load()
    random = dataset["split"].values[dataset["fold"].values == "random"][0]
    everything = np.flatnonzero(random == "train")
    for size in map(int, sizes or SIZES):
        chosen = everything[np.linspace(0, everything.size - 1, size).round().astype(int)]
        parts = random.astype("U10")
        parts[everything] = "unused"
        parts[chosen] = "train"
        smaller = dataset.copy()
        split = dataset["split"].values.astype("U10")
        split[dataset["fold"].values == "random"] = parts
        smaller["split"] = (dataset["split"].dims, split)
        # The same number of steps for all sizes: fewer structures, more epochs.
        changed = copy.deepcopy(config)
        batch = config["training"]["batch_size"]
        steps = config["training"]["epochs"] * -(-SIZES[-1] // batch)
        changed["training"]["epochs"] = round(steps / -(-size // batch))
        with tempfile.TemporaryDirectory() as folder:
            smaller.to_netcdf(Path(folder) / "dataset.nc", engine="h5netcdf")
            found, seconds = scores(Path(folder) / "dataset.nc", changed)
        row(f"{size} structures", found[1], seconds)


def resolution(config, pixels):
    """R2 on the test part against the size of a pixel."""
    for pixel in map(float, pixels or PIXELS):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "dataset.nc"
            trajectories = sorted((STUDY / "trajectories").glob("*.h5"))
            image = {**config["image"], "um_per_pixel": pixel}
            build_dataset(trajectories, path, image, config["split"], config["seed"], "paper")
            found, seconds = scores(path, config)
        row(f"{pixel:g} um", found[1], seconds)


def variants(config, names):
    """R2 on the validation part of other networks and trainings."""
    for name in names or VARIANTS:
        changed = copy.deepcopy(config)
        for section, values in VARIANTS[name].items():
            changed[section] |= values
        found, seconds = scores(STUDY / "dataset.nc", changed)
        row(name, [*found[0], found[0].mean()], seconds)


def main():
    choices = {"learning_curve": learning_curve, "resolution": resolution, "variants": variants}
    if len(sys.argv) < 2 or sys.argv[1] not in choices:
        sys.exit(f"usage: python benchmarks/network.py {'|'.join(choices)} [line ...]")
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    choices[sys.argv[1]](config, sys.argv[2:])


if __name__ == "__main__":
    main()
