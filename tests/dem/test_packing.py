import h5py
import numpy as np
import pytest
import yaml

from dem.__main__ import main
from dem.packing import read_packing
from electrode.species import NAMES

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


PARTICLES = [("x_um", "y_um", "radius_um", "species"), ("1", "1", "0.5", "SE"), ("2.25", "3", "1", "AM")]


@pytest.mark.parametrize(
    ("before", "delimiter", "end"),
    [
        ("\ufeff", ",", "\n"),
        ("", ";", "\r\n"),
        ("\ufeff", "\t", "\r\n"),
        ("", " , ", "\n"),
        ("", ",", ",\n\n"),
        ("", ",", "\r"),
        ("sep=;\n", ";", "\n"),
    ],
)
def test_tables_of_other_programs_are_read(tmp_path, before, delimiter, end):
    path = tmp_path / "packing.csv"
    text = before + "".join(delimiter.join(row) + end for row in PARTICLES)
    path.write_bytes(text.encode())
    packing = read_packing(path, 9e-6)
    np.testing.assert_allclose(packing.x, [1e-6, 2.25e-6])
    np.testing.assert_allclose(packing.radius, [0.5e-6, 1e-6])
    assert [NAMES[kind] for kind in packing.species] == ["SE", "AM"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "x,y,r,kind\n",
            "column radius_um is missing; wanted x_um, y_um, radius_um, species; the header is 'x,y,r,",
        ),
        ("x_um y_um radius_um species\n", "the header is 'x_um y_um radius_um species'"),
        ("", "the header is ''"),
        ("x_um,y_um,radius_um,species,x_um\n", "column x_um stands there twice"),
        (
            "x_um;y_um;radius_um;species\n1;1,25;0,5;SE\n",
            "line 2: y_um must be a finite number, got '1,25'; write a",
        ),
        (HEADER + "1,1,0,5,SE\n", "line 2: 5 values for 4 columns; numbers need decimal points"),
        (HEADER + "1,1,0.5\n", "line 2: species must be AM or SE, got ''"),
        (HEADER.encode("utf-16"), "cannot be read as a table"),
    ],
)
def test_tables_that_do_not_fit_are_refused_by_what_they_hold(tmp_path, text, message):
    path = tmp_path / "packing.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ValueError) as refused:
        read_packing(path, 9e-6)
    assert str(path) in str(refused.value) and message in str(refused.value)


@pytest.mark.parametrize("command", [generate, squeeze])
@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "    SE-SE: 0.5",
            "    SE-SE: 3e-1",
            "contacts.friction.SE-SE must be a number, got '3e-1'; YAML reads",
        ),
        (
            "wall_speed_m_per_s: 4",
            "wall_speed_m_per_s: .inf",
            "wall_speed_m_per_s must be a finite number, got inf",
        ),
        ("seed: 20220301", "seed: 1\nseed: 2", "the key seed stands there twice, first in line 9"),
    ],
)
def test_a_bad_configuration_is_refused_by_line(root, tmp_path, capsys, command, old, new, message):
    text = (root / "config/config.yaml").read_text(encoding="utf-8").replace(old, new, 1)
    files = tmp_path / "mine.yaml", tmp_path / "packing.csv", tmp_path / "out.h5"
    files[0].write_text(text, encoding="utf-8")
    assert command(files) == 2
    error = capsys.readouterr().err
    line = text[: text.index(new) + len(new)].count("\n") + 1
    assert error.startswith(f"error: {files[0]}, line {line}: ") and message in error
    assert list(tmp_path.iterdir()) == [files[0]]


@pytest.mark.parametrize("width", ["nan", "inf", "-1", "0"])
def test_widths_that_are_none_are_refused_by_name(root, tmp_path, capsys, width):
    files = root / "config/config.yaml", tmp_path / "packing.csv", tmp_path / "out.h5"
    assert squeeze(files, width) == 2
    assert "error: --width-um must be > 0 um and finite, got" in capsys.readouterr().err


@pytest.mark.parametrize("pressure", [None, "50"])
@pytest.mark.parametrize("particles", ["3,4,1,SE\n", "3,4,0.5,AM\n4,7,0.6,SE\n4.1,2,0.5,SE\n"])
def test_of_particles_with_room_it_is_told_that_nothing_touches(files, capsys, particles, pressure):
    files[1].write_text(HEADER + particles, encoding="utf-8")
    config, packing, output = files
    arguments = f"compress --structure {packing} --config {config} --width-um 3 --output {output}".split()
    assert main([*arguments, *(["--pressure-mpa", pressure] if pressure else [])]) == 2
    error = capsys.readouterr().err
    assert "nothing touches" in error and "a smaller compression.final_width_um (--width-um)" in error
    assert "time step" not in error and "time_step" not in error and not output.exists()


def test_missing_files_are_named(files, capsys):
    assert squeeze(files) == 2
    assert "packing.csv" in capsys.readouterr().err
    files[0].unlink()
    assert generate(files) == 2
    assert "config.yaml" in capsys.readouterr().err
