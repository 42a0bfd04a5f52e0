"""How far the five targets depend on numerical settings, in a loosely and a strongly compressed cell.

    python benchmarks/convergence.py [--replicates 10] [--settings time_step_rayleigh wall_speed_m_per_s ...]

Each setting is varied alone, the others as in config/config.yaml; the same structures serve all values.
Prints the change of the ensemble means against the finest value, in percent with the standard error of the
paired differences; writes them to benchmarks/convergence.csv, where rows of other settings stay, and draws
all of them: docs/images/convergence.png. Structures that do not come to rest are left out and counted.
"""

import argparse
import copy
import csv
import logging
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import yaml

import dem.cpu.integrate
from analysis.images import crop_window
from analysis.labels import target_values
from dem.study import compress_cell
from electrode.structures import read_trajectories
from electrode.targets import TARGETS

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "benchmarks/convergence.csv"
CELLS = ((46, 0.63), (55, 0.63))
DEFAULT_SKIN = dem.cpu.integrate.SKIN
HOLD_STEPS = 100_000  # most that a structure gets to come to rest
AXES = {
    "time_step_rayleigh": "time step [Rayleigh times]",
    "wall_speed_m_per_s": "wall speed [m/s]",
    "time_step_contact": "time step x frequency of contacts",
    "hold_unbalanced_force": "unbalanced force at rest",
    "hold_damping_rayleigh": "damping per Rayleigh time",
    "skin": "skin / SE diameter (no physics)",
}
# Finest value first.
SWEEPS = {
    "time_step_rayleigh": (0.05, 0.1, 0.15, 0.2),
    "wall_speed_m_per_s": (0.5, 1, 2, 4, 8),
    "time_step_contact": (0.2, 0.4, 0.6, 0.8),
    "hold_unbalanced_force": (1e-4, 1e-3, 1e-2, 1e-1),
    "hold_damping_rayleigh": (0.0125, 0.025, 0.05, 0.1),
    "skin": (0.4, 0.2, 0.1, 0.05),
}


def targets(config, width, uncovered_fraction, replicates):
    """Targets of each replicate, NaN where it does not come to rest [replicates, targets]."""

    def at_rest(replicate):
        path = Path(folder) / f"{replicate}.h5"
        try:
            compress_cell(path, config, width, uncovered_fraction, [replicate], "convergence")
        except RuntimeError as error:
            if "no rest after" not in str(error):
                raise
            return np.full(len(TARGETS), np.nan)
        (trajectory,) = read_trajectories(path)
        left, right, bottom, top = trajectory.final_box
        window = crop_window((right - left) * 1e6, (top - bottom) * 1e6, **config["image"])
        return target_values(trajectory, window)

    with (
        tempfile.TemporaryDirectory() as folder,
        ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool,
    ):
        return np.array(list(pool.map(at_rest, replicates)))


def with_setting(config, name, value):
    """The configuration with one setting changed; the skin is no part of it."""
    changed = copy.deepcopy(config)
    changed["compression"]["hold_maximum_steps"] = HOLD_STEPS
    dem.cpu.integrate.SKIN = value if name == "skin" else DEFAULT_SKIN
    if name != "skin":
        changed["compression"][name] = value
    return changed


def sweep(config, name, replicates):
    """Rows of one setting: cell, value, structures, and change and standard error of each target."""
    for width, uncovered_fraction in CELLS:
        for value in SWEEPS[name]:
            values = targets(with_setting(config, name, value), width, uncovered_fraction, range(replicates))
            if value == SWEEPS[name][0]:
                finest = values
            difference = 100 * (values - finest) / np.nanmean(finest, axis=0)
            rested = np.isfinite(difference).all(axis=1)
            row = {"setting": name, "width_um": width, "value": value, "replicates": replicates}
            row["not_at_rest"] = replicates - np.count_nonzero(rested)
            # One structure has no standard error.
            enough = rested.sum() > 1
            mean = difference[rested].mean(axis=0) if enough else np.full(len(TARGETS), np.nan)
            spread = difference[rested].std(axis=0, ddof=1) if enough else mean
            for target, m, sd in zip(TARGETS, mean, spread, strict=True):
                row[target] = f"{m:.2f}"
                row[f"{target}_error"] = f"{sd / np.sqrt(max(rested.sum(), 1)):.2f}"
            print(as_line(row), flush=True)
            yield row


def as_line(row):
    """A row of the table as Markdown."""
    changes = (f"{row[target]} ± {row[f'{target}_error']}" for target in TARGETS)
    first = (row[name] for name in ("setting", "width_um", "value", "replicates", "not_at_rest"))
    return "| " + " | ".join(map(str, (*first, *changes))) + " |"


def draw(rows):
    """All sweeps of both cells, one line per target."""
    names = [name for name in SWEEPS if any(row["setting"] == name for row in rows)]
    figure, axes = plt.subplots(
        len(CELLS),
        len(names),
        figsize=(2.8 * len(names) + 1, 5),
        sharey="row",
        squeeze=False,
        layout="constrained",
    )
    for column, name in enumerate(names):
        for axis, (width, _) in zip(axes[:, column], CELLS, strict=True):
            chosen = [row for row in rows if row["setting"] == name and float(row["width_um"]) == width]
            values = np.array([float(row["value"]) for row in chosen])
            for k, target in enumerate(TARGETS):
                change, error = (
                    np.array([float(row[key]) for row in chosen]) for key in (target, f"{target}_error")
                )
                axis.errorbar(
                    values * (1 + 0.03 * (k - len(TARGETS) // 2)),
                    change,
                    error,
                    fmt="o-",
                    markersize=3,
                    linewidth=1,
                    label=target.replace("_", " "),
                )
            axis.axhspan(-1, 1, color="0.9", zorder=0)
            axis.set(xscale="log", title=f"width {width} µm", xlabel=AXES[name])
            axis.set_xticks(values, [f"{value:g}" for value in values])
            axis.minorticks_off()
    for axis in axes[:, 0]:
        axis.set_ylabel("change of the mean [%]")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=len(TARGETS))
    figure.savefig(ROOT / "docs/images/convergence.png", dpi=150)


def main():
    parser = argparse.ArgumentParser(description="Convergence of the targets with numerical settings.")
    parser.add_argument("--replicates", type=int, default=10, help="structures per cell")
    parser.add_argument(
        "--settings", nargs="*", choices=list(SWEEPS), default=list(SWEEPS), help="none: only draw"
    )
    given = parser.parse_args()
    logging.getLogger("dem").setLevel(logging.ERROR)  # fast walls are meant
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    rows = []
    if TABLE.exists():
        with open(TABLE, encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["setting"] not in given.settings]
    print(f"| setting | width [µm] | value | structures | not at rest | {' | '.join(TARGETS)} |")
    for name in given.settings:
        rows += sweep(config, name, given.replicates)
    with open(TABLE, "w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    draw(rows)


if __name__ == "__main__":
    main()
