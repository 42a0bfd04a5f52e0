"""Particle-steps per second of the DEM on one core, by structure size and skin of the neighbor list.

taskset -c 0 python benchmarks/throughput.py
"""

import statistics
import time
from pathlib import Path

import numpy as np
import yaml

import dem.integrate
from dem.compress import between_walls, largest_time_step
from dem.parameters import read_parameters
from dem.structure import fill, structure_seed

ROOT = Path(__file__).resolve().parent.parent
RUNS = 5
STEPS = 4000


def compressed_system(parameters, width):
    """A structure compressed by a tenth of its width: about 2.3 contacts per particle."""
    seed = structure_seed(parameters.seed, width, 0.63, 0)
    structure, _ = fill(parameters.structure, width, 0.63, np.random.default_rng(seed))
    system = between_walls(structure, parameters)
    step = largest_time_step(structure, parameters.materials, parameters.compression.time_step_rayleigh)
    system.walls.velocity[1] = -4.0
    dem.integrate.advance(system, step, int(0.1 * width / 4.0 / step))
    system.walls.velocity[1] = 0.0
    return system, step


def throughput(system, step):
    """Median particle-steps per second over the runs."""
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        dem.integrate.advance(system, step, STEPS)
        seconds.append(time.perf_counter() - start)
    return system.particles.x.size * STEPS / statistics.median(seconds)


def main():
    parameters = read_parameters(yaml.safe_load((ROOT / "config/config.yaml").read_text()))
    print("width [um]  particles  skin / SE diameter  million particle-steps per second")
    for width in (50e-6, 200e-6):
        for skin in (0.05, 0.1, 0.2):
            dem.integrate.SKIN = skin
            system, step = compressed_system(parameters, width)
            rate = throughput(system, step) / 1e6
            print(f"{width * 1e6:10g}  {system.particles.x.size:9d}  {skin:18g}  {rate:10.1f}", flush=True)


if __name__ == "__main__":
    main()
