"""Where the time of a step goes, kernel by kernel, on one core, and how near the law is to the CPU's limit.

    taskset -c 0 python benchmarks/kernels.py

The limit: the law takes three square roots and three divisions per pair; a loop of only those cannot be
beaten without other mathematics.
"""

import math
import statistics
import time
from pathlib import Path

import numpy as np
import yaml
from numba import njit
from throughput import compressed_system

from dem.cpu import forces, integrate
from dem.cpu.tile import DX, DY
from dem.parameters import read_parameters
from dem.state import TILE

ROOT = Path(__file__).resolve().parent.parent
REPEATS = 2000
RUNS = 7


@njit
def tiles(kind, system, time_step, repeats):
    """One part of the force pass over all tiles, many times; without branches in the loop that counts."""
    particles, pairs, tile = system.particles, system.pairs, system.tile
    listed = pairs.first[-1]
    for _ in range(repeats):
        for start in range(0, listed, TILE):
            count = min(TILE, listed - start)
            if kind == 0:
                forces.gather(particles, pairs, start, count, tile)
            elif kind == 1:
                forces.apply_law(tile, pairs, system.law, start, time_step)
            else:
                forces.scatter(particles, pairs, start, count, tile)


@njit(error_model="numpy")
def roots_and_divisions(tile, tiles, repeats):
    """Three square roots and three divisions per pair, and nothing else that takes time."""
    for _ in range(repeats * tiles):
        for k in range(TILE):
            a, b = tile[DX + k], tile[DY + k]
            root = math.sqrt(a * a + b * b)
            second = math.sqrt(root)
            third = math.sqrt(second)
            tile[DX + k] = a / root + b / second
            tile[DY + k] = 1.0 / third


@njit
def moves(system, time_step, repeats):
    """Kick and drift without the rebuild."""
    for _ in range(repeats):
        integrate.kick(system.particles, 0.5 * time_step, 0.5 * time_step)
        integrate.drift(system.particles, system.walls, system.grid, 1.0, 0.0)


@njit
def walls(system, time_step, repeats):
    """Forces of the walls."""
    for _ in range(repeats):
        forces.add_wall_forces(
            system.particles,
            system.walls,
            system.wall_contacts,
            system.law,
            time_step,
            system.tile,
            system.stress,
            False,
        )


@njit
def rebuilds(system, skin, repeats):
    """The neighbor list made anew."""
    for _ in range(repeats):
        integrate.rebuild(system, skin)


def nanoseconds(function, *arguments, repeats=REPEATS):
    """Median time of one repeat [ns]."""
    function(*arguments, 1)
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        function(*arguments, repeats)
        seconds.append(time.perf_counter() - start)
    return 1e9 * statistics.median(seconds) / repeats


def main():
    parameters = read_parameters(yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8")))
    system, _ = compressed_system(parameters, 50e-6)
    particles, pairs = system.particles.x.size, system.pairs.first[-1]
    whole = -(-pairs // TILE)
    print(f"{particles} particles, {pairs / particles:.2f} pairs in the list for each")
    # A time step of 0 changes no displacement: every repeat does the same.
    for kind, name in enumerate(("gather", "law", "scatter")):
        print(f"{name:28s} {nanoseconds(tiles, kind, system, 0.0) / pairs:6.2f} ns per pair")
    scratch = np.random.default_rng(1).uniform(1, 2, 2 * TILE)
    limit = nanoseconds(roots_and_divisions, scratch, whole) / (whole * TILE)
    print(f"{'  roots and divisions alone':28s} {limit:6.2f} ns per pair")
    print(f"{'kick, drift':28s} {nanoseconds(moves, system, 0.0) / particles:6.2f} ns per particle")
    print(f"{'walls':28s} {nanoseconds(walls, system, 0.0) / particles:6.2f} ns per particle")
    skin = integrate.skin_of(system.particles)
    rebuild = nanoseconds(rebuilds, system, skin, repeats=REPEATS // 20) / particles
    print(f"{'rebuild of the list':28s} {rebuild:6.2f} ns per particle")


if __name__ == "__main__":
    main()
