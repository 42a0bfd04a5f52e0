"""Seconds and memory of a dry run: the paper's 500 structures, or more of them (median of five).

python benchmarks/dry_run.py [--replicates 1000]

A thousand replicates are 50,000 structures. CPU time stays comparable on a machine that is not at rest.
"""

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--replicates", type=int, default=10)
    replicates = parser.parse_args().replicates
    wall, cpu = [], []
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".yaml") as overlay:
        overlay.write(f"grid: {{replicates: {replicates}}}\n")
        overlay.flush()
        command = [sys.executable, "-m", "snakemake", "-n", "--configfile", overlay.name]
        for _ in range(5):
            before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
            subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
            wall.append(time.perf_counter() - start)
            used = resource.getrusage(resource.RUSAGE_CHILDREN)
            cpu.append(used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime)
    print(
        f"dry run of {50 * replicates} structures: {statistics.median(wall):.2f} s, "
        f"{statistics.median(cpu):.2f} s CPU, {used.ru_maxrss / 1024:.0f} MiB"
    )


if __name__ == "__main__":
    main()
