"""The package as users install it: a wheel in an environment of its own, far from the repository."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv

import pytest
import yaml

PACKED = ("Snakefile", "config", "models", "profiles", "src", "workflow")
DATA = ("docs/images/electrode.png", "docs/spatial/dataset.nc")
FILES = ("LICENSE", "MANIFEST.in", "README.md", "pyproject.toml", "setup.py")


def run(*command, cwd):
    """Run a command that knows nothing of the clone; gives what it printed."""
    environment = {name: os.environ[name] for name in ("HOME", "PATH", "TMPDIR") if name in os.environ}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def installed(root, tmp_path_factory):
    """Commands of an environment with the wheel, and with packages of others from that of the tests."""
    pytest.importorskip("pip", reason="needs pip to build a wheel")
    top = tmp_path_factory.mktemp("package")
    for name in (*PACKED, *DATA):
        (top / "clone" / name).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (root / name).is_dir() else shutil.copy
        copy(root / name, top / "clone" / name)
    for name in FILES:
        shutil.copy(root / name, top / "clone")
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
    offline = ("--no-deps", "--no-index", "--no-build-isolation")
    run(*pip, "wheel", *offline, "--wheel-dir", top, top / "clone", cwd=top)
    (wheel,) = top.glob("*.whl")
    shutil.rmtree(top / "clone")
    venv.create(top / "environment", symlinks=True)
    python = top / "environment/bin/python"
    run(*pip, "--python", python, "install", "--no-deps", "--no-index", wheel, cwd=top)
    (packages,) = top.glob("environment/lib/python*/site-packages")
    # What is installed for the tests, but for the editable project, whose own .pth file is not followed.
    (packages / "others.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return python.parent


def test_a_wheel_predicts_and_runs_studies(installed, root, tmp_path):
    shutil.copy(root / "docs/images/electrode.png", tmp_path)
    where = run(installed / "python", "-c", "import cnn; print(cnn.__file__)", cwd=tmp_path)
    assert where.startswith(str(installed.parent))
    told = run(installed / "assb", "predict", "electrode.png", "--no-figures", cwd=tmp_path)
    assert "am_stress_mean" in told and (tmp_path / "predictions.csv").exists()
    run(installed / "assb", "study", "init", "mine", cwd=tmp_path)
    study = tmp_path / "mine"
    told = run(
        installed / "assb", "report", "--cores", "1", "--", "results/mine/figures/pipeline.png", cwd=study
    )
    assert (study / "results/mine/figures/pipeline.png").exists(), told
    code = "from provenance.repository import REPOSITORY; print((REPOSITORY / 'docs/spatial').resolve())"
    samples = run(installed / "python", "-c", code, cwd=tmp_path).strip()
    assert samples.startswith(str(installed.parent)) and os.listdir(samples) == ["dataset.nc"]
    told = run(installed / "python", "-m", "snakemake", "-n", "--config", "study=yours", cwd=study)
    assert "compress  " in told and "results/yours/report.html" in told


# A Python in which the packages of the extras are not installed: the rest of its arguments is what it runs.
CORE_ONLY = """
import re, sys, tomllib
from importlib.metadata import packages_distributions
from runpy import run_module

with open(sys.argv[1], "rb") as file:
    extras = tomllib.load(file)["project"]["optional-dependencies"]
missing = {re.match(r"[A-Za-z0-9_.-]+", line).group().lower() for extra in extras.values() for line in extra}
absent = {
    module
    for module, owners in packages_distributions().items()
    if {owner.lower() for owner in owners} <= missing - {"solid-state-electrode"}
}
assert {"joblib", "keras", "numba", "sklearn", "yaml"} <= absent


class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in absent:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, Refuse())
package = sys.argv[2]
sys.argv = [package, *sys.argv[3:]]
run_module(package, run_name="__main__")
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ("predict", "electrode.png"),
        ("predict", "--model", "spatial", "section_along.png", "section_across.png", "--no-figures"),
        ("study", "init", "mine"),
    ],
)
def test_the_core_needs_no_extra(root, tmp_path, arguments):
    for name in ("electrode", "section_along", "section_across"):
        shutil.copy(root / f"docs/images/{name}.png", tmp_path)
    told = run(sys.executable, "-c", CORE_ONLY, root / "pyproject.toml", "assb", *arguments, cwd=tmp_path)
    assert "mine" in told or "stress_mean" in told


@pytest.mark.parametrize("package", ["assb", "analysis", "cnn", "dem"])
def test_help_needs_no_extra(root, tmp_path, package):
    told = run(sys.executable, "-c", CORE_ONLY, root / "pyproject.toml", package, "--help", cwd=tmp_path)
    assert told.lower().startswith("usage: ")


def test_digests_of_an_installed_package_see_no_packages_of_others(installed, tmp_path):
    code = "import dem; from provenance import code_digest; print(code_digest(*dem.KERNEL_MODULES))"
    theirs = run(installed / "python", "-c", code, cwd=tmp_path)
    assert theirs == run(sys.executable, "-c", code, cwd=tmp_path)


def test_the_citation_is_of_this_version(root):
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == project["version"] and citation["license"] == project["license"]
    assert citation["title"] == project["name"]
