"""Hand-made scenes for the tests of the DEM."""

import numpy as np
import pytest

from dem.parameters import read_parameters
from dem.simulation import simulate
from electrode.species import AM, SE


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
