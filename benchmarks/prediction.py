"""`assb predict` measured: how fast, and how far images may be from those of the study.

    python benchmarks/prediction.py speed
    python benchmarks/prediction.py robustness
    python benchmarks/prediction.py against OTHER/src
    python benchmarks/prediction.py fresh

All of the ensemble that predicts by default. `speed`: cold starts on one core (least of several, wall and
processor time) beside that of `import tensorflow`, and images per second once warm. `robustness`: R2 and
verdicts of the 20 test structures in models/paper/samples.nc, whose images are noisy, blurred, rescaled and
otherwise not ours, read from files as users' are; benchmarks/robustness.csv and docs/images/robustness.png.
`against`: the networks in NumPy beside those of another version, in turns, so that other load on the machine
slows both. `fresh`: electrodes as the page of `assb serve` compresses them, at random within its sliders.
"""

import csv
import importlib
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import xarray as xr
import yaml
from PIL import Image
from scipy.ndimage import gaussian_filter

from analysis.figures import style
from analysis.metrics import r2_score
from assb.comparison import check_settings, compare, settings
from assb.picture import read_picture
from cnn import light
from cnn.bundle import read_bundle
from cnn.composite import EDGE, LIKE, UNLIKE
from cnn.image import SHIPPED, predict
from cnn.light import cores
from cnn.particles import find_tables
from electrode.phases import DARK_TO_BRIGHT, GRAY_VALUES
from electrode.targets import target_row

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "benchmarks/robustness.csv"
FIGURE = ROOT / "docs/images/robustness.png"
GRAY = GRAY_VALUES.astype(float)
UM_PER_PIXEL = 0.1
COLUMNS = ("kind", "amount", "unit", "target", "r2", "bias", "covered", "like", "edge", "unlike", "images")
# Kinds of change that have an amount, with the label of their axis.
AXES = {
    "noise": "noise [% of the contrast]",
    "blur": "blur, SD [µm]",
    "pixel": "pixel [µm]",
    "wrong scale": "scale overstated by [%]",
}


def cold(*command, runs):
    """Least wall and processor time [s] of a command on one core."""
    wall, processor = [], []
    for _ in range(runs):
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(
            ["taskset", "-c", "0", sys.executable, *command], check=True, capture_output=True, cwd=ROOT
        )
        wall.append(time.perf_counter() - start)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        processor.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(wall), min(processor)


def speed():
    image = ROOT / "docs/images/electrode.png"
    with tempfile.TemporaryDirectory() as folder:
        predict_one = ("-m", "assb", "predict", str(image), "--output", f"{folder}/table.csv")
        for name, command, runs in (
            ("assb predict, with figure", predict_one, 7),
            ("assb predict --no-figures", (*predict_one, "--no-figures"), 7),
            ("of it: imports", ("-c", "import cnn.image"), 7),
            ("import tensorflow", ("-c", "import tensorflow"), 3),
        ):
            wall, processor = cold(*command, runs=runs)
            print(f"{name:28s} {wall:6.2f} s wall, {processor:6.2f} s of the processor")
    bundle = read_bundle(SHIPPED)
    with xr.open_dataset(ROOT / "models/paper/samples.nc") as samples:
        image = samples["image"].values
    # Twenty images side by side are one image of many windows: all cores work.
    wide = np.concatenate(list(image), axis=1)
    for heat in (False, True):
        rates, per_processor = [], []
        for _ in range(5):
            start, busy = time.perf_counter(), time.process_time()
            windows = predict(wide, UM_PER_PIXEL, model=bundle, heat=heat).sizes["window"]
            rates.append(windows / (time.perf_counter() - start))
            per_processor.append(windows / (time.process_time() - busy))
        print(
            f"warm, {'with' if heat else 'without'} maps: {max(rates):.1f} images/s on {cores()} cores,",
            f"{max(per_processor):.1f} per second of a processor",
        )


def networks_of(sources):
    """`cnn.light` of another version, with all that it imports."""
    loaded = dict(sys.modules)
    for name in {name for name in loaded if name.partition(".")[0] in ("cnn", "electrode", "provenance")}:
        del sys.modules[name]
    sys.path.insert(0, sources)
    try:
        return importlib.import_module("cnn.light")
    finally:
        sys.path.remove(sources)
        sys.modules.update(loaded)


def against(sources):
    """Time per image of this version's networks and of another's, and how far their targets are apart."""
    other = networks_of(sources)
    bundle = read_bundle(SHIPPED)
    with xr.open_dataset(ROOT / "models/paper/samples.nc") as samples:
        image = samples["image"].values
    particles = find_tables(image, bundle.um_per_pixel)
    for heat in (False, True):
        wall, processor, target = ({other: [], light: []} for _ in range(3))
        for _ in range(9):
            for version in (other, light):
                start, busy = time.perf_counter(), time.process_time()
                target[version] = version.run_ensemble(bundle.networks, image, particles, heat).target
                wall[version].append(time.perf_counter() - start)
                processor[version].append((time.process_time() - busy) / len(image))
        apart = np.abs(target[other] - target[light]).max(axis=(0, 1)) / target[other].std(axis=(0, 1))
        print(
            f"{'with' if heat else 'without'} maps: {1e3 * min(processor[other]):.0f} ms of a processor per",
            f"image, now {1e3 * min(processor[light]):.0f} ms;",
            f"{np.median(np.divide(wall[other], wall[light])):.2f} times as fast (wall, median of nine);",
            f"targets at most {apart.max():.1e} of their SD apart",
        )


def fresh(count="24"):
    """R2, bias and coverage of the intervals on electrodes that nobody has seen."""
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    allowed, bundle, draw = settings(config), read_bundle(SHIPPED), np.random.default_rng(5)
    results = []
    for _ in range(int(count)):
        given = {
            name: setting.low
            + round(draw.uniform(0, setting.high - setting.low) / setting.step) * setting.step
            for name, setting in allowed.items()
        }
        results.append(compare(config, check_settings(allowed, given), bundle).result)
    names = ("truth", "prediction", "low", "high")
    truth, value, low, high = (np.array([result[name].values for result in results]) for name in names)
    inside = (low <= truth) & (truth <= high)
    for k, target in enumerate(results[0]["target"].values):
        bias = np.median(value[:, k] / truth[:, k]) - 1
        r2 = r2_score(truth[:, k], value[:, k])
        print(f"{target:16s} R2 {r2:.3f}, bias {100 * bias:+.1f} %, in interval {inside[:, k].mean():.2f}")
    print(f"of {len(results)} electrodes {inside.mean():.2f} of the truths in their intervals")


def changes():
    """Kind, amount, unit, function of gray image and generator giving image and um per pixel, options."""

    def same_scale(change):
        return lambda gray, generator: (change(gray, generator), UM_PER_PIXEL)

    def pixels(side):
        def resampled(gray, generator):
            size = round(len(gray) * UM_PER_PIXEL / side)
            return np.asarray(Image.fromarray(gray).resize((size, size), Image.Resampling.BOX)), 36 / size

        return resampled

    def barred(gray, generator):
        gray = gray.copy()
        gray[-30:-20, 20:120] = 255
        return np.pad(gray, 20, constant_values=255), UM_PER_PIXEL

    plain = same_scale(lambda gray, _: gray)
    swapped = same_scale(lambda gray, _: np.choose((gray > 64).astype(int) + (gray > 192), GRAY[[0, 1, 2]]))
    yield "as in the study", 0, "", plain, {}
    for sd in (2, 5, 10, 15, 20, 30):
        change = same_scale(lambda gray, draw, sd=sd: gray + draw.normal(0, 2.55 * sd, gray.shape))
        yield "noise", sd, "%", change, {}
    for sd in (0.05, 0.1, 0.15, 0.2, 0.3):
        yield (
            "blur",
            sd,
            "um",
            same_scale(lambda gray, _, sd=sd: gaussian_filter(gray, sd / UM_PER_PIXEL)),
            {},
        )
    for side in (0.05, 0.15, 0.2, 0.3, 0.4):
        yield "pixel", side, "um", pixels(side), {}
    for percent in (2, 5, 10, 20):
        wrong = UM_PER_PIXEL * (1 + percent / 100)
        yield "wrong scale", percent, "%", lambda gray, _, wrong=wrong: (gray, wrong), {}
    yield "gray levels swapped, told", 0, "", swapped, {"brightness": ("void", "SE", "AM")}
    yield "gray levels swapped, not told", 0, "", swapped, {}
    yield "scale bar and border", 0, "", barred, {}
    yield "RGB", 0, "", plain, {"mode": "RGB"}
    yield "16 bit", 0, "", plain, {"mode": "I;16"}


def write_image(gray, mode, path):
    """Write gray values from 0 to 255 as users' files have them."""
    if mode == "I;16":
        Image.fromarray((gray * 257).clip(0, 65535).astype(np.uint16)).save(path)
    else:
        Image.fromarray(gray.round().clip(0, 255).astype(np.uint8)).convert(mode).save(path)


def robustness():
    bundle = read_bundle(SHIPPED)
    with xr.open_dataset(ROOT / "models/paper/samples.nc") as opened:
        samples = opened.load()
    truth = samples["truth"].values
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for kind, amount, unit, change, options in changes():
            mode = options.pop("mode", "L")
            chosen = {"model": bundle, "heat": False, "anyway": True, "brightness": DARK_TO_BRIGHT, **options}
            predictions = []
            for k, image in enumerate(samples["image"].values):
                gray, um_per_pixel = change(GRAY[image].astype(np.float32), np.random.default_rng(k))
                write_image(gray, mode, f"{folder}/image.png")
                predictions.append(predict(*read_picture(f"{folder}/image.png", um_per_pixel), **chosen))
            value, low, high = (
                np.array([prediction[name].values for prediction in predictions])
                for name in ("prediction", "low", "high")
            )
            verdicts = [prediction.attrs["verdict"] for prediction in predictions]
            shares = [verdicts.count(word) / len(predictions) for word in (LIKE, EDGE, UNLIKE)]
            for t, target in enumerate(samples["target"].values):
                r2 = float(r2_score(truth[:, t], value[:, t]))
                bias = float(np.median(value[:, t] / truth[:, t]) - 1)
                covered = float(np.mean((low[:, t] <= truth[:, t]) & (truth[:, t] <= high[:, t])))
                numbers = (f"{number:.3f}" for number in (r2, bias, covered, *shares))
                rows.append((kind, amount, unit, target, *numbers, len(predictions)))
            shown = " ".join(f"{float(row[4]):7.3f}" for row in rows[-truth.shape[1] :])
            print(
                f"{kind:30s} {amount:5g} {unit:3s} R2 {shown}   like {shares[0]:.2f} unlike {shares[2]:.2f}"
            )
    with open(TABLE, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *rows])
    draw()


def draw():
    """R2 against what was done to the images, and how many the verdict warned of."""
    with open(TABLE, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    targets = list(dict.fromkeys(row["target"] for row in rows))
    start = {"noise": 0, "blur": 0, "pixel": UM_PER_PIXEL, "wrong scale": 0}
    with style.in_style():
        figure = style.new_figure(11, 4.2)
        grid = figure.subplots(2, len(AXES), sharex="col", sharey="row", height_ratios=(2, 1))
        for (kind, label), (axes, warned) in zip(AXES.items(), grid.T, strict=True):
            for target in targets:
                chosen = [
                    row
                    for row in rows
                    if row["target"] == target and row["kind"] in (kind, "as in the study")
                ]
                points = sorted(
                    (float(row["amount"]) if row["kind"] == kind else start[kind], float(row["r2"]), row)
                    for row in chosen
                )
                x, r2, of_points = zip(*points, strict=True)
                axes.plot(x, r2, marker="o", markersize=3, linewidth=1.2, label=target_row(target).title)
            warned.plot(
                x, [1 - float(row["like"]) for row in of_points], color="0.3", marker="o", markersize=3
            )
            axes.set_ylim(-0.5, 1.02)
            axes.axhline(0, color="0.8", linewidth=0.8, zorder=0)
            warned.set_ylim(-0.05, 1.05)
            warned.set_xlabel(label)
        grid[0, 0].set_ylabel("R²")
        grid[1, 0].set_ylabel("share of images\nwarned of")
        figure.legend(*grid[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=len(targets))
        style.save_figure(figure, [FIGURE])


if __name__ == "__main__":
    commands = {"speed": speed, "robustness": robustness, "against": against, "fresh": fresh, "draw": draw}
    commands[sys.argv[1]](*sys.argv[2:])
