"""A small VGG (Simonyan & Zisserman, 2015): 3x3 convolutions and 2x2 max pooling."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np

PHASES = 3
# The layer whose maps Grad-CAM weighs, and the network inside a finished model.
FEATURES = "features"
NETWORK = "network"


def build_network(
    image_shape: tuple[int, int], targets: int, filters: Sequence[int], dropout: float
) -> keras.Model:
    """Network from class images to standardised targets (mean 0, SD 1 over the training part).

    Parameters
    ----------
    image_shape
        Rows and columns.
    targets
        Number of outputs.
    filters
        Filters of each block: convolution, batch normalisation, ReLU; max pooling between blocks.
    dropout
        Share of the pooled features dropped in training.

    Raises
    ------
    ValueError
        If the image is too small for the poolings.
    """
    smallest = 2 ** (len(filters) - 1)
    if min(image_shape) < smallest:
        raise ValueError(
            f"network.filters has {len(filters)} blocks, which need images of at least {smallest} pixels a "
            f"side; the images have {image_shape[0]} x {image_shape[1]}"
        )
    image = keras.Input(image_shape, dtype="uint8", name="image")
    x = keras.ops.one_hot(image, PHASES)
    # Reflections keep the compression axis, rotations would not.
    x = keras.layers.RandomFlip("horizontal_and_vertical")(x)
    for block, width in enumerate(filters):
        last = block == len(filters) - 1
        x = keras.layers.Conv2D(width, 3, padding="same", use_bias=False)(x)
        # The default momentum of 0.99 needs more steps than a small study has in an epoch.
        x = keras.layers.BatchNormalization(momentum=0.9)(x)
        x = keras.layers.Activation("relu", name=FEATURES if last else None)(x)
        if not last:
            x = keras.layers.MaxPooling2D(2)(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    x = keras.layers.Dropout(dropout)(x)
    return keras.Model(image, keras.layers.Dense(targets)(x), name=NETWORK)


def in_si_units(network: keras.Model, mean: np.ndarray, sd: np.ndarray) -> keras.Model:
    """Append the way back from standardised targets: class image in, SI units out.

    Parameters
    ----------
    network
        From `build_network`, trained.
    mean, sd
        Of the labels over the training part [targets].
    """
    back = keras.layers.Rescaling(scale=sd.tolist(), offset=mean.tolist(), name="si_units")
    return keras.Model(network.input, back(network(network.input)))
