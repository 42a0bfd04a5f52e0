import copy
import dataclasses
import platform
import re
from itertools import pairwise

import numpy as np
import pytest
from numba import njit

from dem.cpu import contacts as lists
from dem.cpu import forces, neighbors
from dem.cpu.integrate import advance, rebuild
from dem.cpu.law import energy, pair_constants, response
from dem.cpu.tile import DISSIPATED, HISTORY, dissipated_work
from dem.laws.elastic import elastic_constants
from dem.laws.elastoplastic import Constants, Elastoplastic, Yielding
from dem.laws.hertz_mindlin import HertzMindlin
from dem.measure.stress import contact_list
from dem.parameters import Material, read_parameters
from dem.simulation import simulate
from electrode.species import AM, PAIRS, SE, WALL

# Two SE of 1 um with the published constants: E = 24 GPa, nu = 0.3, hardness 1.9 GPa.
RADIUS, MODULUS, HARDNESS = 0.25e-6, 24e9 / (2 * (1 - 0.3**2)), 1.9e9
SPRING_GROWTH, AREA_GROWTH = 5.0, 2.0
STEP = 1e-10
NO_TABLES = np.zeros((3, 3))
# A sixteenth of what is left of the flow in each step.
LAW = Elastoplastic(*[NO_TABLES] * 4, SPRING_GROWTH, AREA_GROWTH, 0.6, 1 / (16 * STEP))
ELASTIC = elastic_constants(MODULUS, 4e9, 0.2, RADIUS, 1e-15)
YIELDING = 2 / 3 * np.pi * HARDNESS * RADIUS


def constants(fuses=1.0, yielding=YIELDING):
    return Constants(*ELASTIC, RADIUS, yielding, fuses)


def contact(
    overlap,
    flattening,
    velocity=0.0,
    slip=0.0,
    displacement=0.0,
    fuses=1.0,
    step=STEP,
    yielding=YIELDING,
    function=forces.contact,
):
    """Normal and tangential force, displacement, lost work and flattening of a contact, friction 0.5."""
    of_pair = constants(fuses, yielding)
    *answer, (after,) = function(
        LAW, of_pair, (flattening,), 0.5, displacement, overlap, velocity, slip, step
    )
    return (*answer, after)


def stored_energy(overlap, displacement, flattening, fuses=1.0):
    return LAW.energy(constants(fuses), (flattening,), overlap, displacement)


@njit
def _follow(law, of_pair, overlaps, flattening, step):
    forces, flattenings = np.empty_like(overlaps), np.empty_like(overlaps)
    for k, overlap in enumerate(overlaps):
        answer = response(law, of_pair, (flattening,), overlap, 0.0, step)
        forces[k] = answer.force if answer.touches else 0.0
        flattening = answer.history[0]
        flattenings[k] = flattening
    return forces, flattenings


def follow(overlaps, flattening=0.0, fuses=1.0):
    """Force [N] and flattening along a path of overlaps that is slow against the relaxation; no dashpot."""
    return _follow(LAW, constants(fuses), overlaps, flattening, STEP)


def on_the_yield_curve(flattening, sign=1.0):
    """Overlap [m] and force [N] where spring and yield force balance: the limit of fast relaxation.

    K sqrt(h) (1 + 5q)^1.5 (h - q R) = +-H (2/3) pi R (1 + 2q) h is quadratic in sqrt(h).
    """
    stiffness = 4 / 3 * MODULUS * np.sqrt(RADIUS) * (1 + SPRING_GROWTH * flattening) ** 1.5
    yielding = HARDNESS * 2 / 3 * np.pi * RADIUS * (1 + AREA_GROWTH * flattening)
    half = sign * yielding / stiffness / 2
    overlap = (half + np.sqrt(half**2 + flattening * RADIUS)) ** 2
    return overlap, sign * yielding * overlap


def elastic_line(overlap, flattening):
    """Force at a flattening that does not change [N]."""
    stiffness = 4 / 3 * MODULUS * np.sqrt(RADIUS * overlap) * (1 + SPRING_GROWTH * flattening) ** 1.5
    return stiffness * (overlap - flattening * RADIUS)


def test_loading_unloading_and_reloading_follow_the_closed_forms():
    curve, force_on_it = on_the_yield_curve(np.linspace(0, 0.3, 3001))
    top, steps = 0.06e-6, 200_000
    force, flattening = follow(np.linspace(0, top, steps))
    overlap = np.linspace(0, top, steps)
    # Hertz up to the yield point h = R (pi H / (2 E))^2, then along the yield curve.
    onset = RADIUS * (np.pi * HARDNESS / (2 * MODULUS)) ** 2
    assert curve[0] == pytest.approx(onset)
    before = overlap < 0.999 * onset
    np.testing.assert_allclose(force[before], elastic_line(overlap[before], 0.0), rtol=1e-9, atol=1e-12)
    beyond = overlap > 1.01 * onset
    np.testing.assert_allclose(force[beyond], np.interp(overlap[beyond], curve, force_on_it), rtol=2e-3)
    last = flattening[-1]
    assert last == pytest.approx(np.interp(top, curve, np.linspace(0, 0.3, 3001)), rel=2e-3)

    # Unloading is elastic at the last flattening down to the yield curve in tension, and follows that.
    tension, tension_force = on_the_yield_curve(np.linspace(1e-6, last, 3001), -1.0)
    bottom = 0.3 * tension[-1]
    down = np.linspace(top, bottom, steps)
    force, flattening = follow(down, last)
    elastic = down > 1.01 * tension[-1]
    np.testing.assert_allclose(flattening[elastic], last, rtol=2e-3)
    np.testing.assert_allclose(force[elastic], elastic_line(down[elastic], flattening[elastic]), rtol=1e-4)
    pulled = down < 0.99 * tension[-1]
    np.testing.assert_allclose(force[pulled], np.interp(down[pulled], tension, tension_force), rtol=1e-2)
    assert force.min() < 0 < force[0]

    # Reloading from half way: the same line up, then on along the yield curve.
    half = 0.5 * (tension[-1] + top)
    up = np.concatenate([np.linspace(top, half, steps), np.linspace(half, 1.2 * top, steps)])
    force, flattening = follow(up, last)
    again = (np.arange(up.size) >= steps) & (up < 0.99 * top)
    np.testing.assert_allclose(force[again], elastic_line(up[again], last), rtol=1e-2)
    assert force[-1] == pytest.approx(np.interp(1.2 * top, curve, force_on_it), rel=2e-3)


@pytest.mark.parametrize("fuses", [0.0, 1.0])
@pytest.mark.parametrize("deep", [0.02e-6, 0.15e-6])
@pytest.mark.parametrize("steps", [200, 20_000], ids=["fast", "slow"])
def test_no_cycle_gives_energy(fuses, deep, steps):
    """Work put into a contact = energy of its springs + what it lost; both at any speed, loss never < 0."""
    rng = np.random.default_rng(1)
    turns = np.concatenate([[0], deep * rng.random(12), [-1e-9]])
    path = np.concatenate([np.linspace(*ends, steps) for ends in pairwise(turns)])
    flattening = work = lost = 0.0
    before = path[0]
    for overlap in path:
        # The step that leads here, its force taken in the middle.
        middle, velocity = 0.5 * (before + overlap), -(overlap - before) / STEP
        force = contact(middle, flattening, velocity, fuses=fuses, step=0.0)[0]
        work += force * (overlap - before)
        _, _, _, dissipated, flattening = contact(overlap, flattening, velocity, fuses=fuses)
        lost += dissipated
        stored = stored_energy(overlap, 0.0, flattening, fuses) if overlap > 0 else 0.0
        assert dissipated > -1e-9 * lost - 1e-25
        before = overlap
    assert stored == 0 and lost > 0
    assert work == pytest.approx(lost, rel=0.03)


def test_active_material_never_pulls_once_it_has_yielded():
    rng = np.random.default_rng(2)
    flattening, pulled = 0.0, []
    for overlap in 0.05e-6 * (1 + np.sin(np.linspace(-np.pi / 2, 20, 4000))):
        was = flattening
        force, tangential, displacement, _, flattening = contact(
            overlap, flattening, rng.normal(0, 20.0), 1.0, 1e-9, fuses=0.0
        )
        if was > 0:
            pulled.append(force)
        if 0 < overlap < was * RADIUS:
            assert force == tangential == displacement == 0, "apart"
    assert flattening > 0.05 and min(pulled) == 0 and max(pulled) > 0


def test_electrolyte_holds_together_up_to_the_yield_force_and_breaks():
    flattening = 0.2
    force = contact(0.19 * RADIUS, flattening, step=0.0)[0]
    assert force < 0
    stored = stored_energy(1e-30, 0.0, flattening)
    force, _, _, lost, after = contact(-1e-12, flattening)
    assert force == after == 0 and lost == pytest.approx(stored)


def test_flattening_ends_at_its_cap():
    _, flattening = follow(np.linspace(0, 1.5 * RADIUS, 20_000))
    assert flattening[-1] == 0.6


@pytest.mark.parametrize("velocity", [-3.0, 0.0, 3.0])
@pytest.mark.parametrize("displacement", [0.0, 1e-9, -1e-7])
@pytest.mark.parametrize("fuses", [0.0, 1.0])
def test_without_yield_the_law_is_that_of_hertz_and_mindlin(velocity, displacement, fuses):
    hertz = HertzMindlin(*[NO_TABLES] * 3)
    for overlap in (-1e-9, 0.0, 1e-12, 1e-8, 2e-7):
        *wanted, lost, _ = forces.contact(hertz, ELASTIC, (), 0.5, displacement, overlap, velocity, 2.0, STEP)
        for yielding in (1e30, np.inf):
            answer = contact(overlap, 0.0, velocity, 2.0, displacement, fuses, yielding=yielding)
            assert list(answer[:3]) == wanted and answer[4] == 0
            assert answer[3] == pytest.approx(lost, rel=1e-9)
    assert stored_energy(1e-8, 1e-9, 0.0, fuses) == pytest.approx(hertz.energy(ELASTIC, (), 1e-8, 1e-9))


@pytest.fixture
def yielding(config, yielding_kernels):
    """Parameters of the tiny study under the elasto-plastic law."""
    config = copy.deepcopy(config)
    config["contacts"]["law"] = "elastoplastic"
    config["compression"]["time_step_rayleigh"] = 0.08
    return read_parameters(config)


def test_hard_particles_are_compressed_as_elastic_ones(yielding, tiny):
    hard = {name: dataclasses.replace(m, hardness=1e30) for name, m in yielding.materials.items()}
    same_step = dataclasses.replace(tiny, compression=yielding.compression)
    elastic = simulate(same_step, 11e-6, 0.7, 0)
    unyielding = simulate(dataclasses.replace(yielding, materials=hard), 11e-6, 0.7, 0)
    for frame, elastic_frame in zip(unyielding.frames, elastic.frames, strict=True):
        np.testing.assert_array_equal(frame.x, elastic_frame.x)
        np.testing.assert_array_equal(frame.stress_tensor, elastic_frame.stress_tensor)
    np.testing.assert_array_equal(unyielding.contacts.normal_force, elastic.contacts.normal_force)
    assert not unyielding.contacts.equilibrium_overlap.any()
    area = elastic.contacts.contact_area_from_overlap
    np.testing.assert_allclose(unyielding.contacts.contact_area, area, rtol=1e-12)


def test_a_relaxation_faster_than_two_steps_is_refused(yielding):
    own = dataclasses.replace(yielding.contacts.own["elastoplastic"], relaxation_time=1e-10)
    contacts = dataclasses.replace(yielding.contacts, own={"elastoplastic": own})
    with pytest.raises(
        ValueError, match=r"relaxation_time must be at least two time steps = 1\.3\d*e-10 s, got 1e-10 s"
    ):
        simulate(dataclasses.replace(yielding, contacts=contacts), 11e-6, 0.7, 0)


def test_a_compressed_structure_yields_and_records_the_areas_of_the_law(yielding, run):
    outcome = simulate(yielding, 11e-6, 0.7, 0)
    contacts, radius = outcome.contacts, outcome.structure.radius
    assert np.median(contacts.equilibrium_overlap[contacts.j >= 0]) > 0
    pairs = contacts.j >= 0
    radius_i, radius_j = radius[contacts.i[pairs]], radius[contacts.j[pairs]]
    effective = radius_i * radius_j / (radius_i + radius_j)
    wanted = np.pi * contacts.overlap[pairs] * effective
    wanted *= 1 + AREA_GROWTH * contacts.equilibrium_overlap[pairs] / effective
    am = outcome.structure.species == AM
    fused = ~(am[contacts.i[pairs]] & am[contacts.j[pairs]])
    np.testing.assert_allclose(contacts.contact_area[pairs][fused], wanted[fused], rtol=1e-12)
    np.testing.assert_array_equal(contacts.contact_area, contacts.contact_area_from_overlap)
    # Softer than the elastic structure.
    assert outcome.frames[-1].wall_force[1] < run.frames[-1].wall_force[1]


def imbalance(frame):
    """Energy that the work of the walls does not explain, as a share of that work."""
    return (frame.kinetic_energy + frame.elastic_energy + frame.dissipated_work) / frame.wall_work - 1


def test_without_friction_the_energy_balance_closes_with_the_time_step(yielding):
    contacts = dataclasses.replace(yielding.contacts, friction=dict.fromkeys(PAIRS, 0.0))
    imbalances = []
    for fraction in (0.08, 0.008):
        protocol = dataclasses.replace(yielding.compression, time_step_rayleigh=fraction)
        changed = dataclasses.replace(yielding, contacts=contacts, compression=protocol)
        imbalances.append(abs(imbalance(simulate(changed, 11e-6, 0.7, 0).frames[-1])))
    assert imbalances[0] < 2e-2 and imbalances[1] < 0.2 * imbalances[0]


@pytest.fixture
def pressed(scene, yielding):
    """AM between two SE and the walls, in motion, all contacts yielded; scene of these contacts."""
    x = np.array([0.42, 2.86, 5.2, 8.9])
    system = scene(
        x,
        [0, 0, 0.2, 0],
        radius=[0.5, 2, 0.5, 2],
        species=[SE, AM, SE, AM],
        walls=(0, 10.8, -9, 9),
        contacts=yielding.contacts,
        vx=[0.3, -0.2, 0.1, -20.0],
        omega=1e5,
    )
    advance(system, 1e-11, 30)
    return system


def test_flattening_survives_a_rebuild_and_ends_with_the_contact(pressed):
    pairs, at_walls = pressed.pairs, pressed.wall_contacts
    before = pairs.history[: pairs.first[-1]].copy(), at_walls.history[: at_walls.first[-1]].copy()
    assert np.count_nonzero(before[0]) >= 2 and np.count_nonzero(before[1]) >= 2
    assert rebuild(pressed, 0.1e-6)
    np.testing.assert_array_equal(pairs.history[: pairs.first[-1]], before[0])
    np.testing.assert_array_equal(at_walls.history[: at_walls.first[-1]], before[1])
    pressed.particles.y[0] += 3e-6
    lost = dissipated_work(pressed.tile)
    forces.add_forces(pressed, 1e-11, True)
    of_first = [p for p in range(pairs.first[-1]) if pairs.partner[p] == 0]
    assert of_first and not pairs.history[of_first].any()
    assert dissipated_work(pressed.tile) > lost, "the energy of the broken bond"


def test_only_bonds_with_electrolyte_fuse_and_none_with_a_wall(scene, yielding):
    system = scene(
        [1, 2.9, 6.8, 7.8],
        0,
        radius=[0.5, 2, 2, 0.5],
        species=[SE, AM, AM, SE],
        walls=(0.55, 8.25, -1.95, 9),
        contacts=yielding.contacts,
    )
    pairs = system.pairs
    of_pairs = Constants(*pairs.listed("constants"))
    kinds = {}
    for p in range(pairs.first[-1]):
        both = frozenset((int(pairs.owner[p]), int(pairs.partner[p])))
        kinds[both] = of_pairs.fuses[p], of_pairs.yielding[p] / of_pairs.effective_radius[p]
    soft, hard = (2 / 3 * np.pi * yielding.materials[name].hardness for name in ("SE", "AM"))
    assert kinds[frozenset((0, 1))] == (1.0, pytest.approx(soft))
    assert kinds[frozenset((1, 2))] == (0.0, pytest.approx(hard))
    assert kinds[frozenset((2, 3))] == (1.0, pytest.approx(soft))
    at_walls = system.wall_contacts.listed("constants")
    assert at_walls[0].any() and not Constants(*at_walls).fuses.any()


def test_areas_of_contacts_that_are_apart_are_nothing(scene, yielding):
    system = scene([0, 3.9], 0, radius=2, species=AM, contacts=yielding.contacts)
    system.pairs.history[0] = 0.2
    forces.add_forces(system, 0.0, True)
    contacts = contact_list(system)
    assert contacts.overlap[0] > 0 and contacts.normal_force[0] == contacts.contact_area[0] == 0
    assert contacts.equilibrium_overlap[0] == pytest.approx(0.2e-6)


@pytest.mark.parametrize("overlap", [-1e-9, 1e-8, 8e-8])
@pytest.mark.parametrize("flattening", [0.0, 0.2])
@pytest.mark.parametrize("fuses", [0.0, 1.0])
def test_compiled_equals_python(overlap, flattening, fuses):
    for velocity in (-1.0, 20.0):
        arguments = [np.float64(value) for value in (overlap, flattening, velocity, 2.0, 1e-9)]
        with np.errstate(invalid="ignore", divide="ignore"):
            python = contact(*arguments, fuses=fuses, function=forces.contact.py_func)
        assert contact(*arguments, fuses=fuses) == pytest.approx(python, rel=1e-9)


@pytest.mark.parametrize(("overlap", "fuses"), [(1e-8, 0.0), (8e-8, 0.0), (1e-8, 1.0)])
def test_constants_and_energies_in_kernels_are_those_of_the_law(yielding, overlap, fuses):
    law, of_pair = yielding.contacts.law_of(yielding.materials), constants(fuses)

    @njit
    def compiled(law, of_pair, overlap):
        return pair_constants(law, AM, SE, 4e-7, 1e-15), energy(law, of_pair, (0.2,), overlap, 1e-9)

    in_kernel, stored = compiled(law, of_pair, overlap)
    assert in_kernel == pytest.approx(law.constants(AM, SE, 4e-7, 1e-15), rel=1e-12)
    assert stored == pytest.approx(law.energy(of_pair, (0.2,), overlap, 1e-9), rel=1e-12)
    assert law.constants(SE, WALL, 4e-7, 1e-15).fuses == law.constants(AM, AM, 4e-7, 1e-15).fuses == 0


def test_compiled_kernels_equal_python(pressed):
    twin = copy.deepcopy(pressed)
    count = pressed.pairs.first[-1]
    for system in (pressed, twin):
        forces.gather(system.particles, system.pairs, 0, count, system.tile)
        forces.gather_history(system.pairs.history, 1, 0, count, system.tile)
    forces.apply_law(pressed.tile, pressed.pairs, pressed.law, 0, STEP)
    with np.errstate(invalid="ignore", divide="ignore"):
        forces.apply_law.py_func(twin.tile, twin.pairs, twin.law, 0, STEP)
        np.testing.assert_allclose(pressed.tile, twin.tile, rtol=1e-9, atol=1e-20)
        forces.add_forces(pressed, STEP, True)
        forces.add_forces.py_func(twin, STEP, True)
        for system, function in (
            (pressed, forces.add_wall_forces),
            (twin, forces.add_wall_forces.py_func),
        ):
            walls = system.walls, system.wall_contacts, system.law
            function(system.particles, *walls, STEP, system.tile, system.stress, True)
    np.testing.assert_allclose(pressed.tile, twin.tile, rtol=1e-9, atol=1e-20)
    for name in ("history", "displacement", "normal_force", "tangential_force"):
        for contacts, others in zip(pressed[2:4], twin[2:4], strict=True):
            np.testing.assert_allclose(getattr(contacts, name), getattr(others, name), rtol=1e-9, atol=1e-18)
    assert forces.energies(pressed) == pytest.approx(forces.energies.py_func(pressed))
    for p in range(pressed.wall_contacts.first[-1]):
        of_walls = pressed.wall_contacts
        columns = of_walls.constants, of_walls.history, of_walls.displacement
        arguments = pressed.law, *columns, len(Constants._fields), 1, p, 1e-8
        assert forces.spring_energy(*arguments) == pytest.approx(forces.spring_energy.py_func(*arguments))
    for function in (neighbors.build_pairs, neighbors.build_pairs.py_func):
        assert function(
            pressed.particles,
            pressed.walls,
            pressed.grid,
            pressed.pairs,
            pressed.law,
            pressed.friction,
            1e-7,
        )
    for contacts in (pressed.pairs, twin.pairs):
        fill_in = lists.fill_in if contacts is pressed.pairs else lists.fill_in.py_func
        particles = pressed.particles
        of_each = particles.radius, particles.mass, particles.species
        lists.keep_old.py_func(contacts)
        fill_in(contacts, *of_each, pressed.law, pressed.friction, False)
    np.testing.assert_array_equal(pressed.pairs.history, twin.pairs.history)
    mine, other = pressed.pairs.listed("constants"), twin.pairs.listed("constants")
    np.testing.assert_allclose(mine, other, rtol=1e-12)
    assert (mine[5] > 0).all()


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="looks for x86 instructions")
def test_the_law_is_vector_instructions(pressed):
    fresh = njit(forces.apply_law.py_func, error_model="numpy")
    fresh(pressed.tile, pressed.pairs, pressed.law, 0, STEP)
    code = next(iter(fresh.inspect_asm().values()))
    assert len(re.findall(r"v?sqrtpd\s.*[xyz]mm", code)) >= 6 and "divpd" in code


def test_an_empty_place_of_a_tile_loses_nothing(pressed):
    pressed.tile[:] = 1.0  # as a fuller tile would leave it
    pressed.tile[DISSIPATED:] = 0.0
    pressed.tile[HISTORY:] = 0.5
    before = pressed.tile[DISSIPATED : DISSIPATED + 128].copy()
    forces.add_pair_forces(
        pressed.particles, pressed.pairs, pressed.law, 0.0, pressed.tile, pressed.stress, False
    )
    after = pressed.tile[DISSIPATED : DISSIPATED + 128]
    np.testing.assert_array_equal(after[pressed.pairs.first[-1] :], before[pressed.pairs.first[-1] :])


def test_hardness_and_constants_are_asked_for_by_name(config):
    config["contacts"]["law"] = "elastoplastic"
    for species, value, message in (
        (
            "SE",
            None,
            r"materials\.SE\.hardness_GPa must be given under the law elastoplastic, in GPa, got none",
        ),
        ("AM", -1.9, r"materials\.AM\.hardness_GPa must be > 0, got -1\.9 \(in GPa\)"),
        ("AM", "soft", r"materials\.AM\.hardness_GPa must be a number, got 'soft'"),
    ):
        changed = copy.deepcopy(config)
        if value is None:
            del changed["materials"][species]["hardness_GPa"]
        else:
            changed["materials"][species]["hardness_GPa"] = value
        with pytest.raises(ValueError, match=message):
            read_parameters(changed)
    del config["contacts"]["elastoplastic"]
    with pytest.raises(ValueError, match="contacts: elastoplastic must be given under the law elastoplastic"):
        read_parameters(config)
    with pytest.raises(ValueError, match=r"largest_equilibrium_overlap must be in \(0, 2\], got"):
        Yielding(5, 2, 0, 1e-9)
    assert Material(1e9, 0.3, 1000).hardness is None
