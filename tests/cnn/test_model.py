import keras
import numpy as np
import pytest

from cnn.model import build_network, in_si_units


@pytest.fixture
def network():
    keras.utils.set_random_seed(1)
    return build_network((16, 16), 2, [4, 8], 0.0)


@pytest.fixture
def images():
    return np.random.default_rng(1).integers(0, 3, (4, 16, 16), dtype=np.uint8)


def test_network_overfits_four_images(network, images):
    labels = np.array([[0, 1], [1, 0], [-1, 2], [2, -1]], float)
    network.compile(optimizer=keras.optimizers.Adam(0.02), loss="mse")
    # Without flips, which would make more than four images of them.
    trainable = keras.Sequential([keras.Input((16, 16), dtype="uint8"), network])
    trainable.compile(optimizer=keras.optimizers.Adam(0.02), loss="mse")
    losses = trainable.fit(images, labels, epochs=150, batch_size=4, verbose=0).history["loss"]
    assert losses[-1] < 0.05 * losses[0]


def test_units_come_back(network, images):
    mean, sd = np.array([1e9, 5e-11]), np.array([1e8, 2e-11])
    model = in_si_units(network, mean, sd)
    standard = network.predict(images, verbose=0)
    np.testing.assert_allclose(model.predict(images, verbose=0), mean + sd * standard, rtol=1e-5)


def test_saved_model_predicts_the_same(network, images, tmp_path):
    model = in_si_units(network, np.array([1e9, 5e-11]), np.array([1e8, 2e-11]))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_array_equal(loaded.predict(images, verbose=0), model.predict(images, verbose=0))


def test_classes_are_not_an_order(network, images):
    """Phases enter as channels: swapping two of them is not a scaling of one input."""
    swapped = np.array([0, 2, 1], np.uint8)[images]
    assert not np.allclose(network.predict(images, verbose=0), network.predict(swapped, verbose=0))


def test_flips_happen_in_training_only(network, images):
    first = network(images, training=False)
    np.testing.assert_array_equal(first, network(images, training=False))
    flip = next(layer for layer in network.layers if isinstance(layer, keras.layers.RandomFlip))
    channels = keras.ops.one_hot(images, 3)
    outputs = {keras.ops.convert_to_numpy(flip(channels, training=True)).tobytes() for _ in range(20)}
    assert len(outputs) > 1
    np.testing.assert_array_equal(flip(channels, training=False), channels)


def test_image_too_small_for_the_blocks_is_refused():
    with pytest.raises(ValueError, match=r"3 blocks, which need images of at least 4 pixels a side.* 3 x 16"):
        build_network((3, 16), 5, [4, 4, 4], 0.1)
