"""What the CPU has to do while a GPU waits: all structures of a batch are looked at, and told to go on.

    python benchmarks/gpu_looks.py

Needs no GPU, as the kernels are left out; copies from and to a device are copies within the memory here.
Prints milliseconds per round of looks.
"""

import time
from concurrent.futures import ThreadPoolExecutor

import gpu

import dem.cuda.spatial.batch
from dem.cuda.device import Device
from dem.cuda.engine import OnDevice, Together, advanced_by
from dem.cuda.planar import LayeredSystem
from dem.engine import GEOMETRIES, SystemLook
from dem.press import copy_of

ROUNDS = 30
# By geometry: structures, and width of the box before it shrinks [m].
CASES = {"space": (100, 23.2e-6), "plane": (500, 46e-6)}
STEP, STEPS = 1e-13, 100  # [s], and between two looks


class Waiting(Device):
    """A device without kernels."""

    def wait(self):
        """Nothing is under way."""


class NoKernel:
    """In place of a kernel."""

    def __getitem__(self, blocks):
        return lambda *arguments: None


class Batch(dem.cuda.spatial.batch.PackingBatch):
    """Structures that say they have been advanced."""

    def run(self):
        super().run()
        self._orders.done[:] = self._orders.steps


def looked_at(system, member, begun):
    """Have a structure looked at as when it comes to rest."""
    with advanced_by(member):
        for k in range(ROUNDS + 1):
            if k == 1:
                begun.append(time.perf_counter())
            GEOMETRIES[type(system)].advance(system, STEP, STEPS)
            GEOMETRIES[type(system)].check_none_lost(system, k)
            look = SystemLook(system, k, 0.0)
            look.forces()
            look.energies()
            look.contact_frequency()


def main():
    """Measure both geometries."""
    dem.cuda.spatial.batch.kernels_for = lambda *arguments: [NoKernel(), NoKernel()]
    dem.cuda.engine.PackingBatch = Batch
    for geometry, (count, width) in CASES.items():
        one = gpu.placed(gpu.dense(geometry, width, 0), "elastoplastic", 0.5)
        gpu.advance(one, STEP, 1)
        kind = OnDevice if geometry == "space" else LayeredSystem
        systems = [kind(*copy_of(one)) for _ in range(count)]
        layers = [getattr(system, "layer", system) for system in systems]
        together = Together(Waiting("none", 2**40, True), layers)
        begun = []
        with ThreadPoolExecutor(count) as pool:
            list(pool.map(looked_at, systems, together.members, count * [begun]))
        took = (time.perf_counter() - min(begun)) / ROUNDS
        print(f"{geometry}: {count} structures of {one.particles.mass.size} particles, {1e3 * took:.1f} ms")


if __name__ == "__main__":
    main()
