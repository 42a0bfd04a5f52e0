"""Snakemake on a copy of the project, so that tests may edit configuration and sources."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cluster import Cluster, why_not

FOLDERS = ("config", "profiles", "src", "tests", "workflow")


class Project:
    """A copy of the project in which Snakemake runs."""

    def __init__(self, folder: Path):
        self.folder = folder

    def start(self, *arguments, environment=os.environ, output=subprocess.PIPE):
        """Start Snakemake in the copy, on the sources of the copy."""
        return subprocess.Popen(
            [sys.executable, "-m", "snakemake", *arguments],
            cwd=self.folder,
            env={**environment, "PYTHONPATH": str(self.folder / "src"), "COLUMNS": "200"},
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def snakemake(self, *arguments, check=True, environment=os.environ):
        """Run Snakemake in the copy; gives what it printed."""
        process = self.start(*arguments, environment=environment)
        output, _ = process.communicate()
        done = subprocess.CompletedProcess(arguments, process.returncode, output)
        if check:
            assert done.returncode == 0, done.stdout
        return done

    def due(self, *arguments):
        """Rules that a dry run of the tiny study would run, with the number of their jobs."""
        output = self.snakemake("-n", "--configfile", "tests/tiny.yaml", *arguments).stdout
        if "Nothing to be done" in output:
            return {}
        table = output.split("Job stats:")[1].split("total")[0]
        return {rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", table, re.M)}

    def edit(self, path, old, new):
        """Replace text in a file of the copy."""
        file = self.folder / path
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new))


@pytest.fixture(scope="session")
def copy_project(root, tmp_path_factory):
    """Function that makes a fresh copy of the project, without results."""

    def make():
        folder = tmp_path_factory.mktemp("project") / "with space"
        for name in FOLDERS:
            shutil.copytree(
                root / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
            )
        shutil.copy(root / "Snakefile", folder)
        return Project(folder)

    return make


@pytest.fixture
def project(copy_project):
    """A copy without results."""
    return copy_project()


@pytest.fixture(scope="session")
def finished(copy_project):
    """A copy in which the tiny study ran from nothing to figures, on two cores."""
    project = copy_project()
    project.log = project.snakemake("--cores", "2", "--configfile", "tests/tiny.yaml").stdout
    return project


@pytest.fixture
def edited(finished, tmp_path):
    """A copy of the finished project, results and Snakemake's records with it."""
    folder = tmp_path / "edited"
    shutil.copytree(finished.folder, folder, symlinks=True)
    return Project(folder)


@pytest.fixture(scope="session")
def slurm(root, tmp_path_factory):
    """A real Slurm with CPU nodes and a node with a pretend GPU; installed if this is root's Debian."""
    if os.getuid() == 0 and shutil.which("apt-get"):
        subprocess.run([root / "tests/slurm/install.sh"], check=True)
    if reason := why_not():
        pytest.skip(reason)
    with Cluster(tmp_path_factory.mktemp("slurm") / "cluster") as cluster:
        yield cluster


@pytest.fixture(scope="session")
def slurm_profile():
    """The profile for users, and what differs on a cluster of one machine without accounts."""
    return (
        *("--profile", "profiles/slurm"),
        *("--latency-wait", "5"),
        *("--slurm-init-seconds-before-status-checks", "2"),
        *("--slurm-status-command", "squeue"),
        "--slurm-no-account",
    )
