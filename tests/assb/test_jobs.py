"""``assb simulate`` and ``assb report``."""

import os
import subprocess
import sys
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
    assert (
        done.exit_code == 2 and "tiny.yaml: configuration lacks the sections seed, structure" in done.stderr
    )


# What each command is given in vain: nothing of it gets as far as a simulation.
COMMANDS = {
    "simulate": "simulate --width-um 50 --uncovered-fraction 0.63 -o {folder}/out.h5 --config {config}",
    "serve": "serve --port 0 --config {config}",
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "    SE-wall: 0.5",
            "    SE-wall: 2e-2",
            "contacts.friction.SE-wall must be a number, got '2e-2'; YAML ",
        ),
        ("frames: 11", "frames: .inf", "compression.frames must be a whole number, got inf"),
        ("seed: 20220301", "seed: [1]", "seed must be a whole number, got [1]"),
        (
            "youngs_modulus_GPa: 191",
            "youngs_modulus_GPa: 20000",
            "materials.AM.youngs_modulus_GPa must be in (0, 10000], got 20000 (in GPa)",
        ),
        (
            "se_pitch_um: 0.1",
            "se_pitch_um: 0.1\n  se_pitch_um: 0.2",
            "the key structure.se_pitch_um stands there",
        ),
    ],
)
def test_commands_name_file_line_and_key_of_a_bad_value(root, tmp_path, command, old, new, message):
    text = (root / "config/config.yaml").read_text(encoding="utf-8").replace(old, new, 1)
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    line = text[: text.index(new) + len(new)].count("\n") + 1
    done = CliRunner().invoke(main, COMMANDS[command].format(folder=tmp_path, config=path).split())
    assert done.exit_code == 2 and "Traceback" not in done.output
    assert f"error: {path}, line {line}: " in done.stderr and message in done.stderr
    assert done.stderr.count("\n") == 1 and not list(tmp_path.glob("*.h5"))


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "- 1\n", "words", "seed: [\n"])
@pytest.mark.parametrize("command", [*COMMANDS, "report"])
def test_commands_refuse_files_without_keys(monkeypatch, tmp_path, command, text):
    monkeypatch.setattr("subprocess.run", lambda *_, **__: pytest.fail("the workflow is started"))
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    arguments = COMMANDS.get(command, "report --configfile {config}").format(folder=tmp_path, config=path)
    done = CliRunner().invoke(main, arguments.split())
    assert done.exit_code == 2 and f"error: {path}" in done.stderr, done.output
    assert done.stderr.count("\n") == 1


def test_the_page_needs_sections_that_fit_its_pictures(root, tmp_path):
    path = tmp_path / "mine.yaml"
    text = (root / "config/config.yaml").read_text(encoding="utf-8")
    for old, new, message in (
        ("  widths_um: [46", "  widths_um: [4e1", "grid.widths_um.0 must be a number, got '4e1'"),
        ("  crop_um: 2", "  crop_um: 1.95", "image.crop_um = 1.95 um leaves 36.1 um"),
    ):
        line = text[: text.index(old)].count("\n") + 1
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        done = CliRunner().invoke(main, ["serve", "--port", "0", "--config", str(path)])
        assert done.exit_code == 2 and f"line {line}: {message}" in done.stderr, done.output


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
    ("module", "arguments", "extra"),
    [
        ("numba", "simulate --width-um 10 --uncovered-fraction 0.7", "[study]"),
        ("yaml", "simulate --width-um 10 --uncovered-fraction 0.7", "[study]"),
        ("flask", "serve", "[web]"),
        ("snakemake", "report", "[cpu]"),
    ],
)
def test_commands_name_the_extra_that_they_lack(monkeypatch, tmp_path, module, arguments, extra):
    """In a process without it, as in an installation of the core alone."""
    code = f"import sys; sys.modules[{module!r}] = None; from assb.cli import main; main({arguments.split()})"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, encoding="utf-8"
    )
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert done.stderr == f"error: {module} is missing: pip install -c constraints.txt -e '.{extra}'\n"


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
