"""``assb simulate`` and ``assb report``."""

import os
from types import SimpleNamespace

import h5py
import pytest
import yaml
from click.testing import CliRunner

from assb.cli import main


@pytest.fixture
def config_file(config, tmp_path):
    path = tmp_path / "tiny.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path


def simulate(config_file, *options):
    arguments = ["simulate", "--config", str(config_file), "-o", str(config_file.parent / "out.h5"), *options]
    return CliRunner().invoke(main, arguments)


def test_simulate_gives_the_structure_of_the_study(config_file, study):
    done = simulate(config_file, "--width-um", "10", "--uncovered-fraction", "0.7", "--replicate", "1")
    assert done.exit_code == 0, done.output
    name = "particles/width-10_uncovered-0.7_replicate-001"
    with h5py.File(config_file.parent / "out.h5") as mine, h5py.File(study.trajectories[0]) as theirs:
        for values in ("position/value", "contact_pressure/value"):
            assert (mine[name][values][()] == theirs[name][values][()]).all()
        assert f"{mine[name]['radius'].size} particles" in done.stdout


@pytest.mark.parametrize(
    "options, message",
    [
        (["--width-um", "-3", "--uncovered-fraction", "0.7"], "error: "),
        (["--width-um", "10", "--uncovered-fraction", "1.5"], "error: "),
        (["--width-um", "10", "--uncovered-fraction", "0.7", "--replicate", "-1"], "--replicate"),
    ],
)
def test_simulate_refuses_bad_settings(config_file, options, message):
    done = simulate(config_file, *options)
    assert done.exit_code == 2 and message in done.stderr and "Traceback" not in done.output
    assert not list(config_file.parent.glob("*.h5"))


def test_simulate_names_what_a_configuration_lacks(config_file):
    config_file.write_text("study: x\n", encoding="utf-8")
    done = simulate(config_file, "--width-um", "10", "--uncovered-fraction", "0.7")
    assert done.exit_code == 2 and "tiny.yaml: compression is missing" in done.stderr


def test_report_runs_the_study(monkeypatch, root, tmp_path):
    called = []

    class Done:
        returncode = 3

    monkeypatch.setattr("subprocess.run", lambda command, cwd: called.append((command, cwd)) or Done())
    done = CliRunner().invoke(main, ["report", "--configfile", "config/demo.yaml", "--cores", "2", "-n"])
    assert done.exit_code == 3, "the workflow's own"
    (command, folder) = called[0]
    assert folder == root and command[1:5] == ["-m", "snakemake", "--cores", "2"] and command[-1] == "-n"
    assert command[5] == "--configfile" and command[6].endswith("config/demo.yaml")


@pytest.mark.parametrize(
    "arguments",
    [
        "predict image.png",
        "simulate --width-um 10 --uncovered-fraction 0.7",
        "serve",
        "report",
    ],
)
def test_an_installation_without_the_repository_says_so(monkeypatch, tmp_path, arguments):
    monkeypatch.setattr("assb.cli.REPOSITORY", tmp_path)
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, arguments.split())
    assert done.exit_code == 2 and "Traceback" not in done.output
    assert "the models, the configuration and the workflow are in the repository" in done.stderr


@pytest.mark.parametrize("home", ["/dev/null", None])
def test_report_needs_no_home(monkeypatch, root, home):
    def started(command, cwd):
        told.append(os.environ["XDG_CACHE_HOME"])
        return SimpleNamespace(returncode=0)

    def homeless():
        raise RuntimeError("Could not determine home directory.")

    told = []
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setenv("HOME", home or "")
    if home is None:
        monkeypatch.setattr("pathlib.Path.home", homeless)
    monkeypatch.setattr("subprocess.run", started)
    assert CliRunner().invoke(main, ["report", "-n"]).exit_code == 0
    assert told == [str(root / ".snakemake/cache")]


def test_simulate_overwrites_no_configuration(config_file):
    before = config_file.read_bytes()
    done = simulate(config_file, "--width-um", "10", "--uncovered-fraction", "0.7", "-o", str(config_file))
    assert done.exit_code == 2 and "is an input; name another output" in done.stderr
    assert config_file.read_bytes() == before
