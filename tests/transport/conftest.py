"""Lattices of equal spheres that touch, between two electrodes."""

import dataclasses

import numpy as np
import pytest

from dem.press_study import press_cell
from dem.study import compress_cell
from electrode.species import SE
from electrode.structures import read_packings, read_trajectories
from transport.network import COLLECTOR, SEPARATOR, ContactNetwork

RADIUS = 0.5e-6
# Of cubes of edge 1: places in the layers of one edge, and the distance of neighbours.
LATTICES = {
    "simple cubic": ([(0, 0, 0)], 1.0),
    "body centred": ([(0, 0, 0), (0.5, 0.5, 0.5)], np.sqrt(3) / 2),
    "face centred": ([(0, 0, 0), (0.5, 0.5, 0), (0.5, 0, 0.5), (0, 0.5, 0.5)], np.sqrt(0.5)),
}


def lattice(name, layers, across=4, contact=0.01):
    """Network of a lattice of so many layers and cubes across, contact radius / radius given."""
    basis, distance = LATTICES[name]
    edge = 2 * RADIUS / distance
    cubes = np.stack(np.meshgrid(*[np.arange(across)] * 2, np.arange(layers), indexing="ij"), -1)
    place = (cubes.reshape(-1, 1, 3) + np.array(basis)).reshape(-1, 3)
    heights = np.unique(place[:, 2])[:layers]
    place = place[np.isin(place[:, 2], heights)] * edge
    way = place[:, None] - place
    way[..., :2] -= across * edge * np.round(way[..., :2] / (across * edge))
    i, j = np.nonzero(np.isclose(np.linalg.norm(way, axis=-1), 2 * RADIUS))
    i, j = i[i > j], j[i > j]
    low, high = (np.flatnonzero(np.isclose(place[:, 2], end * edge)) for end in (0, heights[-1]))
    number = len(place)
    thickness = place[:, 2].max() + 2 * RADIUS
    i = np.concatenate([i, low, high])
    return ContactNetwork(
        species=np.full(number, SE),
        radius=np.full(number, RADIUS),
        depth=place[:, 2] + RADIUS,
        share=np.full(number, 4 / 3 * np.pi * RADIUS**3 / ((across * edge) ** 2 * thickness)),
        i=i,
        j=np.concatenate([j, np.full(low.size, SEPARATOR), np.full(high.size, COLLECTOR)]),
        area=np.full(i.size, np.pi * (contact * RADIUS) ** 2),
        thickness=thickness,
        cross_section=(across * edge) ** 2,
    )


def disordered(seed, number=60, loss=0.4):
    """Network of a jittered grid of SE with unequal contacts, some of them missing."""
    rng = np.random.default_rng(seed)
    edge = round(number ** (1 / 3))
    network = lattice("simple cubic", edge, edge)
    kept = rng.random(network.i.size) > loss
    return dataclasses.replace(
        network,
        depth=network.depth + rng.uniform(-0.2, 0.2, network.depth.size) * RADIUS,
        i=network.i[kept],
        j=network.j[kept],
        area=network.area[kept] * rng.lognormal(0, 1, np.count_nonzero(kept)),
    )


@pytest.fixture(scope="session")
def stacked():
    """Function that gives the network of a lattice, see `lattice`."""
    return lattice


@pytest.fixture(scope="session")
def scattered():
    """Function that gives a disordered network by its seed, see `disordered`."""
    return disordered


@pytest.fixture(scope="session")
def trajectories(tmp_path_factory, kernels, tiny_config, spatial_config):
    """Trajectory files of two structures in the plane, and of samples of a packing in space."""
    folder = tmp_path_factory.mktemp("transport")
    planar, spatial = folder / "planar.h5", folder / "spatial.h5"
    compress_cell(planar, tiny_config, 10, 0.7, range(2), "code")
    press_cell(spatial, spatial_config, 0.3, [50, 200], range(1), "code")
    return planar, spatial


@pytest.fixture(scope="session")
def structure_in_the_plane(trajectories):
    """A compressed structure."""
    return next(read_trajectories(trajectories[0]))


@pytest.fixture(scope="session")
def packing_in_space(trajectories):
    """A packing under its highest pressure."""
    return next(each for each in read_packings(trajectories[1]) if each.name.endswith("pressure-200"))
