"""Compile the kernel of a law for a GPU that is not there: ``python kernel_without_gpu.py LAW FRICTION 90``.

The machine code's assembler text goes to standard output. A process of its own: Numba is here without its
simulator, and is told of a device.
"""

import dataclasses
import sys
from pathlib import Path
from types import SimpleNamespace

import numba.cuda.dispatcher
import numpy as np
import yaml
from numba import cuda
from numba.cuda.typing.typeof import typeof

from dem.cuda.device import Device
from dem.cuda.spatial.batch import PackingBatch, linked_kernel
from dem.filling.spatial import fill
from dem.parameters import SpatialFilling, read_pressing
from dem.press import under_piston

FILLING = SpatialFilling(3e-6, 3e-6, (1.4e-6, 1.4e-6), (0.0, 0.0), 1.2e-6, 0.8e-6, 0.2e-6, 0.3, 1000, 3)
ROOT = Path(__file__).resolve().parents[3]


def main(law, friction, capability):
    capability = int(capability) // 10, int(capability) % 10
    device = SimpleNamespace(compute_capability=capability)
    numba.cuda.dispatcher.get_current_device = lambda: device
    parameters = read_pressing(yaml.safe_load((ROOT / "config/spatial.yaml").read_text(encoding="utf-8")))
    contacts = parameters.contacts
    contacts = dataclasses.replace(
        contacts, law=law, friction=dict.fromkeys(contacts.friction, float(friction))
    )
    packing, _ = fill(FILLING, 0.3, np.random.default_rng(1))
    system = under_piston(packing, parameters.materials, contacts)
    kinds = type(system.law), type(system.friction)
    # Arrays of NumPy have the types of those on a device.
    batch = PackingBatch(Device("none", 1, 2**40, True), [system]).arguments
    kernel = linked_kernel(*kinds, cuda.jit(device=True, forceinline=True))
    text, _ = cuda.compile_ptx(kernel, tuple(map(typeof, batch)), cc=capability)
    print(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
