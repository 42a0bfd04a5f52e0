"""A small VGG (Simonyan & Zisserman, 2015): convolutions and 2x2 max pooling, global pooling, dense layers.

Beside the targets it predicts a map of the stress in each phase. The map teaches it, with hundreds of values
per image instead of five, what local stress looks like; its mean and spread over each phase feed the targets.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnn.backend import keras
from cnn.layout import (
    FEATURES,
    LEAST_AREA,
    LEAST_VARIANCE,
    MAP_BLOCK,
    MAP_POOLINGS,
    NETWORK,
    SHARES,
    SI_UNITS,
    STRESS_MAP,
    TARGETS,
)
from electrode.phases import PHASES

layers, ops = keras.layers, keras.ops


def build_network(
    image_shape: tuple[int, int], cell: int, targets: int, filters: Sequence[int], hidden: int, dropout: float
) -> keras.Model:
    """Network from class images to standardised targets and scaled stress maps.

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
        Outputs `TARGETS` [N, targets] (mean 0, SD 1 over the training part) and `STRESS_MAP`
        [N, rows, columns, 2] for SE and AM.

    Raises
    ------
    ValueError
        If image, cells and blocks do not fit each other.
    """
    _check(image_shape, cell, filters)
    stride = cell // 2**MAP_POOLINGS
    image = keras.Input(image_shape, dtype="uint8", name="image")
    phases = ops.one_hot(image, len(PHASES))
    shares = layers.AveragePooling2D(cell, name=SHARES)(phases)[..., 1:]
    x = _block(phases, filters[0], stride + 2, stride)
    for block, width in enumerate(filters[1:], 1):
        x = _block(x, width, 3, 1, name=FEATURES if block == MAP_BLOCK else None)
        if block == MAP_BLOCK:
            stress = layers.Conv2D(2, 1, name=STRESS_MAP)(x)
        if block < len(filters) - 1:
            x = layers.MaxPooling2D(2)(x)
    pooled = [layers.GlobalAveragePooling2D()(x), *_mean_and_spread(stress, shares)]
    x = layers.Dropout(dropout)(layers.Concatenate()(pooled))
    x = layers.Concatenate()([x, layers.Dense(hidden, activation="relu")(x)])
    outputs = {TARGETS: layers.Dense(targets, name=TARGETS)(x), STRESS_MAP: stress}
    return keras.Model(image, outputs, name=NETWORK)


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


def map_loss(truth, predicted):
    """Mean squared error of stress maps, weighted by the share of the phase in each cell.

    ``truth`` has the maps in its first two channels, the shares in the other two.
    """
    shares = truth[..., 2:]
    error = ops.sum(shares * ops.square(truth[..., :2] - predicted), axis=(1, 2, 3))
    return error / (ops.sum(shares, axis=(1, 2, 3)) + 1e-6)


def in_si_units(network: keras.Model, mean: np.ndarray, sd: np.ndarray) -> keras.Model:
    """Append the way back from standardised targets: class image in, targets in SI units out.

    Parameters
    ----------
    network
        From `build_network`, trained.
    mean, sd
        Of the labels over the training part [targets].
    """
    back = layers.Rescaling(scale=sd.tolist(), offset=mean.tolist(), name=SI_UNITS)
    return keras.Model(network.input, back(network(network.input)[TARGETS]))
