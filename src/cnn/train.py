"""Train one network, a member of an ensemble, on the training part of a dataset."""

from __future__ import annotations

import csv
import json
import logging
from collections.abc import Mapping
from os import PathLike
from typing import Any

import keras
import numpy as np

from cnn.data import part, read_dataset
from cnn.model import build_network, in_si_units
from provenance import atomic_output

log = logging.getLogger(__name__)


class LogEpochs(keras.callbacks.Callback):
    """One line of progress per epoch."""

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        losses = ", ".join(f"{name} {value:.4f}" for name, value in (logs or {}).items())
        log.info("epoch %d of %d: %s", epoch + 1, self.params["epochs"], losses)


def train(
    dataset: str | PathLike,
    model_file: str | PathLike,
    history_file: str | PathLike,
    settings_file: str | PathLike,
    network: Mapping[str, Any],
    training: Mapping[str, Any],
    seed: int,
    code: str,
    fold: str = "random",
    member: int = 0,
) -> None:
    """Train with mean squared error and Adam; keep the weights of the best validation loss.

    Parameters
    ----------
    dataset
        NetCDF file with image, label and split.
    model_file, history_file, settings_file
        Outputs: the model (class image in, SI units out), losses per epoch (CSV), and what made it (JSON).
    network
        ``filters`` and ``dropout``.
    training
        ``epochs``, ``patience``, ``batch_size``, ``learning_rate``.
    seed
        Root seed of initial weights, order of samples, flips and dropout.
    code
        Digest of the code, for the record.
    fold
        Split of the dataset to train on.
    member
        Number of the network in its ensemble: each has a seed of its own.
    """
    samples = read_dataset(dataset, fold)
    train_part, validation_part = part(samples, "train"), part(samples, "validation")
    mean, sd = train_part.label.mean(axis=0), train_part.label.std(axis=0)
    if not (sd > 0).all():
        constant = samples["target"].values[sd <= 0]
        raise ValueError(f"{dataset}: {', '.join(constant)} is the same for all training structures")

    own_seed = np.random.SeedSequence(seed, spawn_key=(1, member)).generate_state(1)[0]
    keras.utils.set_random_seed(int(own_seed))
    net = build_network(train_part.image.shape[1:], mean.size, network["filters"], network["dropout"])
    steps = -(-len(train_part.image) // training["batch_size"]) * training["epochs"]
    decay = keras.optimizers.schedules.CosineDecay(training["learning_rate"], steps)
    net.compile(optimizer=keras.optimizers.Adam(decay), loss="mse")
    stop = keras.callbacks.EarlyStopping(patience=training["patience"], restore_best_weights=True)
    history = net.fit(
        train_part.image,
        (train_part.label - mean) / sd,
        validation_data=(validation_part.image, (validation_part.label - mean) / sd),
        batch_size=training["batch_size"],
        epochs=training["epochs"],
        callbacks=[stop, LogEpochs()],
        verbose=0,
    ).history

    if not np.isfinite(history["val_loss"]).any():
        raise RuntimeError(
            f"training diverged: no finite validation loss in {len(history['loss'])} epochs; "
            f"try a smaller training.learning_rate than {training['learning_rate']:g}"
        )

    with atomic_output(model_file) as temporary:
        in_si_units(net, mean, sd).save(temporary)
    with atomic_output(history_file) as temporary, open(temporary, "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["epoch", "loss", "val_loss"])
        rows.writerows(
            zip(range(1, len(history["loss"]) + 1), history["loss"], history["val_loss"], strict=True)
        )
    record = {
        "network": dict(network),
        "training": dict(training),
        "seed": seed,
        "fold": fold,
        "member": member,
        "um_per_pixel": float(samples.attrs["um_per_pixel"]),
        "targets": samples["target"].values.tolist(),
        "best_epoch": int(np.nanargmin(history["val_loss"])) + 1,
        "parameters": net.count_params(),
        "label_mean": mean.tolist(),
        "label_sd": sd.tolist(),
        "code_digest": code,
        "versions": {"keras": keras.version(), "backend": keras.backend.backend(), "numpy": np.__version__},
    }
    with atomic_output(settings_file) as temporary:
        temporary.write_text(json.dumps(record, indent=2) + "\n")
