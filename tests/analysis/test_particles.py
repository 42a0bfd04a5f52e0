"""The stress on single particles: what is known of it, and how predictors of it are judged."""

import csv

import numpy as np
import pytest
import xarray as xr

from analysis.baselines import Structures, predict_particles
from analysis.dataset import open_dataset
from analysis.images import am_particles, image_window, particle_image
from analysis.metrics import paired_gain, r2_interval, r2_score
from analysis.particles import COLUMNS, evaluate, write_particle_metrics
from electrode.species import AM


@pytest.fixture(scope="module")
def tiny(study):
    """Dataset of the tiny study, and predictions of its random split."""
    with xr.open_dataset(study.predictions["random"]) as opened:
        return open_dataset(study.dataset), opened.load()


def test_dataset_knows_the_particles_that_its_labels_are_of(study):
    dataset = open_dataset(study.dataset)
    x, y, stress = (dataset[f"particle_{name}"].values for name in ("x", "y", "stress"))
    height, width = 56 * 0.125e-6, 48 * 0.125e-6
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    mean, sd = (dataset["label"].sel(target=f"am_stress_{name}").values for name in ("mean", "sd"))
    for k, row in enumerate(inside):
        assert stress[k, row].mean() == pytest.approx(mean[k])
        assert stress[k, row].std() == pytest.approx(sd[k], abs=1e-6 * mean[k])


def test_particles_are_those_of_which_the_image_shows_a_pixel(trajectory):
    window = image_window(trajectory, 0.125, 1, 1)
    pixels = particle_image(trajectory, window)
    known = am_particles(trajectory, window, pixels)
    shown = [k for k in np.flatnonzero(trajectory.species == AM) if (pixels == k).any()]
    np.testing.assert_array_equal(known["particle_stress"], trajectory.contact_pressure[-1][shown])
    np.testing.assert_array_equal(known["particle_diameter"], 2 * trajectory.radius[shown])
    for x, y, k in zip(known["particle_x"], known["particle_y"], shown, strict=True):
        row, column = int(y / window.pixel), int(x / window.pixel)
        if 0 <= row < window.rows and 0 <= column < window.columns:
            assert pixels[row, column] == k


def test_table_is_of_the_test_part_and_gains_are_paired(tiny, study):
    dataset, predictions = tiny
    train, test = (predictions["split"].values == part for part in ("train", "test"))
    learnt, asked = Structures(dataset, predictions, train), Structures(dataset, predictions, test)
    rows = {row["predictor"]: row for row in evaluate(learnt, asked, 200, 1)}
    names = ["cnn", "cnn_single", "particle_boosting", "particle_boosting_told"]
    assert list(rows) == names and all(tuple(row) == COLUMNS for row in rows.values())
    truth = predictions["particle_truth"].values[test]
    known = np.isfinite(truth)
    own = predictions["particle_prediction"].values[test]
    assert rows["cnn"]["r2"] == pytest.approx(r2_score(truth[known], own[known]))
    assert rows["cnn"]["particles"] == known.sum() and rows["cnn"]["structures"] == 2
    assert 0.5 < rows["cnn"]["matched"] <= 1 and 0 <= rows["cnn"]["coverage"] <= 1
    trees = predict_particles(learnt, asked)["particle_boosting_told"]
    assert np.array_equal(np.isfinite(trees), known)
    structure = np.broadcast_to(np.arange(2)[:, None], truth.shape)[known]
    columns = truth[known], own[known], trees[known]
    gain = paired_gain(*columns, 200, np.random.default_rng(1), structure)
    told = rows["particle_boosting_told"]
    assert (told["gain_low"], told["gain_high"]) == pytest.approx(gain)
    with open(study.particles, encoding="utf-8", newline="") as file:
        written = list(csv.DictReader(file))
    assert tuple(written[0]) == COLUMNS and {row["split"] for row in written} == {"random", "width-10"}


def test_trees_told_the_true_mean_learn_it():
    """Stress that is the mean of the image and nothing else: told it, trees find it out."""
    generator = np.random.default_rng(1)
    level = generator.uniform(1e7, 9e7, 60)
    image = np.zeros((60, 40, 40), np.uint8)
    image[:, 10:31, 10:31] = 2
    samples = {"sample": np.arange(60)}
    dataset = xr.Dataset(
        {
            "image": (("sample", "y", "x"), image),
            "label": (("sample", "target"), level[:, None]),
        },
        {"target": ["am_stress_mean"], **samples},
        {"um_per_pixel": 0.1},
    )
    where = {"x": 2.05e-6, "y": 2.05e-6, "diameter": 2.1e-6}
    columns = {name: np.full((60, 1), value) for name, value in where.items()} | {"truth": level[:, None]}
    predictions = xr.Dataset(
        {f"particle_{name}": (("sample", "particle"), values) for name, values in columns.items()}, samples
    )
    train = np.arange(60) < 45
    predicted = predict_particles(
        Structures(dataset, predictions, train), Structures(dataset, predictions, ~train)
    )
    truth = level[~train]
    assert r2_score(truth, predicted["particle_boosting_told"][:, 0]) > 0.95
    assert r2_score(truth, predicted["particle_boosting"][:, 0]) < 0.2, "the images are all the same"


def test_gain_of_the_better_predictor_is_above_nothing():
    generator = np.random.default_rng(3)
    truth = generator.normal(size=200)
    good, bad = (truth + generator.normal(0, spread, 200) for spread in (0.3, 0.6))
    low, high = paired_gain(truth, good, bad, 500, np.random.default_rng(1))
    expected = r2_score(truth, good) - r2_score(truth, bad)
    assert 0 < low < expected < high
    assert paired_gain(truth, good, good, 100, np.random.default_rng(1)) == (0, 0)
    back = paired_gain(truth, bad, good, 500, np.random.default_rng(1))
    assert back == pytest.approx((-high, -low))
    # Pairs share what the truth makes vary: their interval is narrower than that of unpaired scores.
    of_good, of_bad = (r2_interval(truth, p, 500, np.random.default_rng(1)) for p in (good, bad))
    assert high - low < (of_good[1] - of_bad[0]) - (of_good[0] - of_bad[1])


def test_predictions_of_another_dataset_are_refused(tiny, study, tmp_path):
    tiny[1].isel(sample=slice(None, None, -1)).to_netcdf(tmp_path / "other.nc", engine="h5netcdf")
    with pytest.raises(ValueError, match="predictions of the split random are of another dataset"):
        write_particle_metrics(study.dataset, [tmp_path / "other.nc"], tmp_path / "out.csv", 10, 1)
