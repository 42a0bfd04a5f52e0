"""The backend that a configuration asks for, or what is told if it is not there."""

import importlib.util
import logging
import os

import pytest

import cnn.backend_choice
from cnn.backend import keras
from cnn.backend_choice import choose_backend, devices


@pytest.fixture
def installed(monkeypatch):
    """Function that says which backends are installed, what the environment asks for, and the devices."""

    def say(names, asked=None, found=("gpu:0",)):
        monkeypatch.setattr(cnn.backend_choice, "devices", lambda: list(found))
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: name in names or None)
        for name in ("KERAS_BACKEND", "XLA_FLAGS"):
            monkeypatch.setenv(name, "")
            monkeypatch.delenv(name)
        if asked:
            monkeypatch.setenv("KERAS_BACKEND", asked)

    return say


@pytest.mark.parametrize("asked", [None, "jax"])
def test_the_backend_of_the_configuration_is_taken(installed, caplog, asked):
    installed(["jax"], asked)
    choose_backend("jax")
    assert os.environ["KERAS_BACKEND"] == "jax" and not caplog.records
    assert os.environ["XLA_FLAGS"] == "--xla_gpu_deterministic_ops=true"


def test_an_environment_that_asks_for_another_is_told(installed, caplog):
    installed(["jax", "tensorflow"], "jax")
    choose_backend("tensorflow")
    assert os.environ["KERAS_BACKEND"] == "tensorflow" and "XLA_FLAGS" not in os.environ
    assert "KERAS_BACKEND is jax, but training.backend of the configuration counts: tensorflow" in caplog.text


def test_flags_of_the_user_stay(installed, monkeypatch):
    installed(["jax"])
    monkeypatch.setenv("XLA_FLAGS", "--xla_dump_to=/tmp/x")
    for _ in range(2):
        choose_backend("jax")
    assert os.environ["XLA_FLAGS"] == "--xla_dump_to=/tmp/x --xla_gpu_deterministic_ops=true"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (
            "jax",
            r"^training\.backend: jax is not installed: pip install .*\[jax-cuda\]', or set training",
        ),
        (
            "tensorflow",
            r"tensorflow is not installed: pip install .*\[cpu\].* or set training\.backend: jax$",
        ),
    ],
)
def test_a_backend_that_is_missing_is_told_in_one_sentence(installed, name, told):
    installed([])
    with pytest.raises(RuntimeError, match=told):
        choose_backend(name)


@pytest.mark.parametrize("backend", ["jax", "tensorflow"])
def test_the_log_tells_what_trains(installed, caplog, backend):
    installed([backend], found=("gpu:0", "gpu:1"))
    with caplog.at_level(logging.INFO):
        choose_backend(backend)
    (told,) = caplog.records
    assert told.getMessage() == f"{backend} trains on the first of its devices: gpu:0, gpu:1"


def test_another_backend_of_keras_is_taken_without_a_word(installed, caplog):
    installed(["torch"])
    with caplog.at_level(logging.INFO):
        choose_backend("torch")
    assert os.environ["KERAS_BACKEND"] == "torch" and not caplog.records


def test_jax_without_a_gpu_is_warned_of(installed, caplog):
    installed(["tensorflow"], found=("cpu:0",))
    choose_backend("tensorflow")
    assert not caplog.records
    installed(["jax"], found=("cpu:0",))
    choose_backend("jax")
    (warning,) = caplog.records
    assert "jax, and it finds no GPU that can be used: it trains on the CPU" in warning.getMessage()
    assert warning.levelname == "WARNING" and "[jax-cuda]" in warning.getMessage()


@pytest.mark.parametrize(
    ("listed", "found"), [(["cpu:0", "gpu:0"], ["gpu:0"]), (["gpu:1"], ["gpu:1"]), (["cpu:0"], ["cpu:0"])]
)
def test_a_cpu_trains_where_there_is_nothing_else(monkeypatch, listed, found):
    monkeypatch.setattr(keras.distribution, "list_devices", lambda: listed)
    assert devices() == found
    monkeypatch.undo()
    assert devices()
