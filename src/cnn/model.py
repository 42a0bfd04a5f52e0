"""A small VGG (Simonyan & Zisserman, 2015): convolutions and 2x2 max pooling, global pooling, dense layers.

Beside the targets it predicts a map of the stress in each phase, and the stress of each AM particle found in
the image, from the features about its outline. Both teach it, with hundreds of values per image instead of
five, what local stress looks like. Mean and spread of the map over each phase feed the targets.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnn.backend import keras
from cnn.layout import (
    LEAST_AREA,
    LEAST_VARIANCE,
    MAP_BLOCK,
    MAP_POOLINGS,
    NETWORK,
    PARTICLE_HIDDEN,
    PARTICLE_SI_UNITS,
    PARTICLE_STRESS,
    PARTICLES,
    RINGS,
    SHARES,
    SI_UNITS,
    STRESS_MAP,
    TARGETS,
    block_name,
)
from cnn.particles import COLUMNS, GEOMETRY
from electrode.phases import PHASES

layers, ops = keras.layers, keras.ops


def build_network(
    image_shape: tuple[int, int], cell: int, targets: int, filters: Sequence[int], hidden: int, dropout: float
) -> keras.Model:
    """Network from class images and their particles to standardised targets, stress maps, particles' stress.

    Parameters
    ----------
    image_shape
        Rows and columns.
    cell
        Side of a cell of the stress map [pixels].
    targets
        Number of targets.
    filters
        Filters of each block: convolution, batch normalisation, ReLU. The first block strides, so that
        after `MAP_POOLINGS` poolings a place is a cell.
    hidden
        Units of the layer between pooled features and targets.
    dropout
        Share of the pooled features dropped in training.

    Returns
    -------
    keras.Model
        Of the class image [N, rows, columns] and a table of its AM particles [N, P, columns of it]
        (`cnn.particles`). Outputs `TARGETS` [N, targets] (mean 0, SD 1 over the training part), `STRESS_MAP`
        [N, rows, columns, 2] for SE and AM, and `PARTICLE_STRESS` [N, P, 1] (scaled likewise).

    Raises
    ------
    ValueError
        If image, cells and blocks do not fit each other.
    """
    _check(image_shape, cell, filters)
    stride = cell // 2**MAP_POOLINGS
    image = keras.Input(image_shape, dtype="uint8", name="image")
    particles = keras.Input((None, len(COLUMNS)), dtype="float32", name=PARTICLES)
    phases = ops.one_hot(image, len(PHASES))
    shares = layers.AveragePooling2D(cell, name=SHARES)(phases)[..., 1:]
    x = _block(phases, filters[0], stride + 2, stride)
    features = {}
    for block, width in enumerate(filters[1:], 1):
        features[block] = x = _block(x, width, 3, 1, name=block_name(block))
        if block == MAP_BLOCK:
            stress = layers.Conv2D(2, 1, name=STRESS_MAP)(x)
        if block < len(filters) - 1:
            x = layers.MaxPooling2D(2)(x)
    of_maps = _mean_and_spread(stress, shares)
    on_particles = _particle_stress(particles, features, of_maps, stride, hidden)
    pooled = [layers.GlobalAveragePooling2D()(x), *of_maps]
    x = layers.Dropout(dropout)(layers.Concatenate()(pooled))
    x = layers.Concatenate()([x, layers.Dense(hidden, activation="relu")(x)])
    outputs = {
        TARGETS: layers.Dense(targets, name=TARGETS)(x),
        STRESS_MAP: stress,
        PARTICLE_STRESS: on_particles,
    }
    return keras.Model([image, particles], outputs, name=NETWORK)


def _particle_stress(particles, features, of_maps, stride: int, hidden: int):
    """Scaled stress of each particle [N, P, 1], of the features about it and what is known of its place.

    That is the mean over AM of the stress map, times what the particle bears beside it: the same neighbours
    bear more where all do. Layers learn the ratio from fewer structures than the stress.
    """
    known = []
    for ring in RINGS:
        places = features[ring.block]
        weight = _weights(particles, places.shape[1:3], stride * 2 ** (ring.block - 1), ring)
        known.append(ops.einsum("nprc,nrcf->npf", weight, places))
    # Every particle knows what the whole image is like.
    everywhere = ops.concatenate(of_maps, axis=-1)[:, None] + 0.0 * particles[..., :1]
    x = layers.Concatenate()([*known, everywhere, particles[..., -GEOMETRY:]])
    x = layers.Dense(hidden, activation="relu", name=PARTICLE_HIDDEN)(x)
    mean, _ = of_maps
    return mean[:, None, 1:] * layers.Dense(1, name=PARTICLE_STRESS)(x)


def _weights(particles, shape: tuple[int, int], pixels: int, ring):
    """Weights of places, `pixels` wide, in a ring about each particle [N, P, rows, columns], sum 1."""
    rows, columns = (pixels * (np.arange(length, dtype=np.float32) + 0.5) for length in shape)
    across, along = (
        ops.square(particles[..., k : k + 1] - centres) for k, centres in ((0, columns), (1, rows))
    )
    distance = ops.sqrt(along[..., :, None] + across[..., None, :]) - particles[..., 2:3, None]
    weight = ops.relu(1.0 - ops.abs(distance / pixels - ring.distance) / ring.width)
    return weight / (ops.sum(weight, axis=(2, 3), keepdims=True) + LEAST_AREA)


def _check(image_shape: tuple[int, int], cell: int, filters: Sequence[int]) -> None:
    if len(filters) <= MAP_BLOCK:
        raise ValueError(f"network.filters must have at least {MAP_BLOCK + 1} blocks, got {len(filters)}")
    if cell % 2**MAP_POOLINGS:
        raise ValueError(
            f"image.stress_cell_um must be a multiple of {2**MAP_POOLINGS} pixels of image.um_per_pixel, "
            f"got {cell} pixels"
        )
    smallest = cell * 2 ** (len(filters) - 1 - MAP_BLOCK)
    if min(image_shape) < smallest:
        raise ValueError(
            f"network.filters has {len(filters)} blocks, which need images of at least {smallest} pixels a "
            f"side; the images have {image_shape[0]} x {image_shape[1]}"
        )


def _block(x, width: int, kernel: int, stride: int, name: str | None = None):
    x = layers.Conv2D(width, kernel, strides=stride, padding="same", use_bias=False)(x)
    # The default momentum of 0.99 needs more steps than a small study has in an epoch.
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.Activation("relu", name=name)(x)


def _mean_and_spread(stress, shares):
    """Mean and standard deviation of the stress map over each phase [N, 2 phases] each."""
    area = ops.sum(shares, axis=(1, 2)) + LEAST_AREA
    mean = ops.sum(stress * shares, axis=(1, 2)) / area
    square = ops.sum(ops.square(stress) * shares, axis=(1, 2)) / area
    return mean, ops.sqrt(ops.maximum(square - ops.square(mean), 0.0) + LEAST_VARIANCE)


def target_loss(truth, predicted):
    """Mean squared error over the targets that are known, which are numbers [N]."""
    known = ops.isfinite(truth)
    error = ops.square(ops.where(known, truth, predicted) - predicted)
    return ops.sum(error, axis=-1) / (ops.sum(ops.cast(known, error.dtype), axis=-1) + LEAST_AREA)


def map_loss(truth, predicted):
    """Mean squared error of stress maps, weighted by the share of the phase in each cell.

    ``truth`` has the maps in its first two channels, the shares in the other two.
    """
    shares = truth[..., 2:]
    error = ops.sum(shares * ops.square(truth[..., :2] - predicted), axis=(1, 2, 3))
    return error / (ops.sum(shares, axis=(1, 2, 3)) + 1e-6)


def particle_loss(truth, predicted):
    """Mean squared error over the particles whose stress is known [N].

    ``truth`` [N, P, 2] has their scaled stress, and 1 where it is known, 0 elsewhere.
    """
    known = truth[..., 1]
    error = ops.sum(known * ops.square(truth[..., 0] - predicted[..., 0]), axis=1)
    return error / (ops.sum(known, axis=1) + LEAST_AREA)


def in_si_units(network: keras.Model, mean: np.ndarray, sd: np.ndarray, particle_scale: float) -> keras.Model:
    """Append the way back from standardised values: class image and particles in, SI units out.

    Parameters
    ----------
    network
        From `build_network`, trained.
    mean, sd
        Of the labels over the training part [targets].
    particle_scale
        Unit in which the network gives the stress on particles [Pa].

    Returns
    -------
    keras.Model
        Outputs `TARGETS` [N, targets] and `PARTICLE_STRESS` [N, P, 1, Pa].
    """
    back = layers.Rescaling(scale=sd.tolist(), offset=mean.tolist(), name=SI_UNITS)
    particle_back = layers.Rescaling(particle_scale, name=PARTICLE_SI_UNITS)
    predicted = network(network.input)
    outputs = {
        TARGETS: back(predicted[TARGETS]),
        PARTICLE_STRESS: particle_back(predicted[PARTICLE_STRESS]),
    }
    return keras.Model(network.input, outputs)
