import keras
import numpy as np
import pytest
import xarray as xr

from cnn.gradcam import (
    _correlation,
    contact_zone,
    feature_map,
    gradcam,
    output_gradient,
    randomised,
    share_in_zones,
)
from cnn.layout import FEATURES, SHARES, TARGETS
from cnn.model import build_network


@pytest.fixture
def network():
    keras.utils.set_random_seed(3)
    return build_network((16, 16), 8, 3, [4, 4, 8, 8], 8, 0.0)


@pytest.fixture
def images():
    return np.random.default_rng(1).integers(0, 3, (2, 16, 16), dtype=np.uint8)


@pytest.fixture
def pooled():
    """Convolution, global pooling, dense: the network of the closed form."""
    keras.utils.set_random_seed(3)
    image = keras.Input((16, 16), dtype="uint8")
    phases = keras.ops.one_hot(image, 3)
    shares = keras.layers.AveragePooling2D(8, name=SHARES)(phases)
    maps = keras.layers.Conv2D(5, 3, strides=8, padding="same", activation="relu", name=FEATURES)(phases)
    dense = keras.layers.Dense(3)(keras.layers.GlobalAveragePooling2D()(maps))
    # The shares must be connected, as they are in the real network.
    return keras.Model([image, keras.Input((None, 3))], {TARGETS: dense + 0.0 * keras.ops.sum(shares)}), dense


@pytest.mark.parametrize("target", range(3))
def test_global_pooling_and_dense_give_the_closed_form(pooled, images, target):
    """Pooling averages and the dense layer weighs: the weight of a map is that of the dense layer."""
    network, _ = pooled
    features = np.asarray(keras.Model(network.input[0], network.get_layer(FEATURES).output)(images))
    dense = next(layer for layer in network.layers if isinstance(layer, keras.layers.Dense))
    expected = np.maximum(features @ np.asarray(dense.kernel)[:, target], 0)
    np.testing.assert_allclose(feature_map(network, images, target), expected, atol=1e-6)


def test_maps_are_interpolated_to_the_image(network, images):
    fine, coarse = gradcam(network, images, 1), feature_map(network, images, 1)
    assert fine.shape == (2, 16, 16) and coarse.shape == (2, 2, 2)
    assert coarse.min() <= fine.min() and fine.max() <= coarse.max()
    assert fine.mean() == pytest.approx(coarse.mean(), rel=1e-5), "bilinear, each pixel once"


def test_gradient_is_that_of_finite_differences():
    keras.utils.set_random_seed(5)
    features, shares = keras.Input((3, 3, 2)), keras.Input((3, 3, 1))
    both = keras.layers.Concatenate()([features, shares])
    hidden = keras.layers.Dense(4, activation="tanh")(keras.layers.Flatten()(both))
    head = keras.Model([features, shares], keras.layers.Dense(2)(hidden))
    point = np.random.default_rng(1).normal(size=(1, 3, 3, 2)).astype("float32")
    other = np.ones((1, 3, 3, 1), "float32")
    gradient = output_gradient(head, point, other, 1)
    for place in [(0, 0, 0, 0), (0, 1, 2, 1)]:
        step = np.zeros_like(point)
        step[place] = 1e-2
        up, down = (float(head([point + sign * step, other])[0, 1]) for sign in (1, -1))
        assert gradient[place] == pytest.approx((up - down) / 2e-2, rel=1e-2, abs=1e-4)


def test_unknown_backend_is_refused(network, monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "numpy")
    with pytest.raises(ValueError, match="KERAS_BACKEND must be tensorflow, jax or torch, got 'numpy'"):
        output_gradient(network, np.zeros((1, 2, 2, 8)), np.zeros((1, 2, 2, 3)), 0)


def test_contact_zone_is_where_both_phases_are_near():
    image = np.zeros((9, 20), np.uint8)
    image[:, :5], image[:, 5:10], image[:, 15:] = 2, 1, 2
    zone = contact_zone(image, 0.25)  # 0.5 um are two pixels
    assert zone[:, 3:7].all() and not zone[:, :3].any() and not zone[:, 7:].any()


def test_share_of_heat_in_zones():
    maps = np.array([np.ones((4, 4)), np.zeros((4, 4))])
    zones = np.zeros((2, 4, 4), bool)
    zones[:, :1] = True
    np.testing.assert_allclose(share_in_zones(maps, zones), [0.25, 0])
    maps[0, 0] = 4
    assert share_in_zones(maps, zones)[0] == pytest.approx(16 / 28)


def test_random_weights_change_the_maps(network, images):
    maps = [gradcam(of, images, 0) for of in (network, *(randomised(network, seed) for seed in (1, 1, 2)))]
    np.testing.assert_array_equal(maps[1], maps[2])
    assert not np.allclose(maps[0], maps[1]) and not np.allclose(maps[1], maps[3])


def test_correlation_is_that_of_numpy():
    first, second = np.random.default_rng(1).normal(size=(2, 5, 5))
    assert _correlation(first, second) == pytest.approx(np.corrcoef(first.ravel(), second.ravel())[0, 1])
    assert _correlation(first, np.ones((5, 5))) == 0


def test_file_holds_test_structures_from_small_to_large_area(study):
    with xr.open_dataset(study.gradcam) as maps:
        assert maps["heatmap"].dims == ("sample", "target", "y", "x")
        assert set(maps["split"].values) == {"test"} and maps.sizes["sample"] == 2
        assert (np.diff(maps["label"].sel(target="reaction_area")) > 0).all()
        assert (maps["heatmap"] >= 0).all() and maps["heatmap"].max() > 0
        assert maps.sizes["test_sample"] == 2
        for name in ("zone_heat", "zone_heat_random", "zone_area"):
            assert ((maps[name] >= 0) & (maps[name] <= 1)).all()
