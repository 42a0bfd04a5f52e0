"""How far the five targets depend on numerical settings, in a loosely and a strongly compressed cell.

    python benchmarks/convergence.py [replicates]

Each setting is varied alone, the others as in config/config.yaml; the same structures (10 a cell) serve all
values. Prints the change of the ensemble means against the finest value, in percent with the standard error
of the paired differences, and draws docs/images/convergence.png. Structures that do not come to rest are left
out and counted.
"""

import copy
import logging
import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import yaml

import dem.integrate
from analysis.images import crop_window
from analysis.labels import TARGETS, target_values
from analysis.trajectories import read_trajectories
from dem.study import compress_cell

ROOT = Path(__file__).resolve().parent.parent
CELLS = ((46, 0.63), (55, 0.63))
HOLD_STEPS = 100_000  # most that a structure gets to come to rest
# Finest value first.
SWEEPS = {
    "time_step_rayleigh": (0.05, 0.1, 0.15, 0.2),
    "wall_speed_m_per_s": (0.5, 1, 2, 4, 8),
    "hold_energy_ratio": (1e-6, 1e-5, 1e-4, 1e-3, 1e-2),
    "skin": (0.4, 0.2, 0.1, 0.05),
}


def targets(config, width, uncovered_fraction, replicates):
    """The five targets of each replicate, NaN where it does not come to rest [replicates, 5]."""

    def one(replicate):
        path = Path(folder) / f"{replicate}.h5"
        try:
            compress_cell(path, config, width, uncovered_fraction, [replicate], "convergence")
        except RuntimeError:
            return np.full(len(TARGETS), np.nan)
        (trajectory,) = read_trajectories(path)
        left, right, bottom, top = trajectory.final_box
        window = crop_window((right - left) * 1e6, (top - bottom) * 1e6, **config["image"])
        return target_values(trajectory, window)

    with (
        tempfile.TemporaryDirectory() as folder,
        ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool,
    ):
        return np.array(list(pool.map(one, replicates)))


def with_setting(config, name, value):
    """The configuration with one setting changed; the skin is no part of it."""
    changed = copy.deepcopy(config)
    changed["compression"]["hold_maximum_steps"] = HOLD_STEPS
    dem.integrate.SKIN = value if name == "skin" else DEFAULT_SKIN
    if name != "skin":
        changed["compression"][name] = value
    return changed


DEFAULT_SKIN = dem.integrate.SKIN


def main():
    logging.getLogger("dem").setLevel(logging.ERROR)  # fast walls are meant
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    replicates = range(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
    figure, axes = plt.subplots(len(CELLS), len(SWEEPS), figsize=(11, 5), sharey="row", layout="constrained")
    print(
        "setting                width   value  " + "  ".join(f"{name:>16s}" for name in TARGETS) + "  CPU [s]"
    )
    for column, (name, values) in enumerate(SWEEPS.items()):
        for row, (width, uncovered_fraction) in enumerate(CELLS):
            changes, errors = [], []
            for value in values:
                start = time.process_time()
                found = targets(with_setting(config, name, value), width, uncovered_fraction, replicates)
                seconds = (time.process_time() - start) / len(replicates)
                if value == values[0]:
                    finest = found
                difference = (found - finest) / np.nanmean(finest, axis=0)
                rested = np.isfinite(difference).all(axis=1)
                lost = len(replicates) - np.count_nonzero(rested)
                if rested.sum() < 2:
                    print(f"{name:20s}  {width:6g}  {value:6g}  {lost} structures did not rest", flush=True)
                    changes.append(np.full(len(TARGETS), np.nan))
                    errors.append(np.full(len(TARGETS), np.nan))
                    continue
                changes.append(100 * difference[rested].mean(axis=0))
                errors.append(100 * difference[rested].std(axis=0, ddof=1) / np.sqrt(rested.sum()))
                cells = [f"{c:8.2f} +- {e:4.2f}" for c, e in zip(changes[-1], errors[-1], strict=True)]
                line = "  ".join(f"{cell:>16s}" for cell in cells)
                print(f"{name:20s}  {width:6g}  {value:6g}  {line}  {seconds:7.2f}  {lost:12d}", flush=True)
            draw(axes[row, column], name, values, np.array(changes), np.array(errors), width)
    for label in axes[:, 0]:
        label.set_ylabel("change of the ensemble mean [%]")
    axes[0, -1].legend(TARGETS, fontsize=7)
    figure.savefig(ROOT / "docs/images/convergence.png", dpi=150)


def draw(axis, name, values, changes, errors, width):
    """One sweep of one cell, one line per target."""
    for k in range(len(TARGETS)):
        shift = 1 + 0.03 * (k - 2)
        axis.errorbar(
            np.array(values) * shift, changes[:, k], errors[:, k], fmt="o-", markersize=3, linewidth=1
        )
    axis.axhspan(-1, 1, color="0.9", zorder=0)
    axis.set(xscale="log", title=f"width {width} µm", xlabel=name.replace("_", " "))


if __name__ == "__main__":
    main()
