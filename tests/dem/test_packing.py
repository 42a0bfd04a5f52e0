import h5py
import numpy as np
import pytest
import yaml

from dem.__main__ import main
from dem.packing import read_packing

HEADER = "x_um,y_um,radius_um,species\n"


@pytest.fixture
def files(config, tmp_path):
    """Configuration of the tiny study, a packing generated from it, and a name for the trajectory."""
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return tmp_path / "config.yaml", tmp_path / "packing.csv", tmp_path / "out.h5"


def generate(files):
    config, packing, _ = files
    return main(
        f"generate --config {config} --width-um 11 --uncovered-fraction 0.7 --output {packing}".split()
    )


def squeeze(files, width="8"):
    config, packing, output = files
    return main(
        f"compress --structure {packing} --config {config} --width-um {width} --output {output}".split()
    )


def test_a_generated_packing_comes_back_as_it_was(files, run):
    assert generate(files) == 0
    packing = read_packing(files[1], 9e-6)
    np.testing.assert_allclose(packing.x, run.structure.x, rtol=1e-14)
    np.testing.assert_allclose(packing.radius, run.structure.radius, rtol=1e-14)
    np.testing.assert_array_equal(packing.species, run.structure.species)
    assert packing.height == 9e-6 and packing.width <= 11e-6


def test_a_packing_is_compressed_to_the_width_asked_for(files, capsys):
    generate(files)
    assert squeeze(files, "7.5") == 0
    printed = capsys.readouterr()
    assert "contacts after" in printed.out and "compressing" in printed.err
    with h5py.File(files[2]) as file:
        assert list(file["particles"]) == ["packing"]
        assert file["observables/packing/wall_position/value"][-1, 1] == 7.5e-6
        assert (file["particles/packing/contact_pressure/value"][-1] > 0).any()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x_um,y_um,species\n", "column radius_um is missing"),
        (HEADER, "no particles"),
        (
            HEADER + "1,1,0.5,SE\n0.4,2,0.5,SE\n",
            "line 3: the particle overlaps a wall: x_um must be >= 0.5 um, got 0.4",
        ),
        (
            HEADER + "1,8.6,0.5,SE\n",
            "line 2: the particle overlaps a wall: y_um must be in [0.5, 8.5] um, got 8.6",
        ),
        (HEADER + "1,nan,0.5,SE\n", "line 2: y_um must be a finite number, got 'nan'"),
        (HEADER + "1,,0.5,SE\n", "line 2: y_um must be a finite number, got ''"),
        (HEADER + "1,1,0.5,NMC\n", "line 2: species must be AM or SE, got 'NMC'"),
        (HEADER + "1,1,0,SE\n", "line 2: radius_um must be > 0 um, got 0"),
        (HEADER + "1,1,0.5,SE\n2,2,0.5,SE\n1,1,0.6,AM\n", "line 4: same centre (1, 1) um as in line 2"),
        (HEADER + "1,1,0.5,SE\n", "final_width must be below the width of the structure"),
    ],
)
def test_bad_packing_is_refused_by_line_and_leaves_no_file(files, capsys, text, message):
    files[1].write_text(text, encoding="utf-8")
    assert squeeze(files) == 2
    error = capsys.readouterr().err
    assert "error: " in error and message in error
    assert not files[2].exists()


def test_missing_files_are_named(files, capsys):
    assert squeeze(files) == 2
    assert "packing.csv" in capsys.readouterr().err
    files[0].unlink()
    assert generate(files) == 2
    assert "config.yaml" in capsys.readouterr().err
