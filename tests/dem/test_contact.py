import math

import numpy as np
import pytest
from numba import njit

from dem.cpu import forces
from dem.cpu.integrate import advance
from dem.cpu.law import energy as kernel_energy
from dem.cpu.law import pair_constants
from dem.laws import elastic
from dem.laws.hertz_mindlin import HertzMindlin, hertz_contact_area
from dem.parameters import Contacts, Material
from electrode.species import AM, SE, WALL

LCO, LGPS = Material(191e9, 0.24, 5000), Material(21.7e9, 0.37, 2000)
# Stiffness and damping of an SE-SE contact.
CONSTANTS = elastic.ElasticConstants(7e6, 8e6, 1e-4, 1e-4)
LAW = HertzMindlin(*np.zeros((3, 3, 3)))


def contact(overlap, opening, slip, displacement, step, constants=CONSTANTS, function=forces.contact):
    """Normal and tangential force, displacement, lost work of a contact with friction 0.5."""
    return function(LAW, constants, (), 0.5, displacement, overlap, opening, slip, step)[:4]


def energy(overlap, displacement):
    return LAW.energy(CONSTANTS, (), overlap, displacement)


def test_effective_moduli_follow_the_hand_formulas():
    # Worked out by hand: (1 - 0.24^2)/191 + (1 - 0.37^2)/21.7 GPa^-1 and 2 (2 - nu)(1 + nu)/E.
    assert elastic.effective_youngs_modulus(LCO, LGPS) == pytest.approx(1e9 / (0.9424 / 191 + 0.8631 / 21.7))
    assert elastic.effective_shear_modulus(LCO, LGPS) == pytest.approx(
        1e9 / (2 * 1.76 * 1.24 / 191 + 2 * 1.63 * 1.37 / 21.7)
    )


def test_effective_shear_modulus_of_like_materials_is_the_known_value():
    # Two equal spheres: G_eff = G / (2 (2 - nu)).
    assert elastic.effective_shear_modulus(LGPS, LGPS) == pytest.approx(LGPS.shear_modulus / (2 * (2 - 0.37)))


def test_rigid_wall_leaves_the_compliance_of_the_particle():
    assert elastic.effective_youngs_modulus(LGPS, None) == pytest.approx(21.7e9 / (1 - 0.37**2))


def test_law_table_is_symmetric_and_complete(parameters):
    table = parameters.contacts.law_of(parameters.materials)
    friction = elastic.pair_table(parameters.contacts.friction.__getitem__)
    for column in (*table, friction):
        assert np.array_equal(column, column.T)
        assert (column[[AM, AM, SE, AM, SE], [AM, SE, SE, WALL, WALL]] > 0).all()


def test_normal_force_grows_with_overlap_to_the_power_three_halves():
    forces = [contact(d, 0, 0, 0, 0)[0] for d in (1e-9, 4e-9)]
    assert forces[1] / forces[0] == pytest.approx(8)


def test_hertz_circle_has_the_area_of_radius_times_overlap():
    modulus, radius, overlap = 12e9, 0.25e-6, 20e-9
    constants = elastic.elastic_constants(modulus, 3e9, 0.0, radius, 1e-15)
    force = contact(overlap, 0, 0, 0, 0, constants)[0]
    assert hertz_contact_area(force, radius, modulus) == pytest.approx(math.pi * radius * overlap)
    assert hertz_contact_area(np.array([-force]), radius, modulus) == 0


def test_friction_is_capped_and_the_spring_shortened_to_it():
    overlap, long = 1e-8, 1e-7
    normal, tangential, displacement, _ = contact(overlap, 0, 0, long, 0)
    assert tangential == pytest.approx(-0.5 * normal)
    assert displacement == pytest.approx(0.5 * normal / (CONSTANTS.tangential_stiffness * math.sqrt(overlap)))


def test_sticking_contact_has_spring_and_dashpot():
    overlap, speed, step = 1e-8, 0.01, 1e-10
    _, tangential, displacement, _ = contact(overlap, 0, speed, 1e-12, step)
    assert displacement == pytest.approx(1e-12 + speed * step)
    spring = CONSTANTS.tangential_stiffness * math.sqrt(overlap) * displacement
    assert tangential == pytest.approx(-spring - CONSTANTS.tangential_damping * overlap**0.25 * speed)


def test_without_overlap_there_is_no_force_and_no_memory():
    assert contact(-1e-8, 0.1, 0.2, 1e-9, 1e-10) == (0, 0, 0, 0)
    assert contact(0.0, 0.1, 0.2, 1e-9, 1e-10) == (0, 0, 0, 0)


def test_normal_force_may_pull_at_the_end_of_a_rebound():
    assert contact(1e-14, 10.0, 0, 0, 0)[0] < 0


def test_elastic_energy_is_the_work_of_the_springs():
    overlaps = np.linspace(0, 1e-8, 20001)
    middle = (overlaps[1:] + overlaps[:-1]) / 2
    work = sum(contact(d, 0, 0, 0, 0)[0] for d in middle) * overlaps[1]
    assert energy(1e-8, 0) == pytest.approx(work, rel=1e-6)


@pytest.mark.parametrize("slip", [0.1, 20.0], ids=["sticking", "sliding"])
def test_dissipation_is_the_work_of_dashpots_and_slip(slip):
    """Power put into the contact at constant overlap = growth of its spring + dissipation."""
    overlap, step, opening = 1e-8, 1e-12, 0.02
    displacement = put_in = lost = 0.0
    for _ in range(3000):
        before = energy(overlap, displacement)
        normal, tangential, displacement, dissipated = contact(overlap, opening, slip, displacement, step)
        # The overlap is held: of the normal force only the dashpot takes energy.
        spring = CONSTANTS.normal_stiffness * overlap**1.5
        put_in += (spring - normal) * opening * step - tangential * slip * step
        put_in -= energy(overlap, displacement) - before
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


@pytest.mark.parametrize(("overlap", "displacement"), [(1e-8, 1e-10), (1e-8, -1e-7), (-1e-8, 1e-10)])
def test_compiled_equals_python(overlap, displacement):
    arguments = overlap, 0.1, 0.2, displacement, 1e-10
    python = contact(*arguments, function=forces.contact.py_func)
    assert contact(*arguments) == pytest.approx(python, rel=1e-12)


def test_constants_and_energies_in_kernels_are_those_of_the_law(parameters):
    law = parameters.contacts.law_of(parameters.materials)

    @njit
    def compiled(law, constants):
        return pair_constants(law, 2, 1, 0.25e-6, 1e-15), kernel_energy(law, constants, (), 1e-8, 1e-9)

    constants = law.constants(2, 1, 0.25e-6, 1e-15)
    in_kernel, stored = compiled(law, constants)
    assert in_kernel == pytest.approx(constants, rel=1e-12)
    assert stored == pytest.approx(law.energy(constants, (), 1e-8, 1e-9), rel=1e-12)
