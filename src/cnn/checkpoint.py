"""A training that can be killed: its state after each epoch, in one file that is written whole.

`keras.callbacks.BackupAndRestore` keeps weights and number of the epoch in two files, at odds after a kill in
between, and neither the losses so far nor the order of the samples.
"""

from __future__ import annotations

import json
import logging
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cnn.backend import keras
from provenance import FilePath, atomic_output

log = logging.getLogger(__name__)


class Checkpoint(keras.callbacks.Callback):
    """Keep the state of a training after each epoch, and go on from one that is found.

    Parameters
    ----------
    path
        NumPy file (.npz).
    key
        What the network is trained from. A state of another key is none of ours.
    variables
        All that a step changes: weights, moving averages, seeds, state of the optimizer.
    order
        Of the samples; `rng` shuffles it.
    rng
        Generator of order and reflections.

    Attributes
    ----------
    epochs
        Done so far.
    losses
        Of these epochs, by name.
    """

    def __init__(
        self,
        path: FilePath,
        key: str,
        variables: Sequence[keras.Variable],
        order: np.ndarray,
        rng: np.random.Generator,
    ):
        super().__init__()
        self.path, self.key, self.variables, self.order, self.rng = Path(path), key, variables, order, rng
        self.epochs = 0
        self.losses: dict[str, list[float]] = {}
        self._sampling: tuple[np.ndarray, dict[str, Any]] | None = None
        self._restore()

    def _restore(self) -> None:
        try:
            with open(self.path, "rb") as opened, np.load(opened, allow_pickle=False) as file:
                record = json.loads(str(file["record"]))
                if record["key"] != self.key:
                    log.info("%s is of other data, settings or backend, the training starts anew", self.path)
                    return
                values = [file[f"variable.{k}"] for k in range(len(self.variables))]
                order = file["order"]
        except FileNotFoundError:
            return
        except (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
            log.warning("%s is damaged, the training starts anew: %s", self.path, error)
            return
        for variable, value in zip(self.variables, values, strict=True):
            variable.assign(value)
        self.epochs, self.losses = record["epochs"], record["losses"]
        self._sampling = order, record["rng"]
        log.info("%d epochs were trained by an earlier attempt", self.epochs)

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        # Only here: looking at the first batch, Keras has drawn from the generator.
        if self._sampling:
            self.order[:], self.rng.bit_generator.state = self._sampling

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        for name, value in (logs or {}).items():
            self.losses.setdefault(name, []).append(float(value))
        self.epochs = epoch + 1
        if not all(np.isfinite(values[-1]) for values in self.losses.values()):
            return
        record = {
            "key": self.key,
            "epochs": self.epochs,
            "losses": self.losses,
            "rng": self.rng.bit_generator.state,
        }
        values = {
            f"variable.{k}": keras.ops.convert_to_numpy(value) for k, value in enumerate(self.variables)
        }
        with atomic_output(self.path) as temporary:
            np.savez(temporary, record=json.dumps(record), order=self.order, **values)

    def remove(self) -> None:
        """Forget the state: what it was kept for is done."""
        self.path.unlink(missing_ok=True)
