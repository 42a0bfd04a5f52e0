import numpy as np
import pytest

from dem import stress
from dem.integrate import advance
from dem.parameters import AM, SE


@pytest.fixture
def pressed(scene):
    """One AM between two SE and the walls left and right, all overlapping by 10 nm and at rest."""
    return scene([0.49, 2.98, 5.47], 0, radius=[0.5, 2, 0.5], species=[SE, AM, SE], walls=(0, 5.96, -9, 9))


@pytest.fixture
def contacts(pressed):
    return stress.contact_list(pressed)


def test_every_contact_is_listed_once_with_its_point(contacts):
    assert sorted(zip(contacts.i.tolist(), contacts.j.tolist(), strict=True)) == [
        (0, -1),
        (1, 0),
        (1, 2),
        (2, -2),
    ]
    found = dict(
        zip(zip(contacts.i.tolist(), contacts.j.tolist(), strict=True), contacts.contact_point, strict=True)
    )
    np.testing.assert_allclose(found[1, 0], [0.985e-6, 0], atol=1e-15)
    np.testing.assert_allclose(found[0, -1], [0, 0], atol=1e-15)
    np.testing.assert_allclose(found[2, -2], [5.96e-6, 0], atol=1e-15)


def test_forces_and_areas_are_those_of_hertz(contacts, pressed):
    am_se = contacts.i == 1
    modulus = pressed.law.effective_modulus[AM, SE]
    np.testing.assert_allclose(
        contacts.normal_force[am_se], 4 / 3 * modulus * 0.4e-6**0.5 * 1e-8**1.5, rtol=1e-6
    )
    np.testing.assert_allclose(contacts.contact_area[am_se], np.pi * 0.4e-6 * 1e-8, rtol=1e-6)
    np.testing.assert_allclose(contacts.contact_area[~am_se], np.pi * 0.5e-6 * 1e-8, rtol=1e-6)


def test_pressure_is_the_sum_of_normal_forces_over_the_surface(contacts, pressed):
    pressure = stress.contact_pressure(contacts, pressed.particles.radius)
    between, at_wall = contacts.normal_force[contacts.i == 1][0], contacts.normal_force[contacts.j == -1][0]
    assert pressure[1] == pytest.approx(2 * between / (4 * np.pi * 2e-6**2))
    assert pressure[0] == pytest.approx((between + at_wall) / (4 * np.pi * 0.5e-6**2))


def test_pressure_is_a_third_of_the_trace_of_the_love_weber_tensor(contacts, pressed):
    # sigma = 1/V sum r f; normal contacts at distance R - overlap/2: the trace is smaller by overlap / 2R.
    particles = pressed.particles
    volume = 4 / 3 * np.pi * particles.radius[1] ** 3
    chosen = contacts.i == 1
    trace = np.sum(contacts.normal_force[chosen]) * (2e-6 - 0.5e-8) / volume
    pressure = stress.contact_pressure(contacts, particles.radius)[1]
    assert pressure == pytest.approx(trace / 3, rel=3e-3)


def test_compiled_equals_python(cluster):
    system = cluster()
    system.walls.position[:] = [-1.95e-6, 1e-3, -1.95e-6, 1e-3]
    advance(system, 1e-11, 3)
    contacts = stress.contact_list(system)
    assert (contacts.j < 0).any() and (contacts.j >= 0).any()
    for force in (-3.0, 0.5, 3.0):
        assert stress._capped(force, 1.0) == stress._capped.py_func(force, 1.0) == np.clip(force, -1, 1)
    columns = [np.zeros_like(column) for column in contacts]
    assert stress._collect.py_func(system, *columns) == contacts.i.size
    for compiled, python in zip(contacts, columns, strict=True):
        np.testing.assert_allclose(compiled, python, rtol=1e-9)
