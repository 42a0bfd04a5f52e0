import tracemalloc

import numpy as np
import pytest
import xarray as xr

from analysis.dataset import build_dataset, open_dataset
from analysis.images import class_image, image_window, stress_map
from analysis.labels import target_values
from analysis.variables import VARIABLES, check
from electrode.structures import read_trajectories


@pytest.fixture
def dataset(study):
    return open_dataset(study.dataset)


def test_dataset_opens_in_one_line_and_matches_its_table(study):
    with xr.open_dataset(study.dataset) as dataset:
        check(dataset)
        assert dict(dataset.sizes) == {
            "sample": 8,
            "y": 56,
            "x": 48,
            "cell_y": 7,
            "cell_x": 6,
            "phase": 2,
            "target": 5,
            "pair": 3,
            "particle": 5,
            "fold": 3,
        }
        assert dataset["image"].dtype == np.uint8
        assert all(
            variable.attrs["units"] and variable.attrs["long_name"] for variable in dataset.variables.values()
        )


def test_values_are_plausible(dataset):
    assert (dataset["label"] > 0).all()
    assert set(np.unique(dataset["image"])) == {0, 1, 2}
    assert dataset["target_units"].values.tolist() == ["Pa"] * 4 + ["m2"]
    assert (dataset["am_box_fraction"] > 0.3).all() and (dataset["porosity"] < 0.3).all()
    assert '"code_digest": "code"' in str(dataset.attrs["trajectory_provenance"])


def without_units(dataset):
    del dataset["width"].attrs["units"]
    return dataset


def without_code(dataset):
    del dataset.attrs["code_digest"]
    return dataset


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda d: d.drop_vars("porosity"), r"lacks the variables \['porosity'\]"),
        (lambda d: d.assign(extra=1), r"unknown ones \['extra'\]"),
        (lambda d: d.assign(image=d["image"].transpose("sample", "x", "y")), "image must have dimensions"),
        (lambda d: d.assign(image=d["image"].astype(float)), "image must be of kind 'u', got float64"),
        (without_code, "it has no attribute code_digest: made by an older version"),
        (without_units, "width must have units 'm', got None"),
        (lambda d: d.assign(label=d["label"] * np.nan), "label must"),
    ],
)
def test_check_names_what_is_wrong(dataset, spoil, message):
    with pytest.raises(ValueError, match=message):
        check(spoil(dataset))


def test_values_that_are_not_finite_are_refused(dataset):
    dataset["label"][0, 0] = np.nan
    with pytest.raises(ValueError, match="label must be finite"):
        check(dataset)


def test_truncated_dataset_is_refused_by_name(study, tmp_path):
    path = tmp_path / "short.nc"
    path.write_bytes(study.dataset.read_bytes()[:-2000])
    with pytest.raises(ValueError, match=r"short\.nc cannot be read as a dataset"):
        open_dataset(path)


def test_same_trajectories_give_the_same_content(study, tmp_path):
    config = study.config
    again = tmp_path / "again.nc"
    settings = config["image"], config["split"], config["seed"]
    build_dataset(study.trajectories, again, *settings, "tiny", "code")
    assert open_dataset(again).identical(open_dataset(study.dataset))


def test_what_is_written_structure_by_structure_is_what_was_computed(study):
    """Images and stress maps go to the file one after the other: the same bits, in the same order."""
    settings = study.config["image"]
    trajectories = [trajectory for path in study.trajectories for trajectory in read_trajectories(path)]
    windows = [image_window(trajectory, **settings) for trajectory in trajectories]
    written = open_dataset(study.dataset)
    for name, compute in (("image", class_image), ("stress_map", stress_map), ("label", target_values)):
        expected = np.stack(list(map(compute, trajectories, windows)))
        assert written[name].dtype == expected.dtype
        assert written[name].values.tobytes() == expected.tobytes(), name
    assert written["image"].attrs["flag_meanings"] == "void SE AM"
    assert written["sample"].values.tolist() == [trajectory.name for trajectory in trajectories]


def test_memory_does_not_grow_with_the_images(study, tmp_path):
    """Images of 0.27 MB each: 8 or 64 structures take the same memory."""
    config = study.config
    fine = config["image"] | {"um_per_pixel": 0.0125}
    peaks = []
    for times in (1, 8):
        tracemalloc.start()
        try:
            settings = fine, config["split"], config["seed"]
            build_dataset(study.trajectories * times, tmp_path / "fine.nc", *settings, "tiny", "code")
            open_dataset(tmp_path / "fine.nc")
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    assert peaks[1] - peaks[0] < 4 * 480 * 560, peaks


def test_damaged_trajectory_leaves_no_dataset(study, tmp_path):
    damaged, output = tmp_path / "damaged.h5", tmp_path / "out" / "dataset.nc"
    damaged.write_bytes(study.trajectories[0].read_bytes()[:5000])
    config = study.config
    output.parent.mkdir()
    with pytest.raises(ValueError, match=r"damaged\.h5 cannot be read"):
        build_dataset(
            [study.trajectories[1], damaged], output, config["image"], config["split"], 1, "tiny", ""
        )
    assert not list(output.parent.iterdir())


def test_table_has_no_variable_without_units():
    assert all(variable.units and variable.long_name and variable.dims for variable in VARIABLES.values())
