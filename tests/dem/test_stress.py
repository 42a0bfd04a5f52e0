import copy

import numpy as np
import pytest

from dem.cpu import stress as kernels
from dem.cpu.integrate import advance, make_system
from dem.geometry.planar import face_normal
from dem.measure import stress
from dem.measure.stress import contact_list
from electrode.species import AM, SE


@pytest.fixture
def pressed(scene):
    """One AM between two SE and the walls left and right, all overlapping by 10 nm and at rest."""
    return scene([0.49, 2.98, 5.47], 0, radius=[0.5, 2, 0.5], species=[SE, AM, SE], walls=(0, 5.96, -9, 9))


@pytest.fixture
def contacts(pressed):
    return contact_list(pressed)


def test_every_contact_is_listed_once_with_its_point(contacts):
    assert sorted(zip(contacts.i.tolist(), contacts.j.tolist(), strict=True)) == [
        (0, -1),
        (1, 0),
        (1, 2),
        (2, -2),
    ]
    points = dict(
        zip(zip(contacts.i.tolist(), contacts.j.tolist(), strict=True), contacts.contact_point, strict=True)
    )
    np.testing.assert_allclose(points[1, 0], [0.985e-6, 0], atol=1e-15)
    # Half an overlap inside the particle, as at any contact.
    np.testing.assert_allclose(points[0, -1], [-0.005e-6, 0], atol=1e-15)
    np.testing.assert_allclose(points[2, -2], [5.965e-6, 0], atol=1e-15)


def test_forces_and_areas_are_those_of_hertz(contacts, pressed):
    am_se = contacts.i == 1
    modulus = pressed.law.effective_modulus[AM, SE]
    np.testing.assert_allclose(
        contacts.normal_force[am_se], 4 / 3 * modulus * 0.4e-6**0.5 * 1e-8**1.5, rtol=1e-6
    )
    np.testing.assert_allclose(contacts.overlap, 1e-8, rtol=1e-6)
    for area in (contacts.contact_area, contacts.contact_area_from_overlap):
        np.testing.assert_allclose(area[am_se], np.pi * 0.4e-6 * 1e-8, rtol=1e-6)
        np.testing.assert_allclose(area[~am_se], np.pi * 0.5e-6 * 1e-8, rtol=1e-6)


def test_pressure_is_the_sum_of_normal_forces_over_the_surface(contacts, pressed):
    pressure = stress.contact_pressure(pressed.stress, pressed.particles.radius)
    between, at_wall = contacts.normal_force[contacts.i == 1][0], contacts.normal_force[contacts.j == -1][0]
    assert pressure[1] == pytest.approx(2 * between / (4 * np.pi * 2e-6**2))
    assert pressure[0] == pytest.approx((between + at_wall) / (4 * np.pi * 0.5e-6**2))


def test_tensor_of_a_particle_squeezed_along_x_has_one_component(pressed):
    tensor = stress.stress_tensor(pressed.stress, pressed.particles.radius)
    assert (tensor[:, 0, 0] > 0).all(), "compression is positive"
    np.testing.assert_allclose(tensor[:, [0, 1, 1], [1, 0, 1]], 0, atol=1e-9 * tensor.max())
    pressure = stress.contact_pressure(pressed.stress, pressed.particles.radius)
    # Lever arms are shorter than the radius by half an overlap.
    np.testing.assert_allclose(tensor[:, 0, 0] / 3, pressure, rtol=1.1e-2)


def test_tensor_is_the_sum_over_the_listed_contacts(run):
    """Written again from the contact list, wall contacts and friction included."""
    contacts, frame, radius = run.contacts, run.frames[-1], run.structure.radius
    centre = np.stack([frame.x, frame.y], axis=-1)
    arm_i = contacts.contact_point - centre[contacts.i]
    normal = arm_i / np.linalg.norm(arm_i, axis=1, keepdims=True)
    tangent = np.stack([-normal[:, 1], normal[:, 0]], axis=-1)
    force = contacts.normal_force[:, None] * normal + contacts.tangential_force[:, None] * tangent
    expected = np.zeros((radius.size, 2, 2))
    np.add.at(expected, contacts.i, arm_i[:, :, None] * force[:, None, :])
    pairs = contacts.j >= 0
    arm_j = contacts.contact_point[pairs] - centre[contacts.j[pairs]]
    np.add.at(expected, contacts.j[pairs], arm_j[:, :, None] * -force[pairs][:, None, :])
    expected /= (4 / 3 * np.pi * radius**3)[:, None, None]
    np.testing.assert_allclose(frame.stress_tensor, expected, rtol=1e-9, atol=1e-9 * np.abs(expected).max())
    assert np.abs(expected[:, 0, 1]).max() > 0.01 * np.abs(expected).max(), "friction and chains shear"


def test_stress_does_not_depend_on_when_it_was_measured_before(cluster):
    """Measuring leaves no trace in the motion, and forgets the last measurement."""
    often, once = cluster(), cluster()
    for _ in range(20):
        advance(often, 1e-11, 5)
    advance(once, 1e-11, 100)
    for measured_often, measured_once in zip(often.stress, once.stress, strict=True):
        np.testing.assert_array_equal(measured_often, measured_once)
    np.testing.assert_array_equal(often.particles.vx, once.particles.vx)


def test_compiled_equals_python(cluster, monkeypatch):
    system = cluster()
    system.walls.position[:] = [-1.95e-6, 1e-3, -1.95e-6, 1e-3]
    system = make_system(system.particles, system.walls, system.law, system.friction)
    advance(system, 1e-11, 3)
    contacts = contact_list(system)
    assert (contacts.j < 0).any() and (contacts.j >= 0).any()
    twin = copy.deepcopy(system)
    monkeypatch.setattr(kernels, "_add", kernels._add.py_func)
    monkeypatch.setattr(kernels, "_resolve", kernels._resolve.py_func)
    count = system.pairs.first[-1]
    for p in range(system.wall_contacts.first[-1]):
        for measured, function in (
            (system, kernels.measure_wall_contact),
            (twin, kernels.measure_wall_contact.py_func),
        ):
            function(measured.wall_contacts, p, 1e-8, 2.0, 0.5, 1e-6, 0.0, -1.0, 0.5, -2.0, measured.stress)
    kernels.measure_pairs(system.pairs, 0, count, system.tile, system.stress)
    kernels.measure_pairs.py_func(twin.pairs, 0, count, twin.tile, twin.stress)
    for compiled, python in zip((*system.stress, *system.pairs), (*twin.stress, *twin.pairs), strict=True):
        np.testing.assert_allclose(compiled, python, rtol=1e-9)
    for w in range(4):
        assert face_normal(system.walls, w) == face_normal.py_func(system.walls, w)
