import dataclasses

import numpy as np
import pytest

from dem.compress import _hold, compress, largest_time_step, rayleigh_time
from dem.parameters import SE
from dem.structure import Structure
from dem.study import simulate


def test_rayleigh_time_of_an_electrolyte_particle(parameters):
    # By hand: pi 0.5e-6 sqrt(2000 / 7.92e9) / (0.1631 * 0.37 + 0.8766)
    assert rayleigh_time(parameters.materials["SE"], 0.5e-6) == pytest.approx(8.423e-10, rel=1e-3)


def test_time_step_is_that_of_the_most_restless_particle(parameters):
    both = Structure(np.zeros(2), np.zeros(2), np.array([2e-6, 0.5e-6]), np.array([2, 1], np.int8), 1.0, 1.0)
    expected = 0.1 * rayleigh_time(parameters.materials["SE"], 0.5e-6)
    assert largest_time_step(both, parameters.materials, 0.1) == pytest.approx(expected)


def test_structure_ends_at_the_final_width_at_rest(run, tiny):
    first, last = run.frames[0], run.frames[-1]
    assert len(run.frames) == tiny.compression.frames
    assert first.wall_position[1] == 11e-6 and last.wall_position[1] == 8e-6
    assert first.elastic_energy == 0
    assert last.kinetic_energy <= tiny.compression.hold_energy_ratio * last.elastic_energy
    steps = [frame.step for frame in run.frames]
    assert steps == sorted(set(steps))
    radius = run.structure.radius
    assert (
        (last.x > 0).all() and (last.x < 8e-6).all() and (last.y < 9e-6).all() and radius.size == last.x.size
    )


def test_every_particle_at_rest_is_in_balance(tiny):
    protocol = dataclasses.replace(tiny.compression, hold_energy_ratio=1e-9)
    run = simulate(dataclasses.replace(tiny, compression=protocol), 11e-6, 0.7, 0)
    contacts, frame = run.contacts, run.frames[-1]
    centre = np.stack([frame.x, frame.y], axis=-1)
    normal = contacts.contact_point - centre[contacts.i]
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    tangent = np.stack([-normal[:, 1], normal[:, 0]], axis=-1)
    force = contacts.normal_force[:, None] * normal + contacts.tangential_force[:, None] * tangent
    total = np.zeros_like(centre)
    np.add.at(total, contacts.i, -force)
    pairs = contacts.j >= 0
    np.add.at(total, contacts.j[pairs], force[pairs])
    assert np.linalg.norm(total, axis=1).max() < 1e-3 * contacts.normal_force.max()


def test_walls_balance_each_other(tiny):
    protocol = dataclasses.replace(tiny.compression, hold_energy_ratio=1e-9)
    run = simulate(dataclasses.replace(tiny, compression=protocol), 11e-6, 0.7, 0)
    at_wall = run.contacts.j < 0
    wall, tangential = -1 - run.contacts.j[at_wall], run.contacts.tangential_force[at_wall]
    # Left and right push along x, bottom and top rub along x (tangents of bottom: +x, of top: -x).
    force = run.frames[-1].wall_force
    rub = tangential[wall == 2].sum() - tangential[wall == 3].sum()
    assert force[1] - force[0] + rub == pytest.approx(0, abs=1e-3 * force[1])


def test_coulomb_limit_holds_at_every_contact(run):
    contacts = run.contacts
    assert (np.abs(contacts.tangential_force) <= 0.5 * np.abs(contacts.normal_force) * (1 + 1e-12)).all()
    assert (np.abs(contacts.tangential_force) > 0.4 * np.abs(contacts.normal_force)).any()


def test_structure_that_does_not_rest_is_an_error(tiny):
    protocol = dataclasses.replace(tiny.compression, hold_maximum_steps=1, hold_energy_ratio=1e-30)
    with pytest.raises(
        RuntimeError, match=r"replicate-000: kinetic / elastic energy is .* wanted hold_energy_ratio"
    ):
        simulate(dataclasses.replace(tiny, compression=protocol), 11e-6, 0.7, 0)


def test_a_particle_lost_during_the_hold_is_noticed_at_once(scene, tiny):
    system = scene(5, 5, walls=(0, 9, 0, 9))
    system.particles.vx[0] = np.nan
    with pytest.raises(RuntimeError, match="1 particles have left the box by step 207"):
        _hold(system, 7, 1e-12, tiny.compression)


def test_a_structure_that_nothing_touches_is_an_error(tiny):
    alone = Structure(
        np.array([2e-6]), np.array([2e-6]), np.array([0.5e-6]), np.array([SE], np.int8), 9e-6, 9e-6
    )
    with pytest.raises(RuntimeError, match="nothing touches after compression"):
        compress(alone, tiny, [].append)


def test_a_lost_particle_is_an_error(tiny):
    alone = Structure(
        np.array([1e-6]), np.array([np.nan]), np.array([0.5e-6]), np.array([SE], np.int8), 9e-6, 9e-6
    )
    with pytest.raises(RuntimeError, match="particles have left the box by step 0"):
        compress(alone, tiny, [].append)
