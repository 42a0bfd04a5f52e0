"""Grad-CAM (Selvaraju et al., 2017): where in an image a prediction comes from.

For regression the scalar that is differentiated is the standardised output of one target, before its
return to SI units: a map shows what *raises* the prediction of that target. Weights are the gradients
summed over each feature map of the last convolution (Selvaraju et al. average: a constant factor); the
weighted sum is cut at zero (ReLU).
"""

from __future__ import annotations

from os import PathLike

import keras
import numpy as np

from cnn.data import read_dataset
from cnn.model import FEATURES, NETWORK
from cnn.predict import load_model
from provenance import atomic_output


def output_gradient(head: keras.Model, features: np.ndarray, target: int) -> np.ndarray:
    """Gradient of output `target` of `head` with respect to its input, on the backend in use.

    Parameters
    ----------
    head
        Maps features to outputs.
    features
        [N, rows, columns, channels].
    target
        Index of the output.

    Returns
    -------
    ndarray
        Like `features`.
    """
    inputs = keras.ops.convert_to_tensor(features)
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(inputs)
            output = tf.reduce_sum(head(inputs, training=False)[:, target])
        gradient = tape.gradient(output, inputs)
    elif backend == "jax":
        import jax

        gradient = jax.grad(lambda x: head(x, training=False)[:, target].sum())(inputs)
    elif backend == "torch":
        inputs = inputs.detach().requires_grad_()
        head(inputs, training=False)[:, target].sum().backward()
        gradient = inputs.grad
    else:
        raise ValueError(f"KERAS_BACKEND must be tensorflow, jax or torch, got {backend!r}")
    return keras.ops.convert_to_numpy(gradient)


def feature_map(network: keras.Model, image: np.ndarray, target: int) -> np.ndarray:
    """Grad-CAM maps of one target at the resolution of the last convolution.

    Parameters
    ----------
    network
        From `cnn.model.build_network`.
    image
        uint8 [N, rows, columns].
    target
        Index of the target.

    Returns
    -------
    ndarray
        [N, feature rows, feature columns], >= 0, in standard deviations of the target: how much the place
        would raise the output if all places were like it.
    """
    maps = network.get_layer(FEATURES).output
    features = keras.ops.convert_to_numpy(keras.Model(network.input, maps)(image, training=False))
    head = keras.Model(maps, network.output)
    # Sum over the places: the effect of a channel's mean, whatever the size of the map.
    weights = output_gradient(head, features, target).sum(axis=(1, 2), keepdims=True)
    return np.maximum((weights * features).sum(axis=-1), 0.0)


def gradcam(network: keras.Model, image: np.ndarray, target: int) -> np.ndarray:
    """Maps of `feature_map`, interpolated to the images [N, rows, columns]."""
    coarse = feature_map(network, image, target)[..., None]
    fine = keras.ops.image.resize(
        coarse, image.shape[1:], interpolation="bilinear", data_format="channels_last"
    )
    return keras.ops.convert_to_numpy(fine)[..., 0]


def gradcam_dataset(
    dataset: str | PathLike, model_file: str | PathLike, output: str | PathLike, structures: int
) -> None:
    """Write Grad-CAM maps of all targets for test structures spread over the range of reaction area.

    Parameters
    ----------
    dataset, model_file
        Inputs (NetCDF, Keras).
    output
        NetCDF file with ``image`` [sample, y, x] and ``heatmap`` [sample, target, y, x].
    structures
        How many; all of the test part if it has fewer.
    """
    samples = read_dataset(dataset)
    test = samples.sel(sample=samples["split"] == "test")
    order = np.argsort(test["label"].sel(target="reaction_area").values)
    chosen = np.unique(np.linspace(0, order.size - 1, min(structures, order.size)).round().astype(int))
    test = test.isel(sample=order[chosen])
    network = load_model(model_file).get_layer(NETWORK)
    maps = [gradcam(network, test["image"].values, k) for k in range(test.sizes["target"])]
    result = test.assign(heatmap=(("sample", "target", "y", "x"), np.stack(maps, axis=1)))
    result = result.drop_vars([name for name in ("pair",) if name in result.coords])
    result["heatmap"].attrs = {
        "units": "1",
        "long_name": "Grad-CAM map of the standardised output of the target, at the last convolution",
    }
    result.attrs = {"title": "Grad-CAM maps of test structures", "Conventions": "CF-1.11"}
    with atomic_output(output) as temporary:
        result.to_netcdf(temporary, engine="h5netcdf")
