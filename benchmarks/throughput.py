"""Particle-steps per second of the DEM on one core, by structure size and skin of the neighbor list.

    taskset -c 0 python benchmarks/throughput.py

Then what it costs to measure contacts and stresses every ten steps, and how much of that is the call itself;
and what contacts cost that yield (the law `elastoplastic`), runs of both laws in turn.
"""

import copy
import statistics
import time
from pathlib import Path

import numpy as np
import yaml
from numba import njit

import dem.cpu.integrate
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
    dem.cpu.integrate.advance(system, step, int(0.1 * width / 4.0 / step))
    system.walls.velocity[1] = 0.0
    return system, step


def throughput(system, step):
    """Median particle-steps per second over the runs."""
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        dem.cpu.integrate.advance(system, step, STEPS)
        seconds.append(time.perf_counter() - start)
    return system.particles.x.size * STEPS / statistics.median(seconds)


@njit
def nothing(system):
    """What a call from Python costs: taking the system apart."""


def measuring_cost(system, step):
    """Extra time of calling every ten steps, which measures each time, and that of as many empty calls.

    Both as shares of the time of ten steps in one long run; medians of runs in turn.
    """
    costs = []
    for _ in range(RUNS):
        seconds = []
        for calls, steps in ((1, STEPS), (STEPS // 10, 10)):
            start = time.perf_counter()
            for _ in range(calls):
                dem.cpu.integrate.advance(system, step, steps)
            seconds.append(time.perf_counter() - start)
        start = time.perf_counter()
        for _ in range(STEPS // 10):
            nothing(system)
        costs.append((seconds[1] / seconds[0] - 1, (time.perf_counter() - start) / seconds[0]))
    return np.median(costs, axis=0)


def laws_in_turn(config, width):
    """Particle-steps per second of the elastic law and cost of the elasto-plastic one beside it, medians.

    Both with the time step that the stiffening of yielded contacts asks for.
    """
    systems = []
    for law in ("hertz_mindlin", "elastoplastic"):
        changed = copy.deepcopy(config)
        changed["contacts"]["law"] = law
        changed["compression"]["time_step_rayleigh"] = 0.08
        systems.append(compressed_system(read_parameters(changed), width))
    seconds = []
    for _ in range(3 * RUNS):
        seconds.append([])
        for system, step in systems:
            # Of the processor: what other work takes of the core does not count.
            start = time.process_time()
            dem.cpu.integrate.advance(system, step, STEPS)
            seconds[-1].append(time.process_time() - start)
    particles = systems[0][0].particles.x.size
    elastic, plastic = np.array(seconds).T
    return particles, particles * STEPS / np.median(elastic), np.median(plastic / elastic)


def main():
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    parameters = read_parameters(config)
    print("width [um]  particles  skin / SE diameter  million particle-steps per second")
    for width in (50e-6, 200e-6):
        for skin in (0.05, 0.1, 0.2):
            dem.cpu.integrate.SKIN = skin
            system, step = compressed_system(parameters, width)
            rate = throughput(system, step) / 1e6
            print(f"{width * 1e6:10g}  {system.particles.x.size:9d}  {skin:18g}  {rate:10.1f}", flush=True)
    print("particles  measuring every ten steps costs [%]  of which the calls [%]")
    dem.cpu.integrate.SKIN = 0.1
    for width in (50e-6, 500e-6):
        system, step = compressed_system(parameters, width)
        cost, call = measuring_cost(system, step)
        print(f"{system.particles.x.size:9d}  {100 * cost:33.1f}  {100 * call:22.1f}", flush=True)
    print(
        "particles  elastic law [million particle-steps per second]  cost of the elasto-plastic one / elastic"
    )
    for width in (50e-6, 200e-6):
        particles, rate, ratio = laws_in_turn(config, width)
        print(f"{particles:9d}  {rate / 1e6:48.1f}  {ratio:40.2f}", flush=True)


if __name__ == "__main__":
    main()
