import copy
import dataclasses

import numpy as np
import pytest

from dem.compress import between_walls, compress, largest_time_step
from dem.cpu import integrate
from dem.cpu.integrate import advance
from dem.engine import run
from dem.measure.frames import wall_area
from dem.parameters import read_parameters
from dem.protocol import pressure as servo
from dem.protocol.pace import Pace
from dem.simulation import simulate, structure_name
from dem.structure import Structure, fill
from electrode.species import AM


@pytest.fixture(params=["hertz_mindlin", "elastoplastic"])
def pressed(request, config):
    """Parameters of the tiny study under either law, with room for the wall."""
    if request.param == "elastoplastic":
        request.getfixturevalue("yielding_kernels")
    config = copy.deepcopy(config)
    config["contacts"]["law"] = request.param
    config["compression"] |= {"final_width_um": 6, "time_step_rayleigh": 0.08, "frames": 5}
    return read_parameters(config)


def with_protocol(parameters, **changes):
    return dataclasses.replace(parameters, compression=dataclasses.replace(parameters.compression, **changes))


def pressures(run):
    height = run.structure.height
    return np.array([frame.wall_force[1] for frame in run.frames]) / (height * 1e-6)


@pytest.mark.parametrize("pressure", [30e6, 300e6])
def test_the_pressure_is_reached_and_borne(pressed, pressure):
    outcome = simulate(pressed, 11e-6, 0.7, 0, pressure)
    wall_pressures = pressures(outcome)
    assert wall_pressures[-1] == pytest.approx(pressure, rel=0.01)
    assert wall_pressures.max() < 1.3 * pressure, "the wall does not ram"
    frame = outcome.frames[-1]
    assert frame.kinetic_energy <= pressed.compression.hold_energy_ratio * frame.elastic_energy
    assert len(outcome.frames) == 5 and frame.wall_position[1] > 6e-6
    steps = [frame.step for frame in outcome.frames]
    assert steps == sorted(set(steps))
    assert (
        outcome.name == structure_name(11e-6, 0.7, 0, pressure) and outcome.drawn["pressure_Pa"] == pressure
    )
    # The work of the piston, like that of any wall, is kept or lost.
    energy = frame.kinetic_energy + frame.elastic_energy + frame.dissipated_work
    assert energy == pytest.approx(frame.wall_work, rel=0.03)


def test_the_pressure_is_held(pressed):
    structure, _ = fill(pressed.structure, 11e-6, 0.7, np.random.default_rng(0))
    system = between_walls(structure, pressed)
    step = largest_time_step(structure, pressed.materials, 0.08)
    pace = Pace.configured(step, pressed.compression)
    run(system, servo.press(100e6, pressed.materials["SE"], pace, pressed.compression, servo.Evenly(0)))
    for _ in range(20):
        advance(system, step, 500)
        assert system.walls.force[1] / wall_area(system) == pytest.approx(100e6, rel=0.01)


def test_the_same_packing_is_followed_from_pressure_to_pressure(pressed):
    soft, hard = (simulate(pressed, 11e-6, 0.7, 0, pressure) for pressure in (50e6, 200e6))
    np.testing.assert_array_equal(soft.structure.x, hard.structure.x)
    assert soft.frames[-1].wall_position[1] > hard.frames[-1].wall_position[1]
    assert soft.drawn["seed"] == hard.drawn["seed"]


def test_unloading_springs_back_and_keeps_what_has_yielded(pressed):
    parameters = with_protocol(pressed, unload=True)
    outcome = simulate(parameters, 11e-6, 0.7, 0, 300e6)
    wall_pressures = pressures(outcome)
    assert len(outcome.frames) == 5
    assert wall_pressures[-2] == pytest.approx(300e6, rel=0.01) and abs(wall_pressures[-1]) <= 0.01 * 300e6
    at_pressure, unloaded = outcome.frames[-2:]
    assert unloaded.wall_position[1] > at_pressure.wall_position[1], "it springs back"
    assert unloaded.elastic_energy < at_pressure.elastic_energy
    if parameters.contacts.law == "elastoplastic":
        assert outcome.contacts.equilibrium_overlap.max() > 0


def test_a_pressure_out_of_the_way_of_the_wall_is_an_error(pressed):
    with pytest.raises(
        RuntimeError,
        match=r"pressure-5000_replicate-000: pressure 5000 MPa is not reached: \d+.* MPa where the way of "
        r"the wall ends, at compression\.final_width_um = 9 um",
    ):
        simulate(with_protocol(pressed, final_width=9e-6), 11e-6, 0.7, 0, 5e9)


def test_a_servo_that_does_not_settle_is_an_error(pressed):
    for changes in ({"pressure_tolerance": 1e-12}, {"servo_damping": 1e-4, "pressure_tolerance": 1e-4}):
        with pytest.raises(
            RuntimeError,
            match=r"does not settle: .* to .* MPa in the last 500 of \d+ steps, wanted 100 MPa within",
        ):
            simulate(with_protocol(pressed, hold_maximum_steps=4000, **changes), 11e-6, 0.7, 0, 100e6)


def test_an_unloaded_structure_that_does_not_rest_is_an_error(pressed):
    structure, _ = fill(pressed.structure, 11e-6, 0.7, np.random.default_rng(0))
    system = between_walls(structure, pressed)
    step = largest_time_step(structure, pressed.materials, 0.08)
    pace = Pace.configured(step, pressed.compression)
    run(system, servo.press(100e6, pressed.materials["SE"], pace, pressed.compression, servo.Evenly(0)))
    protocol = dataclasses.replace(pressed.compression, hold_energy_ratio=1e-30, hold_maximum_steps=1000)
    with pytest.raises(RuntimeError, match=r"does not rest: .* MPa on the wall after 1000 steps"):
        run(system, servo.unload(100e6, pace, protocol))


def test_rising_pressures_are_borne_one_after_the_other(pressed):
    """One run visits them all: each is recorded at rest, after the way there."""
    structure, _ = fill(pressed.structure, 11e-6, 0.7, np.random.default_rng(0))
    system, frames = between_walls(structure, pressed), []
    step = largest_time_step(structure, pressed.materials, 0.08)
    pace = Pace.configured(step, pressed.compression)
    protocol = with_protocol(pressed, frames=3, unload=False).compression
    steps = servo.to_pressures([50e6, 150e6], pressed.materials["SE"], pace, protocol, frames.append)
    last = run(system, steps)
    borne = [frame.wall_force[1] / wall_area(system) for frame in frames]
    assert len(frames) == 4 and borne[1::2] == pytest.approx([50e6, 150e6], rel=0.01)
    assert [frame.step for frame in frames] == sorted({frame.step for frame in frames})
    assert last.step == frames[-1].step
    with pytest.raises(ValueError, match=r"pressures must rise, got 2e\+06 Pa, 1e\+06 Pa"):
        next(servo.to_pressures([2e6, 1e6], pressed.materials["SE"], pace, protocol, frames.append))
    with pytest.raises(ValueError, match="pressures must rise, got none"):
        next(servo.to_pressures([], pressed.materials["SE"], pace, protocol, frames.append))


def test_bad_pressures_and_structures_are_refused(tiny):
    structure, _ = fill(tiny.structure, 11e-6, 0.7, np.random.default_rng(0))
    with pytest.raises(ValueError, match="pressure must be > 0 Pa and finite, got -1"):
        compress(structure, tiny, [].append, pressure=-1.0)
    alone = Structure(
        np.array([4e-6]), np.array([4e-6]), np.array([2e-6]), np.array([AM], np.int8), 9e-6, 9e-6
    )
    with pytest.raises(ValueError, match="there must be SE, got none"):
        compress(alone, tiny, [].append, pressure=1e6)
    with pytest.raises(ValueError, match="frames must be >= 4 with unload, got 3"):
        dataclasses.replace(tiny.compression, frames=3, unload=True)


def test_states_are_kept_evenly_and_too_few_are_an_error():
    kept = servo.Evenly(3)
    for k in range(100):
        kept.offer(lambda k=k: k)
    chosen = kept.chosen()
    assert len(chosen) == 3 and chosen[0] == 0 and chosen[-1] >= 64
    few = servo.Evenly(4)
    few.offer(lambda: 0)
    with pytest.raises(RuntimeError, match=r"compression\.frames is too large by 3"):
        few.chosen()


def test_solids_are_thinned_to_the_setting_and_the_same_bits_before(tiny):
    plain, _ = fill(tiny.structure, 11e-6, 0.7, np.random.default_rng(0))
    setting = dataclasses.replace(tiny.structure, solid_fraction=0.6)
    thinned, _ = fill(setting, 11e-6, 0.7, np.random.default_rng(0))
    share = np.pi * np.sum(thinned.radius**2) / (thinned.width * thinned.height)
    assert share == pytest.approx(0.6, abs=0.5e-12 * np.pi / 99e-12)
    am = plain.species == AM
    np.testing.assert_array_equal(thinned.x[: am.sum()], plain.x[am])
    assert set(thinned.x.tolist()) < set(plain.x.tolist())
    with pytest.raises(RuntimeError, match=r"structure\.solid_fraction must be in \(0\.3.*, got 0\.95"):
        fill(dataclasses.replace(setting, solid_fraction=0.95), 11e-6, 0.7, np.random.default_rng(0))


@pytest.mark.parametrize("wall", [0, 1])
def test_a_piston_follows_its_load_and_keeps_its_limit(scene, wall):
    outcomes = []
    for function in (integrate.drive, integrate.drive.py_func):
        walls = scene(0, 0).walls
        walls.mass[wall], walls.impedance[wall], walls.speed_limit[wall] = 2e-12, 1e-4, 4.0
        walls.load[wall] = 1e-4
        function(walls, 1e-9)
        inwards = walls.velocity[wall] * (-1 if wall else 1)
        assert inwards == pytest.approx(1e-9 * 1e-4 / 2e-12)
        for _ in range(200):
            function(walls, 1e-9)
        assert abs(walls.velocity[wall]) == pytest.approx(1.0, rel=1e-3), "load / impedance"
        walls.load[wall] = 1.0
        function(walls, 1e-9)
        assert abs(walls.velocity[wall]) == 4.0
        assert not walls.velocity[[w for w in range(4) if w != wall]].any()
        outcomes.append(walls.velocity)
    np.testing.assert_array_equal(*outcomes)
