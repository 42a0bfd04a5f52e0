"""Snakemake on a copy of the project, so that tests may edit configuration and sources."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from cluster import Cluster, why_not
from numba.core.caching import _CacheLocator

FOLDERS = ("config", "profiles", "src", "tests", "workflow")


class Starter:
    """A process of tests/workflow/starter.py; it is started when it is first needed."""

    def __init__(self, root: Path):
        self.command = [sys.executable, str(root / "tests/workflow/starter.py")]
        self.process = None

    def run(self, folder, environment, arguments):
        """Run Snakemake to its end; gives its exit status and what it printed."""
        if not self.process:
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
            self.process = subprocess.Popen(self.command, **pipes)
        with tempfile.NamedTemporaryFile("r", encoding="utf-8", errors="replace") as output:
            start = {"folder": str(folder), "environment": environment, "arguments": list(arguments)}
            self.process.stdin.write(json.dumps({**start, "output": output.name}) + "\n")
            self.process.stdin.flush()
            status = self.process.stdout.readline()
            if not status:
                raise RuntimeError(f"{self.command} ended with {self.process.wait()}")
            return int(status), output.read()

    def close(self):
        """End the process."""
        if self.process:
            self.process.stdin.close()
            self.process.stdout.close()
            self.process.wait()


class Project:
    """A copy of the project in which Snakemake runs."""

    def __init__(self, folder: Path, starter: Starter):
        self.folder = folder
        self.starter = starter
        self.kernels = folder.with_name("kernels")

    def share_kernels(self, root):
        """Find the kernels compiled for the project itself: Numba keeps them by the path of their source."""
        self.kernels.mkdir()
        for package in {path.parent.relative_to(root) for path in (root / "src/dem").rglob("*.py")}:
            ours, theirs = (
                _CacheLocator.get_suitable_cache_subpath(str(top / package / "any.py"))
                for top in (self.folder, root)
            )
            compiled = Path(os.environ["NUMBA_CACHE_DIR"], theirs)
            compiled.mkdir(exist_ok=True)
            (self.kernels / ours).symlink_to(compiled)

    def environment(self, given):
        """Variables of a start: sources and kernels of the copy."""
        own = {"PYTHONPATH": str(self.folder / "src"), "NUMBA_CACHE_DIR": str(self.kernels), "COLUMNS": "200"}
        return {**given, **own}

    def start(self, *arguments, environment=os.environ, output=subprocess.PIPE):
        """Start Snakemake in the copy, on the sources of the copy; whoever starts it ends it."""
        return subprocess.Popen(
            [sys.executable, "-m", "snakemake", *arguments],
            cwd=self.folder,
            env=self.environment(environment),
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )

    def snakemake(self, *arguments, check=True, environment=os.environ):
        """Run Snakemake in the copy; gives what it printed."""
        status, output = self.starter.run(self.folder, self.environment(environment), arguments)
        if check:
            assert status == 0, output
        return subprocess.CompletedProcess(arguments, status, output)

    def due(self, *arguments, configfile="tests/tiny.yaml"):
        """Rules that a dry run of the tiny study would run, with the number of their jobs."""
        output = self.snakemake("-n", "--configfile", configfile, *arguments).stdout
        if "Nothing to be done" in output:
            return {}
        table = output.split("Job stats:")[1].split("total")[0]
        return {rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", table, re.M)}

    def edit(self, path, old, new):
        """Replace text in a file of the copy."""
        file = self.folder / path
        assert old in file.read_text(encoding="utf-8")
        file.write_text(file.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


@pytest.fixture(scope="session")
def starter(root):
    """What starts Snakemake."""
    starter = Starter(root)
    yield starter
    starter.close()


@pytest.fixture(scope="session")
def copy_project(root, starter, tmp_path_factory):
    """Function that makes a copy of the project without results, in a new folder or in the one given."""

    def make(top=None):
        folder = (top or tmp_path_factory.mktemp("project")) / "with space"
        for name in FOLDERS:
            shutil.copytree(
                root / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
            )
        shutil.copy(root / "Snakefile", folder)
        project = Project(folder, starter)
        project.share_kernels(root)
        return project

    return make


@pytest.fixture
def project(copy_project):
    """A copy without results."""
    return copy_project()


@pytest.fixture(scope="session")
def finished(copy_project, starter, kernels, made_once):
    """A copy in which the tiny study ran from nothing to figures, on two cores."""

    def run(top):
        output = copy_project(top).snakemake("--cores", "2", "--configfile", "tests/tiny.yaml").stdout
        (top / "log").write_text(output, encoding="utf-8")

    top = made_once("finished", run)
    project = Project(top / "with space", starter)
    project.log = (top / "log").read_text(encoding="utf-8")
    return project


@pytest.fixture
def edited(finished, root, starter, tmp_path):
    """A copy of the finished project, results and Snakemake's records with it."""
    project = Project(tmp_path / "edited", starter)
    shutil.copytree(finished.folder, project.folder, symlinks=True)
    project.share_kernels(root)
    return project


@pytest.fixture(scope="module")
def slurm(request, root, made_once, tmp_path_factory):
    """A real Slurm with CPU nodes and a node with a pretend GPU; installed if this is root's Debian.

    A module may say in CLUSTER what its nodes claim.
    """
    if os.getuid() == 0 and shutil.which("apt-get"):
        made_once("slurm", lambda _: subprocess.run([root / "tests/slurm/install.sh"], check=True))
    if reason := why_not():
        pytest.skip(reason)
    nodes = getattr(request.module, "CLUSTER", {})
    with Cluster(tmp_path_factory.mktemp("slurm") / "cluster", **nodes) as cluster:
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
