import copy
import platform
import re

import numpy as np
import pytest
from numba import njit

from dem.cpu import forces
from dem.cpu.integrate import advance
from dem.geometry import planar
from dem.state import TILE, no_contacts
from electrode.species import SE

STEP = 1e-11


def momenta(particles):
    x, y, vx, vy = particles.x, particles.y, particles.vx, particles.vy
    linear = np.array([np.sum(particles.mass * vx), np.sum(particles.mass * vy)])
    return linear, np.sum(particles.mass * (x * vy - y * vx) + particles.inertia * particles.omega)


def test_a_free_cluster_keeps_momentum_and_angular_momentum(cluster):
    system = cluster()
    linear, angular = momenta(system.particles)
    before = system.particles.vx.copy()
    advance(system, STEP, 3000)
    assert np.abs(system.particles.vx - before).max() > 0.1, "they collided"
    after_linear, after_angular = momenta(system.particles)
    np.testing.assert_allclose(after_linear, linear, rtol=1e-10)
    # Both torques act at R - overlap/2: the arms add up to the distance of the centres.
    assert after_angular == pytest.approx(angular, rel=1e-10)


def test_a_rotated_cluster_moves_rotated(cluster):
    angle = 0.7
    system, turned = cluster(), cluster(angle)
    advance(system, STEP, 2000)
    advance(turned, STEP, 2000)
    position = system.particles.x + 1j * system.particles.y
    expected = position * np.exp(1j * angle)
    np.testing.assert_allclose(turned.particles.x + 1j * turned.particles.y, expected, rtol=0, atol=1e-15)
    np.testing.assert_allclose(turned.particles.omega, system.particles.omega, rtol=1e-6)


@pytest.mark.parametrize("wall", range(4))
def test_every_wall_pushes_back_and_rubs_the_same_way(scene, wall):
    # A particle that hits a wall while sliding along it, counterclockwise around the box.
    normal = np.array([[-1, 0], [1, 0], [0, -1], [0, 1]])[wall]
    along = np.array([-normal[1], normal[0]])
    system = scene(
        *(normal * 4.49),
        walls=(-5, 5, -5, 5),
        vx=float(2 * normal[0] + along[0]),
        vy=float(2 * normal[1] + along[1]),
    )
    advance(system, 2e-12, 8000)
    velocity = np.array([system.particles.vx[0], system.particles.vy[0]])
    assert velocity @ normal == pytest.approx(-1.0, rel=2e-2), "restitution 0.5"
    assert 0 < velocity @ along < 0.9, "friction slows the slide"
    # Friction on the side of the wall turns the particle clockwise when it slides counterclockwise.
    assert system.particles.omega[0] * 0.5e-6 == pytest.approx(-(1 - velocity @ along) / 0.4, rel=5e-2)


def test_a_particle_pressed_to_a_wall_sticks_below_and_slides_above_the_coulomb_limit(scene):
    # Pressed by overlap; pulled along the wall with 0.4 and 0.6 of the normal force at friction 0.5.
    displaced = []
    for pull in (0.4, 0.6):
        system = scene(0.49, 0, walls=(0, 10, -10, 10))
        advance(system, 1e-15, 1)
        normal = system.walls.force[0]
        spring = system.wall_contacts.listed("constants")[1, 0] * np.sqrt(1e-8)
        system.wall_contacts.displacement[0] = pull * normal / spring
        advance(system, 1e-15, 1)
        displaced.append(system.wall_contacts.displacement[0] * spring / normal)
    assert displaced == pytest.approx([0.4, 0.5], rel=1e-4)


@pytest.fixture
def boxed(scene):
    """A few overlapping particles that touch each other and all walls, in motion."""
    rng = np.random.default_rng(5)
    grid = np.array([[0.48 + 0.95 * i, 0.48 + 0.95 * j] for i in range(4) for j in range(4)]).T
    system = scene(
        *grid, species=SE, walls=(0, 3.81, 0, 3.81), vx=rng.normal(0, 1, 16), vy=rng.normal(0, 1, 16)
    )
    advance(system, STEP, 5)
    return system


def test_compiled_equals_python(boxed):
    twin = copy.deepcopy(boxed)
    lists = boxed.pairs, boxed.wall_contacts
    twin_lists = twin.pairs, twin.wall_contacts
    forces.add_forces(boxed, STEP, True)
    forces.add_forces.py_func(twin, STEP, True)
    particles, other = boxed.particles, twin.particles
    count = boxed.pairs.first[-1]
    for name, arguments, twins in (
        (
            "add_pair_forces",
            (particles, boxed.pairs, boxed.law, STEP, boxed.tile, boxed.stress, True),
            (other, twin.pairs, twin.law, STEP, twin.tile, twin.stress, True),
        ),
        ("gather", (particles, boxed.pairs, 0, count, boxed.tile), (other, twin.pairs, 0, count, twin.tile)),
        (
            "apply_law",
            (boxed.tile, boxed.pairs, boxed.law, 0, STEP),
            (twin.tile, twin.pairs, twin.law, 0, STEP),
        ),
        ("scatter", (particles, boxed.pairs, 0, count, boxed.tile), (other, twin.pairs, 0, count, twin.tile)),
        (
            "add_wall_forces",
            (particles, boxed.walls, boxed.wall_contacts, boxed.law, STEP, boxed.tile, boxed.stress, True),
            (other, twin.walls, twin.wall_contacts, twin.law, STEP, twin.tile, twin.stress, True),
        ),
    ):
        function = getattr(forces, name)
        function(*arguments)
        function.py_func(*twins)
        np.testing.assert_allclose(boxed.tile, twin.tile, rtol=1e-9, atol=1e-20)
        for compiled, python in zip(particles, other, strict=True):
            np.testing.assert_allclose(compiled, python, rtol=1e-9, atol=1e-18)
        for contacts, twin_contacts in zip(lists, twin_lists, strict=True):
            for column in ("displacement", "overlap", "normal_force", "tangential_force"):
                compiled, python = getattr(contacts, column), getattr(twin_contacts, column)
                np.testing.assert_allclose(compiled, python, rtol=1e-9, atol=1e-18)
        for compiled, python in zip(boxed.stress, twin.stress, strict=True):
            np.testing.assert_allclose(compiled, python, rtol=1e-9, atol=1e-24)
    assert boxed.walls.force == pytest.approx(twin.walls.force)
    assert forces.energies(boxed) == pytest.approx(forces.energies.py_func(boxed))
    for p in range(boxed.wall_contacts.first[-1]):
        arguments = particles, boxed.walls, boxed.wall_contacts.owner[p], boxed.wall_contacts.partner[p]
        for function in (planar.face_approach, planar.face_gap):
            assert function(*arguments) == pytest.approx(function.py_func(*arguments))
    for function, arguments in (
        (planar.approach, (9e-7, 1e-7, 0.3, -0.2, 1e5, -2e5, 5e-7, 5e-7)),
        (planar.force_vector, (3e-3, -1e-3, 0.6, 0.8)),
    ):
        assert function(*arguments) == pytest.approx(function.py_func(*arguments), rel=1e-12)


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="looks for x86 instructions")
def test_the_law_is_vector_instructions(cluster):
    """The point of the tiles; a branch or an index too many and the compiler goes back to scalars."""
    fresh = njit(forces.apply_law.py_func, error_model="numpy")
    system = cluster()
    fresh(system.tile, system.pairs, system.law, 0, STEP)
    code = next(iter(fresh.inspect_asm().values()))
    assert len(re.findall(r"v?sqrtpd\s.*[xyz]mm", code)) >= 3 and "divpd" in code


def test_a_tile_that_is_not_full_gives_the_same(scene):
    """More pairs than a tile holds, and a rest: compare with lists of one pair."""
    rng = np.random.default_rng(2)
    system = scene(*rng.uniform(0, 14, (2, 200)), vx=rng.normal(0, 1, 200), omega=rng.normal(0, 1e6, 200))
    assert system.pairs.first[-1] > TILE and system.pairs.first[-1] % TILE
    twin = copy.deepcopy(system)
    for particles in (system.particles, twin.particles):
        particles.fx[:] = particles.fy[:] = particles.torque[:] = 0
    forces.add_pair_forces(
        system.particles, system.pairs, system.law, STEP, system.tile, system.stress, False
    )
    for p in range(twin.pairs.first[-1]):
        alone = no_contacts(200, 1, twin.law)
        for name in ("owner", "partner", "friction"):
            getattr(alone, name)[0] = getattr(twin.pairs, name)[p]
        alone.constants[::TILE] = twin.pairs.listed("constants")[:, p]
        forces.gather(twin.particles, alone, 0, 1, twin.tile)
        forces.apply_law(twin.tile, alone, twin.law, 0, STEP)
        forces.scatter(twin.particles, alone, 0, 1, twin.tile)
        twin.pairs.displacement[p] = alone.displacement[0]
    for in_tiles, pair_by_pair in zip(system.particles, twin.particles, strict=True):
        np.testing.assert_array_equal(in_tiles, pair_by_pair)
    np.testing.assert_array_equal(system.pairs.displacement, twin.pairs.displacement)


def test_displacement_ends_with_the_contact(scene):
    system = scene([0, 1.01], 0)
    for function in (forces.add_pair_forces, forces.add_pair_forces.py_func):
        system.pairs.displacement[0] = 1e-9
        function(system.particles, system.pairs, system.law, STEP, system.tile, system.stress, False)
        assert system.pairs.displacement[0] == 0
