import copy

import numpy as np
import pytest

from dem.compress import between_walls, largest_time_step
from dem.cpu import contacts as lists
from dem.cpu import neighbors
from dem.cpu.integrate import SKIN, advance
from dem.geometry.planar import face_gap
from dem.state import no_contacts
from dem.structure import fill
from electrode.species import AM, SE

DISTANCE = SKIN * 1e-6  # skin of a system whose smallest particle is 1 um in diameter


@pytest.fixture
def crowd(scene):
    """Particles of very different sizes all over a box, overlaps and all."""
    rng = np.random.default_rng(3)
    n = 120
    radius = np.where(rng.random(n) < 0.1, rng.uniform(2, 4, n), 0.5)
    species = np.where(radius > 0.5, AM, SE)
    return scene(*rng.uniform(0, 20, (2, n)), radius=radius, species=species, walls=(0, 20, 0, 20))


def build(system, twin=False):
    def call(function, *arguments):
        return (function.py_func if twin else function)(*arguments)

    call(neighbors.sort_into_cells, system.particles, system.walls, system.grid)
    fits = call(
        neighbors.build_pairs,
        system.particles,
        system.walls,
        system.grid,
        system.pairs,
        system.law,
        system.friction,
        DISTANCE,
    )
    call(
        neighbors.build_wall_contacts,
        system.particles,
        system.walls,
        system.wall_contacts,
        system.law,
        system.friction,
        DISTANCE,
    )
    return fits


def listed(contacts):
    owners = np.repeat(np.arange(contacts.first.size - 1), np.diff(contacts.first))
    return set(zip(owners.tolist(), contacts.partner[: owners.size].tolist(), strict=True))


def test_list_equals_brute_force(crowd):
    crowd = crowd._replace(pairs=no_contacts(120, 5000, crowd.law))
    assert build(crowd)
    x, y, radius = crowd.particles.x, crowd.particles.y, crowd.particles.radius
    near = {
        frozenset((i, j))
        for i in range(x.size)
        for j in range(i)
        if np.hypot(x[i] - x[j], y[i] - y[j]) < radius[i] + radius[j] + DISTANCE
    }
    pairs = listed(crowd.pairs)
    assert {frozenset(pair) for pair in pairs} == near and len(pairs) == len(near)
    assert all(radius[i] >= radius[j] for i, j in pairs)
    edges = (0, 20e-6)
    walls = {
        (i, w)
        for i in range(x.size)
        for w in range(4)
        if abs((x, x, y, y)[w][i] - edges[w % 2]) < radius[i] + DISTANCE
    }
    assert listed(crowd.wall_contacts) == walls


def test_list_holds_every_contact_throughout_a_compression(tiny):
    """Brute force beside the list, all the way from the filled box to the final width."""
    structure, _ = fill(tiny.structure, 11e-6, 0.7, np.random.default_rng(0))
    system = between_walls(structure, tiny)
    particles, pairs = system.particles, system.pairs
    step = largest_time_step(structure, tiny.materials, 0.15)
    system.walls.velocity[1] = -4.0
    reach = particles.radius[:, None] + particles.radius
    most = 0
    for _ in range(int(3e-6 / 4.0 / step / 5)):
        advance(system, step, 5)
        distance = np.hypot(particles.x[:, None] - particles.x, particles.y[:, None] - particles.y)
        touching = {frozenset(pair) for pair in np.argwhere(distance < reach).tolist() if pair[0] != pair[1]}
        contacts = np.flatnonzero(pairs.overlap[: pairs.first[-1]] > 0)
        assert {frozenset((int(pairs.owner[p]), int(pairs.partner[p]))) for p in contacts} == touching
        most = max(most, len(touching))
    assert most > structure.x.size, "the packing became dense"


def test_history_survives_a_rebuild_and_ends_with_the_neighborhood(scene):
    system = scene([0, 1.05, 2.1], 0)
    build(system)
    owner_of_12 = system.pairs.partner[: system.pairs.first[-1]].tolist().index(1)
    system.pairs.displacement[: system.pairs.first[-1]] = [1e-9, 2e-9]
    kept = system.pairs.displacement[owner_of_12]
    system.particles.x[0] -= 1e-6
    build(system)
    assert listed(system.pairs) == {(2, 1)}
    assert system.pairs.displacement[0] == kept == 2e-9


def test_a_list_too_short_is_reported(crowd):
    crowded = crowd._replace(pairs=no_contacts(120, 10, crowd.law))
    assert not build(crowded)
    assert not build(crowded, twin=True)


def test_compiled_equals_python(crowd):
    crowd = crowd._replace(pairs=no_contacts(120, 5000, crowd.law))
    twin = copy.deepcopy(crowd)
    build(crowd)
    crowd.pairs.displacement[: crowd.pairs.first[-1]] = np.arange(crowd.pairs.first[-1])
    build(crowd)
    build(twin, twin=True)
    twin.pairs.displacement[: twin.pairs.first[-1]] = np.arange(twin.pairs.first[-1])
    build(twin, twin=True)
    for compiled, python in zip(
        crowd.pairs + crowd.wall_contacts + crowd.grid,
        twin.pairs + twin.wall_contacts + twin.grid,
        strict=True,
    ):
        np.testing.assert_allclose(compiled, python, rtol=1e-12)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (neighbors._cell_along, (3.7, 0.0, 1.0, 3)),
        (neighbors._cell_along, (-0.5, 0.0, 1.0, 3)),
    ],
)
def test_cells_end_at_the_walls(function, arguments):
    assert function(*arguments) == function.py_func(*arguments) in (0, 2)


def test_small_kernels_equal_python(crowd):
    build(crowd)
    arguments = crowd.particles, crowd.walls
    for w in range(4):
        assert face_gap(*arguments, 5, w) == pytest.approx(face_gap.py_func(*arguments, 5, w))
    for p in range(crowd.pairs.first[5], crowd.pairs.first[6]):
        crowd.pairs.displacement[p] = p
    lists.keep_old.py_func(crowd.pairs)
    old_list = crowd.pairs.old_partner, *crowd.pairs.old_first[5:7]
    for p in range(crowd.pairs.first[5], crowd.pairs.first[6]):
        partner = crowd.pairs.partner[p]
        for start in range(crowd.pairs.old_first[5], crowd.pairs.old_first[6] + 1):
            assert lists._old_place(*old_list, partner, start) == p
            assert lists._old_place.py_func(*old_list, partner, start) == p
    assert lists._old_place.py_func(*old_list, 10**6, old_list[1]) == -1
