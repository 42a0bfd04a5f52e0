"""A law is a file: what it takes to add one, and what is compiled for it."""

import importlib
import json
import linecache
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dem.cpu import law
from dem.cpu.cache import SHARED, cache_folder
from dem.laws import LAWS
from electrode.species import AM, SE, WALL

HERE = Path(__file__).parent
# Compresses a packing, under the law of linear_spring.py if it is told so; prints how it ended and what was
# compiled for it.
PROGRAM = """
import json, sys
from dem.cpu import forces, integrate
from dem.laws import LAWS
from dem.parameters import read_parameters
from dem.simulation import simulate

config = json.load(open(sys.argv[1]))
if config["contacts"]["law"] not in LAWS:
    from linear_spring import LinearSpring
    LAWS["linear_spring"] = LinearSpring
run = simulate(read_parameters(config), 11e-6, 0.7, 0)
frame = run.frames[-1]
# Those that are called from Python; they contain the others.
kernels = [integrate._advance, integrate.rebuild, forces.add_forces, forces.energies]
print(json.dumps({
    "force": frame.wall_force[1],
    "contacts": run.contacts.i.size,
    "stretched": max(abs(run.contacts.normal_force / (2000.0 * run.contacts.overlap) - 1)),
    "work": frame.wall_work,
    "energy": frame.kinetic_energy + frame.elastic_energy + frame.dissipated_work,
    "laws": [[str(signature).count(name) > 0 for name in ("LinearSpring", "HertzMindlin", "Elastoplastic")]
             for kernel in kernels for signature in kernel.signatures],
    "compiled": [sum(kernel.stats.cache_misses.values()) for kernel in kernels],
    "loaded": [sum(kernel.stats.cache_hits.values()) for kernel in kernels],
}))
"""


@pytest.fixture(scope="module")
def run_under(tiny_config, kernels, tmp_path_factory):
    """Function that compresses in another process under a law; all share a folder of kernels, which has those
    of the package's own law."""
    folder = tmp_path_factory.mktemp("laws")
    shutil.copytree(
        os.environ["NUMBA_CACHE_DIR"], folder / "kernels", ignore=shutil.ignore_patterns("laws-*")
    )

    def run(law, path):
        config = {**tiny_config, "contacts": {**tiny_config["contacts"], "law": law}}
        (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
        own = {"NUMBA_CACHE_DIR": str(folder / "kernels"), "PYTHONPATH": path}
        command = [sys.executable, "-c", PROGRAM, str(folder / "config.json")]
        done = subprocess.run(command, env={**os.environ, **own}, capture_output=True, encoding="utf-8")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture(scope="module")
def outcomes(run_under):
    """Two processes, one after the other, under a law from outside the package."""
    return [run_under("linear_spring", str(HERE)) for _ in range(2)]


def test_a_third_law_is_a_file_of_forty_lines(outcomes):
    lines = [line for line in (HERE / "linear_spring.py").read_text(encoding="utf-8").splitlines() if line]
    assert len(lines) <= 40
    for outcome in outcomes:
        assert outcome["force"] > 0 and outcome["contacts"] > 30
        assert outcome["stretched"] < 0.05, "at rest it is the spring that pushes"
        assert outcome["energy"] == pytest.approx(outcome["work"], rel=1e-2)


def test_kernels_are_compiled_once_and_for_the_law_in_use_alone(outcomes):
    first, second = outcomes
    assert all(first["compiled"]) and not any(second["compiled"]), "the second process loads them all"
    assert all(second["loaded"])
    assert len(first["laws"]) == len(first["compiled"]), "one signature each"
    assert all(of_kernel == [True, False, False] for of_kernel in first["laws"] + second["laws"])


def test_processes_without_a_law_load_the_kernels_of_others(outcomes, run_under):
    other = run_under("hertz_mindlin", "")
    assert not any(other["compiled"]) and all(other["loaded"])
    assert all(of_kernel == [False, True, False] for of_kernel in other["laws"])


def test_kernels_of_a_law_from_outside_are_kept_by_its_source(tmp_path, monkeypatch):
    """Numba would not notice an edit of the law, of what it calls, and of the numbers in that."""

    def folder(law="", called="", factor=2):
        (tmp_path / "called.py").write_text(
            f"FACTOR = {factor}\ndef twice(x):\n    return FACTOR * x{called}\n", encoding="utf-8"
        )
        text = (HERE / "linear_spring.py").read_text(encoding="utf-8") + law
        text = text.replace("import math", "import math\nfrom called import twice")
        text = text.replace("0.5 * constants.stiffness", "0.25 * twice(constants.stiffness)")
        (tmp_path / "own_spring.py").write_text(text, encoding="utf-8")
        linecache.clearcache()
        for name in ("called", "own_spring"):
            sys.modules.pop(name, None)
        importlib.invalidate_caches()
        return cache_folder([importlib.import_module("own_spring").LinearSpring])

    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.syspath_prepend(tmp_path)
    first = folder()
    assert first == folder() and first.parent == SHARED
    assert len({first, folder(law="#"), folder(called=" + 1"), folder(factor=3)}) == 4
    namespace = {"__name__": "typed"}
    exec("class Typed: pass", namespace)
    assert cache_folder([namespace["Typed"]]).parent != SHARED


@pytest.mark.parametrize("name", list(LAWS))
def test_laws_keep_to_their_protocol(parameters, name):
    of_name = LAWS[name].of(
        parameters.materials, parameters.contacts.restitution, parameters.contacts.own.get(name)
    )
    constants = of_name.constants(AM, SE, 1e-6, 1e-15)
    assert isinstance(constants, of_name.Constants)
    answer = of_name.response(constants, (0.0,) * len(of_name.HISTORY), 1e-8, 0.0, 1e-12)
    assert (
        answer.touches
        and answer.force > 0
        and answer.spring > 0
        and len(answer.history) == len(of_name.HISTORY)
    )
    with np.errstate(invalid="ignore"):
        assert not of_name.response(constants, answer.history, np.float64(-1e-8), 0.0, 1e-12).touches
    assert of_name.energy(constants, answer.history, 1e-8, 0.0) > 0
    assert of_name.constants(SE, WALL, 1e-6, 1e-15)


def test_columns_are_read_and_written_in_python_as_in_kernels(parameters):
    """The twins of what kernels do by Numba's intrinsics."""
    hertz = parameters.contacts.law_of(parameters.materials)
    columns = np.arange(12.0)
    constants = law.constants_at(hertz, columns, 1, 3)
    assert constants == hertz.Constants(1.0, 4.0, 7.0, 10.0)
    law.write(columns, 2, 3, constants)
    assert columns[2::3].tolist() == [1.0, 4.0, 7.0, 10.0]
    assert law.history_at(hertz, columns, 0, 3) == ()
