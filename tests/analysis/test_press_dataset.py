"""Dataset and table of a study in space."""

import csv
import json

import numpy as np
import pytest
import xarray as xr

from analysis import dataset as planar
from analysis.manifest import verify_manifest, write_manifest
from analysis.press_dataset import (
    MEASURES,
    VARIABLES,
    build_dataset,
    open_dataset,
    write_measures,
)
from analysis.report import measure_table
from dem.press_study import press_cell
from electrode.species import AM
from electrode.structures import read_packings
from electrode.targets import SPATIAL_TARGETS
from transport.study import write_transport

SHARES = {"train": 0.5, "validation": 0.2, "test": 0.3}


@pytest.fixture(scope="module")
def pressed(tmp_path_factory, spatial_config):
    """Trajectories of three packings of two AM shares, one of them none, and their dataset."""
    folder = tmp_path_factory.mktemp("pressed")
    paths = []
    for am in (0, 0.5):
        paths.append(folder / f"am-{am:g}.h5")
        press_cell(paths[-1], spatial_config, am, [50, 200], range(3), "a1b2")
    transport = folder / "transport.nc"
    write_transport(paths, transport, spatial_config["transport"], "mine", "e5f6")
    build_dataset(paths[::-1], folder / "dataset.nc", SHARES, 3, "mine", "c3d4", transport)
    return folder, paths


@pytest.fixture(scope="module")
def dataset(pressed):
    return open_dataset(pressed[0] / "dataset.nc")


def test_samples_stand_in_order(dataset):
    assert dataset.sizes["sample"] == 2 * 3 * 2 * 2
    one = dataset.isel(sample=slice(12, 16))
    assert one["sample"].values.tolist() == [
        f"am-0.5_replicate-000_pressure-{pressure}{back}"
        for pressure in (50, 200)
        for back in ("", "_unloaded-0")
    ]
    np.testing.assert_array_equal(one["unloaded_to"], [np.nan, 0, np.nan, 0])
    np.testing.assert_array_equal(one["pressure"], [50e6, 50e6, 200e6, 200e6])
    assert dataset.attrs["code_digest"] == "c3d4 a1b2" and dataset.attrs["geometry"] == "spatial"


def test_every_variable_is_declared_with_unit_and_name(dataset):
    assert set(map(str, dataset.variables)) == set(VARIABLES)
    for name, declared in VARIABLES.items():
        assert dataset[name].attrs["units"] == declared.units
        assert dataset[name].attrs["long_name"] == declared.long_name


def test_values_are_those_of_the_samples(dataset, pressed):
    samples = {sample.name: sample for path in pressed[1] for sample in read_packings(path)}
    for k, name in enumerate(dataset["sample"].values):
        sample, row = samples[name], dataset.isel(sample=k)
        assert row["relative_density"] == sample.relative_density[-1]
        assert row["height"] == pytest.approx(np.ptp(sample.wall_position[-1]))
        am = sample.species == AM
        assert row["am_count"] == am.sum() and row["particle_count"] == am.size
        stress = sample.contact_pressure[-1][~am]
        assert row["se_stress_mean"] == pytest.approx(stress.mean())
        assert row["se_stress_sd"] == pytest.approx(stress.std())
        volume = sample.radius**3
        assert row["am_share"] == pytest.approx(volume[am].sum() / volume.sum())
        box = row["width"] ** 2 * row["height"]
        if row["am_count"]:
            area = row["interface_area_per_am_volume"] * 4 / 3 * np.pi * volume[am].sum()
            assert row["specific_interface_area"] == pytest.approx(float(area / box))
        # Rows of the matrix are weighted by the particles of the species: contacts are mutual.
        counts = row["coordination_number"].values
        if row["am_count"]:
            assert counts[0, 1] * (~am).sum() == pytest.approx(counts[1, 0] * am.sum())
        if np.isnan(row["unloaded_to"]):
            # Love-Weber over the box is the piston's pressure, but for half an overlap at the walls.
            assert row["stress"].values[2, 2] == pytest.approx(float(row["piston_pressure"]), rel=0.15)


def test_what_a_packing_lacks_is_not_a_number(dataset):
    without = dataset.isel(sample=dataset["am_volume_fraction"].values == 0)
    for name in ("am_coverage", "am_stress_mean", "am_mean_diameter", "interface_area_per_am_volume"):
        assert np.isnan(without[name]).all()
    assert (without["specific_interface_area"] == 0).all()
    assert np.isfinite(without["se_stress_mean"]).all()


def test_labels_are_the_targets(dataset):
    assert dataset["target"].values.tolist() == list(SPATIAL_TARGETS)
    for target in SPATIAL_TARGETS:
        np.testing.assert_array_equal(dataset["label"].sel(target=target), dataset[target])
        assert dataset["target_units"].sel(target=target) == VARIABLES[target].units


def test_a_packing_is_in_one_part(dataset):
    parts = dataset["split"].sel(fold="random").values
    for packing in np.unique(dataset["packing"]):
        assert len(set(parts[dataset["packing"].values == packing])) == 1
    assert set(parts) == {"train", "validation", "test"}


def test_the_table_has_means_and_spreads_over_packings(dataset, pressed, tmp_path):
    write_measures(pressed[0] / "dataset.nc", tmp_path / "measures.csv")
    with open(tmp_path / "measures.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    chosen = dataset.isel(
        sample=(dataset["am_volume_fraction"].values == 0.5)
        & (dataset["pressure"].values == 200e6)
        & np.isnan(dataset["unloaded_to"].values)
    )
    mine = [row for row in rows if row["am_volume_fraction"] == "0.5" and row["pressure_MPa"] == "200"]
    (stress,) = [row for row in mine if row["measure"] == "se_stress_mean" and row["unloaded_to_MPa"] == ""]
    assert stress["unit"] == "MPa" and stress["packings"] == "3"
    assert float(stress["mean"]) == pytest.approx(1e-6 * float(chosen["se_stress_mean"].mean()), rel=1e-5)
    assert float(stress["sd"]) == pytest.approx(1e-6 * float(chosen["se_stress_mean"].std(ddof=1)), rel=1e-4)
    # Only packings in which AM percolates have one.
    some = {"am_tortuosity_factor"}
    assert {row["measure"] for row in mine} - some == set(MEASURES) - some
    without = {row["measure"] for row in rows if row["am_volume_fraction"] == "0"}
    assert without == {name for name in MEASURES if not name.startswith("am_")} | {"am_percolates"}
    page = measure_table(tmp_path / "measures.csv")
    assert len(page["rows"]) == 2 * 2 * 2 and "Specific interface area [1/µm]" in page["heads"]
    assert page["rows"][0]["settings"] == ("0", "50", "", "3")
    place = page["heads"].index("AM coverage")
    assert page["rows"][0]["cells"][place] == {"mean": "–", "sd": ""}


def test_the_manifest_tells_and_verifies(pressed, tmp_path):
    folder, paths = pressed
    write_manifest(folder / "dataset.nc", paths, folder / "manifest.json")
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["structures"] == 24 and "um_per_pixel" not in manifest["dataset"]
    assert verify_manifest(folder / "manifest.json") == 3


def test_datasets_of_the_other_geometry_are_refused(pressed, study):
    with pytest.raises(ValueError, match="it must be of geometry: spatial, got planar"):
        open_dataset(study.folder / "dataset.nc")
    with pytest.raises(ValueError, match="has no attribute um_per_pixel"):
        planar.open_dataset(pressed[0] / "dataset.nc")


def test_a_damaged_dataset_is_refused(pressed, tmp_path):
    path = tmp_path / "dataset.nc"
    with xr.open_dataset(pressed[0] / "dataset.nc", engine="h5netcdf") as opened:
        opened.load().drop_vars("height").to_netcdf(path, engine="h5netcdf")
    with pytest.raises(ValueError, match=r"lacks the variables \['height'\]"):
        open_dataset(path)
