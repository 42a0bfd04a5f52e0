"""Seconds of a dry run of the paper's 500 structures (median of five).

python benchmarks/dry_run.py
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main():
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "snakemake", "-n"], cwd=ROOT, check=True, capture_output=True)
        seconds.append(time.perf_counter() - start)
    print(f"dry run of config/config.yaml: {statistics.median(seconds):.2f} s")


if __name__ == "__main__":
    main()
