"""What the shipped ensemble for sections makes of packings unlike those it learnt from.

    python benchmarks/sections.py press FOLDER    # presses, cuts and measures them
    python benchmarks/sections.py judge FOLDER    # R2, coverage and verdicts: benchmarks/sections.csv
    python benchmarks/sections.py tables          # those of docs/sections.md, of the study
    python benchmarks/sections.py mixtures STUDY  # how often sections of two electrodes are noticed

Kinds: ``seed`` (as the study, another root seed), ``am_size`` (AM of 5 to 6 um, beyond the study's),
``se_size`` (SE of 1.5 um), ``friction`` (0.2 instead of 0).
"""

import argparse
import csv
import logging
from pathlib import Path

import numpy as np
import xarray as xr
import yaml

from analysis.metrics import r2_score
from analysis.press_dataset import build_dataset
from analysis.section_dataset import build_sections, open_sections
from cnn.bundle import read_bundle, run_bundle
from cnn.composite import scores, verdict
from cnn.particles import no_tables
from cnn.reference import distance
from cnn.several import answer, disagreement, electrodes, groups
from cnn.shape import shapes
from dem.press_study import press_cell
from transport.study import write_transport

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks/sections.csv"
SHARES = (0.3, 0.5, 0.7)
SEED = 20261128
# What differs from config/spatial.yaml, and packings per AM share.
KINDS = {
    "seed": ({}, 3),
    "am_size": ({"structure": {"am_mean_diameter_um": [5, 6]}}, 1),
    "se_size": ({"structure": {"se_mean_diameter_um": 1.5, "se_pitch_um": 0.3}}, 1),
    "friction": ({"contacts": {"friction": {"AM-AM": 0.2, "AM-SE": 0.2, "SE-SE": 0.2}}}, 1),
}
# First words of verdicts, by column.
WORDS = {"like": "like", "edge": "at", "unlike": "unlike"}
COLUMNS = ("kind", "target", "sections", "r2", "bias", "rmse", "coverage", "n", "like", "edge", "unlike")


def merged(base, change):
    """A configuration with some keys changed."""
    return {
        key: merged(value, change[key])
        if isinstance(value, dict) and key in change
        else change.get(key, value)
        for key, value in base.items()
    }


def press(folder, kinds):
    """Press, measure and cut the packings of each kind."""
    base = yaml.safe_load((ROOT / "config/spatial.yaml").read_text(encoding="utf-8"))
    for kind in kinds:
        change, packings = KINDS[kind]
        config = merged(base, change) | {"seed": SEED}
        place = folder / kind
        place.mkdir(parents=True, exist_ok=True)
        trajectories = [place / f"am-{am:g}.h5" for am in SHARES]
        for am, path in zip(SHARES, trajectories, strict=True):
            if not path.exists():
                press_cell(path, config, am, config["grid"]["pressures_MPa"], range(packings), "benchmark")
        write_transport(trajectories, place / "transport.nc", config["transport"], kind, "benchmark")
        parts = config["split"], SEED
        build_dataset(trajectories, place / "dataset.nc", *parts, kind, "benchmark", place / "transport.nc")
        sections = {name: value for name, value in config["sections"].items() if name != "degraded_copies"}
        made = place / "dataset.nc", trajectories, place / "sections.nc"
        build_sections(*made, sections, *parts, "benchmark")


def judge(folder, kinds, model):
    """Score the ensemble on the sections of each kind, and count its verdicts."""
    bundle = read_bundle(model)
    rows = []
    for kind in kinds:
        sections = open_sections(folder / kind / "sections.nc")
        images, truth = sections["image"].values, sections["label"].values
        passes = run_bundle(bundle, images, no_tables(images))
        seen = np.array([shapes(image, bundle.um_per_pixel) for image in images])
        scored = scores(bundle.composite, distance(bundle.reference, passes.pooled), seen)
        words = [verdict(bundle.composite, score[None]).split()[0] for score in scored]
        told = {
            name: words.count(word) / len(words)
            for name, word in (("like", "like"), ("edge", "at"), ("unlike", "unlike"))
        }
        for count in bundle.readings:
            firsts = groups(sections["pressed"].values, count)
            answers = [answer(passes.target[:, k : k + count], bundle.readings, count) for k in firsts]
            mean, low, high = (np.array([each[part] for each in answers]) for part in range(3))
            for k, target in enumerate(bundle.targets):
                known = np.isfinite(truth[firsts, k])
                true, said = truth[firsts[known], k], mean[known, k]
                inside = (low[known, k] <= true) & (true <= high[known, k])
                rows.append(
                    {
                        "kind": kind,
                        "target": target,
                        "sections": count,
                        "r2": f"{r2_score(true, said):.4f}",
                        "bias": f"{np.mean(said - true):.4g}",
                        "rmse": f"{np.sqrt(np.mean((said - true) ** 2)):.4g}",
                        "coverage": f"{inside.mean():.3f}",
                        "n": true.size,
                        **{name: f"{share:.3f}" for name, share in told.items()},
                    }
                )
                print(*rows[-1].values(), sep="\t", flush=True)
    with open(RESULTS, "w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        table.writerows(rows)


def mixtures(study, model):
    """Print how often test sections of one electrode, and halves of two, are said to differ too much."""
    predictions = xr.open_dataset(study / "predictions/random.nc", engine="h5netcdf").load()
    readings = read_bundle(model).readings
    said = readings[1].combination.of(predictions["member_prediction"].values.mean(axis=0))
    test = predictions["split"].values == "test"
    share, pressure = (predictions[name].values for name in ("am_volume_fraction", "pressure"))
    rng = np.random.default_rng(SEED)
    print("sections  one electrode  AM share 0.2 apart  pressure four times [% noticed]")
    for count in (2, 3, 4, 6, 8):
        firsts = [k for k in groups(electrodes(predictions), count) if test[k]]
        alone = np.mean([disagreement(said[k : k + count], readings) > 1 for k in firsts])
        noticed = []
        for kind in ("share", "pressure"):
            found = []
            for k in rng.choice(firsts, 400):
                if kind == "share":
                    others = (np.abs(np.abs(share - share[k]) - 0.2) < 0.01) & (pressure == pressure[k])
                else:
                    apart = np.maximum(pressure / pressure[k], pressure[k] / pressure)
                    others = (share == share[k]) & (apart > 3.9)
                if (others & test).any():
                    other = rng.choice(np.flatnonzero(others & test), count - count // 2)
                    mixed = np.concatenate([said[k : k + count // 2], said[other]])
                    found.append(disagreement(mixed, readings) > 1)
            noticed.append(np.mean(found))
        print(f"{count:8d}  {100 * alone:13.1f}  {100 * noticed[0]:18.0f}  {100 * noticed[1]:19.0f}")


def tables(model):
    """Print the tables of docs/sections.md: R2 by number of sections, splits, and where the variance lies."""
    with open(model / "metrics.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with open(model / "ceiling.csv", encoding="utf-8", newline="") as file:
        limits = {row["target"]: row for row in csv.DictReader(file)}
    study = rows[0]["study"]
    score = {
        (row["study"], row["split"], row["predictor"], row["sections"], row["target"]): row for row in rows
    }

    def r2(target, predictor="cnn", sections="1", split="random", of=study):
        found = score.get((of, split, predictor, sections, target))
        return f"{float(found['r2']):.3f}" if found else "–"

    def held(target, sections, of=study, split="random"):
        found = score.get((of, split, "cnn", sections, target))
        return f"{100 * float(found['coverage']):.0f}" if found else "–"

    numbers = "1 section | 2 | 4 | 8 | ever more"
    print(f"| of the packing | {numbers} | descriptors, 1 | 8 | 8, pooled | stereology, 1 | 8 | process |")
    for target, limit in limits.items():
        network = [r2(target, sections=count) for count in "1248"] + [f"{float(limit['r2_ever_more']):.3f}"]
        seeing = (
            *(("image_boosting", "1"), ("image_boosting", "8"), ("image_boosting_pooled", "8")),
            *(("stereology", "1"), ("stereology", "8")),
        )
        others = [r2(target, name, count) for name, count in seeing]
        print("|", " | ".join([target, *network, *others, r2(target, "process_boosting")]), "|")
    seen = "degraded, 1 section | 8 | descriptors, degraded, 1 | 8"
    print(f"\n| | {seen} | in 90 %, 1 section | 2 | 4 | 8 | degraded, 1 | 8 |")
    for target in limits:
        copies = f"{study}-degraded"
        degraded = [
            r2(target, name, count, of=copies) for name in ("cnn", "image_boosting") for count in "18"
        ]
        inside = [held(target, count) for count in "1248"] + [held(target, count, copies) for count in "18"]
        print("|", " | ".join([target, *degraded, *inside]), "|")
    by = "AM share held out: 1 section | 8 | in 90 %, 1 | 8 | descriptors, 1 | 8"
    print(f"\n| | {by} | {by.replace('AM share', 'pressure')} |")
    for target in limits:
        cells = []
        for split in ("leave_am_fraction_out", "leave_pressure_out"):
            cells += [r2(target, sections=count, split=split) for count in "18"]
            cells += [held(target, count, split=split) for count in "18"]
            cells += [r2(target, "image_boosting", count, split) for count in "18"]
        print("|", " | ".join([target, *cells]), "|")
    print("\n| | settings | packings | network, between sections | error left by ever more sections |")
    for target, limit in limits.items():
        names = ("settings", "packings", "between_sections", "shared_error")
        print("|", " | ".join([target, *(f"{100 * float(limit[name]):.1f} %" for name in names)]), "|")


def main():
    """Press, judge, or print tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("step", choices=("press", "judge", "tables", "mixtures"))
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT / "results/sections")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--model", type=Path, default=ROOT / "models/spatial")
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if given.step == "press":
        press(given.folder, given.kinds)
    elif given.step == "tables":
        tables(given.model)
    elif given.step == "mixtures":
        mixtures(given.folder, given.model)
    else:
        judge(given.folder, given.kinds, given.model)


if __name__ == "__main__":
    main()
