import numpy as np
import pytest
import xarray as xr

from analysis.dataset import open_dataset
from analysis.images import Window
from analysis.response import LEVELS, VARIABLES, skewness, stress_in, write_response
from electrode.species import AM, SE


@pytest.fixture(scope="module")
def response(study, tmp_path_factory):
    """Of the tiny study."""
    path = tmp_path_factory.mktemp("response") / "response.nc"
    write_response(study.trajectories, path, study.config["image"])
    with xr.open_dataset(path) as opened:
        return opened.load()


def test_every_variable_is_there_with_units(response):
    for name, (dims, units, meaning) in VARIABLES.items():
        variable = response[name]
        assert (variable.dims, variable.attrs["units"], variable.attrs["long_name"]) == (dims, units, meaning)
        assert np.isfinite(variable.values).all(), name


def test_the_last_frame_is_that_of_the_dataset(response, study):
    dataset = open_dataset(study.dataset)
    assert response["sample"].values.tolist() == dataset["sample"].values.tolist()
    for name in ("wall_pressure", "coordination_number"):
        np.testing.assert_allclose(response[name][:, -1], dataset[name], rtol=1e-12)


def test_stress_is_that_of_the_label(response, study, trajectory):
    dataset = open_dataset(study.dataset)
    window = Window(
        dataset["x"][0].item() - 0.5e-6 * 0.125, dataset["y"][0].item() - 0.5e-6 * 0.125, 48, 56, 0.125e-6
    )
    stress = stress_in(trajectory, window, SE)
    assert stress.mean() == pytest.approx(dataset["label"].sel(target="se_stress_mean")[0].item(), rel=1e-12)
    quantile = response["stress_quantile"][0].sel(phase="SE")
    np.testing.assert_allclose(quantile, np.quantile(stress, LEVELS), rtol=1e-12)
    assert response["particles"][0].sel(phase="SE") == stress.size


def test_area_from_overlaps_is_that_of_the_contacts_at_rest(trajectory):
    recorded = trajectory.contacts["contact_area_from_overlap"][trajectory.contact_pairs() == "AM-SE"].sum()
    assert trajectory.reaction_area[-1] == pytest.approx(recorded, rel=1e-9)
    # Written again from the positions of the other frames: pi R_eff overlap.
    am, se = (trajectory.species == species for species in (AM, SE))
    sum_of_radii = trajectory.radius[am, None] + trajectory.radius[se]
    effective = trajectory.radius[am, None] * trajectory.radius[se] / sum_of_radii
    for position, area in zip(trajectory.position, trajectory.reaction_area, strict=True):
        distance = np.linalg.norm(position[am, None] - position[se], axis=-1)
        overlap = np.maximum(sum_of_radii - distance, 0)
        assert area == pytest.approx(np.pi * np.sum(effective * overlap), rel=1e-6)


def test_skewness_of_known_values():
    assert skewness(np.array([0.0, 0, 0, 1])) == pytest.approx(2 / np.sqrt(3))
    assert skewness(np.array([3.0, 3.0])) == 0.0
