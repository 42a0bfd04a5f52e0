import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from cnn.layout import PARTICLE_STRESS, RINGS, STRESS_MAP, TARGETS
from cnn.model import (
    _mean_and_spread,
    _weights,
    build_network,
    in_si_units,
    map_loss,
    particle_loss,
)
from cnn.particles import COLUMNS

FILTERS = [4, 4, 8, 8]


@pytest.fixture
def network():
    keras.utils.set_random_seed(1)
    return build_network((16, 24), 8, 2, FILTERS, 8, 0.0)


@pytest.fixture
def images():
    """Four images, and their tables of particles: two in each, and an empty row."""
    tables = np.zeros((4, 3, len(COLUMNS)), np.float32)
    tables[:, 0, :3], tables[:, 1, :3] = (6, 5, 3), (26, 9, 4)
    return [np.random.default_rng(1).integers(0, 3, (4, 16, 24), dtype=np.uint8), tables]


def test_network_overfits_four_images(network, images):
    labels = np.array([[0, 1], [1, 0], [-1, 2], [2, -1]], float)
    on_particles = np.stack([labels, np.ones((4, 2))], axis=-1)
    on_particles = np.concatenate([on_particles, np.zeros((4, 1, 2))], axis=1)
    truth = {TARGETS: labels, STRESS_MAP: np.zeros((4, 2, 3, 4)), PARTICLE_STRESS: on_particles}
    network.compile(
        optimizer=keras.optimizers.Adam(0.02),
        loss={TARGETS: "mse", STRESS_MAP: map_loss, PARTICLE_STRESS: particle_loss},
        loss_weights={TARGETS: 1, STRESS_MAP: 0, PARTICLE_STRESS: 1},
    )
    losses = network.fit(images, truth, epochs=150, batch_size=4, verbose=0).history["loss"]
    assert losses[-1] < 0.05 * losses[0]


def test_a_place_of_the_stress_map_is_a_cell(network, images):
    assert network(images)[STRESS_MAP].shape == (4, 2, 3, 2)


def test_mean_and_spread_are_those_over_each_phase():
    stress = np.array([[[[1.0, 5.0], [3.0, 7.0]]]], "float32")
    shares = np.array([[[[0.5, 1.0], [0.5, 0.0]]]], "float32")
    mean, spread = (np.asarray(values)[0] for values in _mean_and_spread(stress, shares))
    np.testing.assert_allclose(mean, [2.0, 5.0], rtol=1e-4)
    np.testing.assert_allclose(spread, [1.0, 0.0], rtol=1e-3, atol=0.02)  # no less than the root's offset


def test_stress_map_feeds_the_targets(network, images):
    layer = network.get_layer(STRESS_MAP)
    kernel, bias = layer.get_weights()
    outputs = []
    for value in (0.0, 3.0):
        layer.set_weights([0 * kernel, np.full_like(bias, value)])
        outputs.append(np.asarray(network(images)[TARGETS]))
    assert not np.allclose(*outputs)


def test_a_particle_is_read_from_what_is_about_its_outline():
    """Weights of places: nothing far inside and far outside, most where the ring lies, sum 1."""
    table = np.zeros((1, 2, len(COLUMNS)), np.float32)
    table[0, 0, :3] = 40, 60, 20
    weights = np.asarray(_weights(table, (24, 16), 5, RINGS[0]))[0]
    rows, columns = np.mgrid[:24, :16] * 5 + 2.5
    distance = np.hypot(columns - 40, rows - 60) - 20
    assert weights.shape == (2, 24, 16) and weights[0].sum() == pytest.approx(1, abs=1e-4)
    expected = np.maximum(1 - np.abs(distance / 5 - RINGS[0].distance) / RINGS[0].width, 0)
    np.testing.assert_allclose(weights[0], expected / expected.sum(), atol=1e-5)
    assert (weights[0][np.abs(distance) > 5] == 0).all()


def test_particle_loss_is_over_those_that_are_known():
    truth = np.array([[[2.0, 1.0], [3.0, 1.0], [9.0, 0.0]], [[0.0, 0.0]] * 3], "float32")
    predicted = np.ones((2, 3, 1), "float32")
    np.testing.assert_allclose(np.asarray(particle_loss(truth, predicted)), [(1 + 4) / 2, 0.0], rtol=1e-5)


def test_map_loss_counts_each_phase_by_its_share():
    truth, predicted = np.zeros((1, 1, 2, 4), "float32"), np.zeros((1, 1, 2, 2), "float32")
    truth[0, 0, :, 2] = [0.5, 0.0]  # SE in the first cell only
    truth[0, 0, :, 3] = [0.5, 1.0]
    predicted[0, 0] = [[2.0, 0.0], [100.0, 1.0]]
    # SE: 0.5 x 4; AM: 1 x 1; divided by all shares, 2.
    assert float(map_loss(truth, predicted)[0]) == pytest.approx((0.5 * 4 + 1.0) / 2, rel=1e-5)


def test_units_come_back(network, images):
    mean, sd = np.array([1e9, 5e-11]), np.array([1e8, 2e-11])
    model = in_si_units(network, mean, sd, 2e7)
    standard, given = (each.predict(images, verbose=0) for each in (network, model))
    np.testing.assert_allclose(given[TARGETS], mean + sd * standard[TARGETS], rtol=1e-5)
    expected = 2e7 * standard[PARTICLE_STRESS]
    np.testing.assert_allclose(given[PARTICLE_STRESS], expected, rtol=1e-5)


def test_saved_model_predicts_the_same(network, images, tmp_path):
    model = in_si_units(network, np.array([1e9, 5e-11]), np.array([1e8, 2e-11]), 2e7)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    for name, values in model.predict(images, verbose=0).items():
        np.testing.assert_array_equal(loaded.predict(images, verbose=0)[name], values)


def test_classes_are_not_an_order(network, images):
    """Phases enter as channels: renamed, with their kernels swapped, they give the same."""
    convolution = next(layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D))
    first = keras.Model(network.input, convolution.output)
    before = first.predict(images, verbose=0)
    (kernel,) = convolution.get_weights()
    convolution.set_weights([kernel[:, :, [0, 2, 1]]])
    swapped = [np.array([0, 2, 1], np.uint8)[images[0]], images[1]]
    np.testing.assert_allclose(first.predict(swapped, verbose=0), before, atol=1e-6)
    assert not np.allclose(first.predict(images, verbose=0), before)


@pytest.mark.parametrize(
    ("shape", "cell", "filters", "message"),
    [
        ((16, 16), 8, [4, 4, 4], "network.filters must have at least 4 blocks, got 3"),
        ((16, 16), 6, FILTERS, "multiple of 4 pixels of image.um_per_pixel, got 6 pixels"),
        ((8, 16), 8, [*FILTERS, 8], "5 blocks, which need images of at least 16 pixels a side.* 8 x 16"),
    ],
)
def test_what_does_not_fit_is_refused(shape, cell, filters, message):
    with pytest.raises(ValueError, match=message):
        build_network(shape, cell, 5, filters, 8, 0.1)


def test_the_keras_json_of_a_user_changes_no_network(tmp_path):
    theirs = {"image_data_format": "channels_first", "floatx": "float16", "epsilon": 0.1, "backend": "none"}
    (tmp_path / "keras.json").write_text(json.dumps(theirs), encoding="utf-8")
    code = "from cnn.model import build_network, keras;"
    code += "net = build_network((16, 24), 8, 2, [4, 4, 8, 8], 8, 0.0); print(keras.backend.backend(),"
    code += "net.compute_dtype, net.output['stress_map'].shape, keras.config.epsilon())"
    environment = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**environment, "KERAS_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.stdout.strip() == "tensorflow float32 (None, 2, 3, 2) 1e-07", done.stderr
