"""What users are told who ask for a GPU that will not do."""

import importlib.util
from types import SimpleNamespace

import numpy as np
import pytest

import dem.cuda.device
from dem.cuda.device import Device, the_device
from dem.laws.friction import Coulomb


@pytest.fixture
def machine(monkeypatch):
    """Function that makes a machine with such a GPU, or none, to be found by `the_device`."""

    def make(available=True, capability=(9, 0), name=b"NVIDIA H100", error=None):
        gpu = SimpleNamespace(compute_capability=capability, name=name)
        memory = SimpleNamespace(get_memory_info=lambda: (8 * 10**10, 8.5e10))
        cuda = SimpleNamespace(
            is_available=lambda: available,
            cuda_error=lambda: error,
            get_current_device=lambda: gpu,
            current_context=lambda: memory,
        )
        monkeypatch.setattr(dem.cuda.device, "numba_cuda", lambda: cuda)
        monkeypatch.setattr(dem.cuda.device, "config", SimpleNamespace(ENABLE_CUDASIM=False))

    the_device.cache_clear()
    yield make
    the_device.cache_clear()


def test_a_gpu_is_described(machine):
    machine()
    assert the_device() == Device("NVIDIA H100", 8 * 10**10, False)


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (
            {
                "available": False,
                "error": "Error at driver init:\nCUDA driver library cannot be found.\nInstall it.",
            },
            r"finds no GPU that can be used \(CUDA driver library cannot be found.\): `nvidia-smi` must list",
        ),
        ({"available": False}, r"\(none is listed\).* or set compute.engine: cpu"),
        (
            {"capability": (7, 5), "name": "Tesla T4"},
            r"compute capability 8.0 or more \(A100 or later\), got 7.5 \(Tesla T4\)",
        ),
    ],
)
def test_a_gpu_that_will_not_do(machine, found, told):
    machine(**found)
    with pytest.raises(RuntimeError, match=told):
        the_device()


def test_numba_cuda_is_missing(machine, monkeypatch):
    machine()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(RuntimeError, match=r"needs numba-cuda: pip install .*\[cuda\].* compute.engine: cpu"):
        the_device()


class Copied:
    """An array of a device, which cannot be read but by a copy."""

    def __init__(self, values):
        self._values = np.array(values)

    def copy_to_device(self, values):
        assert values.flags.c_contiguous
        self._values[...] = values

    def copy_to_host(self, into):
        into[...] = self._values


def test_arrays_go_there_and_back(machine, monkeypatch):
    waited = []
    cuda = SimpleNamespace(to_device=Copied, synchronize=lambda: waited.append(True))
    monkeypatch.setattr(dem.cuda.device, "numba_cuda", lambda: cuda)
    device, into = Device("any", 0, False), np.ones(3)
    array = device.zeros((3,), float)
    device.read(array, into)
    assert not into.any()
    device.write(array, np.arange(6.0)[::2])
    device.read(array, into)
    assert into.tolist() == [0, 2, 4]
    kept = device.keep(Coulomb(np.arange(3.0)))
    device.read(kept.coefficient, into)
    assert into.tolist() == [0, 1, 2]
    device.write(array, np.empty(0))
    device.read(array, np.empty(0))
    device.wait()
    assert waited == [True]
