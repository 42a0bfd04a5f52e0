"""`assb design` as users run it, with and without packings that check it."""

import numpy as np
import pytest
from click.testing import CliRunner

from analysis.dataset import write_netcdf
from analysis.design.samples import QUANTITIES
from analysis.press_dataset import build_dataset, open_dataset
from assb.cli import main
from assb.design import compare, propose_setting, study_of
from dem.press_study import press_cell
from transport.study import write_transport


def run(*arguments):
    return CliRunner().invoke(main, ["design", *map(str, arguments)])


@pytest.fixture(scope="module")
def tiny(tmp_path_factory, spatial_config):
    """Dataset of four packings of two AM shares of the tiny study in space."""
    folder = tmp_path_factory.mktemp("tiny")
    paths = [folder / f"am-{am:g}.h5" for am in (0.3, 0.5)]
    for am, path in zip((0.3, 0.5), paths, strict=True):
        press_cell(path, spatial_config, am, [50, 200], range(4), "a1b2")
    write_transport(paths, folder / "transport.nc", spatial_config["transport"], "tiny", "e5f6")
    shares = {"train": 0.5, "validation": 0.2, "test": 0.3}
    build_dataset(paths, folder / "dataset.nc", shares, 3, "tiny", "c3d4", folder / "transport.nc")
    return folder / "dataset.nc"


@pytest.mark.parametrize("state", [(), ("--let-go",)])
def test_a_setting_is_proposed_pressed_and_compared(tiny, spatial_file, state):
    done = run(
        *("--maximise", "specific_interface_area", "--subject-to", "pressure <= 150", "--dataset", tiny),
        *("--check", "--packings", 1, "--config", spatial_file, *state),
    )
    assert done.exit_code == 0, done.output
    assert "150 MPa" in done.output and ("let go to 0 MPa" in done.output) == bool(state)
    assert "From 16 samples of 8 packings, and only between them" in done.output
    compared = done.output.split("1 pressed:\n")[1].splitlines()
    assert len(compared) == 5
    assert all("predicted" in line for line in compared)
    assert {line.rpartition(": ")[2] for line in compared} <= {"within", "0 of 1 within"}


def test_what_is_checked_is_told_apart():
    class Found:
        interval = np.array([1.0]), np.array([2.0])

    checked = compare({"y": Found()}, [{"y": 1.5}, {"y": 2.5}])["y"]
    assert checked.simulated == [1.5, 2.5] and checked.within == [True, False]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--maximise", "energy"), "no quantity 'energy'; those known are specific_interface_area [1/µm]"),
        (("--maximise", "am_utilisation", "--subject-to", "x>1"), "a constraint reads 'QUANTITY >= VALUE'"),
        (("--maximise", "am_utilisation", "--dataset", "none.nc"), "none.nc cannot be read as a dataset"),
    ],
)
def test_mistakes_are_told_in_a_sentence(arguments, problem):
    done = run(*arguments)
    told = done.stderr.splitlines()[-1]
    assert done.exit_code == 2 and told.startswith("error: ") and problem in told and not done.stdout


@pytest.mark.parametrize(
    ("configuration", "problem"),
    [
        ("study: mine\n", "mine.yaml has no section transport, which a check needs whole: name the config"),
        ("transport:\n", "mine.yaml has no section transport"),
        (
            "study: mine\ntransport:\n  ionic_conductivity_mS_per_cm: 1\n",
            "mine.yaml, line 2: transport.electronic_conductivity_mS_per_cm is missing; the section has",
        ),
    ],
)
def test_a_check_says_what_it_needs_before_anything_is_fitted(monkeypatch, tmp_path, configuration, problem):
    monkeypatch.setattr("assb.design.propose_setting", lambda *_: pytest.fail("a process is fitted"))
    path = tmp_path / "mine.yaml"
    path.write_text(configuration, encoding="utf-8")
    done = run("--maximise", "am_utilisation", "--check", "--config", path)
    assert done.exit_code == 2 and f"error: {tmp_path}/{problem}" in done.stderr


def test_a_fit_tells_of_each_quantity(tiny):
    fitted = []
    propose_setting(tiny, "relative_density", done=fitted.append)
    assert fitted == list(QUANTITIES)


def test_a_check_needs_the_configuration_of_the_samples(tiny, spatial_config, tmp_path):
    study = study_of(tiny, spatial_config["transport"])
    assert study["structure"] == spatial_config["structure"] and study["geometry"] == "spatial"
    assert study["grid"] == {"pressures_MPa": [50, 200], "replicates": 4}
    with pytest.raises(ValueError, match=r"ionic_conductivity_mS_per_cm must be that of .*, 0.31, got 2"):
        study_of(tiny, spatial_config["transport"] | {"ionic_conductivity_mS_per_cm": 2})
    with pytest.raises(ValueError, match=r"transport\.\w+ is missing"):
        study_of(tiny, {})
    dataset = open_dataset(tiny)
    write_netcdf(dataset.drop_vars([name for name in dataset if "conductivity" in name]), tmp_path / "no.nc")
    with pytest.raises(ValueError, match=r"no.nc holds no conduction: it needs the step transport"):
        study_of(tmp_path / "no.nc", spatial_config["transport"])
    first = str(dataset.attrs["trajectory_provenance"])
    dataset.attrs["trajectory_provenance"] = [first, first.replace("0.35", "0.36")]
    write_netcdf(dataset, tmp_path / "two.nc")
    with pytest.raises(ValueError, match=r"two.nc: its packings were pressed with several configurations"):
        study_of(tmp_path / "two.nc", spatial_config["transport"])
