"""Which backend Keras takes, and on what it trains: asked for before `cnn.backend` is imported.

Keras keeps the first one.
"""

from __future__ import annotations

import importlib.util
import logging
import os
from collections.abc import Sequence

from provenance.installation import installation

log = logging.getLogger(__name__)

# By backend: how it is installed.
INSTALL = {
    "tensorflow": f"{installation('cpu')} or, with CUDA, with the extra gpu",
    "jax": installation("jax-cuda"),
}
# Else sums on a GPU are taken in whatever order is fastest, and a seed does not repeat.
SAME_BITS = "--xla_gpu_deterministic_ops=true"


def choose_backend(name: str) -> None:
    """Have Keras take a backend, whatever ``KERAS_BACKEND`` says: the log tells if that is another.

    The log tells too on what the backend trains, and warns if JAX has no GPU for it.

    Parameters
    ----------
    name
        ``training.backend`` of a configuration: ``tensorflow`` or ``jax``.

    Raises
    ------
    RuntimeError
        If the backend is not installed.
    """
    if importlib.util.find_spec(name) is None:
        others = " or ".join(sorted(INSTALL.keys() - {name}))
        raise RuntimeError(
            f"training.backend: {name} is not installed: {INSTALL[name]}, or set training.backend: {others}"
        )
    asked = os.environ.get("KERAS_BACKEND", name)
    if asked != name:
        log.warning("KERAS_BACKEND is %s, but training.backend of the configuration counts: %s", asked, name)
    os.environ["KERAS_BACKEND"] = name
    if name == "jax" and SAME_BITS not in os.environ.get("XLA_FLAGS", ""):
        os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {SAME_BITS}".strip()
    # Of others Keras lists none.
    if name in INSTALL:
        _tell(name, devices())


def devices() -> list[str]:
    """What Keras may train on, such as ``gpu:0``: all GPUs, or without one that can be used the CPU."""
    from cnn.backend import keras

    found = keras.distribution.list_devices()
    return [device for device in found if not device.startswith("cpu")] or found


def _tell(backend: str, found: Sequence[str]) -> None:
    log.info("%s trains on the first of its devices: %s", backend, ", ".join(found))
    if backend == "jax" and found[0].startswith("cpu"):
        log.warning(
            "training.backend is jax, and it finds no GPU that can be used: it trains on the CPU, where "
            "tensorflow is faster. `nvidia-smi` must list a GPU, and JAX be installed for it: %s",
            INSTALL["jax"],
        )
