"""Trainings beside that of the study: what more data, other pixels and other networks give.

    python benchmarks/network.py learning_curve|resolution|labels|targets|variants|draw [line ...]

Needs the trajectories and the dataset of `make study`, learning curves beyond its size those of
config/more.yaml. One training per line, with seed and settings of config/config.yaml but for what the line
names; R2 of the five targets, mirror images averaged. Variants and single targets are compared on the
validation part, which training does not look at; the test part is for the learning curve, the resolution and
the labels. Every line is kept in network.csv, from which ``draw`` makes docs/images/network.png. Lines can be
chosen: ``learning_curve 40 80``, ``variants "dropout 0.1"``.
"""

import copy
import csv
import sys
import tempfile
import time
from itertools import cycle
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
import yaml

from analysis.dataset import build_dataset
from analysis.images import Window
from analysis.labels import target_values
from analysis.metrics import r2_score
from cnn.data import KNOWN, part, read_dataset
from cnn.ensemble import load_model, predict
from cnn.particles import inside, read_off_particles
from cnn.train import train
from cnn.uncertainty import calibrate_particles
from electrode.structures import read_trajectories
from electrode.targets import TARGETS

ROOT = Path(__file__).resolve().parent.parent
STUDY = ROOT / "results/paper"
MORE = ROOT / "results/more"
RESULTS = ROOT / "benchmarks/network.csv"
COLUMNS = ("table", "line", *TARGETS, "seconds")
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
        settings = {
            key: value
            for key, value in config["training"].items()
            if not key.startswith(("members", "environment"))
        }
        start = time.perf_counter()
        train(dataset, *files, config["network"], settings, config["seed"], "benchmark")
        seconds = time.perf_counter() - start
        model, samples = load_model(files[0]), read_dataset(dataset)
        names, calibration, r2 = samples["target"].values.tolist(), None, []
        for which in ("validation", "test"):
            chosen = part(samples, which)
            target, stress = (values[None] for values in predict(model, chosen.image, chosen.particles))
            calibration = calibration or calibrate_particles(
                chosen.particle_stress, stress[0], np.zeros_like(stress[0])
            )
            counted = inside(chosen.particles, chosen.image.shape[1:])
            (read,) = read_off_particles(target, names, stress, counted, calibration)
            r2.append(r2_score(chosen.label.T, read.T))
    return np.array(r2), seconds


def row(table, name, values, seconds):
    """Print a line of a table as Markdown and keep it in the file of results, instead of an older one."""
    values = [f"{value:.3f}" for value in values]
    print(f"| {name} | {' | '.join(values)} | {seconds:.0f} |", flush=True)
    kept = [line for line in results() if (line["table"], line["line"]) != (table, str(name))]
    new = dict(zip(COLUMNS, (table, name, *values, f"{seconds:.0f}"), strict=True))
    with open(RESULTS, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows([*kept, new])


def results():
    """All lines measured so far."""
    if not RESULTS.exists():
        return []
    with open(RESULTS, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


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
            most = max(chosen.sizes["particle"], more.sizes["particle"])
            both = (each.pad(particle=(0, most - each.sizes["particle"])) for each in (chosen, more))
            chosen = xr.concat(both, "sample", combine_attrs="override")
        changed = copy.deepcopy(config)
        batch, epochs = config["training"]["batch_size"], config["training"]["epochs"]
        changed["training"]["epochs"] = max(30, round(epochs * -(-ours.size // batch) / -(-size // batch)))
        r2, seconds = scores_of(chosen, changed)
        row("learning_curve", size, r2[1], seconds)


def of_random_split(path):
    """What training needs of a dataset, with the random split alone."""
    with xr.open_dataset(path) as opened:
        return opened[["image", "label", "stress_map", "split", *KNOWN]].sel(fold=["random"]).load()


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
            r2, seconds = scores(path, config)
        row("resolution", pixel, r2[1], seconds)


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
    r2, seconds = scores_of(dataset, config)
    row("labels", "targets of the whole box", r2[1], seconds)


def targets(config, _):
    """R2 on the validation part of networks that learn one target each, the stress map beside it."""
    dataset = of_random_split(STUDY / "dataset.nc")
    r2, seconds = zip(*(scores_of(dataset.sel(target=[name]), config) for name in TARGETS), strict=True)
    row("targets", "a network for each", np.concatenate([parts[0] for parts in r2]), sum(seconds))


def variants(config, names):
    """R2 on the validation part of other networks and trainings."""
    for name in names or VARIANTS:
        changed = copy.deepcopy(config)
        for section, values in VARIANTS[name].items():
            changed[section] |= values
        r2, seconds = scores(STUDY / "dataset.nc", changed)
        row("variants", name, r2[0], seconds)


def draw():
    """Draw R2 against the number of training structures and the size of a pixel, from the file of results."""
    figure, panels = plt.subplots(1, 2, figsize=(9.5, 3.6), layout="constrained", sharey=True)
    labels = {"learning_curve": "training structures", "resolution": "size of a pixel [µm]"}
    for axes, (table, label) in zip(panels, labels.items(), strict=True):
        lines = sorted((float(line["line"]), line) for line in results() if line["table"] == table)
        for target, marker in zip(TARGETS, cycle("os^vD"), strict=False):
            values = [float(line[target]) for _, line in lines]
            axes.plot([x for x, _ in lines], values, marker=marker, label=TARGETS[target].title)
        axes.set_xscale("log")
        ticks = [x for x, _ in lines]
        axes.set_xticks(ticks, [f"{x:g}" for x in ticks], minor=False)
        axes.minorticks_off()
        axes.set_xlabel(label)
        axes.grid(color="0.9")
    panels[0].set_ylabel("R² on the test part, one network [1]")
    panels[1].legend(fontsize=8)
    figure.savefig(ROOT / "docs/images/network.png", dpi=150)


def main():
    tables = (learning_curve, resolution, labels, targets, variants)
    choices = {table.__name__: table for table in tables}
    if sys.argv[1:] == ["draw"]:
        return draw()
    if len(sys.argv) < 2 or sys.argv[1] not in choices:
        sys.exit(f"usage: python benchmarks/network.py {'|'.join(choices)}|draw [line ...]")
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    choices[sys.argv[1]](config, sys.argv[2:])


if __name__ == "__main__":
    main()
