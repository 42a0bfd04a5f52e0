"""The jobs of a study in space: files, names, and what a killed one leaves."""

import dataclasses
import re
import shutil
import signal
import subprocess
import sys

import h5py
import numpy as np
import pytest
import yaml

from dem.__main__ import main
from dem.packing import read_packing_in_space
from dem.parameters import Pressing
from dem.press_study import PackingCell, press_cell, sample_name
from electrode.species import AM
from electrode.structures import read_packings, read_trajectories

PRESSURES = [50, 200]


@pytest.fixture(scope="module")
def cell(tmp_path_factory, spatial_config):
    """A trajectory of two packings, each under two pressures and let back from them."""
    path = tmp_path_factory.mktemp("press") / "am-0.5_replicates-0-1.h5"
    press_cell(path, spatial_config, 0.5, PRESSURES, range(2), "a1b2")
    return path


def content(path):
    return path.read_bytes()


def test_there_is_a_sample_per_packing_pressure_and_way_back(cell):
    samples = {packing.name: packing for packing in read_packings(cell)}
    packings = [f"am-0.5_replicate-00{k}" for k in range(2)]
    assert set(samples) == {
        sample_name(packing, 1e6 * pressure, back)
        for packing in packings
        for pressure in PRESSURES
        for back in (None, 0.0)
    }
    for sample in samples.values():
        told = sample.drawn
        wanted = told.get("unloaded_to_Pa", told["pressure_Pa"])
        assert sample.pressure[-1] == pytest.approx(wanted, rel=0.01, abs=0.01 * told["pressure_Pa"])
        assert sample.periodic == (True, True, False) and told["packing"] in packings
        volume = 4 / 3 * np.pi * np.sum(sample.radius**3)
        box = sample.box[0] * sample.box[1] * sample.height
        assert sample.relative_density[-1] == pytest.approx(volume / box, rel=1e-12)
        area = sample.contacts["contact_area_from_overlap"][sample.contact_pairs() == "AM-SE"].sum()
        assert sample.specific_interface_area[-1] == pytest.approx(area / box, rel=1e-12)
    first, second = (samples[f"{packing}_pressure-50"] for packing in packings)
    assert len(first.position) == 2 and first.drawn["seed"] != second.drawn["seed"]
    assert not np.array_equal(first.radius, second.radius)


def test_boundaries_are_in_the_words_of_h5md(cell):
    with h5py.File(cell) as file:
        assert file["h5md"].attrs["version"].tolist() == [1, 1]
        for particles in file["particles"].values():
            assert particles["box"].attrs["boundary"].tolist() == ["periodic", "periodic", "none"]
            assert particles["box"].attrs["dimension"] == 3 and particles["box/edges"].shape == (3,)


def test_the_same_bytes_for_any_number_of_threads(cell, spatial_config, tmp_path):
    press_cell(tmp_path / "again.h5", spatial_config, 0.5, PRESSURES, range(2), "a1b2", threads=2)
    assert content(tmp_path / "again.h5") == content(cell)


JOB = """
import logging, sys, yaml
from dem.press_study import press_cell
logging.basicConfig(stream=sys.stdout, format="%(message)s", level="INFO")
press_cell(sys.argv[1], yaml.safe_load(sys.stdin.read()), 0.5, [50, 200], range(2), "a1b2")
"""


@pytest.fixture(scope="module")
def killed_once(cell, spatial_config, tmp_path_factory):
    """Output of a job that was killed with SIGKILL when its second packing had come to rest once."""
    path = tmp_path_factory.mktemp("killed") / cell.name
    command = [sys.executable, "-c", JOB, str(path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "encoding": "utf-8"}
    with subprocess.Popen(command, **pipes) as job:
        job.stdin.write(yaml.safe_dump(spatial_config))
        job.stdin.close()
        assert any("replicate-001: at rest under 50 MPa" in line for line in job.stdout)
        job.send_signal(signal.SIGKILL)
    assert job.returncode == -signal.SIGKILL and not path.exists()
    return path


@pytest.fixture
def killed(killed_once, tmp_path):
    """The same, a copy of its own."""
    shutil.copytree(killed_once.parent, tmp_path / "killed")
    return tmp_path / "killed" / killed_once.name


def rested(path):
    """What the killed job kept of its second packing."""
    return next(path.parent.glob(".*.parts/am-0.5_replicate-001.npz"))


def gone_on_from(log):
    """Packings and pressures [MPa] at which work was taken up again."""
    return [record.args for record in log.records if "goes on from" in record.msg]


def test_a_killed_job_goes_on_from_the_last_state_at_rest(cell, killed, spatial_config, caplog):
    with caplog.at_level("INFO"):
        press_cell(killed, spatial_config, 0.5, PRESSURES, range(2), "a1b2")
    assert gone_on_from(caplog) == [("am-0.5_replicate-001", 50)]
    assert content(killed) == content(cell)
    assert list(killed.parent.iterdir()) == [killed], "nothing is left beside it"


@pytest.mark.parametrize("damage", ["truncated", "empty"])
def test_a_damaged_state_is_made_anew(cell, killed, spatial_config, caplog, damage):
    path = rested(killed)
    path.write_bytes(path.read_bytes()[: 1000 if damage == "truncated" else 0])
    press_cell(killed, spatial_config, 0.5, PRESSURES, range(2), "a1b2")
    assert f"{path} is damaged" in caplog.text and not gone_on_from(caplog)
    assert content(killed) == content(cell)


@pytest.mark.parametrize("other", [{"code": "e5f6"}, {"pressures_mpa": [50, 190]}, {"seed": 1}])
def test_what_another_job_kept_is_not_taken(killed, spatial_config, caplog, other):
    config = spatial_config | ({"seed": other["seed"]} if "seed" in other else {})
    asked = {"pressures_mpa": PRESSURES, "code": "a1b2"} | {k: v for k, v in other.items() if k != "seed"}
    with caplog.at_level("INFO"):
        press_cell(killed, config, 0.5, replicates=range(1, 2), **asked)
    assert not gone_on_from(caplog)


def test_a_failure_names_the_packing(spatial_config, tmp_path):
    crowded = spatial_config["structure"] | {"solid_fraction": 0.62, "maximum_tries": 1000}
    with pytest.raises(RuntimeError, match=r"packing am-0.9_replicate-000: active material takes"):
        press_cell(tmp_path / "a.h5", spatial_config | {"structure": crowded}, 0.9, [50], range(1), "a")
    assert not list(tmp_path.iterdir())


def test_names_of_samples_by_stage():
    cell = PackingCell(0.5, (50e6, 200e6))
    name = "am-0.5_replicate-007"
    protocol = Pressing(4.0, 0.1, 0.6, 0.05, 0.01, 1e-6, 1000, unload_to=(100e6, 0.0))
    back = [f"{name}_pressure-200", f"{name}_pressure-200_unloaded-100", f"{name}_pressure-200_unloaded-0"]
    assert cell.sample_names(7, protocol) == [[f"{name}_pressure-50", f"{name}_pressure-50_unloaded-0"], back]
    chosen = dataclasses.replace(protocol, unload_from=(200e6,))
    assert cell.sample_names(7, chosen) == [[f"{name}_pressure-50"], back]


def test_files_of_the_other_geometry_are_refused(cell, study):
    with pytest.raises(
        ValueError, match=r"must hold structures of geometry: planar for this step, got spatial"
    ):
        next(read_trajectories(cell))
    with pytest.raises(
        ValueError, match=r"must hold structures of geometry: spatial for this step, got planar"
    ):
        next(read_packings(study.trajectories[0]))


# A packing of one's own.


@pytest.fixture
def own(tmp_path, spatial_file):
    """Runs `python -m dem` with the configuration in space."""

    def run(command, *options):
        return main([command, "--config", str(spatial_file), *map(str, options)])

    return run


def test_a_packing_is_generated_and_pressed(own, tmp_path, capsys, cell):
    packing, pressed = tmp_path / "mine.csv", tmp_path / "mine.h5"
    asked = ("--geometry", "spatial", "--am-volume-fraction", 0.5, "--output", packing)
    assert own("generate", *asked) == 0
    first = next(read_packings(cell))
    structure = read_packing_in_space(packing, 5e-6, 6e-6)
    np.testing.assert_allclose(np.sort(structure.radius), np.sort(first.radius), rtol=1e-12)
    assert own("compress", "--structure", packing, "--pressures-mpa", 50, 200, "--output", pressed) == 0
    assert re.search(r"relative density 0\.\d+ at (19|20)\d(\.\d)? MPa", capsys.readouterr().out)
    names = [sample.name for sample in read_packings(pressed)]
    assert sorted(names) == sorted(
        f"mine_pressure-{pressure}{back}" for pressure in (50, 200) for back in ("", "_unloaded-0")
    )
    # From where the highest particle ends, not from the whole height: about as dense in the end.
    own_density = next(read_packings(pressed)).relative_density[-1]
    assert own_density == pytest.approx(first.relative_density[-1], abs=0.05)


TABLE = "x_um,y_um,z_um,radius_um,species\n1,1,1,1,AM\n1,1,3.2,1,SE\n4,1,1,1,SE\n1,4,1,1,SE\n4,4,1,1,SE\n"


@pytest.mark.parametrize(
    ("table", "options", "message"),
    [
        (
            TABLE.replace("z_um", "h_um"),
            (),
            "column z_um is missing; wanted x_um, y_um, z_um, radius_um, species",
        ),
        (
            TABLE.replace("1,1,1,1", "1,1,0.9,1"),
            (),
            r"line 2: the particle overlaps a wall: z_um must be >= 1 um, got 0.9",
        ),
        (
            TABLE,
            ("--box-um", 6, 4),
            r"line 3: the particle overlaps a wall: z_um must be in [1, 3] um, got 3.2",
        ),
        (
            TABLE,
            ("--box-um", 3.5),
            "line 4: the particle lies beside the box: x_um must be in [0, 3.5] um, got 4",
        ),
        (TABLE.replace("4,4,1,1", "4,1,1,1"), (), "line 6: same centre (4, 1, 1) um as in line 4"),
        (TABLE.replace("1,AM", "1.5,AM"), ("--box-um", 5), "z_um must be >= 1.5 um, got 1"),
        (
            TABLE.replace("1,1,1,1,AM", "1,1,2,2,AM"),
            ("--box-um", 5),
            "at least 8 um wide, 2 x the largest diameter",
        ),
        (TABLE, ("--box-um", 5, 6, 7), "--box-um must be a width and a height, got [5.0, 6.0, 7.0]"),
        (TABLE, ("--box-um", -5), "--box-um must be > 0 um and finite, got -5"),
        (
            TABLE,
            ("--width-um", 5),
            "--width-um is for geometry: planar, and the configuration is of geometry: spatial",
        ),
        (TABLE, ("--geometry", "planar"), "--geometry planar: the configuration is of geometry: spatial"),
    ],
)
def test_bad_packings_are_refused(own, tmp_path, capsys, table, options, message):
    packing, pressed = tmp_path / "mine.csv", tmp_path / "mine.h5"
    packing.write_text(table, encoding="utf-8")
    asked = ("--structure", packing, "--pressures-mpa", 50, "--output", pressed, *options)
    assert own("compress", *asked) == 2
    assert message in capsys.readouterr().err
    assert not pressed.exists()


def test_an_option_that_is_needed_is_named(own, tmp_path, capsys):
    assert own("generate", "--output", tmp_path / "a.csv") == 2
    assert "--am-volume-fraction is needed in geometry: spatial" in capsys.readouterr().err


def test_active_material_comes_first(cell):
    species = next(read_packings(cell)).species
    assert (species[: np.count_nonzero(species == AM)] == AM).all()
