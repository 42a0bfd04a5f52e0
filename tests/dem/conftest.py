"""Hand-made scenes for the tests of the DEM."""

import math
import sys

import numpy as np
import pytest

import dem.batch
import dem.cuda.engine
from dem.cpu.spatial.forces import energies
from dem.cpu.spatial.integrate import advance
from dem.cuda.device import Device
from dem.cuda.spatial.structure import Seen
from dem.measure.balance import contact_frequency, forces
from dem.parameters import read_parameters
from dem.simulation import simulate
from dem.state import SpatialSystem
from electrode.species import AM, SE


class OnTheCpu:
    """A batch without a GPU."""

    runs = 0

    def __init__(self, device, systems, threads=None):
        self.orders = {}

    def put(self, s, system):
        """Nothing to copy."""

    def order(self, s, system, time_step, steps, kept):
        damping = -math.log(kept) / time_step
        self.orders[s] = SpatialSystem(*system), time_step, steps, damping

    def skip(self, s):
        self.orders.pop(s, None)

    def run(self):
        OnTheCpu.runs += 1
        for order in self.orders.values():
            advance(*order)

    def follow(self, s, system):
        return True

    def take(self, s, system):
        """Nothing to copy."""

    def seen(self, s):
        """What the CPU sees."""
        system = self.orders[s][0]
        left, net = forces(system), system.particles.force.sum(axis=0)
        swing = contact_frequency(system) ** 2
        return Seen(*energies(system), left.of_contacts, 1.0, *net.tolist(), 0.0, left.on_particle**2, swing)

    def twists(self, s, system):
        """Without their signs."""
        return [part.tangential_force[: part.first[-1]] for part in (system.pairs, system.wall_contacts)]


@pytest.fixture
def device(monkeypatch):
    """A GPU with memory for all, that is none."""
    gpu = Device("stand-in", 10**12, True)
    monkeypatch.setattr(dem.batch, "the_device", lambda: gpu)
    monkeypatch.setattr(dem.cuda.engine, "PackingBatch", OnTheCpu)
    return gpu


@pytest.fixture
def quick_turns():
    """Threads take turns quickly: those of the simulator of a GPU wait for each other in every step."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@pytest.fixture
def cluster(scene):
    """A free cluster of overlapping particles of both species in motion, far from the walls."""

    def make(angle=0.0):
        rng = np.random.default_rng(7)
        points = np.array([[0, 0], [2.2, 0.5], [2.6, -0.4], [-0.1, 2.4], [0.9, 2.3], [0.4, 3.1], [3.2, 0.3]])
        points = points + rng.normal(0, 0.02, points.shape)
        velocity = rng.normal(0, 1.0, points.shape)
        spin = rng.normal(0, 1e6, len(points))
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        points, velocity = points @ turn.T, velocity @ turn.T
        return scene(
            *points.T,
            radius=[2.0] + 6 * [0.5],
            species=[AM] + 6 * [SE],
            vx=velocity[:, 0],
            vy=velocity[:, 1],
            omega=spin,
        )

    return make


@pytest.fixture
def tiny(config):
    """Parameters of the tiny study."""
    return read_parameters(config)


@pytest.fixture
def run(tiny):
    """A structure of the tiny study, compressed."""
    return simulate(tiny, 11e-6, 0.7, 0)
