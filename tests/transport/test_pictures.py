"""What readers see of conduction: the command, its picture, and the figures of a study in space."""

import dataclasses

import numpy as np
import pytest
import xarray as xr
from click.testing import CliRunner
from matplotlib.image import imread

from analysis import press_dataset
from analysis.figures import conduction, current
from analysis.figures.current import links
from assb.cli import main
from electrode.species import AM, SE
from electrode.structures import read_packings, read_trajectories
from transport.currents import currents_of, write_currents
from transport.kirchhoff import conduct
from transport.measures import Conductor, transport_values
from transport.network import COLLECTOR, SEPARATOR, network_of
from transport.resistance import conductances
from transport.study import write_transport


@pytest.fixture
def told(tmp_path, monkeypatch):
    """Runs `assb transport` in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(main, ["transport", *map(str, arguments)])


@pytest.mark.parametrize("geometry", [0, 1])
def test_the_command_tells_every_structure_and_draws(told, trajectories, tmp_path, geometry):
    done = told(trajectories[geometry], "--ionic-ms-per-cm", "12")
    assert done.exit_code == 0, done.output
    names = ["width-10_uncovered-0.7_replicate-000", "am-0.3_replicate-000_pressure-200_unloaded-0"]
    assert f"{names[geometry]}:\n  SE " in done.output
    assert "mS/cm), tortuosity factor" in done.output and "of the AM volume ions reach" in done.output
    picture = tmp_path / f"{trajectories[geometry].stem}_current.png"
    assert done.output.rstrip().endswith(picture.name)
    assert np.ptp(imread(picture)[..., :3]) > 0.5
    # Again: it is a picture of this command.
    assert told(trajectories[geometry]).exit_code == 0


def test_the_numbers_told_are_those_of_the_structure(told, trajectories, packing_in_space):
    values = transport_values(network_of(packing_in_space), {SE: Conductor(1.2), AM: Conductor(1.0)})
    output = told(trajectories[1], "--ionic-ms-per-cm", "12").output
    lines = output.split(f"{packing_in_space.name}:\n")[1].splitlines()
    relative, absolute = (values[name] for name in ("ionic_conductivity_relative", "ionic_conductivity"))
    assert f"{relative:.3g} of dense SE ({10 * absolute:.3g} mS/cm)" in lines[0]
    assert f"ions reach {100 * values['am_ionic_access']:.0f} %" in lines[2]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["nowhere.h5"], "nowhere.h5 cannot be read as a trajectory"),
        (["{file}", "-o", "picture.tif"], "picture.tif: the picture must be a .png file"),
        (["{file}", "-o", "mine.png"], "mine.png exists; remove it or name another output"),
        (["{file}", "--ionic-ms-per-cm", "0"], "--ionic-ms-per-cm must be above 0 mS/cm, got 0"),
        (
            ["{file}", "--electronic-ms-per-cm", "nan"],
            "--electronic-ms-per-cm must be above 0 mS/cm, got nan",
        ),
    ],
)
def test_bad_input_is_refused(told, trajectories, tmp_path, arguments, problem):
    (tmp_path / "mine.png").write_bytes(b"precious")
    done = told(*(argument.format(file=trajectories[0]) for argument in arguments))
    assert done.exit_code == 2 and f"error: {problem}" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.png"]
    assert (tmp_path / "mine.png").read_bytes() == b"precious"


def test_currents_are_those_of_kirchhoff(packing_in_space):
    currents = currents_of(packing_in_space, SE, Conductor(1.0))
    network = network_of(packing_in_space)
    conduction = conduct(network, SE, conductances(network, SE, 1.0))
    between = (conduction.current != 0) & (network.j >= 0)
    np.testing.assert_allclose(currents["current"], np.abs(conduction.current[between]))
    np.testing.assert_array_equal(currents["start"], packing_in_space.position[-1][network.i[between]])
    assert (currents["loss"] > 0).all()
    # With the contacts at the electrodes, what is lost is current x voltage.
    at_walls = np.isin(network.j, (SEPARATOR, COLLECTOR)) & (conduction.current != 0)
    wall = np.where(network.j[at_walls] == COLLECTOR, 1.0, 0.0)
    drop = np.abs(conduction.potential[network.i[at_walls]] - wall)
    lost = currents["loss"].sum() + (np.abs(conduction.current[at_walls]) * drop).sum()
    assert float(lost) == pytest.approx(conduction.total, rel=1e-9)
    assert currents.attrs["state"] == "percolates" and currents.attrs["phase"] == "SE"


def test_lines_do_not_cross_the_box(packing_in_space):
    currents = currents_of(packing_in_space, SE, Conductor(1.0))
    ends, share = links(currents, packing_in_space)
    assert (np.diff(share) >= 0).all() and share[-1] <= 1 and len(ends) < currents.sizes["contact"]
    assert np.linalg.norm(ends[:, 1] - ends[:, 0], axis=-1).max() < packing_in_space.box[0] / 2


@pytest.fixture(scope="module")
def figured(trajectories, spatial_config, tmp_path_factory):
    """Files that the figures of a study in space are drawn from."""
    folder = tmp_path_factory.mktemp("figured")
    materials = spatial_config["transport"]
    write_transport([trajectories[1]], folder / "transport.nc", materials, "mine", "c")
    press_dataset.build_dataset(
        [trajectories[1]],
        folder / "dataset.nc",
        {"train": 1.0, "validation": 0.0, "test": 0.0},
        1,
        "mine",
        "c",
        folder / "transport.nc",
    )
    write_currents(trajectories[1], folder / "current.nc", materials, "c")
    return folder


def test_figures_of_a_study_are_drawn(figured, trajectories, tmp_path):
    outputs = [tmp_path / "conduction.png", tmp_path / "conduction.pdf"]
    conduction.save(figured / "dataset.nc", outputs)
    current.save(trajectories[1], figured / "current.nc", [tmp_path / "current.png"])
    for path in tmp_path.iterdir():
        assert path.stat().st_size > 10_000


def test_the_example_is_shown_under_its_highest_pressure(figured, trajectories):
    with xr.open_dataset(figured / "current.nc") as opened:
        names = [each.name for each in read_packings(trajectories[1])]
        assert opened.attrs["sample"] == "am-0.3_replicate-000_pressure-200" and len(names) == 4


def test_a_study_without_am_or_percolation_is_drawn(figured, tmp_path):
    """What is absent is said, and zeros stand at the lower end."""
    with xr.open_dataset(figured / "dataset.nc", engine="h5netcdf") as opened:
        changed = opened.load().assign(
            ionic_conductivity_relative=0 * opened["ionic_conductivity_relative"],
            am_utilisation=np.nan * opened["am_utilisation"],
            am_ionic_access=np.nan * opened["am_ionic_access"],
        )
    changed.to_netcdf(tmp_path / "changed.nc", engine="h5netcdf")
    conduction.save(tmp_path / "changed.nc", [tmp_path / "conduction.png"])
    assert (tmp_path / "conduction.png").stat().st_size > 10_000


def test_a_phase_that_does_not_conduct_is_drawn(packing_in_space, trajectories, tmp_path):
    only_am = dataclasses.replace(packing_in_space, species=np.full_like(packing_in_space.species, AM))
    *_, apart = read_trajectories(trajectories[0])
    for structure, state in ((only_am, "absent"), (apart, "does not percolate")):
        currents = currents_of(structure, SE, Conductor(1.0))
        assert currents.attrs["state"] == state and not currents.sizes["contact"]
        current.save_currents(currents, structure, [tmp_path / f"{state}.png"])
        assert (tmp_path / f"{state}.png").stat().st_size > 10_000
