"""A study under pressure, through the functions that the workflow calls."""

import numpy as np
import pytest
import xarray as xr

from analysis.baselines import features
from analysis.dataset import open_dataset
from analysis.figures import style
from analysis.images import image_window
from analysis.response import write_response
from analysis.split import folds
from electrode.structures import read_trajectories

SHARES = {"train": 0.64, "validation": 0.16, "test": 0.2}


def test_images_are_of_one_size_in_the_middle_of_each_box(pressed):
    config, paths, path = pressed
    dataset = open_dataset(path)
    assert dataset["image"].shape == (10, 56, 48)
    assert dataset["x"][0] == pytest.approx(1e-6 + 0.0625e-6)
    for trajectory in read_trajectories(paths[0]):
        window = image_window(trajectory, **config["image"])
        _, right, _, _ = trajectory.final_box
        assert right > 8e-6
        assert window.left - 0 == pytest.approx(right - window.left - window.columns * window.pixel)


def test_a_box_narrower_than_its_bound_is_refused(pressed):
    config, paths, _ = pressed
    trajectory = next(read_trajectories(paths[0]))
    trajectory.wall_position[-1, 1] = 7e-6
    with pytest.raises(ValueError, match="the box must be at least final_width_um = 8 um wide, got 7 um"):
        image_window(trajectory, **config["image"])


def test_pressure_is_a_setting_and_names_the_samples(pressed):
    dataset = open_dataset(pressed[2])
    assert sorted(set(dataset["pressure"].values)) == [100e6, 300e6]
    assert dataset["sample"].values[0] == "width-14_uncovered-0.7_pressure-100_replicate-000"
    assert features(dataset)["process"].shape == (10, 3)
    assert style.setting(dataset)[1:] == ("MPa", "pressure")
    # Unloaded: the wall bears nothing at the end.
    assert (dataset["wall_pressure"].values < 0.01 * dataset["pressure"].values).all()


def test_one_packing_is_in_one_part_of_the_split(pressed):
    dataset = open_dataset(pressed[2])
    split = dataset["split"].sel(fold="random").values
    replicate = dataset["replicate"].values
    assert set(split) == {"train", "validation", "test"}
    for number in range(5):
        assert len(set(split[replicate == number])) == 1


def test_folds_of_packings_are_those_of_samples_where_each_is_its_own():
    widths, fractions = np.repeat([46e-6, 47e-6], 10), np.full(20, 0.5)
    plain = folds(widths, fractions, SHARES, 1)
    named = folds(widths, fractions, SHARES, 1, np.tile(np.arange(10), 2))
    assert list(plain) == list(named)
    for fold, parts in plain.items():
        np.testing.assert_array_equal(parts, named[fold])


def test_the_response_knows_pressure_and_area_of_yielded_contacts(pressed, tmp_path):
    config, paths, _ = pressed
    write_response(paths, tmp_path / "response.nc", config["image"])
    with xr.open_dataset(tmp_path / "response.nc") as response:
        pressure, wall, area = (
            response[name].values for name in ("pressure", "wall_pressure", "reaction_area")
        )
    # The last but one state is under pressure, the last unloaded.
    np.testing.assert_allclose(wall[:, -2], pressure, rtol=0.01)
    assert (area[:, -2] > area[:, -1]).all()
    for trajectory, areas in zip(read_trajectories(paths[0]), area, strict=False):
        recorded = trajectory.contacts["contact_area"][trajectory.contact_pairs() == "AM-SE"].sum()
        assert areas[-1] == pytest.approx(recorded, rel=1e-9)
