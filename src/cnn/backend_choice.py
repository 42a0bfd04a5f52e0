"""Which backend Keras takes: asked for before `cnn.backend` is imported, as Keras keeps the first one."""

from __future__ import annotations

import importlib.util
import logging
import os

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
