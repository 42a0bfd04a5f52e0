"""Keras with its own defaults: a user's keras.json changes neither layout nor precision nor backend.

All of the package imports Keras from here. Another backend is asked for by ``KERAS_BACKEND``, for trainings
by the configuration (`cnn.backend_choice`).
"""

from __future__ import annotations

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras

__all__ = ["keras"]

keras.config.set_image_data_format("channels_last")
keras.config.set_floatx("float32")
keras.config.set_epsilon(1e-7)
keras.config.set_dtype_policy("float32")
