"""The network: reads the image of a compressed electrode, predicts stress and reaction area.

Plain Keras 3, so that the backend is a matter of ``KERAS_BACKEND`` (tensorflow, jax or torch); trainings take
that of the configuration (`cnn.backend_choice`). Reads files, never `dem`.
"""

import os
from importlib import import_module

import provenance  # noqa: F401  # before h5py: files are read without locks

# Only warnings and errors: TensorFlow's start-up notes bury the progress of a training.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


def __getattr__(name: str):
    """`predict` on demand: the steps of the workflow do not depend on it."""
    if name == "predict":
        return import_module("cnn.image").predict
    raise AttributeError(f"module 'cnn' has no attribute {name!r}")
