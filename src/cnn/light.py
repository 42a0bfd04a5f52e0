"""The trained network in plain NumPy: Keras's numbers without the seconds that its backend takes to load.

Only what a prediction needs: the forward pass, and the gradient that Grad-CAM weighs feature maps by. Weights
come out of the same ``.keras`` files (`cnn.weights`). `cnn.model` is what this follows; tests hold the two
together.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from cnn.convolution import convolve, gradient_before_halving, halve, patches, product
from cnn.layout import FLIPS, LEAST_AREA, LEAST_VARIANCE, MAP_BLOCK, RINGS, Ring
from cnn.particles import GEOMETRY, mirrored
from cnn.weights import LightNetwork, ParticleHead
from electrode.phases import PHASES


class Pass(NamedTuple):
    """What one network makes of one image."""

    target: np.ndarray  # [targets], SI units
    particle_stress: np.ndarray  # [P, Pa]
    pooled: np.ndarray  # what the targets are read from [features + 4]
    features: np.ndarray  # [rows, columns, channels], one place per cell
    shares: np.ndarray  # of SE and AM in the cells [rows, columns, 2]
    stress: np.ndarray  # scaled stress map [rows, columns, 2]
    blocks: list[np.ndarray]  # output of each block behind the features
    hidden: np.ndarray  # [hidden units]


def cell_shares(phases: np.ndarray, cell: int) -> np.ndarray:
    """Shares of SE and AM in the cells of an image given as its phases [rows, columns, 2]."""
    rows, columns = (length // cell for length in phases.shape[:2])
    cut = phases[: rows * cell, : columns * cell, 1:]
    return cut.reshape(rows, cell, columns, cell, 2).mean(axis=(1, 3), dtype=np.float32)


def _mean_and_spread(stress: np.ndarray, shares: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean and standard deviation of the stress map over each phase, and the weights of the places."""
    weight = shares / (shares.sum(axis=(0, 1)) + LEAST_AREA)
    mean = (stress * weight).sum(axis=(0, 1))
    square = (stress**2 * weight).sum(axis=(0, 1))
    return mean, np.sqrt(np.maximum(square - mean**2, 0.0) + LEAST_VARIANCE), weight


class Around(NamedTuple):
    """The P particles of an image, and where the network looks for each."""

    rings: list[np.ndarray]  # weights of the places of each of `RINGS` [P, places]
    told: np.ndarray  # what it is told besides [P, `GEOMETRY`]


def around(network: LightNetwork, table: np.ndarray) -> Around:
    """Where networks of this layout look for the particles of an image, by their table (`cnn.particles`)."""
    rings = [
        _ring(table, network.image_shape, network.stride * 2 ** (ring.block - 1), ring) for ring in RINGS
    ]
    return Around(rings, table[:, -GEOMETRY:])


def _ring(table: np.ndarray, shape: tuple[int, int], pixels: int, ring: Ring) -> np.ndarray:
    """Weights of places, `pixels` wide, in a ring about each particle [P, places], sum 1."""
    x, y, radius = table[:, :3, None].swapaxes(0, 1)
    # An odd place is left by pooling.
    rows, columns = (pixels * (np.arange(length // pixels, dtype=np.float32) + 0.5) for length in shape)
    distance = np.sqrt((y - rows)[..., None] ** 2 + (x - columns)[:, None] ** 2) - radius[..., None]
    weight = np.maximum(1.0 - np.abs(distance / pixels - ring.distance) / ring.width, 0.0)
    weight = weight.reshape(len(table), rows.size * columns.size)
    return weight / (weight.sum(axis=1, keepdims=True) + np.float32(LEAST_AREA))


def run(network: LightNetwork, first: np.ndarray, shares: np.ndarray, seen: Around) -> Pass:
    """Run one network on one image.

    Parameters
    ----------
    network
        From `cnn.weights.read_network`.
    first
        What its first kernel makes of the image, given as phases.
    shares
        Of the image (`cell_shares`).
    seen
        Its particles (`around`).
    """
    x = np.maximum(first + network.biases[0], 0.0)
    outputs = []
    for block, (kernel, bias) in enumerate(zip(network.kernels[1:], network.biases[1:], strict=True), 1):
        x = convolve(halve(x) if block > 1 else x, kernel)
        x += bias
        outputs.append(np.maximum(x, 0.0, out=x))
    features, *blocks = outputs[MAP_BLOCK - 1 :]
    stress = features @ network.stress[0] + network.stress[1]
    mean, spread, _ = _mean_and_spread(stress, shares)
    on_particles = _particle_stress(network.particles, outputs, np.append(mean, spread), seen)
    pooled = np.concatenate([x.mean(axis=(0, 1)), mean, spread])
    hidden = np.maximum(pooled @ network.hidden[0] + network.hidden[1], 0.0)
    output = np.concatenate([pooled, hidden]) @ network.output[0] + network.output[1]
    target = output * network.scale + network.offset
    return Pass(target, on_particles, pooled, features, shares, stress, blocks, hidden)


def _particle_stress(
    head: ParticleHead, outputs: Sequence[np.ndarray], of_maps: np.ndarray, seen: Around
) -> np.ndarray:
    """Stress of the particles [P, Pa], from the features about them, the maps, and what they are told."""
    known = [
        weight @ outputs[ring.block - 1].reshape(weight.shape[1], -1)
        for ring, weight in zip(RINGS, seen.rings, strict=True)
    ]
    x = np.concatenate([*known, np.broadcast_to(of_maps, (len(seen.told), of_maps.size)), seen.told], axis=1)
    hidden = np.maximum(x @ head.hidden[0] + head.hidden[1], 0.0)
    # Behind the mean over SE is that over AM.
    return (hidden @ head.output[0] + head.output[1])[:, 0] * of_maps[1] * head.scale


def heat_map(network: LightNetwork, passed: Pass, target: int) -> np.ndarray:
    """Grad-CAM map of one target (see `cnn.gradcam.feature_map`) [rows, columns, its standard deviations]."""
    kernel, pooled = network.output[0][:, target], passed.pooled.size
    gradient = kernel[:pooled] + network.hidden[0] @ (kernel[pooled:] * (passed.hidden > 0))
    of_mean, of_spread = gradient[-4:-2], gradient[-2:]
    x = [passed.features, *passed.blocks]
    places = x[-1].shape[0] * x[-1].shape[1]
    back = np.broadcast_to(gradient[:-4] / places, x[-1].shape)
    for kernel, before, after in reversed(
        list(zip(network.kernels[MAP_BLOCK + 1 :], x, x[1:], strict=False))
    ):
        back = convolve(np.where(after > 0, back, 0.0), kernel[::-1, ::-1].swapaxes(2, 3))
        back = gradient_before_halving(back, before)
    mean, spread, weight = _mean_and_spread(passed.stress, passed.shares)
    of_stress = weight * (of_mean + of_spread * (passed.stress - mean) / spread)
    weights = back.sum(axis=(0, 1)) + network.stress[0] @ of_stress.sum(axis=(0, 1))
    return np.maximum(passed.features @ weights, 0.0)


# What `run_ensemble` takes the mean of, over the views.
MEANS = ("target", "particle_stress", "pooled")


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Passes(NamedTuple):
    """What an ensemble of M networks makes of N images."""

    target: np.ndarray  # [M, N, targets], SI units, mean over the image and its mirror images
    particle_stress: np.ndarray  # [M, N, P, Pa], the same mean; without meaning in rows without a particle
    pooled: np.ndarray  # [M, N, what the targets are read from], the same mean
    heat: np.ndarray | None  # Grad-CAM [N, targets, rows of cells, columns of cells], mean of the ensemble


def run_ensemble(
    networks: Sequence[LightNetwork],
    image: np.ndarray,
    particles: np.ndarray,
    heat: bool = False,
    done: Callable[[int], object] = lambda images: None,
) -> Passes:
    """Run an ensemble on images, as many at a time as there are cores.

    Parameters
    ----------
    networks
        M members of one layout.
    image
        uint8 [N, rows, columns]: 0 void, 1 SE, 2 AM.
    particles
        Tables of their AM particles [N, P, columns] (`cnn.particles.find_tables`).
    heat
        Whether to make Grad-CAM maps.
    done
        Told 1 after each image.

    Raises
    ------
    ValueError
        If the images have another size than the networks learnt.
    """
    if image.shape[1:] != networks[0].image_shape:
        given, wanted = (" x ".join(map(str, shape)) for shape in (image.shape[1:], networks[0].image_shape))
        raise ValueError(f"images must have {wanted} pixels, as the network learnt, got {given}")

    # The first kernels of all members side by side: they see the same patches.
    kernels = np.concatenate([network.kernels[0] for network in networks], axis=-1)

    def predicted(picture: np.ndarray, table: np.ndarray) -> Passes:
        phases = np.eye(len(PHASES), dtype=np.float32)[picture]
        shares = cell_shares(phases, networks[0].cell)
        # An image is whole cells: the shares of its mirror images are its own, mirrored.
        seen = [around(networks[0], mirrored(table, picture.shape, *flip)) for flip in FLIPS]
        views = [
            _view(networks, kernels, phases[::rows, ::columns], shares[::rows, ::columns], its)
            for (rows, columns), its in zip(FLIPS, seen, strict=True)
        ]
        maps = None
        if heat:
            targets = range(networks[0].scale.size)
            maps = np.mean(
                [[heat_map(*pair, k) for k in targets] for pair in zip(networks, views[0], strict=True)],
                axis=0,
            )
        target, stress, pooled = (
            np.mean([[getattr(passed, name) for passed in view] for view in views], axis=0, dtype=float)
            for name in MEANS
        )
        done(1)
        return Passes(target, stress, pooled, maps)

    # One image per thread: products this small gain nothing from several.
    with threadpool_limits(1), ThreadPoolExecutor(cores()) as pool:
        passes = list(pool.map(predicted, image, particles))
    target, stress, pooled = (np.stack([getattr(each, name) for each in passes], axis=1) for name in MEANS)
    maps = [each.heat for each in passes if each.heat is not None]
    return Passes(target, stress, pooled, np.stack(maps) if heat else None)


def _view(
    networks: Sequence[LightNetwork],
    kernels: np.ndarray,
    phases: np.ndarray,
    shares: np.ndarray,
    seen: Around,
) -> list[Pass]:
    """Run all members on one view of one image; `kernels` are their first ones."""
    rows, columns = kernels.shape[:2]
    first = product(patches(phases, rows, columns, networks[0].stride), kernels)
    parts = np.split(first, len(networks), axis=-1)
    return [run(network, part, shares, seen) for network, part in zip(networks, parts, strict=True)]
