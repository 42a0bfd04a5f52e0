"""Train one network, a member of an ensemble, on the training part of a dataset."""

from __future__ import annotations

import csv
import hashlib
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from cnn.backend import keras
from cnn.checkpoint import Checkpoint
from cnn.data import KNOWN, Samples, cell_pixels, part, read_dataset
from cnn.layout import PARTICLE_STRESS, STRESS_MAP, TARGETS
from cnn.model import build_network, in_si_units, map_loss, particle_loss, target_loss
from cnn.particles import mirrored
from provenance import FilePath, atomic_output

log = logging.getLogger(__name__)


class LogEpochs(keras.callbacks.Callback):
    """One line of progress per epoch."""

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        losses = ", ".join(f"{name} {value:.4f}" for name, value in (logs or {}).items())
        log.info("epoch %d of %d: %s", epoch + 1, self.params["epochs"], losses)


class Batches(keras.utils.PyDataset):
    """Batches in random order, each image turned to one of its four mirror images, all that goes with it too.

    Reflections keep the compression axis, rotations would not.

    Parameters
    ----------
    samples
        N samples.
    truth
        What the network is to give, by output: targets [N, targets], maps [N, rows, columns, 4] (see
        `cnn.model.map_loss`), particles [N, P, 2] (`cnn.model.particle_loss`).
    size
        Samples of a batch.
    seed
        Of order and reflections.
    """

    def __init__(self, samples: Samples, truth: Mapping[str, np.ndarray], size: int, seed: int):
        super().__init__()
        self.image, self.particles, self.truth, self.size = samples.image, samples.particles, truth, size
        self.rng = np.random.default_rng(seed)
        self.order = np.arange(len(self.image))
        self.on_epoch_end()

    def __len__(self) -> int:
        return -(-len(self.order) // self.size)

    def __getitem__(self, batch: int) -> tuple[tuple[np.ndarray, np.ndarray], dict[str, np.ndarray]]:
        chosen = self.order[batch * self.size : (batch + 1) * self.size]
        image, particles = self.image[chosen], self.particles[chosen]
        truth = {name: values[chosen] for name, values in self.truth.items()}
        stress = truth[STRESS_MAP]
        for k, (rows, columns) in enumerate(self.rng.choice((1, -1), (chosen.size, 2))):
            particles[k] = mirrored(particles[k], image.shape[1:], rows, columns)
            image[k] = image[k, ::rows, ::columns]
            stress[k] = stress[k, ::rows, ::columns]
        return (image, particles), truth

    def on_epoch_end(self) -> None:
        self.rng.shuffle(self.order)


def map_scale(samples: Samples) -> np.ndarray:
    """Root mean square of the stress in each phase [2, Pa]: maps are shown to the network in this unit."""
    square = np.sum(samples.share * samples.stress_map.astype(float) ** 2, axis=(0, 1, 2))
    return np.sqrt(square / samples.share.sum(axis=(0, 1, 2)))


def train(
    dataset: FilePath,
    model_file: FilePath,
    history_file: FilePath,
    settings_file: FilePath,
    network: Mapping[str, Any],
    training: Mapping[str, Any],
    seed: int,
    code: str,
    fold: str = "random",
    member: int = 0,
) -> None:
    """Train with mean squared error and Adam, whose rate falls to almost zero; keep the last weights.

    The validation part is watched but decides nothing within a training. Epochs of an earlier, killed attempt
    are not trained again (`cnn.checkpoint`).

    Parameters
    ----------
    dataset
        NetCDF file with image, label and split.
    model_file, history_file, settings_file
        Outputs: the model (class image in, SI units out), losses per epoch (CSV), and what made it (JSON).
    network
        ``filters``, ``hidden`` and ``dropout``.
    training
        ``backend``, ``epochs``, ``batch_size``, ``learning_rate``, ``stress_map_weight``,
        ``particle_weight``.
    seed
        Root seed of initial weights, order of samples, flips and dropout.
    code
        Digest of the code, for the record.
    fold
        Split of the dataset to train on.
    member
        Number of the network in its ensemble: each has a seed of its own.

    Raises
    ------
    ValueError
        If Keras is on another backend than ``training["backend"]`` (`cnn.backend_choice`), or the dataset
        has nothing to learn from.
    RuntimeError
        If the training diverges.
    """
    if training["backend"] != keras.backend.backend():
        raise ValueError(
            f"training.backend must be that of Keras, {keras.backend.backend()}, got {training['backend']}: "
            "call cnn.backend_choice.choose_backend before cnn.train is imported"
        )
    samples = read_dataset(dataset, fold)
    train_part, validation_part = part(samples, "train"), part(samples, "validation")
    mean, sd = np.nanmean(train_part.label, axis=0), np.nanstd(train_part.label, axis=0)
    if not (sd > 0).all():
        constant = samples["target"].values[sd <= 0]
        raise ValueError(f"{dataset}: {', '.join(constant)} is the same for all training structures")
    scale = map_scale(train_part)
    particle_scale = 1.0
    if set(KNOWN) <= set(samples.variables):
        known = train_part.particle_stress[np.isfinite(train_part.particle_stress)]
        if not known.any():
            raise ValueError(
                f"{dataset}: no AM particle found in the training images is known to bear stress"
            )
        particle_scale = float(np.sqrt(np.mean(known**2)))

    def shown(of: Samples) -> dict[str, np.ndarray]:
        on_particles = of.particle_stress / particle_scale
        return {
            TARGETS: (of.label - mean) / sd,
            STRESS_MAP: np.concatenate([of.stress_map / scale, of.share], axis=-1),
            PARTICLE_STRESS: np.stack([np.nan_to_num(on_particles), np.isfinite(on_particles)], axis=-1),
        }

    own_seed = int(np.random.SeedSequence(seed, spawn_key=(1, member)).generate_state(1)[0])
    keras.utils.set_random_seed(own_seed)
    shape, cell = train_part.image.shape[1:], cell_pixels(train_part)
    net = build_network(shape, cell, mean.size, **network)
    state = net.variables  # before there are metrics among them
    batches = Batches(train_part, shown(train_part), training["batch_size"], own_seed)
    rate, steps = training["learning_rate"], len(batches) * training["epochs"]
    # A short rise, then down along a cosine to less than a hundredth.
    decay = keras.optimizers.schedules.CosineDecay(
        0.1 * rate, steps, warmup_target=rate, warmup_steps=steps // 20
    )
    net.compile(
        optimizer=keras.optimizers.Adam(decay),
        loss={TARGETS: target_loss, STRESS_MAP: map_loss, PARTICLE_STRESS: particle_loss},
        loss_weights={
            TARGETS: 1.0,
            STRESS_MAP: training["stress_map_weight"],
            PARTICLE_STRESS: training["particle_weight"],
        },
    )
    net.optimizer.build(net.trainable_variables)
    made_from = [dict(network), dict(training), own_seed, fold, code, keras.version()]
    made_from.append(_digest(train_part, validation_part))
    checkpoint = Checkpoint(
        Path(model_file).with_name(f".{Path(model_file).stem}.checkpoint.npz"),
        json.dumps(made_from, sort_keys=True),
        state + net.optimizer.variables,
        batches.order,
        batches.rng,
    )
    net.fit(
        batches,
        validation_data=((validation_part.image, validation_part.particles), shown(validation_part)),
        epochs=training["epochs"],
        initial_epoch=checkpoint.epochs,
        callbacks=[LogEpochs(), keras.callbacks.TerminateOnNaN(), checkpoint],
        verbose=0,
    )
    history = checkpoint.losses

    if not np.isfinite(history["loss"][-1]):
        raise RuntimeError(
            f"training diverged: the loss is {history['loss'][-1]} after {len(history['loss'])} epochs; "
            f"try a smaller training.learning_rate than {training['learning_rate']:g}"
        )

    # A copy without loss and optimizer: the file then needs no code of this project.
    bare = build_network(shape, cell, mean.size, **network)
    bare.set_weights(net.get_weights())
    with atomic_output(model_file) as temporary:
        in_si_units(bare, mean, sd, particle_scale).save(temporary)
    with atomic_output(history_file) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["epoch", *history])
        rows.writerows((k, *losses) for k, losses in enumerate(zip(*history.values(), strict=True), 1))
    record = {
        "network": dict(network),
        "training": dict(training),
        "seed": seed,
        "fold": fold,
        "member": member,
        "um_per_pixel": float(samples.attrs["um_per_pixel"]),
        "targets": samples["target"].values.tolist(),
        "parameters": net.count_params(),
        "label_mean": mean.tolist(),
        "label_sd": sd.tolist(),
        "stress_map_scale": scale.tolist(),
        "particle_stress_scale": particle_scale,
        "dataset_code_digest": str(samples.attrs["code_digest"]),
        "code_digest": code,
        "versions": {"keras": keras.version(), "backend": keras.backend.backend(), "numpy": np.__version__},
    }
    with atomic_output(settings_file) as temporary:
        temporary.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    checkpoint.remove()


def _digest(*parts: Samples) -> str:
    """SHA-256 over what a network is trained from."""
    digest = hashlib.sha256()
    for samples in parts:
        for values in samples:
            digest.update(np.ascontiguousarray(values).data)
    return digest.hexdigest()
