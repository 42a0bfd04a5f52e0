"""An ensemble of small packings compressed by a fifth, here and in LIGGGHTS and LAMMPS.

    python benchmarks/ensemble.py

Single compressions are chaotic: compared are means over the same packings and their standard errors, and the
mean difference of pairs from the same packing. Prints them for the packings at rest, and draws
docs/images/ensemble.png. Engines that are not installed are left out, by name.
"""

import copy
import dataclasses
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import peers.lammps
import peers.liggghts
import yaml

from dem.compress import between_walls, largest_time_step
from dem.cpu.integrate import make_system
from dem.cuda.device import the_device
from dem.cuda.engine import Together, advanced_by
from dem.cuda.planar import LayeredSystem
from dem.engine import GEOMETRIES
from dem.laws.elastic import pair_table
from dem.measure.stress import contact_pressure
from dem.parameters import read_parameters
from dem.state import walls_at
from dem.structure import fill
from electrode.species import AM, SE

ROOT = Path(__file__).resolve().parent.parent
SEEDS = 8
WIDTH, FINAL_WIDTH = 22.5e-6, 18e-6  # [m]
WALL_SPEED = 4.0  # [m/s]
FRAMES = 20
HOLD_FRAMES = 10
STYLES = {"this DEM": "-", "LIGGGHTS": "--", "LAMMPS": ":"}
QUANTITIES = (
    "wall force [mN]",
    "AM contact pressure [MPa]",
    "SE contact pressure [MPa]",
    "contacts per particle",
)


def packings(parameters):
    """The structures of the ensemble, about 200 particles each."""
    filling = dataclasses.replace(
        parameters.structure, box_height=18e-6, am_mean_diameter=(4e-6, 5e-6), am_sd_diameter=(0.3e-6, 0.4e-6)
    )
    return [fill(filling, WIDTH, 0.63, np.random.default_rng(seed))[0] for seed in range(SEEDS)]


def run_dem(particles, walls, parameters, motion):
    """This project, recorded as `peers` records the others."""
    return recorded(between_walls_of(particles, walls, parameters), motion)


def run_on_gpu(particles, walls, parameters, motion):
    """The same on a GPU."""
    system = LayeredSystem(*between_walls_of(particles, walls, parameters))
    with advanced_by(Together(the_device(), [system.layer]).members[0]):
        return recorded(system, motion)


def recorded(system, motion):
    """A system moved and recorded."""
    geometry = GEOMETRIES[type(system)]
    system.walls.velocity[1] = -motion.wall_speed
    states = []
    for step in range(motion.interval, motion.all_steps + 1, motion.interval):
        geometry.advance(system, motion.time_step, motion.interval)
        geometry.fetch(system)
        if step == motion.steps:
            system.walls.velocity[1] = 0
        here = (getattr(system.particles, name).copy() for name in ("x", "y", "vx", "vy", "omega"))
        states.append(peers.State(step, *here))
    return peers.Result(states, system.walls.force[1], 0.0)


def between_walls_of(particles, walls, parameters):
    """A system of these particles, its contacts without history."""
    law = parameters.contacts.law_of(parameters.materials)
    friction = pair_table(parameters.contacts.friction.__getitem__)
    return make_system(particles, walls_at(walls), law, friction)


def observe(state, particles, walls, parameters):
    """The `QUANTITIES` of one state, from positions and velocities alone: the same for all engines.

    The wall counts as standing: while it moves, its contacts lack the dashpot of its speed.
    """
    moved = particles._replace(**{name: getattr(state, name) for name in ("x", "y", "vx", "vy", "omega")})
    system = between_walls_of(moved, walls, parameters)
    pressure = contact_pressure(system.stress, moved.radius)
    touching = np.count_nonzero(system.pairs.overlap[: system.pairs.first[-1]] > 0)
    means = [pressure[moved.species == species].mean() / 1e6 for species in (AM, SE)]
    return [system.walls.force[1] * 1e3, *means, touching / moved.x.size]


def engines():
    """Functions of particles, walls, parameters and motion, by name, of the engines that are installed."""
    installed = {"this DEM": run_dem}
    for name, engine in (("LIGGGHTS", peers.liggghts), ("LAMMPS", peers.lammps)):
        if engine.executable():
            installed[name] = engine.run
        else:
            print(f"{name} is not installed: left out")
    return installed


def compress_ensemble(run, parameters):
    """`QUANTITIES` of all seeds and frames of one engine [seeds, frames, 4]."""
    quantities = []
    for structure in packings(parameters):
        longest = largest_time_step(structure, parameters.materials, 0.15)
        interval = int(np.ceil((WIDTH - FINAL_WIDTH) / (WALL_SPEED * longest) / FRAMES))
        steps = FRAMES * interval
        time_step = (WIDTH - FINAL_WIDTH) / (WALL_SPEED * steps)
        motion = peers.Motion(time_step, steps, WALL_SPEED, HOLD_FRAMES * interval, FRAMES)
        particles = between_walls(structure, parameters).particles
        walls = np.array([0.0, WIDTH, 0.0, structure.height])
        result = run(copy.deepcopy(particles), walls, parameters, motion)
        rows = []
        for state in result.states:
            walls[1] = WIDTH - WALL_SPEED * time_step * min(state.step, steps)
            rows.append(observe(state, particles, walls, parameters))
        quantities.append(rows)
    return np.array(quantities)


def mean_and_error(values):
    """Mean over the seeds and its standard error."""
    return values.mean(axis=0), values.std(axis=0, ddof=1) / np.sqrt(len(values))


def print_row(name, mean, error):
    """A line of the table."""
    cells = (f"{m:.4g} +- {e:.2g}" for m, e in zip(mean, error, strict=True))
    print(f"{name:15s} " + "  ".join(f"{cell:>26s}" for cell in cells), flush=True)


def main():
    parameters = read_parameters(yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8")))
    figure, axes = plt.subplots(1, 4, figsize=(12, 3.2), layout="constrained")
    print("engine          " + "  ".join(f"{name:>26s}" for name in QUANTITIES))
    for name, run in engines().items():
        values = compress_ensemble(run, parameters)
        mean, error = mean_and_error(values)
        print_row(name, mean[-1], error[-1])
        if run is run_dem:
            ours = values
        else:
            print_row("... - this DEM", *mean_and_error(values[:, -1] - ours[:, -1]))
        time = np.arange(1, mean.shape[0] + 1) / FRAMES
        style = STYLES[name]
        for axis, quantity, m, e in zip(axes, QUANTITIES, mean.T, error.T, strict=True):
            axis.plot(time, m, style, label=name)
            axis.fill_between(time, m - e, m + e, alpha=0.3)
            axis.set(ylabel=quantity, xlabel="time / time of the wall's motion")
    for axis in axes:
        axis.axvline(1, color="0.7", linewidth=0.8, zorder=0)
        axis.set_ylim(bottom=0)
    axes[0].legend()
    figure.savefig(ROOT / "docs/images/ensemble.png", dpi=150)


if __name__ == "__main__":
    main()
