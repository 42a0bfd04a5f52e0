"""Predictions for any image, by the ensemble in the repository."""

import subprocess
import sys

import numpy as np
import pytest
import xarray as xr
from scipy.ndimage import binary_dilation

from cnn import predict
from cnn.bundle import read_bundle
from cnn.composite import EDGE, LIKE, UNLIKE
from cnn.image import MODELS, SHIPPED
from cnn.reference import Reference, distance, make_reference, quantities, reasons, rim_share
from cnn.result import NUMBERS
from cnn.scale import check_size, rescale
from electrode.targets import TARGETS


@pytest.fixture(scope="module")
def samples(root):
    with xr.open_dataset(root / "models/paper/samples.nc") as opened:
        return opened.load()


def test_class_image_gives_what_the_study_predicted(samples):
    result = predict(samples["image"].values[3], 0.1, model=MODELS / "paper")
    known = samples.isel(sample=3)
    np.testing.assert_allclose(result["prediction"], known["prediction"], rtol=1e-4)
    np.testing.assert_allclose(result["high"], known["high"], rtol=1e-3)
    np.testing.assert_allclose(result["low"], np.maximum(known["low"], 0), rtol=1e-3, atol=1e3)
    assert result.attrs["verdict"] == LIKE and result.attrs["reasons"] == ""
    assert result["between_windows"].isnull().all() and result.sizes["window"] == 1
    assert float(result["phase_fraction"].sum()) == pytest.approx(1)
    assert result["heatmap"].shape == (5, 18, 18) and float(result["heatmap"].max()) > 0


@pytest.mark.parametrize("um_per_pixel, factor", [(0.05, 2), (0.025, 4)])
def test_finer_pixels_of_the_same_electrode_change_nothing(samples, um_per_pixel, factor):
    image = samples["image"].values[3]
    fine = image.repeat(factor, axis=0).repeat(factor, axis=1)
    result = predict(fine, um_per_pixel, heat=False)
    np.testing.assert_array_equal(result["class_image"], image)


def test_coarser_pixels_take_the_class_that_covers_most():
    image = np.zeros((4, 6), np.uint8)
    image[:, 3:], image[0, 0] = 2, 1
    np.testing.assert_array_equal(rescale(image, 0.5), [[0, 0, 2], [0, 0, 2]])
    assert rescale(image, 1.0) is image
    assert (rescale(np.full((10, 10), 2, np.uint8), 1.7) == 2).all()


def test_a_large_image_is_the_mean_of_its_windows(samples):
    four = samples["image"].values[3:7]
    image = np.block([[four[0], four[1]], [four[2], four[3]]])
    told = []
    result = predict(image, 0.1, model=MODELS / "paper", done=lambda window, of: told.append((window, of)))
    assert result.sizes["window"] == 9 and sorted(told) == [(k, 9) for k in range(1, 10)]
    alone = {
        (w["window_x"].item(), w["window_y"].item()): w for _, w in result.groupby("window", squeeze=False)
    }
    for corner, sample in zip(((0, 0), (36e-6, 0), (0, 36e-6), (36e-6, 36e-6)), range(3, 7), strict=True):
        (key,) = [place for place in alone if np.allclose(place, corner, atol=1e-9)]
        # Not the stress on AM: where unrelated images meet, their particles do not go on as they were.
        np.testing.assert_allclose(
            alone[key]["window_prediction"].values.ravel()[2:],
            samples["prediction"].values[sample, 2:],
            rtol=1e-4,
        )
    np.testing.assert_allclose(result["prediction"], result["window_prediction"].mean("window"))
    np.testing.assert_allclose(result["between_windows"], result["window_prediction"].std("window", ddof=1))
    assert result["heatmap"].shape == (5, 36, 36) and bool(np.isfinite(result["heatmap"]).all())


def test_gray_values_are_parted_first(samples):
    image = samples["image"].values[3]
    gray = np.array([30, 200, 110])[image] + np.random.default_rng(1).normal(0, 4, image.shape)
    result = predict(gray, 0.1, model=MODELS / "paper")
    assert (result["class_image"].values == image).mean() > 0.998
    np.testing.assert_allclose(result["prediction"], samples["prediction"].values[3], rtol=0.05)


def test_interval_ends_are_cut_to_the_bounds_of_targets_that_the_table_knows(samples, monkeypatch, root):
    image = np.random.default_rng(1).integers(0, 3, samples["image"].shape[1:], dtype=np.uint8)
    bundle = read_bundle(root / "models/paper")
    known = predict(image, 0.1, model=bundle, heat=False, anyway=True)
    assert known["low"].values[0] == 0
    monkeypatch.setitem(
        TARGETS, "am_stress_mean", TARGETS["am_stress_mean"]._replace(lowest=1e6, highest=2e6)
    )
    bounded = predict(image, 0.1, model=bundle, heat=False, anyway=True)
    assert bounded["low"].values[0] == 1e6 and bounded["high"].values[0] == 2e6
    others = [f"other_{name}" for name in bundle.targets]
    free = predict(image, 0.1, model=bundle._replace(targets=others), heat=False, anyway=True)
    assert free["low"].values[0] < 0
    # Targets of other names are not read off particles.
    np.testing.assert_array_equal(free["prediction"][2:], known["prediction"][2:])


def test_verdict_tells_what_the_ensemble_does_not_know(samples):
    image = samples["image"].values[10]
    generator = np.random.default_rng(1)
    swapped = predict(np.array([0, 2, 1], np.uint8)[image], 0.1, anyway=True)
    assert swapped.attrs["verdict"] == UNLIKE and "do not rely" in swapped.attrs["advice"]
    assert "the mean chord of SE is" in swapped.attrs["reasons"]
    assert "unlike those of the training images: " in swapped.attrs["reasons"]
    confetti = predict(generator.integers(0, 3, image.shape, dtype=np.uint8), 0.1)
    assert confetti.attrs["verdict"] == UNLIKE
    assert {predict(image, 0.1, heat=False).attrs["verdict"] for image in samples["image"].values[5:]} <= {
        LIKE,
        EDGE,
    }


def test_numbers_of_what_is_unlike_are_withheld_unless_asked_for(samples):
    image = np.array([0, 2, 1], np.uint8)[np.tile(samples["image"].values[10], (1, 2))]
    withheld, given = (predict(image, 0.1, anyway=anyway) for anyway in (False, True))
    assert withheld.attrs["verdict"] == given.attrs["verdict"] == UNLIKE
    assert (withheld.attrs["withheld"], given.attrs["withheld"]) == (1, 0)
    assert "withheld" in withheld.attrs["advice"] and "withheld" not in given.attrs["advice"]
    for name, variable in given.data_vars.items():
        if name in NUMBERS:
            assert withheld[name].isnull().all() and variable.notnull().all()
        else:
            xr.testing.assert_identical(withheld[name], variable)
    known = predict(samples["image"].values[10], 0.1)
    assert known.attrs["withheld"] == 0 and known["prediction"].notnull().all()


def test_the_ensemble_for_images_that_are_not_sharp_is_the_default(samples):
    assert SHIPPED == MODELS / "robust"
    image = samples["image"].values[3]
    unnamed, robust, paper = (
        predict(image, 0.1, heat=False, **named)
        for named in ({}, {"model": MODELS / "robust"}, {"model": MODELS / "paper"})
    )
    xr.testing.assert_identical(unnamed, robust)
    assert (unnamed["prediction"] != paper["prediction"]).any()


def test_what_was_corrected_in_an_image_is_among_the_reasons(samples):
    image = samples["image"].values[3]
    gray = np.array([60, 190, 125.0])[image] + np.random.default_rng(1).normal(0, 2, image.shape)
    ramp = np.linspace(0, 50, image.shape[1])
    even, uneven = (predict(values, 0.1, heat=False) for values in (gray, gray + ramp))
    assert "was levelled" in uneven.attrs["reasons"] and "levelled" not in even.attrs["reasons"]
    assert np.mean(even["class_image"] != uneven["class_image"]) < 1e-3
    np.testing.assert_allclose(even["prediction"], uneven["prediction"], rtol=0.02)


def test_distance_is_mahalanobis():
    generator = np.random.default_rng(1)
    features = generator.normal(size=(2, 4100, 3)) * [1, 2, 5] + [0, 1, 2]
    training = np.arange(4100) < 4000
    images = generator.integers(0, 3, (4100, 8, 8), dtype=np.uint8)
    reference = make_reference(features, images, training, 0.1)
    assert reference.distances.size == 100 and (np.diff(reference.distances) >= 0).all()
    at = distance(reference, np.array([[[0, 1, 2.0], [0, 1, 17.0]]] * 2))
    assert at[0] == pytest.approx(0, abs=0.1) and at[1] == pytest.approx(3 / np.sqrt(3), rel=0.05)


def test_quantities_are_those_of_stripes():
    """Vertical stripes of AM (3 pixels), SE (2), void (1) in 12 columns of 0.1 um."""
    image = np.tile(np.array([2, 2, 2, 1, 1, 0] * 2, np.uint8), (12, 1))
    measured = quantities(image, 0.1)
    assert measured["am_fraction"] == pytest.approx(1 / 2) and measured["void_fraction"] == pytest.approx(
        1 / 6
    )
    # AM: 72 pixels, 24 runs along rows, 6 along columns; chords are their mean.
    assert measured["am_chord"] == pytest.approx(0.1e-6 * 72 / ((24 + 6) / 2))
    assert measured["interface"] == pytest.approx(np.pi / 4 * 24 * 0.1e-6 / (144 * 0.01e-12))
    ranges = {name: (value, value) for name, value in measured.items()} | {"se_fraction": (0.4, 0.5)}
    (sentence,) = reasons(Reference(np.empty(0), np.empty(0), np.empty(0), ranges), measured)
    assert sentence == "SE covers 33.3 % (training images: 40 to 50 %)"


def test_ranges_hold_nearly_all_images_and_not_a_single_strange_one():
    images = np.random.default_rng(1).integers(0, 3, (201, 20, 20), dtype=np.uint8)
    images[200] = 0
    features = np.random.default_rng(1).normal(size=(1, 201, 3))
    ranges = make_reference(features, images, np.arange(201) < 150, 0.1).ranges
    assert 0.3 < ranges["void_fraction"][1] < 0.5


def test_a_rim_is_a_thin_run_between_the_two_other_phases():
    """AM 3, SE 1, void 2, SE 2, AM 2, void 2: AM and void meet once, SE parts them twice."""
    row = np.array([2, 2, 2, 1, 0, 0, 1, 1, 2, 2, 0, 0], np.uint8)
    image = np.tile(row, (2, 1))
    assert rim_share(image, 1, 1) == pytest.approx(1 / 2), "of one pixel"
    assert rim_share(image, 1, 2) == pytest.approx(2 / 3)
    assert rim_share(image.T.copy(), 1, 2) == pytest.approx(2 / 3)
    assert rim_share(image, 2, 3) == pytest.approx(1 / 3), "of AM between SE and void"
    assert rim_share(np.ones((4, 4), np.uint8), 1, 2) == 0


def test_rims_of_a_third_phase_are_named(samples):
    """A film of SE around AM against void, as bright edges leave it."""
    image = samples["image"].values[8].copy()
    film = binary_dilation(image == 2, iterations=2) & (image == 0)
    image[film] = 1
    assert "a rim of SE parts AM and void along" in predict(image, 0.1, heat=False).attrs["reasons"]


@pytest.mark.parametrize(
    "image, um_per_pixel, message",
    [
        (np.eye(400), 0.0, r"um_per_pixel must be in \[0.001, 0.5\] um, .* got 0 um"),
        (np.eye(400), 3.0, "got 3 um"),
        (np.eye(400), float("nan"), "got nan um"),
        (np.zeros((400, 400, 3)), 0.1, r"must be an array \[rows, columns\], got shape \(400, 400, 3\)"),
        (np.zeros((0, 400)), 0.1, r"got shape \(0, 400\)"),
        (np.eye(300), 0.1, "its field of view is 30 x 30 um, at least 36 x 36 um are needed"),
        (np.zeros((5000, 5000), np.uint8), 0.5, "at the network's 0.1 um per pixel, has 625,000,000 pixels"),
        (np.full((400, 400), 2, np.uint8), 0.1, "it shows a single gray level"),
        (2 * np.eye(400, dtype=np.uint8), 0.1, "it shows no SE"),
    ],
)
def test_bad_images_are_refused(image, um_per_pixel, message):
    with pytest.raises(ValueError, match=message):
        predict(image, um_per_pixel)


def test_too_many_pixels_are_refused():
    with pytest.raises(ValueError, match="it has 2,500,000,000 pixels, at most 36,000,000 are read"):
        check_size(50_000**2, "it")


def test_bundle_may_be_read_before(root, samples):
    image, bundle = samples["image"].values[3], read_bundle(SHIPPED)
    xr.testing.assert_identical(predict(image, 0.1, model=bundle), predict(image, 0.1))
    with pytest.raises(ValueError, match="cannot be read as a trained ensemble"):
        predict(image, 0.1, model=root / "models")


def test_predictions_load_no_keras():
    code = "import sys; from cnn import predict; print({'keras', 'tensorflow', 'sklearn'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, encoding="utf-8"
    )
    assert done.stdout.strip() == "set()"


def test_arrays_of_classes_are_gray_values_if_they_are_said_to_be(samples):
    classes = samples["image"].values[3]
    plain = predict(classes, 0.1, brightness=("void", "SE", "AM"), thresholds=(0.5, 0.9), heat=False)
    np.testing.assert_array_equal(plain["class_image"], classes)
    swapped = predict(classes, 0.1, gray=True, heat=False)["class_image"]
    np.testing.assert_array_equal(swapped, np.array([0, 2, 1])[classes])
    told = predict(classes, 0.1, gray=True, brightness=("void", "SE", "AM"), heat=False)["class_image"]
    np.testing.assert_array_equal(told, classes)
