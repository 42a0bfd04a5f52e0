"""Weights of a trained network, read from its ``.keras`` file without Keras."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any, NamedTuple

import h5py
import numpy as np

from cnn.layout import (
    NETWORK,
    PARTICLE_HIDDEN,
    PARTICLE_SI_UNITS,
    PARTICLE_STRESS,
    SHARES,
    SI_UNITS,
    STRESS_MAP,
    TARGETS,
)
from provenance import FilePath


class ParticleHead(NamedTuple):
    """Weights that read the stress of a particle off what surrounds it."""

    hidden: tuple[np.ndarray, np.ndarray]  # kernel and bias of the hidden layer
    output: tuple[np.ndarray, np.ndarray]  # and of the one behind it
    scale: float  # of the stress [Pa]


class LightNetwork(NamedTuple):
    """Weights of a trained network, batch normalisation folded into the convolutions."""

    image_shape: tuple[int, int]  # rows, columns
    cell: int  # side of a cell of the stress map [pixels]
    stride: int  # of the first convolution [pixels]
    kernels: list[np.ndarray]  # [k, k, in, out] per block
    biases: list[np.ndarray]  # [out] per block
    stress: tuple[np.ndarray, np.ndarray]  # kernel [in, 2], bias [2] of the stress map
    hidden: tuple[np.ndarray, np.ndarray]  # kernel and bias of the hidden layer
    output: tuple[np.ndarray, np.ndarray]  # and of the one behind it
    scale: np.ndarray  # SI units per standardised target [targets]
    offset: np.ndarray  # [targets], SI units
    particles: ParticleHead


def read_network(path: FilePath) -> LightNetwork:
    """Weights of a ``.keras`` file that `cnn.train` wrote.

    Raises
    ------
    ValueError
        If the file is no such model; the message names it.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            config = json.loads(archive.read("config.json"))["config"]
            weights = _weights(archive.read("model.weights.h5"))
        return _assemble(config, weights)
    except (OSError, KeyError, IndexError, TypeError, ValueError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} cannot be read as a trained network: {error}") from error


def _weights(content: bytes) -> dict[str, list[np.ndarray]]:
    """Variables of each layer, by its name."""
    by_layer: dict[str, list[np.ndarray]] = {}
    with h5py.File(io.BytesIO(content)) as file:

        def collect(path, item):
            if path.endswith("/vars") and len(item):
                by_layer[str(item.attrs["name"])] = [item[str(k)][()] for k in range(len(item))]

        file.visititems(collect)
    return by_layer


def _assemble(config: dict[str, Any], weights: dict[str, list[np.ndarray]]) -> LightNetwork:
    outer = {layer["config"]["name"]: layer["config"] for layer in config["layers"]}
    layers = [(layer["class_name"], layer["config"]) for layer in outer[NETWORK]["layers"]]
    named = {settings["name"]: settings for _, settings in layers}
    convolutions = [
        settings for kind, settings in layers if kind == "Conv2D" and settings["name"] != STRESS_MAP
    ]
    normalisations = [settings for kind, settings in layers if kind == "BatchNormalization"]
    others = (TARGETS, PARTICLE_HIDDEN, PARTICLE_STRESS)
    hidden = [
        settings["name"] for kind, settings in layers if kind == "Dense" and settings["name"] not in others
    ]
    kernels, biases = [], []
    for convolution, normalisation in zip(convolutions, normalisations, strict=True):
        (kernel,) = weights[convolution["name"]]
        gamma, beta, mean, variance = weights[normalisation["name"]]
        factor = gamma / np.sqrt(variance + normalisation["epsilon"])
        kernels.append(kernel * factor)
        biases.append(beta - mean * factor)
    stress_kernel, stress_bias = weights[STRESS_MAP]
    hidden_kernel, hidden_bias = weights[hidden[0]]
    output_kernel, output_bias = weights[TARGETS]
    if PARTICLE_STRESS not in weights:
        raise ValueError("it does not read the stress on AM particles; train it anew")
    head_kernel, head_bias = weights[PARTICLE_HIDDEN]
    stress_on_kernel, stress_on_bias = weights[PARTICLE_STRESS]
    head = ParticleHead(
        (head_kernel, head_bias), (stress_on_kernel, stress_on_bias), outer[PARTICLE_SI_UNITS]["scale"]
    )
    return LightNetwork(
        tuple(named["image"]["batch_shape"][1:]),
        named[SHARES]["pool_size"][0],
        convolutions[0]["strides"][0],
        kernels,
        biases,
        (stress_kernel[0, 0], stress_bias),
        (hidden_kernel, hidden_bias),
        (output_kernel, output_bias),
        np.array(outer[SI_UNITS]["scale"]),
        np.array(outer[SI_UNITS]["offset"]),
        head,
    )
