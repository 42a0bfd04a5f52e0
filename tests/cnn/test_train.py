import csv
import json
import os
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

from cnn.data import part, read_dataset
from cnn.predict import load_model, predict
from cnn.train import train


def run(study, folder, dataset=None, **training):
    files = [folder / name for name in ("model.keras", "history.csv", "settings.json")]
    config = study.config
    settings = {**config["training"], **training}
    train(dataset or study.dataset, *files, config["network"], settings, config["seed"], "code")
    return files


def test_outputs_belong_together(study):
    settings = json.loads(study.settings.read_text())
    with open(study.history, newline="") as file:
        history = list(csv.DictReader(file))
    assert [row["epoch"] for row in history] == ["1", "2"]
    losses = [float(row["val_loss"]) for row in history]
    assert settings["best_epoch"] == 1 + int(np.argmin(losses))
    assert settings["seed"] == study.config["seed"] and settings["code_digest"] == "code"
    assert settings["versions"]["backend"] == "tensorflow"
    dataset = read_dataset(study.dataset)
    np.testing.assert_allclose(settings["label_mean"], part(dataset, "train").label.mean(axis=0))
    best = predict(load_model(study.model), part(dataset, "validation").image)
    standard = (best - part(dataset, "validation").label) / settings["label_sd"]
    assert np.mean(standard**2) == pytest.approx(min(losses), rel=1e-3), "the best weights were kept"


def test_fixed_seed_repeats(study, tmp_path):
    images = read_dataset(study.dataset)["image"].values
    predictions = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        model, *_ = run(study, tmp_path / name)
        predictions.append(predict(load_model(model), images))
    np.testing.assert_allclose(*predictions, rtol=1e-4)


def test_training_stops_early(study, tmp_path):
    _, history, _ = run(study, tmp_path, epochs=40, patience=1, learning_rate=0.5)
    assert len(history.read_text().splitlines()) < 41


def test_a_diverged_training_is_an_error_and_leaves_no_model(study, tmp_path):
    dataset = read_dataset(study.dataset)
    dataset["label"][dataset["split"].values == "validation", 0] = np.nan
    dataset.to_netcdf(tmp_path / "nan.nc", engine="h5netcdf")
    with pytest.raises(
        RuntimeError, match=r"no finite validation loss in 2 epochs; try a smaller training\.learning_rate"
    ):
        run(study, tmp_path, tmp_path / "nan.nc")
    assert not (tmp_path / "model.keras").exists()


def test_targets_that_do_not_vary_are_refused(study, tmp_path):
    dataset = read_dataset(study.dataset)
    dataset["label"][:, 4] = 1.0
    dataset.to_netcdf(tmp_path / "constant.nc", engine="h5netcdf")
    with pytest.raises(ValueError, match="reaction_area is the same for all training structures"):
        run(study, tmp_path, tmp_path / "constant.nc")


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
    with xr.open_dataset(study.predictions) as predictions:
        dataset = read_dataset(study.dataset)
        np.testing.assert_array_equal(predictions["truth"], dataset["label"])
        expected = predict(load_model(study.model), dataset["image"].values)
        np.testing.assert_allclose(predictions["prediction"], expected, rtol=1e-6)
        assert predictions["width"].attrs["units"] == "m"


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_other_backends_train_and_explain(study, tmp_path, backend):
    pytest.importorskip(backend, reason=f"{backend} is not installed: an optional backend of Keras")
    data, network, training = str(study.dataset), study.config["network"], study.config["training"]
    script = (
        "from cnn.train import train; from cnn.gradcam import gradcam_dataset\n"
        f"train({data!r}, 'm.keras', 'h.csv', 's.json', {network!r}, {training!r}, 1, 'code')\n"
        f"gradcam_dataset({data!r}, 'm.keras', 'g.nc', 2)"
    )
    environment = {**os.environ, "KERAS_BACKEND": backend}
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=environment, check=True)
    assert json.loads((tmp_path / "s.json").read_text())["versions"]["backend"] == backend
    assert (tmp_path / "g.nc").exists()
