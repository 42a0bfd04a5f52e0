"""Start Snakemake again and again without the second that it takes to import.

Each line of the input is a start, as JSON: folder, environment, arguments and the file for what it prints.
It runs in a fork, so that none sees what another left in memory; the answer is its exit status. Nothing of
the project is imported here: each start takes the sources of its own folder.
"""

import json
import os
import sys

import jsonschema  # noqa: F401
import numba  # noqa: F401
import numpy  # noqa: F401
import scipy  # noqa: F401
import snakemake.cli

# Plugins are imported by this.
snakemake.cli.get_argument_parser()


def become(folder, environment, arguments, output):
    """What the operating system and Python do when ``python -m snakemake`` begins."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:1] = [folder, environment["PYTHONPATH"]]
    written = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(written, stream.fileno())
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.argv = ["snakemake", *arguments]


for line in sys.stdin:
    start = json.loads(line)
    child = os.fork()
    if not child:
        become(**start)
        snakemake.cli.main()
    _, status = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(status), flush=True)
