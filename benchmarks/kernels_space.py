"""Where the time of a step in space goes, kernel by kernel, on one core.

    taskset -c 0 python benchmarks/kernels_space.py

The dense state of `engines_space.py`: about 6,000 spheres without friction and with it, and 24,000.
"""

import statistics
import time
from dataclasses import replace
from pathlib import Path

import yaml
from dense import dense_packing, side_by_side
from numba import njit

from dem.cpu.contacts import rows_of
from dem.cpu.spatial import forces, integrate
from dem.cpu.spatial.tile import DISPLACEMENT_X, HISTORY
from dem.parameters import read_parameters
from dem.press import under_piston
from dem.state import TILE

ROOT = Path(__file__).resolve().parent.parent
RUNS = 5


@njit
def tiles(kind, system, time_step, repeats):
    """One part of the force pass over all tiles, many times; without branches in the loop that counts."""
    particles, pairs, tile = system.particles, system.pairs, system.tile
    listed, rows = pairs.first[-1], rows_of(pairs.history, pairs)
    for _ in range(repeats):
        for start in range(0, listed, TILE):
            count = min(TILE, listed - start)
            if kind == 0:
                forces.gather(particles.motion, pairs, system.friction, start, count, tile)
            elif kind == 1:
                forces.gather_rows(pairs.displacement, 3, start, count, tile, DISPLACEMENT_X)
                forces.gather_rows(pairs.history, rows, start, count, tile, HISTORY)
            elif kind == 2:
                forces.apply_law(tile, pairs, system.law, system.friction, system.box, start, time_step)
            elif kind == 3:
                forces.scatter(particles.load, pairs, system.friction, start, count, tile)
            else:
                forces.keep_rows(pairs.displacement, 3, start, tile, DISPLACEMENT_X)
                forces.keep_rows(pairs.history, rows, start, tile, HISTORY)


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
            system.friction,
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


def nanoseconds(function, *arguments, repeats):
    """Median processor time of one repeat [ns]."""
    function(*arguments, 1)
    seconds = []
    for _ in range(RUNS):
        start = time.process_time()
        function(*arguments, repeats)
        seconds.append(time.process_time() - start)
    return 1e9 * statistics.median(seconds) / repeats


def main():
    parameters = read_parameters(yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8")))
    packing, step = dense_packing(parameters.materials, parameters.contacts)
    smooth = replace(parameters.contacts, friction=dict.fromkeys(parameters.contacts.friction, 0.0))
    for times, contacts in ((1, smooth), (1, parameters.contacts), (2, parameters.contacts)):
        system = under_piston(side_by_side(packing, times), parameters.materials, contacts)
        integrate.advance(system, step, 100)
        particles, pairs = system.particles.mass.size, system.pairs.first[-1]
        repeats = max(3, 10_000_000 // pairs)
        kind = "without friction" if contacts is smooth else "with friction"
        print(f"{particles} particles {kind}, {pairs / particles:.2f} pairs in the list for each")
        # A time step of 0 changes no displacement: every repeat does the same.
        for kind, name in enumerate(("gather", "remembered, in", "law", "scatter", "remembered, out")):
            taken = nanoseconds(tiles, kind, system, 0.0, repeats=repeats) / pairs
            print(f"{name:28s} {taken:6.2f} ns per pair")
        taken = nanoseconds(moves, system, 0.0, repeats=repeats) / particles
        print(f"{'kick, drift':28s} {taken:6.2f} ns per particle")
        taken = nanoseconds(walls, system, 0.0, repeats=repeats) / particles
        print(f"{'walls':28s} {taken:6.2f} ns per particle")
        skin = integrate.skin_of(system.particles)
        taken = nanoseconds(rebuilds, system, skin, repeats=max(1, repeats // 20)) / particles
        print(f"{'rebuild of the list':28s} {taken:6.2f} ns per particle")


if __name__ == "__main__":
    main()
