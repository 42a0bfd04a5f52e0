import copy

import numpy as np
import pytest

from dem import forces
from dem.integrate import advance
from dem.neighbors import is_stale
from dem.parameters import SE

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
    assert after_angular == pytest.approx(angular, rel=1e-9)


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
        spring = system.wall_contacts.tangential_stiffness[0] * np.sqrt(1e-8)
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
    forces.add_forces(boxed.particles, boxed.walls, boxed.pairs, boxed.wall_contacts, STEP)
    forces.add_forces.py_func(twin.particles, twin.walls, twin.pairs, twin.wall_contacts, STEP)
    again = copy.deepcopy(twin)
    for function in (forces.add_pair_forces, forces.add_wall_forces):
        lists = {
            forces.add_pair_forces: (twin.pairs,),
            forces.add_wall_forces: (twin.walls, twin.wall_contacts),
        }
        function(twin.particles, *lists[function], 0.0)
        lists = {
            forces.add_pair_forces: (again.pairs,),
            forces.add_wall_forces: (again.walls, again.wall_contacts),
        }
        function.py_func(again.particles, *lists[function], 0.0)
    for compiled, python in zip(twin.particles, again.particles, strict=True):
        np.testing.assert_allclose(compiled, python, rtol=1e-9, atol=1e-18)
    assert boxed.walls.force == pytest.approx(twin.walls.force)
    state = boxed.particles, boxed.walls, boxed.pairs, boxed.wall_contacts
    assert forces.energies(*state) == pytest.approx(forces.energies.py_func(*state))
    for i in range(16):
        for p in range(boxed.wall_contacts.first[i], boxed.wall_contacts.first[i + 1]):
            arguments = boxed.particles, boxed.walls, boxed.wall_contacts, STEP, i, p
            assert forces.wall_contact(*arguments) == pytest.approx(forces.wall_contact.py_func(*arguments))


def test_displacement_ends_with_the_contact(scene):
    system = scene([0, 1.01], 0)
    advance(system, STEP, 1)
    assert not is_stale(system.particles, system.walls, system.grid, 1e-7)
    system.pairs.displacement[0] = 1e-9
    for function in (forces.add_pair_forces, forces.add_pair_forces.py_func):
        system.pairs.displacement[0] = 1e-9
        function(system.particles, system.pairs, STEP)
        assert system.pairs.displacement[0] == 0
