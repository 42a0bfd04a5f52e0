"""Trainings beside that of the study: what more data, other pixels and other networks give.

    python benchmarks/network.py learning_curve|resolution|labels|targets|variants [line ...]

Needs the trajectories and the dataset of `make study`, learning curves beyond its size those of
config/more.yaml. One training per line, with the seed and settings of
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
from analysis.images import Window
from analysis.labels import target_values
from analysis.metrics import r2_score
from analysis.trajectories import read_trajectories
from cnn.data import part, read_dataset
from cnn.predict import load_model, predict
from cnn.train import train

ROOT = Path(__file__).resolve().parent.parent
STUDY = ROOT / "results/paper"
MORE = ROOT / "results/more"
SIZES = (40, 80, 160, 320, 640, 1280)
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
    """R2 on the test part against the number of training structures, spread evenly over the grid.

    All have the number of steps of the study's training, and 30 epochs at least.
    """
    dataset = of_random_split(STUDY / "dataset.nc")
    ours = np.flatnonzero(dataset["split"][0] == "train")
    for size in map(int, sizes or SIZES):
        parts = dataset["split"].values.astype("U10")
        parts[0, ours] = "unused"
        parts[0, ours[spread(ours.size, min(size, ours.size))]] = "train"
        chosen = dataset.assign(split=(dataset["split"].dims, parts))
        if size > ours.size:
            more = of_random_split(MORE / "dataset.nc")
            more = more.isel(sample=spread(more.sizes["sample"], size - ours.size))
            more["split"][:] = "train"
            chosen = xr.concat([chosen, more], "sample", combine_attrs="override")
        changed = copy.deepcopy(config)
        batch, epochs = config["training"]["batch_size"], config["training"]["epochs"]
        changed["training"]["epochs"] = max(30, round(epochs * -(-ours.size // batch) / -(-size // batch)))
        found, seconds = scores_of(chosen, changed)
        row(f"{size} structures", found[1], seconds)


def of_random_split(path):
    """What training needs of a dataset, with the random split alone."""
    with xr.open_dataset(path) as opened:
        return opened[["image", "label", "stress_map", "split"]].sel(fold=["random"]).load()


def spread(count, size):
    """Indices of `size` of `count` things, evenly."""
    return np.linspace(0, count - 1, size).round().astype(int)


def scores_of(dataset, config):
    """`scores` of a dataset in memory."""
    with tempfile.TemporaryDirectory() as folder:
        dataset.to_netcdf(Path(folder) / "dataset.nc", engine="h5netcdf")
        return scores(Path(folder) / "dataset.nc", config)


def resolution(config, pixels):
    """R2 on the test part against the size of a pixel."""
    for pixel in map(float, pixels or PIXELS):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "dataset.nc"
            image = {**config["image"], "um_per_pixel": pixel}
            build_dataset(trajectories(), path, image, config["split"], config["seed"], "paper", "benchmark")
            found, seconds = scores(path, config)
        row(f"{pixel:g} um", found[1], seconds)


def trajectories():
    """Of the paper's study."""
    return sorted((STUDY / "trajectories").glob("*.h5"))


def labels(config, _):
    """R2 on the test part of targets of the whole box, which the same images show all of but the margin."""
    dataset = of_random_split(STUDY / "dataset.nc")
    everything = Window(left=-1.0, bottom=-1.0, columns=2, rows=2, pixel=1.0)  # [m]
    of_box = {
        trajectory.name: target_values(trajectory, everything)
        for path in trajectories()
        for trajectory in read_trajectories(path)
    }
    dataset["label"][:] = [of_box[name] for name in dataset["sample"].values]
    found, seconds = scores_of(dataset, config)
    row("targets of the whole box", found[1], seconds)


def targets(config, names):
    """R2 on the validation part of networks that learn one target each, the stress map beside it."""
    dataset = of_random_split(STUDY / "dataset.nc")
    for name in names or dataset["target"].values:
        found, seconds = scores_of(dataset.sel(target=[name]), config)
        row(name, found[0], seconds)


def variants(config, names):
    """R2 on the validation part of other networks and trainings."""
    for name in names or VARIANTS:
        changed = copy.deepcopy(config)
        for section, values in VARIANTS[name].items():
            changed[section] |= values
        found, seconds = scores(STUDY / "dataset.nc", changed)
        row(name, [*found[0], found[0].mean()], seconds)


def main():
    tables = (learning_curve, resolution, labels, targets, variants)
    choices = {table.__name__: table for table in tables}
    if len(sys.argv) < 2 or sys.argv[1] not in choices:
        sys.exit(f"usage: python benchmarks/network.py {'|'.join(choices)} [line ...]")
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    choices[sys.argv[1]](config, sys.argv[2:])


if __name__ == "__main__":
    main()
