"""Grad-CAM (Selvaraju et al., 2017): where in an image a prediction comes from.

For regression the scalar that is differentiated is the standardised output of one target, before its
return to SI units: a map shows what *raises* the prediction of that target. Weights are the gradients
summed over each feature map (Selvaraju et al. average: a constant factor); the weighted sum is cut at zero
(ReLU). The features are those that the stress is read from, one place per cell of the stress map.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np
from scipy.ndimage import distance_transform_edt

from cnn.backend import keras
from cnn.data import KNOWN, read_dataset
from cnn.ensemble import load_model
from cnn.layout import FEATURES, NETWORK, SHARES, TARGETS
from electrode.species import AM, SE
from electrode.targets import spread_over
from provenance import FilePath, atomic_output

log = logging.getLogger(__name__)

ZONE_UM = 0.5  # what counts as near a contact of AM and SE
BATCH = 32  # images that pass at a time


def output_gradient(head: keras.Model, features: np.ndarray, shares: np.ndarray, target: int) -> np.ndarray:
    """Gradient of output `target` of `head` with respect to features, on the backend in use.

    Parameters
    ----------
    head
        Maps features and shares to outputs.
    features
        [N, rows, columns, channels].
    shares
        Of the phases in the cells [N, rows, columns, 2], the other input of the head.
    target
        Index of the output.

    Returns
    -------
    ndarray
        Like `features`.
    """
    inputs, shares = keras.ops.convert_to_tensor(features), keras.ops.convert_to_tensor(shares)
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(inputs)
            output = tf.reduce_sum(head([inputs, shares], training=False)[:, target])
        gradient = tape.gradient(output, inputs)
    elif backend == "jax":
        import jax

        gradient = jax.grad(lambda x: head([x, shares], training=False)[:, target].sum())(inputs)
    elif backend == "torch":
        inputs = inputs.detach().requires_grad_()
        head([inputs, shares], training=False)[:, target].sum().backward()
        gradient = inputs.grad
    else:
        raise ValueError(f"KERAS_BACKEND must be tensorflow, jax or torch, got {backend!r}")
    return keras.ops.convert_to_numpy(gradient)


def feature_map(network: keras.Model, image: np.ndarray, target: int) -> np.ndarray:
    """Grad-CAM maps of one target at the resolution of the features.

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
    maps = [network.get_layer(name).output for name in (FEATURES, SHARES)]
    features, shares = (
        keras.ops.convert_to_numpy(values)
        for values in keras.Model(network.input[0], maps)(image, training=False)
    )
    head = keras.Model(maps, network.output[TARGETS])
    # Sum over the places: the effect of a channel's mean, whatever the size of the map.
    weights = output_gradient(head, features, shares, target).sum(axis=(1, 2), keepdims=True)
    return np.maximum((weights * features).sum(axis=-1), 0.0)


def gradcam(network: keras.Model, image: np.ndarray, target: int) -> np.ndarray:
    """Maps of `feature_map`, interpolated to the images [N, rows, columns]."""
    coarse = feature_map(network, image, target)[..., None]
    fine = keras.ops.image.resize(
        coarse, image.shape[1:], interpolation="bilinear", data_format="channels_last"
    )
    return keras.ops.convert_to_numpy(fine)[..., 0]


def contact_zone(image: np.ndarray, um_per_pixel: float) -> np.ndarray:
    """Pixels within `ZONE_UM` of both AM and SE, that is about their interfaces [rows, columns]."""
    reach = ZONE_UM / um_per_pixel
    return (distance_transform_edt(image != AM) <= reach) & (distance_transform_edt(image != SE) <= reach)


def share_in_zones(maps: np.ndarray, zones: np.ndarray) -> np.ndarray:
    """Share of the heat of maps [N, rows, columns] that lies in the zones of their images [N]."""
    total = maps.sum(axis=(1, 2))
    return np.divide((maps * zones).sum(axis=(1, 2)), total, out=np.zeros_like(total), where=total > 0)


def randomised(network: keras.Model, seed: int) -> keras.Model:
    """The same network with fresh random weights, which knows nothing (Adebayo et al., 2018)."""
    keras.utils.set_random_seed(seed)
    return keras.models.clone_model(network)


def ensemble_maps(networks: Sequence[keras.Model], image: np.ndarray, target: int) -> np.ndarray:
    """Mean over the members of their Grad-CAM maps [N, rows, columns]."""
    chunks = np.array_split(image, -(-len(image) // BATCH))
    return np.concatenate(
        [np.mean([gradcam(network, chunk, target) for network in networks], axis=0) for chunk in chunks]
    )


def gradcam_dataset(dataset: FilePath, models: Sequence[FilePath], output: FilePath, structures: int) -> None:
    """Write Grad-CAM maps of the test part, and how much they keep to contacts of AM and SE.

    Parameters
    ----------
    dataset
        NetCDF file.
    models
        Members of the ensemble (Keras); maps are their mean.
    output
        NetCDF file with ``image`` and ``contact_zone`` [sample, y, x] and ``heatmap`` [sample, target, y, x]
        of some structures spread over the range of `spread_over`; and of all test structures the shares of
        heat and of area in contact zones, the share of heat of networks with random weights, and the
        correlation with their maps.
    structures
        How many maps to keep; all of the test part if it has fewer.
    """
    samples = read_dataset(dataset)
    test = samples.sel(sample=samples["split"] == "test")
    order = np.argsort(test["label"].sel(target=spread_over(test["target"].values.tolist())).values)
    chosen = np.unique(np.linspace(0, order.size - 1, min(structures, order.size)).round().astype(int))
    networks = [load_model(path).get_layer(NETWORK) for path in models]
    blank = [randomised(network, member) for member, network in enumerate(networks)]
    image = test["image"].values
    zones = np.stack([contact_zone(pixels, samples.attrs["um_per_pixel"]) for pixels in image])
    kept, heat, blank_heat, alike = [], [], [], []
    for k, target in enumerate(test["target"].values):
        maps, blank_maps = (ensemble_maps(nets, image, k) for nets in (networks, blank))
        kept.append(maps[order[chosen]])
        heat.append(share_in_zones(maps, zones))
        blank_heat.append(share_in_zones(blank_maps, zones))
        alike.append(list(map(_correlation, maps, blank_maps)))
        log.info("%s: %.0f %% of the heat in contact zones", target, 100 * heat[-1].mean())

    result = test.isel(sample=order[chosen])
    result = result.assign(heatmap=(("sample", "target", "y", "x"), np.stack(kept, axis=1)))
    result = result.drop_vars(
        ["stress_map", *KNOWN, *(name for name in ("pair", "phase") if name in result.coords)]
    )
    result["heatmap"].attrs = {
        "units": "1",
        "long_name": "Grad-CAM map of the standardised output of the target",
    }
    zone = f"within {ZONE_UM:g} um of both AM and SE"
    result["contact_zone"] = (("sample", "y", "x"), zones[order[chosen]].astype(np.uint8))
    result["contact_zone"].attrs = {"units": "1", "long_name": f"1 {zone}, 0 elsewhere"}
    result = result.assign_coords(test_sample=test["sample"].values)
    for name, values, meaning in (
        ("zone_heat", heat, f"share of the heat {zone}"),
        ("zone_heat_random", blank_heat, f"the same of networks with random weights, {zone}"),
        ("random_correlation", alike, "correlation of a map with that of networks with random weights"),
    ):
        attributes = {"units": "1", "long_name": meaning}
        result[name] = (("target", "test_sample"), np.array(values), attributes)
    area = {"units": "1", "long_name": f"share of the image {zone}"}
    result["zone_area"] = ("test_sample", zones.mean(axis=(1, 2)), area)
    result.attrs = {"title": "Grad-CAM maps of test structures", "Conventions": "CF-1.11"}
    with atomic_output(output, seal=True) as temporary:
        result.to_netcdf(temporary, engine="h5netcdf")


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Pearson correlation of two maps; 0 where one is flat."""
    first, second = first - first.mean(), second - second.mean()
    scale = np.sqrt(np.sum(first**2) * np.sum(second**2))
    return float(np.sum(first * second) / scale) if scale > 0 else 0.0
