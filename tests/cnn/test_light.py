"""The network in NumPy against the one in Keras."""

import io
import zipfile

import h5py
import keras
import numpy as np
import pytest

from cnn.ensemble import load_model, predict
from cnn.gradcam import feature_map
from cnn.layout import FEATURES, NETWORK, PARTICLE_STRESS, SHARES
from cnn.light import cell_shares, run_ensemble
from cnn.model import build_network, in_si_units
from cnn.particles import find_tables
from cnn.weights import read_network
from electrode.species import AM


@pytest.fixture(scope="module", params=[(4, 6, 8, 10), (4, 5, 6, 7, 8, 9)], ids=["four blocks", "six blocks"])
def both(request, tmp_path_factory):
    """Path of a model with random weights, normalisation included, and images that it takes."""
    keras.utils.set_random_seed(3)
    network = build_network((64, 96), 8, 3, request.param, 8, 0.1)
    generator = np.random.default_rng(4)
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([generator.uniform(0.5, 1.5, values.shape) for values in layer.get_weights()])
    path = tmp_path_factory.mktemp("light") / "model.keras"
    units = np.array([1.0, -2.0, 3.0]), np.array([10.0, 20.0, 30.0]), 50.0
    in_si_units(network, *units).save(path)
    # Patches of one phase and of noise: without whole patches no place has a single phase.
    image = generator.integers(0, 2, (3, 8, 12), dtype=np.uint8).repeat(8, axis=1).repeat(8, axis=2)
    image[:, ::3] = generator.integers(0, 2, image[:, ::3].shape)
    # Discs of AM: two that touch, one that the border cuts; in the last image a single one.
    rows, columns = np.mgrid[:64, :96] + 0.5
    for x, y, radius, images in ((20, 30, 9, 3), (39, 30, 10, 2), (90, 60, 12, 2)):
        image[:images, np.hypot(rows - y, columns - x) <= radius] = AM
    particles = find_tables(image, 0.1)
    assert (particles[..., 2] > 0).sum(axis=1).tolist() == [3, 3, 1]
    return path, image, particles


def test_targets_are_those_of_keras(both):
    path, image, particles = both
    passes = run_ensemble([read_network(path)], image, particles)
    target, stress = predict(load_model(path), image, particles)
    np.testing.assert_allclose(passes.target[0], target, rtol=1e-4)
    np.testing.assert_allclose(passes.particle_stress[0], stress, rtol=1e-4, atol=1e-3)
    assert passes.heat is None


def test_maps_are_those_of_keras(both):
    path, image, particles = both
    heat = run_ensemble([read_network(path)] * 2, image, particles, heat=True).heat
    network = load_model(path).get_layer(NETWORK)
    for target in range(3):
        expected = feature_map(network, image, target)
        np.testing.assert_allclose(heat[:, target], expected, atol=1e-4 * heat.max())
    assert (heat.max(axis=(0, 2, 3)) > 0).any() and (heat == 0).any()


def test_features_and_shares_are_those_of_keras(both):
    path, image, particles = both
    model, network = load_model(path).get_layer(NETWORK), read_network(path)
    expected = keras.Model(model.input, [model.get_layer(name).output for name in (FEATURES, SHARES)])(
        [image[:1], particles[:1]]
    )
    shares = cell_shares(np.eye(3, dtype=np.float32)[image[0]], network.cell)
    np.testing.assert_allclose(shares, np.asarray(expected[1])[0, ..., 1:], atol=1e-6)
    assert shares.shape[:2] == np.asarray(expected[0]).shape[1:3]


def test_images_of_another_size_are_refused(both):
    path, image, particles = both
    with pytest.raises(ValueError, match="must have 64 x 96 pixels, as the network learnt, got 32 x 96"):
        run_ensemble([read_network(path)], image[:, :32], particles)


def test_a_file_that_is_no_model_is_refused(tmp_path):
    path = tmp_path / "other.keras"
    path.write_bytes(b"no archive")
    with pytest.raises(ValueError, match=r"other\.keras cannot be read as a trained network"):
        read_network(path)


def test_a_network_without_a_head_for_particles_is_refused(both, tmp_path):
    """As those are that were trained before there was one."""
    path, older = both[0], tmp_path / "older.keras"
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(older, "w") as written:
        weights = io.BytesIO(archive.read("model.weights.h5"))
        with h5py.File(weights, "r+") as file:
            of_head = []
            file.visititems(lambda at, item: of_head.append(at) if _name(item) == PARTICLE_STRESS else None)
            del file[of_head[0]]
        written.writestr("config.json", archive.read("config.json"))
        written.writestr("model.weights.h5", weights.getvalue())
    with pytest.raises(ValueError, match="does not read the stress on AM particles; train it anew"):
        read_network(older)


def _name(item):
    """Of the layer whose weights are there."""
    return item.attrs.get("name") if len(item) else None
