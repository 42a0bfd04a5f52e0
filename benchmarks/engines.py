"""Speed of this DEM beside LIGGGHTS and LAMMPS: one core, the same dense states, in turn.

    python benchmarks/engines.py

Prints particle-steps per second (median of the runs) and the ratio to this project's, and writes
benchmarks/results.csv. Engines that are not installed are left out, by name.
"""

import copy
import csv
import dataclasses
import os
import statistics
import time
from pathlib import Path

import numpy as np
import peers.lammps
import peers.liggghts
import yaml

from dem.compress import between_walls, largest_time_step
from dem.cpu.integrate import advance
from dem.parameters import read_parameters
from dem.structure import Structure, fill

ROOT = Path(__file__).resolve().parent.parent
RUNS = 3
# Edge of the box [um] and steps of a run: about 1,000, 10,000 and 100,000 particles.
CASES = ((44, 6000), (140, 600), (440, 100))
SHRINK = 0.92  # of all coordinates, which makes overlaps of some 8 % of an SE
RELAX = 1000  # steps


def dense_state(parameters, edge):
    """A filled square box shrunk until everything overlaps, and relaxed for a while."""
    filling = dataclasses.replace(parameters.structure, box_height=edge)
    filled, _ = fill(filling, edge, 0.63, np.random.default_rng(1))
    size = SHRINK * edge
    shrunk = Structure(SHRINK * filled.x, SHRINK * filled.y, filled.radius, filled.species, size, size)
    system = between_walls(shrunk, parameters)
    step = largest_time_step(shrunk, parameters.materials, 0.1)
    advance(system, step, RELAX)
    for velocity in (system.particles.vx, system.particles.vy, system.particles.omega):
        velocity[:] = 0
    relaxed = Structure(system.particles.x, system.particles.y, filled.radius, filled.species, size, size)
    return relaxed, step


def run_dem(structure, parameters, step, steps):
    """Seconds of the stepping loop of this project."""
    system = between_walls(structure, parameters)
    start = time.perf_counter()
    advance(system, step, steps)
    return time.perf_counter() - start


def engines():
    """(engine, variant, function of particles, walls, parameters, step, steps) that are installed."""
    installed = []
    if peers.liggghts.executable():
        installed.append(("liggghts", "hertz tangential history", peers.liggghts.run))
    else:
        print("LIGGGHTS is not installed: left out")
    if peers.lammps.executable():
        for variant in ("gran/hertz/history", "granular"):
            installed.append(
                ("lammps", variant, lambda *arguments, v=variant: peers.lammps.run(*arguments, variant=v))
            )
    else:
        print("LAMMPS is not installed: left out")
    return installed


def main():
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    parameters = read_parameters(yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8")))
    rows = []
    print("engine    variant                    particles  steps  million particle-steps/s  dem is faster by")
    for edge, steps in CASES:
        structure, step = dense_state(parameters, edge * 1e-6)
        particles = between_walls(structure, parameters).particles
        walls = np.array([0, structure.width, 0, structure.height])
        count = structure.x.size
        variants = [("dem", "hertz_mindlin", None), *engines()]
        seconds = {variant[:2]: [] for variant in variants}
        # In turn, so that all see the same moods of the machine.
        for _ in range(RUNS):
            for engine, variant, run in variants:
                if run is None:
                    taken = run_dem(structure, parameters, step, steps * 4) / 4
                else:
                    taken = run(
                        copy.deepcopy(particles), walls, parameters, peers.Motion(step, steps)
                    ).seconds
                seconds[engine, variant].append(taken)
        rates = {key: count * steps / statistics.median(taken) for key, taken in seconds.items()}
        for (engine, variant), rate in rates.items():
            ratio = rates["dem", "hertz_mindlin"] / rate
            line = f"{engine:9s} {variant:26s} {count:9d}  {steps:5d}  {rate / 1e6:24.1f}  {ratio:8.1f}"
            print(line, flush=True)
            rows.append((engine, variant, count, steps, f"{count * steps / rate:.4f}", f"{rate:.4g}"))
    with open(ROOT / "benchmarks/results.csv", "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(("engine", "variant", "particles", "steps", "seconds", "particle_steps_per_second"))
        table.writerows(rows)


if __name__ == "__main__":
    main()
