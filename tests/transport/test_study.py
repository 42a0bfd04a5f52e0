"""The file of conduction of a study, and what a dataset takes from it."""

import numpy as np
import pytest
import xarray as xr

from analysis import press_dataset
from analysis.conduction import conduction_in, read_conduction
from analysis.dataset import build_dataset, open_dataset
from electrode.conduction import CONDUCTION
from electrode.structures import read_structures
from electrode.targets import TARGETS, target_row
from transport.measures import read_conductors, transport_values
from transport.network import network_of
from transport.study import write_transport

MATERIALS = {
    "ionic_conductivity_mS_per_cm": 12,
    "electronic_conductivity_mS_per_cm": 1,
    "ionic_contact_resistance_ohm_cm2": 0,
    "electronic_contact_resistance_ohm_cm2": 0,
}
SHARES = {"train": 0.34, "validation": 0.33, "test": 0.33}


@pytest.fixture(scope="module")
def measured(trajectories, tmp_path_factory):
    """Conduction in the files of `trajectories`."""
    folder = tmp_path_factory.mktemp("measured")
    paths = folder / "planar.nc", folder / "spatial.nc"
    for trajectory, path in zip(trajectories, paths, strict=True):
        write_transport([trajectory], path, MATERIALS, "mine", "a1b2")
    return paths


@pytest.mark.parametrize("geometry", [0, 1])
def test_every_structure_is_measured(trajectories, measured, geometry):
    conductors = read_conductors(MATERIALS)
    with xr.open_dataset(measured[geometry]) as opened:
        assert set(map(str, opened.variables)) == {"sample", *CONDUCTION}
        for name, declared in CONDUCTION.items():
            assert opened[name].attrs == {"units": declared.unit, "long_name": declared.meaning}
            assert opened[name].dtype.kind == declared.kind
        assert opened.attrs["code_digest"] == "a1b2"
        assert opened.attrs["ionic_conductivity_mS_per_cm"] == 12
        structures = list(read_structures(trajectories[geometry]))
        assert opened["sample"].values.tolist() == sorted(each.name for each in structures)
        for structure in structures:
            expected = transport_values(network_of(structure), conductors)
            for name, value in expected.items():
                np.testing.assert_equal(float(opened[name].sel(sample=structure.name)), value)


def test_the_dataset_in_space_has_it(trajectories, measured, tmp_path):
    path = tmp_path / "dataset.nc"
    arguments = [trajectories[1]], path, {"train": 1.0, "validation": 0.0, "test": 0.0}, 1, "mine", "c"
    press_dataset.build_dataset(*arguments)
    assert not set(CONDUCTION) & set(map(str, press_dataset.open_dataset(path).variables))
    press_dataset.build_dataset(*arguments, transport=measured[1])
    opened = press_dataset.open_dataset(path)
    conduction = read_conduction(measured[1])
    for k, sample in enumerate(opened["sample"].values.tolist()):
        for name in CONDUCTION:
            np.testing.assert_equal(opened[name].values[k].item(), conduction[sample][name])
    press_dataset.write_measures(path, tmp_path / "measures.csv")
    table = (tmp_path / "measures.csv").read_text(encoding="utf-8")
    assert "ionic_conductivity,mS_per_cm," in table and "am_utilisation,1," in table


def test_the_dataset_in_the_plane_has_it(trajectories, measured, tiny_config, tmp_path):
    path = tmp_path / "dataset.nc"
    arguments = [trajectories[0]], path, tiny_config["image"], SHARES, 1, "mine", "c"
    build_dataset(*arguments, transport=measured[0], more_targets=["ionic_conductivity"])
    opened = open_dataset(path)
    assert opened["target"].values.tolist() == [*TARGETS, "ionic_conductivity"]
    label = opened["label"].sel(target="ionic_conductivity")
    assert label["target_units"].item() == "S/m"
    np.testing.assert_array_equal(label, opened["ionic_conductivity"])
    np.testing.assert_array_equal(label > 0, opened["se_percolates"] == 1)


def test_a_target_that_is_the_same_everywhere_is_refused(trajectories, measured, tiny_config, tmp_path):
    path = tmp_path / "transport.nc"
    with xr.open_dataset(measured[0]) as opened:
        opened.load().assign(am_utilisation=opened["am_utilisation"] * 0 + 0.5).to_netcdf(
            path, engine="h5netcdf"
        )
    with pytest.raises(ValueError, match=r"am_utilisation must differ between structures .* 0\.5 in all 2"):
        build_dataset(
            [trajectories[0]],
            tmp_path / "dataset.nc",
            tiny_config["image"],
            SHARES,
            1,
            "mine",
            "c",
            transport=path,
            more_targets=["am_utilisation"],
        )
    assert not (tmp_path / "dataset.nc").exists()


def test_a_sample_that_was_not_measured_is_told():
    with pytest.raises(ValueError, match="conduction was not measured in second"):
        conduction_in("second", {"first": {}})
    assert conduction_in("any", read_conduction(None)) == {}


def test_readers_see_units():
    row = target_row("ionic_conductivity")
    assert row.display.in_brackets == "[mS/cm]" and row.display.factor * 0.1 == pytest.approx(1)
    assert target_row("am_utilisation").highest == 1
