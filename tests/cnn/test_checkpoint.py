"""Trainings that are killed between epochs and started again."""

import csv
import json
import signal
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from cnn.data import read_dataset
from cnn.ensemble import load_model, predict
from cnn.particles import find_tables
from cnn.train import train

JOB = """
import json, logging, sys
from cnn.train import train
logging.basicConfig(stream=sys.stdout, format="%(message)s", level="INFO")
train(**json.load(sys.stdin))
"""


@pytest.fixture(scope="module")
def arguments(study):
    """Function that gives the arguments of a training of four epochs, with dropout, in a folder."""

    def make(folder):
        folder.mkdir()
        files = {
            "model_file": "member-0.keras",
            "history_file": "member-0.csv",
            "settings_file": "member-0.json",
        }
        return {
            "dataset": str(study.dataset),
            **{name: str(folder / file) for name, file in files.items()},
            "network": {**study.config["network"], "dropout": 0.2},
            "training": {**study.config["training"], "epochs": 4, "batch_size": 2},
            "seed": study.config["seed"],
            "code": "code",
        }

    return make


@pytest.fixture(scope="module")
def killed(arguments, tmp_path_factory):
    """A training that was killed with SIGKILL in its third epoch, and its bytes as they then were."""
    folder = tmp_path_factory.mktemp("killed") / "cnn"
    given = arguments(folder)
    command = [sys.executable, "-c", JOB]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ) as job:
        json.dump(given, job.stdin)
        job.stdin.close()
        for line in job.stdout:
            if line.startswith("epoch 3"):
                job.send_signal(signal.SIGKILL)
                break
        job.stdout.read()
    assert job.returncode == -signal.SIGKILL
    checkpoint = folder / ".member-0.checkpoint.npz"
    assert not (folder / "member-0.keras").exists() and checkpoint.exists()
    return SimpleNamespace(given=given, folder=folder, checkpoint=checkpoint, content=checkpoint.read_bytes())


@pytest.fixture(scope="module")
def undisturbed(arguments, tmp_path_factory):
    given = arguments(tmp_path_factory.mktemp("undisturbed") / "cnn")
    train(**given)
    return given


def epochs(log):
    return [record.args[0] for record in log.records if record.msg.startswith("epoch")]


def losses(given):
    with open(given["history_file"], encoding="utf-8", newline="") as file:
        return np.array([[float(value) for value in row.values()] for row in csv.DictReader(file)])


def same_network(study, interrupted, unbroken):
    dataset = read_dataset(study.dataset)
    image = dataset["image"].values
    particles = find_tables(image, dataset.attrs["um_per_pixel"])
    given = (interrupted, unbroken)
    results = [predict(load_model(files["model_file"]), image, particles) for files in given]
    for first, second in zip(*results, strict=True):
        np.testing.assert_allclose(first, second, rtol=1e-4)
    np.testing.assert_allclose(losses(interrupted), losses(unbroken), rtol=1e-3)


def test_a_killed_training_goes_on_to_the_same_network(study, killed, undisturbed, caplog):
    killed.checkpoint.write_bytes(killed.content)
    with caplog.at_level("INFO"):
        train(**killed.given)
    assert epochs(caplog) in ([3, 4], [4]), "killed while it wrote the third line, or just after"
    same_network(study, killed.given, undisturbed)
    assert {path.name for path in killed.folder.iterdir()} == {
        "member-0.keras",
        "member-0.csv",
        "member-0.json",
    }


@pytest.mark.parametrize("damage", ["truncated", "empty", "flipped"])
def test_a_damaged_checkpoint_is_not_used(study, killed, undisturbed, caplog, damage):
    content = bytearray(killed.content)
    content[len(content) // 2] ^= 1
    damaged = {"truncated": killed.content[:-50], "empty": b"", "flipped": content}[damage]
    killed.checkpoint.write_bytes(damaged)
    with caplog.at_level("INFO"):
        train(**killed.given)
    assert f"{killed.checkpoint} is damaged, the training starts anew" in caplog.text
    assert epochs(caplog) == [1, 2, 3, 4]
    same_network(study, killed.given, undisturbed)


def test_a_checkpoint_of_other_settings_is_not_used(killed, caplog):
    killed.checkpoint.write_bytes(killed.content)
    with caplog.at_level("INFO"):
        train(**{**killed.given, "training": {**killed.given["training"], "learning_rate": 2e-3}})
    assert f"{killed.checkpoint} is of other data, settings or backend, the training" in caplog.text
    assert epochs(caplog) == [1, 2, 3, 4]
