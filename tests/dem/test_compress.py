import dataclasses

import numpy as np
import pytest

from dem.compress import between_walls, compress, largest_time_step, rayleigh_time
from dem.cpu.integrate import advance
from dem.engine import run as run_protocol
from dem.measure.frames import snapshot
from dem.protocol.pace import Pace
from dem.protocol.rest import hold
from dem.simulation import simulate
from dem.structure import Structure, fill
from electrode.species import AM, PAIRS, SE


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


@pytest.mark.parametrize("bound", [None, 1e-4])
def test_every_particle_at_rest_is_in_balance(tiny, bound):
    bound = bound or tiny.compression.hold_unbalanced_force
    protocol = dataclasses.replace(tiny.compression, hold_unbalanced_force=bound)
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
    mean = np.hypot(contacts.normal_force, contacts.tangential_force).mean()
    assert np.linalg.norm(total, axis=1).max() <= bound * mean
    assert bound > 1e-4 or np.linalg.norm(total, axis=1).max() < 1e-3 * contacts.normal_force.max()


def test_walls_balance_each_other(tiny):
    protocol = dataclasses.replace(tiny.compression, hold_unbalanced_force=1e-3)
    run = simulate(dataclasses.replace(tiny, compression=protocol), 11e-6, 0.7, 0)
    at_wall = run.contacts.j < 0
    wall, tangential = -1 - run.contacts.j[at_wall], run.contacts.tangential_force[at_wall]
    # Left and right push along x, bottom and top rub along x (tangents of bottom: +x, of top: -x).
    force = run.frames[-1].wall_force
    rub = tangential[wall == 2].sum() - tangential[wall == 3].sum()
    assert force[1] - force[0] + rub == pytest.approx(0, abs=1e-3 * force[1])


@pytest.mark.parametrize("replicate", range(3))
def test_coulomb_limit_holds_for_the_spring_of_every_contact(tiny, replicate):
    structure, _ = fill(tiny.structure, 11e-6, 0.7, np.random.default_rng(replicate))
    system = between_walls(structure, tiny)
    step = largest_time_step(structure, tiny.materials, 0.15)
    system.walls.velocity[1] = -4.0
    advance(system, step, int(2.5e-6 / 4.0 / step))
    shares = []
    for contacts in (system.pairs, system.wall_contacts):
        listed = np.flatnonzero(contacts.overlap[: contacts.first[-1]] > 0)
        spring = contacts.listed("constants")[1, listed] * np.sqrt(contacts.overlap[listed])
        limit = 0.5 * np.abs(contacts.normal_force[listed])
        shares.append(spring * np.abs(contacts.displacement[listed]) / limit)
    shares = np.concatenate(shares)
    assert shares.max() <= 1 + 1e-9 and np.sum(shares > 1 - 1e-9) > 3, "some slide, none beyond"


def test_structure_that_does_not_rest_is_an_error(tiny):
    protocol = dataclasses.replace(tiny.compression, hold_maximum_steps=1, hold_energy_ratio=1e-30)
    with pytest.raises(
        RuntimeError,
        match=r"replicate-000: no rest after 100 steps of hold .*: largest net force on a particle / mean "
        r"force of a contact is .*, wanted at most 0\.01 \(compression\.hold_unbalanced_force\); .* "
        r"kinetic / elastic energy is .*, wanted at most 1e-30 \(compression\.hold_energy_ratio\)",
    ):
        simulate(dataclasses.replace(tiny, compression=protocol), 11e-6, 0.7, 0)


def test_a_particle_lost_during_the_hold_is_noticed_at_once(scene, tiny):
    system = scene(5, 5, walls=(0, 9, 0, 9))
    system.particles.vx[0] = np.nan
    with pytest.raises(
        RuntimeError, match="1 particles have left the box by step 107, the first is particle 0"
    ):
        run_protocol(system, hold(Pace(1e-12, 1.0, 0.0), tiny.compression), 7)


def test_a_structure_that_nothing_touches_is_an_error(tiny):
    alone = Structure(
        np.array([2e-6]), np.array([2e-6]), np.array([0.5e-6]), np.array([SE], np.int8), 9e-6, 9e-6
    )
    with pytest.raises(RuntimeError, match="nothing touches after compression"):
        compress(alone, tiny, [].append)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([1, 3], [1, np.nan], r"y of particle 1 must be in \[0, 9e-06\] m, got nan"),
        ([1, 9.5], [1, 2], r"x of particle 1 must be in \[0, 9e-06\] m, got 9.5e-06"),
        ([1, 3, 3], [1, 2, 2], r"particles 1 and 2 have the same centre \(3e-06, 2e-06\) m"),
        ([], [], "a structure must have at least one particle"),
    ],
)
def test_a_structure_that_is_none_is_an_error(tiny, x, y, message):
    n = len(x)
    wrong = Structure(
        1e-6 * np.array(x), 1e-6 * np.array(y), np.full(n, 0.5e-6), np.full(n, SE, np.int8), 9e-6, 9e-6
    )
    with pytest.raises(ValueError, match=message):
        compress(wrong, tiny, [].append)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"radius": np.array([0.5e-6, np.nan])}, "radius of particle 1 must be > 0 m and finite, got nan"),
        ({"radius": np.array([0.0, 0.5e-6])}, "radius of particle 0 must be > 0 m and finite, got 0"),
        (
            {"species": np.array([SE, 3], np.int8)},
            r"species of particle 1 must be 1 \(SE\) or 2 \(AM\), got 3",
        ),
        ({"width": np.nan}, "width of the box must be > 0 m and finite, got nan"),
    ],
)
def test_particles_need_a_size_and_a_kind(tiny, change, message):
    good = Structure(
        np.array([1e-6, 3e-6]), np.ones(2) * 1e-6, np.full(2, 0.5e-6), np.full(2, SE, np.int8), 9e-6, 9e-6
    )
    with pytest.raises(ValueError, match=message):
        compress(good._replace(**change), tiny, [].append)


def test_a_wall_must_leave_room_for_the_largest_particle(tiny):
    large = Structure(
        np.array([4.5e-6]), np.array([4.5e-6]), np.array([4.2e-6]), np.array([AM], np.int8), 9e-6, 9e-6
    )
    with pytest.raises(
        ValueError, match=r"final_width must be at least 8\.4e-06 m, the diameter of particle 0"
    ):
        compress(large, tiny, [].append)


def test_a_compression_that_is_too_fast_is_warned_of(tiny, caplog):
    fast = dataclasses.replace(tiny.compression, wall_speed=100.0)
    simulate(dataclasses.replace(tiny, compression=fast), 11e-6, 0.7, 0)
    assert "replicate-000: inertial number" in caplog.text and "above 0.001" in caplog.text
    caplog.clear()
    slow = dataclasses.replace(tiny.compression, wall_speed=1.0)
    simulate(dataclasses.replace(tiny, compression=slow), 11e-6, 0.7, 0)
    assert not caplog.text


def imbalance(frame):
    """Energy that the work of the walls does not explain, as a share of that work."""
    energy = frame.kinetic_energy + frame.elastic_energy + frame.dissipated_work
    return energy / frame.wall_work - 1


@pytest.mark.parametrize(("width", "uncovered"), [(46e-6, 0.63), (50e-6, 0.63), (55e-6, 0.53)])
def test_work_of_the_wall_is_kept_moved_or_lost(parameters, width, uncovered):
    """Elastic, kinetic and dissipated energy are the work of the wall, within 1 % at rest."""
    run = simulate(parameters, width, uncovered, 0)
    assert abs(imbalance(run.frames[-1])) < 1e-2
    for frame in run.frames[-5:]:
        assert abs(imbalance(frame)) < 2e-2
    assert 0.1 < run.frames[-1].dissipated_work / run.frames[-1].wall_work < 0.9


def test_without_friction_the_imbalance_falls_with_the_time_step(tiny):
    contacts = dataclasses.replace(tiny.contacts, friction=dict.fromkeys(PAIRS, 0.0))
    imbalances = []
    for fraction in (0.15, 0.015):
        protocol = dataclasses.replace(tiny.compression, time_step_rayleigh=fraction)
        changed = dataclasses.replace(tiny, contacts=contacts, compression=protocol)
        imbalances.append(abs(imbalance(simulate(changed, 11e-6, 0.7, 0).frames[-1])))
    assert imbalances[0] < 1e-2 and imbalances[1] < 1e-3


def test_with_friction_the_rest_is_the_stiffening_of_tangential_springs(tiny):
    """The law's own: a spring displaced by xi gains xi^2 / 2 x the growth of its stiffness, from nowhere."""
    structure, _ = fill(tiny.structure, 11e-6, 0.7, np.random.default_rng(0))
    system = between_walls(structure, tiny)
    step = largest_time_step(structure, tiny.materials, 0.05)
    n = structure.x.size
    stiffness, displacement = np.zeros((n, n + 4)), np.zeros((n, n + 4))
    gained = 0.0
    system.walls.velocity[1] = -4.0
    for _ in range(int(2.5e-6 / 4.0 / step)):
        advance(system, step, 1)
        new_stiffness, new_displacement = np.zeros_like(stiffness), np.zeros_like(displacement)
        for contacts, first in ((system.pairs, 0), (system.wall_contacts, n)):
            listed = slice(contacts.first[-1])
            key = contacts.owner[listed], contacts.partner[listed] + first
            root = np.sqrt(np.maximum(contacts.overlap[listed], 0))
            new_stiffness[key] = contacts.listed("constants")[1] * root
            new_displacement[key] = contacts.displacement[listed]
        gained += np.sum(0.5 * displacement**2 * (new_stiffness - stiffness))
        stiffness, displacement = new_stiffness, new_displacement
    frame = snapshot(system, 0, step)
    explained = gained / frame.wall_work
    assert explained > 5e-3
    assert imbalance(frame) == pytest.approx(explained, abs=2e-3)
