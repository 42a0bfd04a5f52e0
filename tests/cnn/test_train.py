import csv
import json
import os
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

from cnn.data import part, read_dataset
from cnn.ensemble import load_model, predict, predict_dataset
from cnn.light import run_ensemble
from cnn.particles import find_tables, mirrored
from cnn.train import Batches, map_scale, train
from cnn.weights import read_network


def run(study, folder, dataset=None, **training):
    files = [folder / name for name in ("model.keras", "history.csv", "settings.json")]
    config = study.config
    settings = {**config["training"], **training}
    train(dataset or study.dataset, *files, config["network"], settings, config["seed"], "code")
    return files


def shown(study):
    """Images of the tiny study, and tables of their particles."""
    dataset = read_dataset(study.dataset)
    image = dataset["image"].values
    return image, find_tables(image, dataset.attrs["um_per_pixel"])


def test_outputs_belong_together(study):
    model = study.models["random"][0]
    settings = json.loads(model.with_suffix(".json").read_text(encoding="utf-8"))
    with open(model.with_suffix(".csv"), encoding="utf-8", newline="") as file:
        history = list(csv.DictReader(file))
    assert [row["epoch"] for row in history] == ["1", "2"]
    assert settings["seed"] == study.config["seed"] and settings["code_digest"] == "code"
    assert settings["versions"]["backend"] == "tensorflow"
    assert (settings["fold"], settings["member"], settings["um_per_pixel"]) == ("random", 0, 0.125)
    dataset = read_dataset(study.dataset)
    np.testing.assert_allclose(settings["label_mean"], part(dataset, "train").label.mean(axis=0))
    samples = part(dataset, "validation")
    kept = load_model(model).predict([samples.image, samples.particles], verbose=0)
    standard = (kept["targets"] - samples.label) / settings["label_sd"]
    last = float(history[-1]["val_targets_loss"])
    assert np.mean(standard**2) == pytest.approx(last, rel=1e-3), "the last weights were kept"
    error = (kept["particle_stress"][..., 0] - samples.particle_stress) / settings["particle_stress_scale"]
    last = float(history[-1]["val_particle_stress_loss"])
    assert np.nanmean(error**2) == pytest.approx(last, rel=1e-3), "one structure, each particle the same"


def test_fixed_seed_repeats(study, tmp_path):
    images = shown(study)
    predictions = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        model, *_ = run(study, tmp_path / name)
        predictions.append(predict(load_model(model), *images))
    for first, second in zip(*predictions, strict=True):
        np.testing.assert_allclose(first, second, rtol=1e-4)


def test_members_differ_and_so_do_folds(study):
    images = shown(study)
    networks = [*study.models["random"], study.models["width-10"][0]]
    first, second, other = (predict(load_model(path), *images)[0] for path in networks)
    assert not np.allclose(first, second, rtol=1e-3) and not np.allclose(first, other, rtol=1e-3)


def test_a_diverged_training_is_an_error_and_leaves_no_model(study, tmp_path):
    with pytest.raises(
        RuntimeError, match=r"the loss is nan after \d epochs; try a smaller training\.learning_rate"
    ):
        run(study, tmp_path, learning_rate=1e38)
    assert not (tmp_path / "model.keras").exists()


def spoiled(study, folder, spoil):
    with xr.open_dataset(study.dataset) as dataset:
        wrong = dataset.load().copy(deep=True)
    spoil(wrong)
    wrong.to_netcdf(folder / "wrong.nc", engine="h5netcdf")
    return folder / "wrong.nc"


def test_labels_that_are_no_numbers_are_refused_by_name(study, tmp_path):
    def spoil(dataset):
        dataset["label"][3, 4] = np.nan

    name = read_dataset(study.dataset)["sample"].values[3]
    with pytest.raises(ValueError, match=f"reaction_area of {name} must be finite, got nan"):
        read_dataset(spoiled(study, tmp_path, spoil))


def test_images_without_a_phase_are_refused_by_name(study, tmp_path):
    def spoil(dataset):
        dataset["image"][2] = np.where(dataset["image"][2] == 2, 0, dataset["image"][2])

    name = read_dataset(study.dataset)["sample"].values[2]
    with pytest.raises(ValueError, match=rf"the image of {name} shows no AM \(class 2\)"):
        read_dataset(spoiled(study, tmp_path, spoil))


def test_unknown_fold_is_refused(study):
    with pytest.raises(ValueError, match="no split 'width-99', but random, width-10, width-11"):
        read_dataset(study.dataset, "width-99")


def test_a_dataset_of_another_scale_is_refused(study, tmp_path):
    def spoil(dataset):
        dataset.attrs["um_per_pixel"] = 0.1

    path = spoiled(study, tmp_path, spoil)
    with pytest.raises(ValueError, match=r"images of 0\.125 um per pixel, these have 0\.1"):
        predict_dataset(path, study.models["random"], study.settings["random"], tmp_path / "out.nc")


def test_a_dataset_of_other_code_is_refused(study, tmp_path):
    def spoil(dataset):
        dataset.attrs["code_digest"] = "newer"

    path = spoiled(study, tmp_path, spoil)
    with pytest.raises(ValueError, match="on a dataset made by code code code, this one is by code newer"):
        predict_dataset(path, study.models["random"], study.settings["random"], tmp_path / "out.nc")
    assert not (tmp_path / "out.nc").exists()


def test_targets_that_do_not_vary_are_refused(study, tmp_path):
    def spoil(dataset):
        dataset["label"][:, 4] = 1.0

    with pytest.raises(ValueError, match="reaction_area is the same for all training structures"):
        run(study, tmp_path, spoiled(study, tmp_path, spoil))


def test_empty_part_is_refused(study):
    dataset = read_dataset(study.dataset)
    dataset["split"][:] = "train"
    with pytest.raises(
        ValueError, match="the validation part of the split is empty: 8 structures are too few"
    ):
        part(dataset, "validation")


def test_broken_files_are_refused_by_name(tmp_path):
    for name, read in (("data.nc", read_dataset), ("model.keras", load_model)):
        (tmp_path / name).write_bytes(b"not this")
        with pytest.raises(ValueError, match=rf"{name} cannot be read as"):
            read(tmp_path / name)


def test_predictions_stand_beside_the_truth(study):
    with xr.open_dataset(study.predictions["random"]) as predictions:
        dataset = read_dataset(study.dataset)
        np.testing.assert_array_equal(predictions["truth"], dataset["label"])
        both = [predict(load_model(path), *shown(study)) for path in study.models["random"]]
        members, stress = zip(*both, strict=True)
        kept = predictions["member_prediction"].values
        np.testing.assert_allclose(kept[..., 2:], np.array(members)[..., 2:], rtol=1e-6)
        np.testing.assert_allclose(predictions["prediction"], np.mean(kept, axis=0), rtol=1e-6)
        np.testing.assert_allclose(predictions["spread"], np.std(kept, axis=0, ddof=1), rtol=1e-6)
        # Mean and SD over AM are read off the particles, all of which have their centre in the image here.
        of_mean = np.nanmean(predictions["member_particle_prediction"], axis=-1)
        np.testing.assert_allclose(kept[..., 0], of_mean, rtol=1e-6)
        assert (kept[..., 1] > np.nanstd(predictions["member_particle_prediction"], axis=-1)).all()
        assert (predictions["low"] < predictions["prediction"]).all()
        assert (predictions["high"] > predictions["prediction"]).all()
        assert predictions["width"].attrs["units"] == "m"
        validation = predictions["split"] == "validation"
        truth = predictions["truth"]
        # One validation structure alone lies at the end of its interval: rounding must not decide.
        slack = 1e-12 * abs(truth)
        inside = (predictions["low"] <= truth + slack) & (truth - slack <= predictions["high"])
        assert inside[validation].all(), "calibrated on it"
        assert_particles(predictions, dataset, np.array(stress))


def assert_particles(predictions, dataset, members):
    """Truth, prediction and interval of the particles found stand where these are."""
    found = np.isfinite(predictions["particle_x"].values)
    assert found.any(axis=1).all() and predictions["particle_x"].attrs["units"] == "m"
    np.testing.assert_allclose(
        predictions["particle_prediction"].values[found], members.mean(axis=0)[found], rtol=1e-6
    )
    assert np.isnan(predictions["particle_prediction"].values[~found]).all()
    truth = predictions["particle_truth"].values
    assert np.isfinite(truth[found]).mean() > 0.8
    # Those of the simulation that were found at the place of the particle found.
    for k, p in np.argwhere(np.isfinite(truth)):
        x, y, diameter, stress = (
            dataset[f"particle_{name}"].values[k] for name in ("x", "y", "diameter", "stress")
        )
        at = np.nanargmin(
            np.hypot(x - predictions["particle_x"].values[k, p], y - predictions["particle_y"].values[k, p])
        )
        assert truth[k, p] == stress[at]
        assert predictions["particle_diameter"].values[k, p] == pytest.approx(diameter[at], rel=0.2)


def test_mirror_images_get_the_same_prediction(study):
    model = load_model(study.models["random"][0])
    image, particles = shown(study)
    turned = image[:, ::-1, ::-1], mirrored(particles, image.shape[1:], -1, -1)
    for here, there in zip(predict(model, image, particles), predict(model, *turned), strict=True):
        np.testing.assert_allclose(here, there, rtol=1e-4)


@pytest.fixture(scope="module", params=["jax", "torch"])
def elsewhere(request, study, tmp_path_factory):
    """Folder of two networks of one seed, trained on another backend than the environment asks for."""
    backend = request.param
    pytest.importorskip(backend, reason=f"{backend} is not installed: an optional backend of Keras")
    folder = tmp_path_factory.mktemp(backend)
    data, network = str(study.dataset), study.config["network"]
    training = {**study.config["training"], "backend": backend}
    script = (
        f"from cnn.backend_choice import choose_backend; choose_backend({backend!r})\n"
        "from cnn.train import train; from cnn.gradcam import gradcam_dataset\n"
        "for k in 'ab':\n"
        f"    train({data!r}, k + '.keras', k + '.csv', k + '.json', {network!r}, {training!r}, 1, 'code')\n"
        f"gradcam_dataset({data!r}, ['a.keras'], 'g.nc', 2)"
    )
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow"}
    subprocess.run([sys.executable, "-c", script], cwd=folder, env=environment, check=True)
    return folder


def test_other_backends_train_and_explain(elsewhere):
    settings = json.loads((elsewhere / "a.json").read_text(encoding="utf-8"))
    assert settings["versions"]["backend"] == settings["training"]["backend"] in elsewhere.name
    assert (elsewhere / "g.nc").exists()


def test_other_backends_repeat_a_seed(elsewhere):
    first, second = (load_model(elsewhere / f"{k}.keras").get_weights() for k in "ab")
    for mine, theirs in zip(first, second, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-7)


def test_what_other_backends_have_trained_is_read_without_them(study, elsewhere):
    image, particles = shown(study)
    by_tensorflow = predict(load_model(elsewhere / "a.keras"), image, particles)[0]
    in_numpy = run_ensemble([read_network(elsewhere / "a.keras")], image, particles).target[0]
    np.testing.assert_allclose(in_numpy, by_tensorflow, rtol=1e-4)


def test_a_training_on_another_backend_than_told_is_refused(study, tmp_path):
    with pytest.raises(ValueError, match=r"training\.backend must be that of Keras, tensorflow, got jax"):
        run(study, tmp_path, backend="jax")


def test_batches_turn_image_and_map_together(study):
    samples = part(read_dataset(study.dataset), "train")
    truth = {
        "targets": samples.label,
        "stress_map": np.concatenate([samples.stress_map, samples.share], axis=-1),
        "particle_stress": samples.particle_stress,
    }
    batches = Batches(samples, truth, 2, seed=1)
    assert len(batches) == 3
    seen, turned = [], 0
    for _ in range(4):
        for (images, tables), truth in (batches[k] for k in range(len(batches))):
            for image, table, label, maps in zip(
                images, tables, truth["targets"], truth["stress_map"], strict=True
            ):
                k = np.flatnonzero((samples.label == label).all(axis=1))[0]
                seen.append(k)
                turned += not np.array_equal(image, samples.image[k])
                for x, y, *_ in table[table[:, 2] > 0]:
                    assert image[int(y), int(x)] == 2, "at the centre of a particle is AM"
                blocks = image.reshape(7, 8, 6, 8)
                for column, phase in ((2, 1), (3, 2)):
                    np.testing.assert_allclose(
                        maps[..., column], (blocks == phase).mean(axis=(1, 3)), atol=1e-6
                    )
        batches.on_epoch_end()
    assert sorted(seen) == sorted(4 * list(range(5))) and 5 < turned < 20


def test_map_scale_is_the_root_mean_square_over_each_phase(study):
    samples = part(read_dataset(study.dataset), "train")
    weights, values = samples.share[..., 1].ravel(), samples.stress_map[..., 1].ravel().astype(float)
    expected = np.sqrt(np.average(values**2, weights=weights))
    assert map_scale(samples)[1] == pytest.approx(expected, rel=1e-5)
