"""Hand-made packings in space."""

import numpy as np
import pytest

from electrode.species import AM, SE


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

    def make(law="hertz_mindlin", own=None, width=5.0, height=4.0, count=60, friction=0.5):
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
            contacts=alike(law, friction, own=own),
            velocity=rng.normal(0, 3, (count, 3)),
            spin=rng.normal(0, 3e6, (count, 3)),
        )

    return make
