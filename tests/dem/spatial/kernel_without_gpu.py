"""Compile a kernel for GPUs that are not there: ``python kernel_without_gpu.py WORK LAW FRICTION 90``.

Work is ``advance`` or ``look``, or ``law`` for no more than what depends on it. The machine code's assembler
text goes to standard output, of several GPUs (``80 90``) one after the other. A process of its own: Numba is
here without its simulator, and is told of a device.
"""

import sys
from types import SimpleNamespace

import numba.cuda.dispatcher
import numpy as np
from numba import cuda
from numba.cuda.codegen import CUDACodeLibrary
from numba.cuda.typing.typeof import typeof

from dem.cpu.spatial.neighbors import empty_grid
from dem.cpu.spatial.tile import empty_tile
from dem.cuda.device import Device
from dem.cuda.spatial.batch import PackingBatch, linked_kernel
from dem.cuda.spatial.forces import add_up, pass_contacts
from dem.cuda.spatial.integrate import advance
from dem.cuda.spatial.look import look
from dem.cuda.spatial.neighbors import fill_in
from dem.cuda.spatial.structure import structure_of
from dem.geometry.spatial import FLOOR_AND_PISTON
from dem.laws.elastic import pair_table
from dem.laws.elastoplastic import Yielding
from dem.laws.friction import friction_of
from dem.parameters import Contacts, Material
from dem.state import SpatialSystem, Spheres, box_across, no_contacts, no_stress, walls_at
from electrode.species import PAIRS

OWN = {"elastoplastic": Yielding(5.0, 2.0, 0.6, 1e-9)}


def a_sphere(law, friction):
    """The system of a single one, made without kernels of the CPU."""
    materials = dict.fromkeys(("AM", "SE"), Material(1e9, 0.3, 2000.0, hardness=1e9))
    law = Contacts(law, dict.fromkeys(PAIRS, 0.0), dict.fromkeys(PAIRS, 0.5), OWN).law_of(materials)
    motion = np.array([[2e-6] * 3 + [0.0] * 6 + [1e-6]])
    spheres = Spheres(motion, np.zeros((1, 6)), np.ones(1), np.ones(1), np.ones(1, np.int8))
    walls, box = walls_at([0.0, 4e-6], FLOOR_AND_PISTON), box_across(4e-6)
    return SpatialSystem(
        spheres,
        box,
        walls,
        no_contacts(1, 14, law, axes=3),
        no_contacts(1, 2, law, axes=3),
        empty_grid(spheres, walls, box, 1e-7),
        law,
        friction_of(pair_table(lambda pair: float(friction))),
        empty_tile(law),
        no_stress(1, axes=3),
    )


def what_depends_on_the_law(batch, law, friction, s, thread, threads):
    """Work of a block in which nothing else is."""
    structure = structure_of(batch, s, threads)
    fill_in(structure, structure.pairs, law, friction, False, thread, threads)
    pass_contacts(structure, law, friction, 1e-11, True, thread, threads)
    structure.lost[thread] = add_up(structure, friction, thread)[1]


WORKS = {"advance": advance, "look": look, "law": what_depends_on_the_law}


def main(work, law, friction, *capabilities):
    capabilities = [(int(number) // 10, int(number) % 10) for number in capabilities]
    device = SimpleNamespace(compute_capability=capabilities[0])
    numba.cuda.dispatcher.get_current_device = lambda: device
    # What Numba makes of a kernel is the same for all GPUs; NVIDIA's compiler is called for each of them.
    libraries, asked = [], CUDACodeLibrary.get_asm_strs
    CUDACodeLibrary.get_asm_strs = lambda self, cc=None: libraries.append(self) or asked(self, cc)
    system, jit = a_sphere(law, friction), cuda.jit(device=True, forceinline=True)
    # Arrays of NumPy have the types of those on a device.
    batch = PackingBatch(Device("none", 2**40, True), [system]).arguments
    kernel = linked_kernel(WORKS[work], type(system.law), type(system.friction), jit)
    cuda.compile_ptx(kernel, tuple(map(typeof, batch)), cc=capabilities[0])
    for capability in capabilities:
        print(*asked(libraries[0], capability))


if __name__ == "__main__":
    main(*sys.argv[1:])
