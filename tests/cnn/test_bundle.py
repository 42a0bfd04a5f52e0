import json
import shutil
from functools import partial

import numpy as np
import pytest
import xarray as xr

from cnn.__main__ import main
from cnn.bundle import read_bundle, run_bundle
from cnn.composite import other_pictures
from cnn.data import read_dataset
from cnn.particles import find_tables
from cnn.reference import quantities
from cnn.uncertainty import interval, mean_and_spread


@pytest.fixture
def finished_study(study, tmp_path, monkeypatch):
    """The files of the tiny study where the workflow puts them; few pictures of others will do."""
    monkeypatch.setattr("cnn.bundle.other_pictures", partial(other_pictures, of_each=2))
    folder = tmp_path / "results/tiny"
    (folder / "predictions").mkdir(parents=True)
    shutil.copytree(study.folder / "random", folder / "cnn/random")
    shutil.copy(study.dataset, folder / "dataset.nc")
    shutil.copy(study.metrics, folder / "metrics.csv")
    shutil.copy(study.particles, folder / "particles.csv")
    shutil.copy(study.predictions["random"], folder / "predictions/random.nc")
    return folder


def test_bundle_predicts_as_the_study_did(finished_study, tmp_path):
    assert main(["bundle", str(finished_study), str(tmp_path / "bundle")]) == 0
    bundle = read_bundle(tmp_path / "bundle")
    assert bundle.um_per_pixel == 0.125 and len(bundle.networks) == 2
    with xr.open_dataset(tmp_path / "bundle/samples.nc") as samples:
        image = samples["image"].values
        passes = run_bundle(bundle, image, find_tables(image, bundle.um_per_pixel))
        mean, spread = mean_and_spread(passes.target)
        np.testing.assert_allclose(mean, samples["prediction"], rtol=1e-5)
        low, high = interval(mean, spread, bundle.calibration)
        np.testing.assert_allclose(low, samples["low"], rtol=1e-4)
        np.testing.assert_allclose(high, samples["high"], rtol=1e-4)


def test_a_study_without_ensemble_is_refused(tmp_path, capsys):
    assert main(["bundle", str(tmp_path), str(tmp_path / "out")]) == 2
    assert "has no finished ensemble" in capsys.readouterr().err


def test_a_folder_that_is_no_bundle_is_refused(tmp_path):
    with pytest.raises(ValueError, match="cannot be read as a trained ensemble"):
        read_bundle(tmp_path)
    (tmp_path / "bundle.json").write_text(json.dumps({"members": []}), encoding="utf-8")
    with pytest.raises(ValueError, match="cannot be read as a trained ensemble: 'reference'"):
        read_bundle(tmp_path)


def test_a_bundle_of_sections_from_before_is_to_be_collected_again(tmp_path):
    (tmp_path / "bundle.json").write_text('{"calibrations": {}}', encoding="utf-8")
    with pytest.raises(ValueError, match=r"before version 1\.0: collect it again"):
        read_bundle(tmp_path)


def test_reference_is_of_training_and_validation_images(finished_study, tmp_path):
    assert main(["bundle", str(finished_study), str(tmp_path / "bundle")]) == 0
    reference = read_bundle(tmp_path / "bundle").reference
    dataset = read_dataset(finished_study / "dataset.nc")
    known = dataset["split"].values != "test"
    assert reference.distances.size == (dataset["split"].values == "validation").sum()
    fractions = [quantities(image, 0.125)["am_fraction"] for image in dataset["image"].values[known]]
    assert reference.ranges["am_fraction"] == pytest.approx(np.quantile(fractions, [0.01, 0.99]))


@pytest.mark.parametrize(
    ("model", "least"),
    # Two in three samples of the second are degraded.
    [("paper", [0.9, 0.7, 0.95, 0.9, 0.95]), ("robust", [0.9, 0.7, 0.9, 0.9, 0.9])],
)
def test_shipped_ensembles_reproduce_their_predictions(root, model, least):
    """On test structures that they never saw, in the repository beside them."""
    bundle = read_bundle(root / "models" / model)
    with xr.open_dataset(root / "models" / model / "samples.nc") as samples:
        image = samples["image"].values
        passes = run_bundle(bundle, image, find_tables(image, bundle.um_per_pixel))
        mean, spread = mean_and_spread(passes.target)
        truth, shipped = samples["truth"].values, samples["prediction"].values
    scale = truth.std(axis=0)
    np.testing.assert_allclose(mean / scale, shipped / scale, atol=1e-3)
    r2 = 1 - np.sum((truth - mean) ** 2, axis=0) / np.sum((truth - truth.mean(axis=0)) ** 2, axis=0)
    assert (r2 > least).all(), r2
    low, high = interval(mean, spread, bundle.calibration)
    assert ((low <= truth) & (truth <= high)).mean() > 0.75
