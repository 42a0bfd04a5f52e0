"""Networks that learn sections with truths of packings, from dataset to one answer of several images."""

import csv
from functools import partial

import numpy as np
import pytest
import xarray as xr

from cnn import predict
from cnn.bundle import read_bundle, write_bundle
from cnn.composite import other_pictures
from cnn.data import KNOWN, part, read_dataset
from cnn.ensemble import predict_dataset
from cnn.sections import combine
from cnn.train import train


@pytest.fixture(scope="module")
def folder(study, tmp_path_factory):
    """A finished study of sections: the images of the tiny study, two of them a packing each."""
    folder = tmp_path_factory.mktemp("sections")
    with xr.open_dataset(study.dataset, engine="h5netcdf") as opened:
        given = opened.load().drop_encoding()
    sections = given.drop_vars(KNOWN).sel(target=given["target"].values[2:])
    count = sections.sizes["sample"]
    sections["label"][:, 0] = np.where(np.arange(count) % 4 < 2, np.nan, sections["label"].values[:, 0])
    pressed = [f"sample-{k // 2}" for k in range(count)]
    parts = np.repeat(["train", "train", "validation", "test"], 2)[None]
    sections = sections.sel(fold=["random"]).assign(split=(("fold", "sample"), parts))
    sections["label"][-4:, 0] = sections["label"].values[2, 0] * np.array([1.0, 1.1, 1.2, 1.3])
    sections = sections.assign_coords(pressed=("sample", pressed)).assign_attrs(region="packing")
    sections.to_netcdf(folder / "learnt.nc", engine="h5netcdf")
    models = [folder / f"cnn/random/member-{k}.keras" for k in range(2)]
    models[0].parent.mkdir(parents=True)
    settings = [path.with_suffix(".json") for path in models]
    for k, (model, record) in enumerate(zip(models, settings, strict=True)):
        network, training = study.config["network"], study.config["training"]
        train(
            folder / "learnt.nc",
            model,
            model.with_suffix(".csv"),
            record,
            network,
            training,
            1,
            "x",
            member=k,
        )
    (folder / "predictions").mkdir()
    predict_dataset(folder / "learnt.nc", models, settings, folder / "predictions/random.nc")
    (folder / "ceiling.csv").write_text("target\n", encoding="utf-8")
    with open(folder / "metrics.csv", "w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["split", "study", "predictor", "target", "sections", "r2"])
        for target in sections["target"].values:
            for sections_of, r2 in ((1, 0.5), (2, 0.75)):
                rows.writerow(["random", "tiny", "cnn", target, sections_of, r2])
                rows.writerow(["random", "tiny-degraded", "cnn", target, sections_of, 0.1])
    return folder


@pytest.fixture(scope="module")
def bundle(folder, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cnn.bundle.other_pictures", partial(other_pictures, of_each=2))
        patch.setattr("cnn.bundle.MOST_IMAGES", 5)
        write_bundle(folder, folder / "bundle", samples=2)
    return read_bundle(folder / "bundle")


def test_what_is_not_known_teaches_nothing(folder):
    dataset = read_dataset(folder / "learnt.nc")
    samples = part(dataset, "train")
    assert np.isnan(samples.label[:, 0]).any() and samples.particles.shape[1] == 0
    with open(folder / "cnn/random/member-0.csv", encoding="utf-8") as file:
        losses = [float(row["loss"]) for row in csv.DictReader(file)]
    assert np.isfinite(losses).all()


def test_groups_of_sections_have_predictions_and_intervals(folder):
    with xr.open_dataset(folder / "predictions/random.nc", engine="h5netcdf") as predictions:
        assert predictions.attrs["region"] == "packing" and predictions.attrs["dataset"] == "learnt.nc"
        assert "particle_prediction" not in predictions
        np.testing.assert_array_equal(predictions["group_sections"], [2, 2, 2, 2])
        np.testing.assert_array_equal(predictions["group_first"], [0, 2, 4, 6])
        means = predictions["member_prediction"].values.mean(axis=0).reshape(4, 2, -1).mean(axis=1)
        rule = predictions.sel(sections=2)
        answers = means @ rule["combination_weights"].values.T + rule["combination_offset"].values
        np.testing.assert_allclose(predictions["group_prediction"], answers, rtol=1e-6)
        assert (predictions["group_low"] <= predictions["group_high"]).all()


def test_the_bundle_has_intervals_and_scores_by_number_of_sections(bundle, folder):
    assert bundle.of_packings and list(bundle.readings) == [1, 2]
    assert bundle.scores == {1: [0.5] * 3, 2: [0.75] * 3}
    assert not (folder / "bundle/particles.csv").exists()


def images_of(folder, count):
    with xr.open_dataset(folder / "learnt.nc", engine="h5netcdf") as dataset:
        return dataset["image"].values[-count:, ::-1]


def test_one_section_says_what_the_study_says_of_it(bundle, folder):
    (image,) = images_of(folder, 1)
    said = predict(image, bundle.um_per_pixel, model=bundle, anyway=True)
    with xr.open_dataset(folder / "predictions/random.nc", engine="h5netcdf") as predictions:
        last = predictions.isel(sample=-1)
        np.testing.assert_allclose(said["prediction"], last["prediction"], rtol=1e-4)
        np.testing.assert_allclose(said["high"], last["high"], rtol=1e-3)
    np.testing.assert_array_equal(said["score"], [0.5] * 3)
    assert "particle_stress" not in said and said.sizes["window"] == 1


def test_several_sections_make_one_answer(bundle, folder):
    said = [predict(image, bundle.um_per_pixel, model=bundle, anyway=True) for image in images_of(folder, 2)]
    together = combine(said, bundle)
    assert together.attrs["sections"] == 2 and together.sizes["section"] == 2
    with xr.open_dataset(folder / "predictions/random.nc", engine="h5netcdf") as predictions:
        np.testing.assert_allclose(together["prediction"], predictions["group_prediction"][-1], rtol=1e-3)
    np.testing.assert_array_equal(together["score"], [0.75] * 3)
    shares = together["section_fraction"].values.mean(axis=0)
    np.testing.assert_allclose(together["phase_fraction"], shares, rtol=1e-6)


def test_sections_unlike_the_training_images_are_left_out(bundle, folder):
    said = [predict(image, bundle.um_per_pixel, model=bundle, anyway=True) for image in images_of(folder, 2)]
    strange = said[1].assign_attrs(withheld=1, verdict="unlike the training images")
    one = combine([said[0], strange], bundle)
    assert "1 of 2 sections left out" in one.attrs["reasons"] and not one.attrs["withheld"]
    np.testing.assert_allclose(one["prediction"], said[0]["prediction"], rtol=1e-6)
    none = combine([strange, strange], bundle)
    assert none.attrs["withheld"] and np.isnan(none["prediction"]).all()


def test_sections_that_differ_too_much_are_told(bundle, folder):
    said = [predict(image, bundle.um_per_pixel, model=bundle, anyway=True) for image in images_of(folder, 2)]
    said[1] = said[1].assign(prediction=said[1]["prediction"] * 100)
    assert "its sections differ" in combine(said, bundle).attrs["reasons"]


def test_only_ensembles_for_packings_combine(bundle, root):
    with pytest.raises(ValueError, match="only of an ensemble for packings"):
        combine([], read_bundle(root / "models/paper"))
    with pytest.raises(ValueError, match="at least one section"):
        combine([], bundle)
