"""The GPU of this machine, its memory, and why there is none.

With ``NUMBA_ENABLE_CUDASIM=1`` Numba's simulator takes its place: threads of Python over arrays of NumPy.
"""

from __future__ import annotations

import importlib.util
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numba import config

from provenance.installation import installation

# Compute capability from which on devices have fast atomics, and enough registers: NVIDIA A100 and later.
LEAST = (8, 0)
ELSE = "or set compute.engine: cpu"


class Device(NamedTuple):
    """What a batch asks of a GPU."""

    name: str
    free: int  # memory [bytes]
    simulated: bool

    def zeros(self, shape: tuple[int, ...], kind: Any) -> Any:
        """An array in its memory."""
        if self.simulated:
            return np.zeros(shape, kind)
        return numba_cuda().to_device(np.zeros(shape, kind))

    def keep(self, value: Any) -> Any:
        """A named tuple with copies of its arrays in the memory of the device."""
        if isinstance(value, tuple):
            return type(value)(*map(self.keep, value))
        if isinstance(value, np.ndarray) and not self.simulated:
            return numba_cuda().to_device(value)
        return value

    def write(self, array: Any, values: np.ndarray) -> None:
        """Copy `values` into an array of the device."""
        if not values.size:
            return
        if self.simulated:
            array[...] = values
        else:
            array.copy_to_device(np.ascontiguousarray(values))

    def read(self, array: Any, into: np.ndarray) -> None:
        """Copy an array of the device."""
        if not into.size:
            return
        if self.simulated:
            into[...] = array
        else:
            array.copy_to_host(into)

    def wait(self) -> None:
        """Until it has done what it was told."""
        numba_cuda().synchronize()


def numba_cuda() -> Any:
    """Numba's module for GPUs, or for their simulator."""
    from numba import cuda

    return cuda


@cache
def the_device() -> Device:
    """The first GPU.

    Raises
    ------
    RuntimeError
        If there is none that will do, with what to install or to set.
    """
    if importlib.util.find_spec("numba_cuda") is None:
        raise RuntimeError(f"compute.engine: cuda needs numba-cuda: {installation('cuda')}, {ELSE}")
    cuda = numba_cuda()
    if config.ENABLE_CUDASIM:  # type: ignore[attr-defined]
        return Device("simulator", 2**62, True)
    if not cuda.is_available():
        raise RuntimeError(
            f"compute.engine: cuda finds no GPU that can be used ({_why_not(cuda)}): `nvidia-smi` must list "
            f"one, with a driver of 580 or newer; run on a machine with one (docs/cluster.md) {ELSE}"
        )
    device = cuda.get_current_device()
    name = device.name.decode() if isinstance(device.name, bytes) else str(device.name)
    if tuple(device.compute_capability) < LEAST:
        raise RuntimeError(
            f"compute.engine: cuda needs a GPU of compute capability {_dotted(LEAST)} or more (A100 or "
            f"later), got {_dotted(device.compute_capability)} ({name}); take another {ELSE}"
        )
    free, _ = cuda.current_context().get_memory_info()
    return Device(name, int(free), False)


def _why_not(cuda: Any) -> str:
    """The first sentence of what numba-cuda says of it."""
    lines = str(cuda.cuda_error() or "none is listed").splitlines()
    return next((line for line in map(str.strip, lines) if line and not line.endswith(":")), "no reason")


def _dotted(capability: tuple[int, int]) -> str:
    return ".".join(map(str, capability))
