import math

import numpy as np
import pytest

from dem import contact, hertz_mindlin
from dem.integrate import advance
from dem.parameters import AM, SE, WALL, Contacts, Material

LCO, LGPS = Material(191e9, 0.24, 5000), Material(21.7e9, 0.37, 2000)
# Stiffness and damping of an SE-SE contact, in the order `contact_force` takes them, and friction 0.5.
CONSTANTS = (7e6, 8e6, 1e-4, 1e-4, 0.5)


def test_effective_moduli_follow_the_hand_formulas():
    # Worked out by hand: (1 - 0.24^2)/191 + (1 - 0.37^2)/21.7 GPa^-1 and 2 (2 - nu)(1 + nu)/E.
    assert contact.effective_youngs_modulus(LCO, LGPS) == pytest.approx(1e9 / (0.9424 / 191 + 0.8631 / 21.7))
    assert contact.effective_shear_modulus(LCO, LGPS) == pytest.approx(
        1e9 / (2 * 1.76 * 1.24 / 191 + 2 * 1.63 * 1.37 / 21.7)
    )


def test_effective_shear_modulus_of_like_materials_is_the_known_value():
    # Two equal spheres: G_eff = G / (2 (2 - nu)).
    assert contact.effective_shear_modulus(LGPS, LGPS) == pytest.approx(LGPS.shear_modulus / (2 * (2 - 0.37)))


def test_rigid_wall_leaves_the_compliance_of_the_particle():
    assert contact.effective_youngs_modulus(LGPS, None) == pytest.approx(21.7e9 / (1 - 0.37**2))


def test_law_table_is_symmetric_and_complete(parameters):
    table = contact.law_table(parameters.materials, parameters.contacts)
    for column in table:
        assert np.array_equal(column, column.T)
        assert (column[[AM, AM, SE, AM, SE], [AM, SE, SE, WALL, WALL]] > 0).all()


def test_normal_force_grows_with_overlap_to_the_power_three_halves():
    forces = [hertz_mindlin.contact_force(d, 0, 0, 0, 0, *CONSTANTS)[0] for d in (1e-9, 4e-9)]
    assert forces[1] / forces[0] == pytest.approx(8)


def test_hertz_circle_has_the_area_of_radius_times_overlap():
    modulus, radius, overlap = 12e9, 0.25e-6, 20e-9
    constants = contact.contact_constants(modulus, 3e9, 0.0, radius, 1e-15)
    force = hertz_mindlin.contact_force(overlap, 0, 0, 0, 0, *constants, 0.5)[0]
    assert hertz_mindlin.hertz_contact_area(force, radius, modulus) == pytest.approx(
        math.pi * radius * overlap
    )
    assert hertz_mindlin.hertz_contact_area(np.array([-force]), radius, modulus) == 0


def test_friction_is_capped_and_the_spring_shortened_to_it():
    overlap, long = 1e-8, 1e-7
    normal, tangential, displacement, _ = hertz_mindlin.contact_force(overlap, 0, 0, long, 0, *CONSTANTS)
    assert tangential == pytest.approx(-0.5 * normal)
    assert displacement == pytest.approx(0.5 * normal / (CONSTANTS[1] * math.sqrt(overlap)))


def test_sticking_contact_has_spring_and_dashpot():
    overlap, speed, step = 1e-8, 0.01, 1e-10
    _, tangential, displacement, _ = hertz_mindlin.contact_force(overlap, 0, speed, 1e-12, step, *CONSTANTS)
    assert displacement == pytest.approx(1e-12 + speed * step)
    spring = CONSTANTS[1] * math.sqrt(overlap) * displacement
    assert tangential == pytest.approx(-spring - CONSTANTS[3] * overlap**0.25 * speed)


def test_without_overlap_there_is_no_force_and_no_memory():
    assert hertz_mindlin.contact_force(-1e-8, 0.1, 0.2, 1e-9, 1e-10, *CONSTANTS) == (0, 0, 0, 0)
    assert hertz_mindlin.contact_force(0.0, 0.1, 0.2, 1e-9, 1e-10, *CONSTANTS) == (0, 0, 0, 0)


def test_normal_force_may_pull_at_the_end_of_a_rebound():
    assert hertz_mindlin.contact_force(1e-14, 10.0, 0, 0, 0, *CONSTANTS)[0] < 0


def test_elastic_energy_is_the_work_of_the_springs():
    overlaps = np.linspace(0, 1e-8, 20001)
    middle = (overlaps[1:] + overlaps[:-1]) / 2
    work = sum(hertz_mindlin.contact_force(d, 0, 0, 0, 0, *CONSTANTS)[0] for d in middle) * overlaps[1]
    assert hertz_mindlin.elastic_energy(1e-8, 0, *CONSTANTS[:2]) == pytest.approx(work, rel=1e-6)


@pytest.mark.parametrize("slip", [0.1, 20.0], ids=["sticking", "sliding"])
def test_dissipation_is_the_work_of_dashpots_and_slip(slip):
    """Power put into the contact at constant overlap = growth of its spring + dissipation."""
    overlap, step, opening = 1e-8, 1e-12, 0.02
    displacement = put_in = lost = 0.0
    for _ in range(3000):
        before = hertz_mindlin.elastic_energy(overlap, displacement, *CONSTANTS[:2])
        normal, tangential, displacement, dissipated = hertz_mindlin.contact_force(
            overlap, opening, slip, displacement, step, *CONSTANTS
        )
        # The overlap is held: of the normal force only the dashpot takes energy.
        spring = CONSTANTS[0] * overlap**1.5
        put_in += (spring - normal) * opening * step - tangential * slip * step
        put_in -= hertz_mindlin.elastic_energy(overlap, displacement, *CONSTANTS[:2]) - before
        lost += dissipated
    assert (abs(tangential) >= 0.5 * normal * (1 - 1e-9)) == (slip == 20.0)
    assert lost == pytest.approx(put_in, rel=1e-2)


@pytest.mark.parametrize("speed", [0.1, 1.0, 10.0])
@pytest.mark.parametrize("restitution", [0.3, 0.5, 0.9])
def test_head_on_rebound_has_the_nominal_restitution_at_every_speed(scene, parameters, speed, restitution):
    pairs = dict.fromkeys(parameters.contacts.restitution, restitution)
    contacts = Contacts("hertz_mindlin", parameters.contacts.friction, pairs)
    system = scene([0, 1.001], 0, species=[AM, SE], contacts=contacts, vx=[speed, -speed])
    step = 2e-13
    advance(system, step, int(4e-9 / speed**0.2 / step) + int(1e-9 / speed / step))
    assert (system.particles.vx[1] - system.particles.vx[0]) / (2 * speed) == pytest.approx(
        restitution, rel=1e-3
    )


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (contact.contact_constants, (12e9, 3e9, 0.2, 0.25e-6, 1e-15)),
        (hertz_mindlin.contact_force, (1e-8, 0.1, 0.2, 1e-10, 1e-10, *CONSTANTS)),
        (hertz_mindlin.contact_force, (1e-8, 0.1, 0.2, -1e-7, 1e-10, *CONSTANTS)),
        (hertz_mindlin.contact_force, (-1e-8, 0.1, 0.2, 1e-10, 1e-10, *CONSTANTS)),
        (hertz_mindlin.elastic_energy, (1e-8, 1e-9, 7e6, 8e6)),
    ],
)
def test_compiled_equals_python(function, arguments):
    assert function(*arguments) == pytest.approx(function.py_func(*arguments), rel=1e-12)
