"""What the workflow itself costs per structure: thousands of tiny ones, ten to a job, up to the dataset.

    python benchmarks/scale.py [--structures 5000]            # profiles/allocation
    python benchmarks/scale.py --slurm [--structures 300]     # as root, after tests/slurm/install.sh

Structures are those of tests/tiny.yaml. CPU seconds are those of all processes: Snakemake, its jobs, and
Slurm's daemons. From them are taken away the simulations, timed in a loop without any workflow, and the
steps that read all structures, which the workflow times; what is left over is the workflow's.
"""

import argparse
import csv
import ctypes
import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
PER_JOB = 10
# Read all structures: their cost is the work itself, not the workflow's.
COLLECTING = ("dataset", "response", "manifest")
PR_SET_CHILD_SUBREAPER = 36
ALLOCATION = ("--profile", "profiles/allocation")
SLURM = (
    *("--profile", "profiles/slurm"),
    *("--slurm-init-seconds-before-status-checks", "2"),
    *("--slurm-status-command", "squeue"),
    "--slurm-no-account",
)


def overlay(structures, folder):
    """Configuration of the study, on top of tests/tiny.yaml."""
    path = folder / "scale.yaml"
    grid = {"replicates": structures // 2, "replicates_per_job": PER_JOB}
    path.write_text(yaml.safe_dump({"study": "scale", "grid": grid}), encoding="utf-8")
    return path


def simulation_seconds(config, folder):
    """CPU seconds of one structure in a loop: a process of its own, as its imports are not counted."""
    script = """
import sys, time, yaml
from dem.study import compress_cell
config = yaml.safe_load(open(sys.argv[1]))
compress_cell(sys.argv[2], config, 10, 0.7, range(1), "code")  # compiles
start = time.process_time()
for width in (10, 11):
    compress_cell(sys.argv[2], config, width, 0.7, range(50), "code")
print((time.process_time() - start) / 100)
"""
    merged = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    for name in (ROOT / "tests/tiny.yaml", config):
        for key, value in yaml.safe_load(name.read_text(encoding="utf-8")).items():
            merged[key] = merged[key] | value if isinstance(value, dict) else value
    (folder / "merged.yaml").write_text(yaml.safe_dump(merged), encoding="utf-8")
    command = [sys.executable, "-c", script, str(folder / "merged.yaml"), str(folder / "out.h5")]
    return float(subprocess.run(command, check=True, capture_output=True, text=True, encoding="utf-8").stdout)


def run(command, log):
    """Run a command and wait for all it leaves behind; gives wall time and CPU time [s].

    Slurm's jobs are nobody's children: they become those of this process, which counts them when they end.
    It must wait for each at once: Slurm takes the dead for still running, and drains their node.
    """
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    before, start = cpu_seconds(), time.perf_counter()
    first = os.posix_spawn(command[0], command, os.environ, file_actions=redirected(log))
    with suppress(ChildProcessError):
        while True:
            ended, status = os.wait()
            if ended == first:
                wall = time.perf_counter() - start
                if status:
                    print(log.read_text(encoding="utf-8")[-3000:], file=sys.stderr)
                    sys.exit(f"error: {' '.join(command)} failed")
    return wall, cpu_seconds() - before


def redirected(log):
    """Standard output and error go to a file."""
    return [
        (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]


def rows_of_rules(folder):
    """Rule, jobs, CPU seconds and largest memory [MB], as Snakemake sampled them."""
    benchmarks = folder / "results/scale/benchmarks"
    for rule in ("compile_kernels", "compress", *COLLECTING):
        files = (benchmarks / rule).glob("*.tsv") if rule == "compress" else [benchmarks / f"{rule}.tsv"]
        rows = [next(csv.DictReader(path.open(), delimiter="\t")) for path in files]
        # A job too short to be sampled has no value.
        numbers = {
            column: [float(row[column]) for row in rows if row[column] not in ("NA", "-")]
            for column in ("cpu_time", "max_rss")
        }
        yield rule, len(rows), sum(numbers["cpu_time"]), max(numbers["max_rss"], default=0.0)


def cpu_seconds():
    """Of all processes that this one has waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--structures", type=int)
    parser.add_argument("--slurm", action="store_true")
    arguments = parser.parse_args()
    structures = arguments.structures or (300 if arguments.slurm else 5000)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = overlay(structures, folder)
        alone = simulation_seconds(config, folder)
        targets = [f"results/scale/{name}" for name in ("dataset.nc", "response.nc", "manifest.json")]
        cluster = [sys.executable, "tests/slurm/cluster.py"] if arguments.slurm else []
        profile = SLURM if arguments.slurm else ALLOCATION
        configs = ("--configfile", "tests/tiny.yaml", str(config))
        snakemake = [sys.executable, "-m", "snakemake", *profile, *configs, "--directory", str(folder)]
        os.chdir(ROOT)
        wall, spent = run([*cluster, *snakemake, "--", *targets], folder / "log")
        memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        rules = list(rows_of_rules(folder))
        size = (folder / "results/scale/dataset.nc").stat().st_size
    collecting = sum(seconds for rule, _, seconds, _ in rules if rule in COLLECTING)
    print(f"{structures} structures, {PER_JOB} per job, {'Slurm' if arguments.slurm else 'one allocation'}")
    for rule, jobs, seconds, most in rules:
        print(f"{rule:16s} {jobs:6d} jobs {seconds:9.1f} s CPU {most:8.0f} MB")
    print(f"all processes: {spent:.0f} s CPU, {wall:.0f} s; largest {memory:.0f} MiB; dataset {size} bytes")
    overhead = (spent - collecting) / structures - alone
    print(f"per structure: simulation {alone:.4f} s CPU, workflow {overhead:.3f} s CPU")


if __name__ == "__main__":
    main()
