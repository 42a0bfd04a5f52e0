"""The backend that a configuration asks for, or what is told if it is not there."""

import importlib.util
import os

import pytest

from cnn.backend_choice import choose_backend


@pytest.fixture
def installed(monkeypatch):
    """Function that says which backends are installed, and what the environment asks for."""

    def say(names, asked=None):
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
