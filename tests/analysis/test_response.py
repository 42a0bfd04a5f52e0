import numpy as np
import pytest
import xarray as xr

from analysis.dataset import open_dataset
from analysis.response import LEVELS, VARIABLES, reaction_area, skewness, write_response


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


def test_stress_quantiles_have_the_mean_of_the_label(response, study):
    """The mean of a distribution is the area under its quantiles, as far as a hundred of them tell."""
    dataset = open_dataset(study.dataset)
    mean = np.trapezoid(response["stress_quantile"].sel(phase="SE").values, LEVELS, axis=1)
    np.testing.assert_allclose(mean, dataset["label"].sel(target="se_stress_mean"), rtol=0.05)


def test_area_from_overlaps_is_that_of_the_contacts_at_rest(trajectory):
    recorded = trajectory.contacts["contact_area_from_overlap"][trajectory.contact_pairs() == "AM-SE"].sum()
    assert reaction_area(trajectory)[-1] == pytest.approx(recorded, rel=1e-3)


def test_skewness_of_known_values():
    assert skewness(np.array([0.0, 0, 0, 1])) == pytest.approx(2 / np.sqrt(3))
    assert skewness(np.array([3.0, 3.0])) == 0.0
