"""Speed of this DEM in space beside LIGGGHTS and LAMMPS: one core, the same dense states, in turn.

    python benchmarks/engines_space.py

Prints particle-steps per second (median of the runs) and the ratio to this project's, and writes
benchmarks/results_space.csv; then what contacts cost that yield, what it costs to measure every ten steps,
and the memory of a job. Engines that are not installed are left out, by name.
"""

import copy
import csv
import os
import resource
import statistics
import time
from pathlib import Path

import peers.lammps
import peers.lammps_space
import peers.liggghts
import peers.liggghts_space
import yaml
from dense import dense_packing, side_by_side

from dem.cpu.spatial.integrate import advance
from dem.parameters import read_parameters
from dem.press import copy_of, under_piston

ROOT = Path(__file__).resolve().parent.parent
RUNS = 3
# How often the packing stands along x and y, and steps of a run: about 6,000, 24,000 and 220,000 spheres.
CASES = ((1, 600), (2, 150), (6, 20))


def seconds_of(system, step, steps, calls=1, clock=time.process_time):
    """Time of the stepping loop of this project [s], by default of the processor."""
    start = clock()
    for _ in range(calls):
        advance(system, step, steps // calls)
    return clock() - start


def engines():
    """(engine, variant, function of system, parameters, motion: seconds) that are installed."""
    installed = []
    if peers.liggghts.executable():
        installed.append(
            (
                "liggghts",
                "hertz tangential history",
                lambda *arguments: peers.liggghts_space.run(*arguments).seconds,
            )
        )
    else:
        print("LIGGGHTS is not installed: left out")
    if peers.lammps.executable():
        for variant in ("gran/hertz/history", "granular"):
            installed.append(
                ("lammps", variant, lambda *arguments, v=variant: peers.lammps_space.run(*arguments, v))
            )
    else:
        print("LAMMPS is not installed: left out")
    return installed


def beside_others(packing, step, parameters):
    """Rows of the table: engine, variant, particles, steps, seconds, rate."""
    rows = []
    print("engine    variant                    particles  steps  million particle-steps/s  dem is faster by")
    for times, steps in CASES:
        system = under_piston(side_by_side(packing, times), parameters.materials, parameters.contacts)
        count = system.particles.mass.size
        variants = [("dem", "hertz_mindlin", None), *engines()]
        seconds = {variant[:2]: [] for variant in variants}
        # In turn, so that all see the same moods of the machine.
        for _ in range(RUNS):
            for engine, variant, run in variants:
                if run is None:
                    # As the others tell it: from beginning to end.
                    taken = seconds_of(copy_of(system), step, steps, clock=time.perf_counter)
                else:
                    taken = run(system, parameters, peers.Motion(step, steps))
                seconds[engine, variant].append(taken)
        rates = {key: count * steps / statistics.median(taken) for key, taken in seconds.items()}
        for (engine, variant), rate in rates.items():
            ratio = rates["dem", "hertz_mindlin"] / rate
            line = f"{engine:9s} {variant:26s} {count:9d}  {steps:5d}  {rate / 1e6:24.2f}  {ratio:8.1f}"
            print(line, flush=True)
            rows.append((engine, variant, count, steps, f"{count * steps / rate:.4f}", f"{rate:.4g}"))
    return rows


def costs(packing, step, config):
    """Print what the elasto-plastic law costs beside the elastic one, and measuring every ten steps."""
    print("particles  elasto-plastic / elastic  measuring every ten steps costs [%]")
    for times, steps in CASES[:2]:
        systems = []
        for law in ("hertz_mindlin", "elastoplastic"):
            changed = copy.deepcopy(config)
            changed["contacts"]["law"] = law
            parameters = read_parameters(changed)
            system = under_piston(side_by_side(packing, times), parameters.materials, parameters.contacts)
            advance(system, step, steps)
            systems.append(system)
        ratios, measured = [], []
        for _ in range(2 * RUNS + 1):
            elastic = seconds_of(systems[0], step, steps)
            ratios.append(seconds_of(systems[1], step, steps) / elastic)
            measured.append(seconds_of(systems[0], step, steps, steps // 10) / elastic - 1)
        count = systems[0].particles.mass.size
        line = f"{count:9d}  {statistics.median(ratios):24.2f}  {100 * statistics.median(measured):35.1f}"
        print(line, flush=True)


def memory(packing, parameters):
    """Print the peak of a process of its own per packing, and what the arrays take per sphere."""
    print("particles  peak of the process [MiB]  arrays [bytes per particle]")
    for times in (1, 2, 6):
        if pid := os.fork():
            os.waitpid(pid, 0)
            continue
        system = under_piston(side_by_side(packing, times), parameters.materials, parameters.contacts)
        advance(system, 1e-12, 10)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        arrays = sum(
            array.nbytes
            for part in system
            for array in (part if isinstance(part, tuple) else (part,))
            if hasattr(array, "nbytes")
        )
        count = system.particles.mass.size
        print(f"{count:9d}  {peak:25.0f}  {arrays / count:27.0f}", flush=True)
        os._exit(0)


def main():
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    parameters = read_parameters(config)
    packing, step = dense_packing(parameters.materials, parameters.contacts)
    memory(packing, parameters)
    rows = beside_others(packing, step, parameters)
    with open(ROOT / "benchmarks/results_space.csv", "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(("engine", "variant", "particles", "steps", "seconds", "particle_steps_per_second"))
        table.writerows(rows)
    costs(packing, step, config)


if __name__ == "__main__":
    main()
