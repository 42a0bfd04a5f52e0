"""Hand-made scenes for the tests of the DEM."""

import numpy as np
import pytest

from dem.contact import law_table
from dem.integrate import make_system
from dem.neighbors import Particles, Walls
from dem.parameters import AM, SE, read_parameters
from dem.study import simulate


@pytest.fixture
def parameters(paper_config):
    return read_parameters(paper_config)


@pytest.fixture
def scene(parameters):
    """Function that puts particles [um] between walls and gives the system."""

    def make(
        x, y, radius=0.5, species=SE, walls=(-1000, 1000, -1000, 1000), contacts=None, vx=0, vy=0, omega=0
    ):
        x, y, radius, species, vx, vy, omega = np.broadcast_arrays(
            *(np.atleast_1d(value) for value in (x, y, radius, species, vx, vy, omega))
        )
        radius = radius * 1e-6
        density = np.where(species == AM, 5000.0, 2000.0)
        mass = 4 / 3 * np.pi * radius**3 * density
        zeros = {name: np.zeros(radius.size) for name in ("fx", "fy", "torque")}
        particles = Particles(
            x=x * 1e-6,
            y=y * 1e-6,
            radius=radius,
            mass=mass,
            inertia=0.4 * mass * radius**2,
            species=species.astype(np.int8),
            vx=vx.astype(float),
            vy=vy.astype(float),
            omega=omega.astype(float),
            **zeros,
        )
        law = law_table(parameters.materials, contacts or parameters.contacts)
        return make_system(particles, Walls(np.array(walls) * 1e-6, np.zeros(4), np.zeros(4)), law)

    return make


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
