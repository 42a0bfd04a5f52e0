"""Hand-made packings in space."""

import numpy as np
import pytest

from dem.cpu.spatial.integrate import make_system
from dem.geometry.spatial import FACES, FLOOR_AND_PISTON
from dem.laws.elastic import pair_table
from dem.parameters import Contacts
from dem.state import Spheres, box_across, no_box, walls_at
from electrode.species import AM, PAIRS, SE


@pytest.fixture
def alike():
    """Function that gives contacts with the same constants for all pairs."""

    def make(law="hertz_mindlin", friction=0.5, restitution=0.5, own=None):
        return Contacts(law, dict.fromkeys(PAIRS, friction), dict.fromkeys(PAIRS, restitution), own or {})

    return make


@pytest.fixture
def space(parameters):
    """Function that puts spheres [um] between floor and piston, in a box that repeats itself or a die."""

    def make(
        position,
        radius=0.5,
        species=SE,
        width=None,
        walls=(-1000, 1000),
        contacts=parameters.contacts,
        velocity=0.0,
        spin=0.0,
        materials=parameters.materials,
    ):
        position = np.atleast_2d(np.asarray(position, float)) * 1e-6
        n = len(position)
        radius = np.broadcast_to(radius, n) * 1e-6
        species = np.broadcast_to(species, n).astype(np.int8)
        mass = 4 / 3 * np.pi * radius**3 * np.where(species == AM, 5000.0, 2000.0)
        motion = np.zeros((n, 10))
        motion[:, :3], motion[:, 3:6], motion[:, 6:9], motion[:, 9] = position, velocity, spin, radius
        particles = Spheres(motion, np.zeros((n, 6)), mass, 0.4 * mass * radius**2, species)
        ends = np.array(walls) * 1e-6
        if width is None:
            box, faces, places = no_box(), FACES, [*ends, -1e-3, 1e-3, -1e-3, 1e-3]
        else:
            box, faces, places = box_across(width * 1e-6), FLOOR_AND_PISTON, ends
        law, friction = contacts.law_of(materials), pair_table(contacts.friction.__getitem__)
        return make_system(particles, walls_at(places, faces), box, law, friction)

    return make


@pytest.fixture
def cluster(space):
    """A free cluster of overlapping spheres of both species in motion, turned by a rotation [3, 3]."""

    def make(turn=None, **options):
        turn = np.eye(3) if turn is None else turn
        rng = np.random.default_rng(7)
        points = np.array(
            [
                [0, 0, 0],
                [2.2, 0.5, 0.3],
                [2.4, -0.4, -0.5],
                [-0.1, 2.2, 1.0],
                [0.9, 2.3, 0.2],
                [0.1, 0.3, 2.4],
                [0.5, -0.5, 2.3],
                [-1.4, -1.4, -1.4],
            ]
        )
        points = points + rng.normal(0, 0.02, points.shape)
        velocity, spin = rng.normal(0, 1.0, points.shape), rng.normal(0, 1e6, points.shape)
        return space(
            points @ turn.T,
            radius=[2.0] + 7 * [0.5],
            species=[AM] + 7 * [SE],
            velocity=velocity @ turn.T,
            spin=spin @ turn.T,
            **options,
        )

    return make


@pytest.fixture
def crowd(space, alike):
    """Function that gives sixty spheres of both species, overlapping and moving in a periodic box."""

    def make(law="hertz_mindlin", own=None, width=5.0, height=4.0, count=60):
        rng = np.random.default_rng(3)
        position = rng.uniform(0, 1, (count, 3)) * [width, width, height]
        radius = np.where(np.arange(count) < 3, 1.2, rng.uniform(0.35, 0.5, count))
        species = np.where(np.arange(count) < 3, AM, SE)
        # Pushed apart a little, or the overlaps would be far beyond any law.
        for _ in range(200):
            between = position[None] - position[:, None]
            between[..., :2] -= width * np.round(between[..., :2] / width)
            distance = np.linalg.norm(between, axis=-1) + np.eye(count) * 1e9
            overlap = np.maximum(radius[:, None] + radius[None] - distance - 0.04, 0)
            position -= 0.3 * np.sum(between / distance[..., None] * overlap[..., None], axis=1)
            position[:, 2] = np.clip(position[:, 2], radius - 0.03, height - radius + 0.03)
        return space(
            position % [width, width, 1e9],
            radius=radius,
            species=species,
            width=width,
            walls=(0, height),
            contacts=alike(law, own=own),
            velocity=rng.normal(0, 3, (count, 3)),
            spin=rng.normal(0, 3e6, (count, 3)),
        )

    return make
