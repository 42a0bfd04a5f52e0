"""When a structure rests, and how long the steps are that bring it there."""

import dataclasses
import math
from types import SimpleNamespace

import numpy as np
import pytest

from dem.compress import largest_time_step
from dem.measure.balance import Forces, contact_frequency, forces, tangent
from dem.protocol.pace import Pace
from dem.protocol.rest import LOOKS, Rest
from dem.simulation import simulate

QUIET = Forces(on_particle=1e-9, of_contacts=1e-6, of_all_walls=1e-8, on_wall=1e-5)


def look(left=QUIET, kinetic=1e-20, elastic=1e-12, frequency=0.0):
    return SimpleNamespace(
        forces=lambda: left, energies=lambda: (kinetic, elastic), contact_frequency=lambda: frequency
    )


LOUD = [
    look(QUIET._replace(on_particle=2e-8)),
    look(QUIET._replace(of_all_walls=2e-7)),
    look(kinetic=1e-17),
    look(elastic=0.0),
]


def test_rest_is_seen_several_times_in_a_row(tiny):
    rest = Rest(tiny.compression)
    assert [rest.finds(look()) for _ in range(LOOKS + 1)] == [*(LOOKS - 1) * [False], True, True]


@pytest.mark.parametrize("loud", LOUD)
def test_one_look_at_something_left_over_begins_the_count_anew(tiny, loud):
    rest = Rest(tiny.compression)
    for _ in range(LOOKS - 1):
        assert not rest.finds(look())
    assert not rest.finds(loud)
    assert [rest.finds(look()) for _ in range(LOOKS)][-2:] == [False, True]


def test_what_was_loaded_is_judged_by_its_load(tiny):
    """Unloaded, contacts bear next to nothing: what is left over is held against what they bore."""
    nothing = look(Forces(1e-9, 0.0, 1e-9, 0.0), elastic=0.0)
    alone, loaded = Rest(tiny.compression), Rest(tiny.compression, loaded=look())
    for _ in range(LOOKS):
        left_alone, left_loaded = alone.finds(nothing), loaded.finds(nothing)
    assert left_loaded and not left_alone
    assert "mean force of a contact is inf, wanted at most 0.01" in alone.seen


def test_forces_left_over_are_those_of_particles_contacts_and_walls(scene):
    """Two spheres side by side, one of them pressed into the left wall."""
    system = scene([0.49, 1.44], 5, walls=(0, 10, 0, 10))
    left = forces(system)
    at_wall, between = system.walls.force[0], system.pairs.normal_force[0]
    assert at_wall > 0 and between > 0 and at_wall != pytest.approx(between, rel=0.1)
    assert left.on_particle == pytest.approx(max(abs(at_wall - between), between))
    assert left.of_contacts == pytest.approx((at_wall + between) / 2)
    assert left.of_all_walls == pytest.approx(at_wall) and left.on_wall == at_wall
    assert forces(scene([2, 5], 5)) == Forces(0.0, 0.0, 0.0, 0.0)


def test_frequency_is_that_of_the_stiffest_hold(scene, parameters):
    """A sphere between two others and a wall: tangent 2 E_eff sqrt(R_eff overlap) of each contact."""
    system = scene([0.48, 1.44, 2.42], 5, walls=(0, 10, 0, 10))
    law = system.law
    modulus = {key: law.effective_modulus[key] for key in ((1, 1), (1, 0))}
    spheres = [2 * modulus[1, 1] * math.sqrt(0.25e-6 * overlap) for overlap in (0.04e-6, 0.02e-6)]
    wall = 2 * modulus[1, 0] * math.sqrt(0.5e-6 * 0.02e-6)
    expected = [wall + spheres[0], sum(spheres), spheres[1]]
    mass = system.particles.mass[0]
    assert contact_frequency(system) == pytest.approx(math.sqrt(max(expected) / mass), rel=1e-6)
    assert contact_frequency.py_func(system) == pytest.approx(contact_frequency(system), rel=1e-9)
    assert tangent.py_func(law, system.wall_contacts, 0) == pytest.approx(wall, rel=1e-6)
    assert contact_frequency(scene([2, 5], 5)) == 0
    assert contact_frequency.py_func(scene([2, 5], 5)) == 0


def test_steps_are_as_long_as_particles_and_contacts_allow(tiny):
    protocol = dataclasses.replace(tiny.compression, time_step_rayleigh=0.1, time_step_contact=0.5)
    pace = Pace.configured(1e-10, protocol)
    assert pace.damping == pytest.approx(protocol.hold_damping_rayleigh / 1e-9)
    assert pace.time_step(look()) == pace.time_step(look(frequency=4.9e9)) == 1e-10
    assert pace.time_step(look(frequency=1e10)) == pytest.approx(5e-11)


def test_deep_contacts_shorten_the_steps_on_the_way_and_the_wall_keeps_its_place(tiny):
    protocol = dataclasses.replace(tiny.compression, time_step_contact=0.2)
    plain, short = (
        simulate(dataclasses.replace(tiny, compression=each), 11e-6, 0.7, 0)
        for each in (tiny.compression, protocol)
    )
    step = 4.0 * 1.1 * largest_time_step(plain.structure, tiny.materials, 0.15)
    for frame, other in zip(plain.frames, short.frames, strict=True):
        np.testing.assert_allclose(frame.wall_position, other.wall_position, rtol=0, atol=step)
    assert short.frames[-2].wall_position[1] == pytest.approx(8e-6, abs=1e-15)
    assert short.frames[-2].time == pytest.approx(plain.frames[-2].time, rel=1e-9)
    lengths = [
        (frame.time - before.time) / (frame.step - before.step)
        for before, frame in zip(short.frames, short.frames[1:], strict=False)
    ]
    assert lengths[0] > 1.5 * lengths[-1]


def test_damping_brings_rest_sooner_and_what_it_takes_is_booked(tiny):
    damped, undamped = (
        simulate(
            dataclasses.replace(
                tiny, compression=dataclasses.replace(tiny.compression, hold_damping_rayleigh=rate)
            ),
            11e-6,
            0.7,
            0,
        ).frames
        for rate in (0.05, 0.0)
    )
    assert damped[-2].wall_force.tolist() == undamped[-2].wall_force.tolist(), "not on the way"
    assert damped[-1].step < undamped[-1].step
    for frames in (damped, undamped):
        last = frames[-1]
        kept = last.kinetic_energy + last.elastic_energy + last.dissipated_work
        assert kept == pytest.approx(last.wall_work, rel=2e-2)
