"""A few of the inputs of tests/fuzz.py; it runs ten thousand of each kind by itself."""

import importlib.util
from types import SimpleNamespace

import h5py
import numpy as np
import pytest

from electrode.structures import read_trajectories


@pytest.fixture(scope="module")
def fuzz(root):
    spec = importlib.util.spec_from_file_location("fuzz", root / "tests/fuzz.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def samples(fuzz, study, tmp_path_factory):
    folder = tmp_path_factory.mktemp("samples")
    files = {
        "trajectory": study.trajectories[0],
        "dataset": study.dataset,
        "model": study.models["random"][0],
    }
    fuzz.make_samples(folder, SimpleNamespace(config=study.config, **files))
    return folder


@pytest.mark.parametrize("kind", ["config", "trajectory", "dataset", "packing"])
def test_bad_inputs_are_refused_by_name(fuzz, samples, kind):
    outcomes = fuzz.fuzz(kind, samples, 100, seed=1)
    assert set(outcomes) <= {"accepted", "refused"}
    assert outcomes["refused"] > 50


def test_a_file_that_declares_terabytes_is_refused_before_memory_is_asked_for(study, tmp_path):
    path = tmp_path / "bomb.h5"
    path.write_bytes(study.trajectories[0].read_bytes())
    with h5py.File(path, "a") as file:
        group = file["particles/width-10_uncovered-0.7_replicate-000/position"]
        del group["value"]
        group.create_dataset("value", shape=(10**6, 10**6, 2), dtype=float, chunks=(1, 1000, 2), fillvalue=0)
    with pytest.raises(ValueError, match=r"bomb\.h5 .*declares 16000000000000"):
        list(read_trajectories(path))


def test_arrays_that_do_not_fit_each_other_are_refused(study, tmp_path):
    path = tmp_path / "shorter.h5"
    path.write_bytes(study.trajectories[0].read_bytes())
    name = "particles/width-10_uncovered-0.7_replicate-000/radius"
    with h5py.File(path, "a") as file:
        radius = file[name][:-1]
        del file[name]
        file[name] = np.asarray(radius)
    with pytest.raises(ValueError, match=r"shorter\.h5 .*species of width-10_.* must have the shape"):
        list(read_trajectories(path))
