"""Copies of images as a microscope might give them."""

import numpy as np
import pytest
import xarray as xr

from analysis.dataset import open_dataset
from analysis.join import join_datasets
from cnn import degrade as module
from cnn.degrade import degrade, degrade_dataset, readable


@pytest.fixture(scope="module")
def image():
    """Discs of AM and SE in void, 0.1 um per pixel."""
    y, x = np.mgrid[:120, :160]
    discs = np.zeros(x.shape, np.uint8)
    for row in range(6, 120, 12):
        for column in range(6, 160, 12):
            discs[(y - row) ** 2 + (x - column) ** 2 < 30] = 1
    discs[(y - 50) ** 2 + (x - 60) ** 2 < 1200] = 2
    return discs


def test_without_defects_an_image_stays_as_it_is(image):
    np.testing.assert_array_equal(degrade(image, 0.1, np.random.default_rng(0)), image)


@pytest.mark.parametrize(
    "defect",
    [{"blur": 0.1}, {"noise": 0.2}, {"pixel": 0.25}, {"blur": 0.1, "noise": 0.1}, {"edges": 0.6}],
)
def test_defects_change_some_pixels_and_keep_size_and_most_of_the_active_material(image, defect):
    degraded = degrade(image, 0.1, np.random.default_rng(0), **defect)
    assert (
        degraded.shape == image.shape and degraded.dtype == np.uint8 and set(np.unique(degraded)) == {0, 1, 2}
    )
    assert 0.005 < np.mean(degraded != image) < 0.3
    core = np.s_[35:65, 45:75]
    assert (degraded[core] == 2).mean() > 0.9


def test_more_blur_closes_more_pores(image):
    void = [
        np.mean(degrade(image, 0.1, np.random.default_rng(0), blur=blur)[:, 110:] == 0)
        for blur in (0, 0.1, 0.3)
    ]
    assert void[0] > void[1] > void[2]


def test_what_cannot_be_parted_is_refused(image):
    with pytest.raises(ValueError, match="three"):
        degrade(np.ones_like(image), 0.1, np.random.default_rng(0), blur=0.1)


def test_copies_parted_into_other_phases_are_drawn_again(image, monkeypatch):
    """Thresholds that part AM in two, as heavy blur leads to: most of the image is void then."""
    split = np.where(image == 1, 0, image).astype(np.uint8)
    assert readable(image, degrade(image, 0.1, np.random.default_rng(0), blur=0.05))
    assert not readable(image, split)
    drawn = iter([split, ValueError("it cannot be parted"), split, image])

    def fake(*_, **__):
        copy = next(drawn)
        if isinstance(copy, ValueError):
            raise copy
        return copy

    monkeypatch.setattr(module, "degrade", fake)
    assert module._copy(image, 0.1, 0, (1,)) is image and not list(drawn)
    monkeypatch.setattr(module, "degrade", lambda *_, **__: split)
    assert module._copy(image, 0.1, 0, (1,)) is None
    assert module._copy(np.minimum(image, 1), 0.1, 0, (1,)) is None


def test_an_image_without_a_copy_stays_as_it_is_unless_most_do(study, tmp_path, monkeypatch):
    given = open_dataset(study.dataset)
    hopeless = given["image"].values[0]

    def fake(image, *_, **__):
        if np.array_equal(image, hopeless):
            raise ValueError("it cannot be parted")
        return image[::-1]

    monkeypatch.setattr(module, "degrade", fake)
    degrade_dataset(study.dataset, tmp_path / "copies.nc", 1, 0, originals=True)
    with xr.open_dataset(tmp_path / "copies.nc") as copies:
        count = given.sizes["sample"]
        assert copies.sizes["sample"] == 2 * count
        np.testing.assert_array_equal(copies["image"].values[:count], given["image"].values)
        np.testing.assert_array_equal(copies["image"].values[count], hopeless)
        np.testing.assert_array_equal(copies["image"].values[count + 1], given["image"].values[1][::-1])
    monkeypatch.setattr(module, "degrade", lambda image, *_, **__: np.zeros_like(image))
    with pytest.raises(RuntimeError, match=r"no degraded copy of 8 of 8 images can be parted"):
        degrade_dataset(study.dataset, tmp_path / "none.nc", 1, 0)


def test_copies_keep_labels_and_split_and_can_be_joined(study, tmp_path):
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        degrade_dataset(study.dataset, tmp_path / f"{name}.nc", 2, seed)
    given, copies = open_dataset(study.dataset), open_dataset(tmp_path / "one.nc")
    assert copies.sizes["sample"] == 2 * given.sizes["sample"]
    for half in (copies.isel(sample=slice(0, 8)), copies.isel(sample=slice(8, 16))):
        for variable in ("label", "stress_map", "split", "width", "contact_count"):
            np.testing.assert_array_equal(half[variable], given[variable])
        assert np.mean(half["image"].values != given["image"].values) > 0.005
    assert str(copies["sample"].values[8]) == f"{given['sample'].values[0]}_degraded-2"
    assert set(copies["study"].values) == {"tiny-degraded"}
    with xr.open_dataset(tmp_path / "again.nc") as again, xr.open_dataset(tmp_path / "other.nc") as other:
        np.testing.assert_array_equal(again["image"], copies["image"])
        assert (other["image"] != copies["image"]).any()

    join_datasets([study.dataset, tmp_path / "one.nc"], tmp_path / "joined.nc", "robust")
    joined = open_dataset(tmp_path / "joined.nc")
    names = [name.split("_", 1)[1] for name in joined["sample"].values]
    part = dict(zip(names, joined["split"].sel(fold="random").values, strict=True))
    assert len(part) == 24
    assert all(part[name] == part[name.split("_degraded")[0]] for name in part)
