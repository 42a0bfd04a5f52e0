"""Structures in the plane on a GPU, or in the simulator: layers of spheres with the answer of the plane."""

import copy

import numpy as np
import pytest

from dem.cpu.integrate import advance
from dem.cpu.tile import dissipated_work
from dem.cuda.device import the_device
from dem.cuda.engine import Together, advanced_by
from dem.cuda.planar import LayeredSystem
from dem.engine import GEOMETRIES, run
from dem.laws.elastoplastic import Yielding
from dem.measure.stress import contact_list
from dem.protocol.request import Advance, Drive
from electrode.species import AM, SE

# The law divides by zero where nothing touches; what comes of that is left out.
pytestmark = [pytest.mark.usefixtures("quick_turns"), pytest.mark.filterwarnings("ignore::RuntimeWarning")]

STEP, DAMPING = 3e-11, 1e8


@pytest.fixture
def discs(scene, alike):
    """Function that gives overlapping discs between four walls, the right one on its way in."""

    def make(law="elastoplastic", friction=0.5, columns=4):
        own = {"elastoplastic": Yielding(5.0, 2.0, 0.6, 1e-9)} if law == "elastoplastic" else {}
        rng = np.random.default_rng(columns)
        x, y = (axis.ravel() for axis in np.meshgrid(np.arange(columns), np.arange(4)))
        large = (x == 1) & (y == 1)
        radius = np.where(large, 0.8, rng.uniform(0.42, 0.5, x.size))
        system = scene(
            0.96 * x + 0.46 + rng.normal(0, 0.02, x.size),
            0.96 * y + 0.46 + rng.normal(0, 0.02, x.size),
            radius=radius,
            species=np.where(large, AM, SE),
            walls=(0, 0.96 * columns - 0.04, 0, 3.8),
            contacts=alike(law, friction, own=own),
            vx=rng.normal(0, 3, x.size),
            vy=rng.normal(0, 3, x.size),
            omega=rng.normal(0, 3e6, x.size),
        )
        system.walls.velocity[1] = -30.0
        return system

    return make


def advanced(systems, runs, threads=None):
    """Advance layered systems together: `runs` says how many steps all do in turn."""
    together = Together(the_device(), [system.layer for system in systems], threads)
    for steps in runs:
        for system, member in zip(systems, together.members, strict=True):
            together.batch.put(member._number, system.layer)
            together.batch.order(member._number, system.layer, STEP, steps, np.exp(-DAMPING * STEP))
        together.batch.run()
        for system, member in zip(systems, together.members, strict=True):
            assert together.batch.follow(member._number, system.layer)
            together.batch.take(member._number, system.layer)
            system.follow(member.twists(system.layer))
    return systems


@pytest.mark.parametrize(
    ("law", "friction"), [("hertz_mindlin", 0.5), ("elastoplastic", 0.5), ("elastoplastic", 0.0)]
)
def test_the_answer_of_the_cpu(discs, law, friction):
    known = discs(law, friction)
    advance(known, STEP, 20, DAMPING)
    twin, built = LayeredSystem(*copy.deepcopy(known)), known.grid.built_x.copy()
    for _ in range(2):
        advance(known, STEP, 50, DAMPING)
    advanced([twin], [50, 50])
    assert not np.array_equal(known.grid.built_x, built), "neighbors were listed afresh"
    largest = np.abs(known.particles.force).max()
    np.testing.assert_allclose(twin.particles.force, known.particles.force, atol=1e-10 * largest)
    for name, theirs in known.particles._asdict().items():
        mine = getattr(twin.particles, name)
        np.testing.assert_allclose(mine, theirs, atol=1e-9 * np.abs(theirs).max(), err_msg=name)
    for name in ("position", "velocity", "force", "work"):
        mine, theirs = getattr(twin.walls, name), getattr(known.walls, name)
        np.testing.assert_allclose(mine, theirs, rtol=1e-10, atol=1e-10 * np.abs(theirs).max())
    for mine, theirs in zip(twin.stress, known.stress, strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-10 * np.abs(theirs).max())
    assert dissipated_work(twin.tile) == pytest.approx(dissipated_work(known.tile), rel=1e-9)
    assert GEOMETRIES[LayeredSystem].energies(twin) == pytest.approx(
        GEOMETRIES[type(known)].energies(known), rel=1e-9
    )
    mine, theirs = (in_order(contact_list(system)) for system in (twin, known))
    strongest = theirs["normal_force"].max()
    for name, column in theirs.items():
        scale = strongest if name == "tangential_force" else np.abs(column).max()
        np.testing.assert_allclose(mine[name], column, atol=1e-9 * scale, err_msg=name)
    left, right = (end(theirs["tangential_force"]) / strongest for end in (np.min, np.max))
    assert (left < -1e-3 and right > 1e-3) == (friction > 0), "on both sides"


def in_order(contacts):
    """Columns of a list of contacts, in the order of who touches whom."""
    order = np.lexsort((contacts.j, contacts.i))
    return {name: column[order] for name, column in contacts._asdict().items()}


def test_the_same_bits_in_any_company_and_for_any_number_of_threads(discs):
    def twins():
        return [LayeredSystem(*discs(columns=columns)) for columns in (4, 3)]

    together, alone = advanced(twins(), [20], threads=4), twins()
    for system in alone:
        advanced([system], [20], threads=1)
    for mine, theirs in zip(together, alone, strict=True):
        for part in ("particles", "stress", "walls"):
            for one, other in zip(getattr(mine, part), getattr(theirs, part), strict=True):
                np.testing.assert_array_equal(one, other)


def test_a_protocol_runs_on_a_device_as_on_the_cpu(discs):
    def protocol():
        look = yield Advance(0)
        look = yield Advance(6, STEP, Drive(velocity=-10.0))
        seen.append(look.frame())
        yield Advance(0, drive=Drive(velocity=0.0, position=look.position - 1e-10))
        look = yield Advance(5, STEP, damping=DAMPING)
        seen.append(look.frame())
        return look

    seen = []
    known = discs(columns=3)
    system = LayeredSystem(*copy.deepcopy(known))
    run(known, protocol())
    together = Together(the_device(), [system.layer])
    with advanced_by(together.members[0]):
        look = run(system, protocol())
    assert look.step == 11 and look.position == pytest.approx(known.walls.position[1], rel=1e-12)
    for frame, twin in zip(seen[:2], seen[2:], strict=True):
        for name, value in frame._asdict().items():
            np.testing.assert_allclose(
                getattr(twin, name), value, atol=1e-9 * np.nanmax(np.abs(value)), err_msg=name
            )


@pytest.mark.parametrize("law", ["hertz_mindlin", "elastoplastic"])
def test_a_look_is_that_of_the_plane(discs, law):
    known = discs(law, columns=3)
    system = LayeredSystem(*copy.deepcopy(known))
    advance(known, STEP, 8)
    cpu, on_device = GEOMETRIES[type(known)], GEOMETRIES[LayeredSystem]
    with advanced_by(Together(the_device(), [system.layer]).members[0]):
        on_device.advance(system, STEP, 8)
        on_device.check_none_lost(system, 8)
        assert on_device.energies(system) == pytest.approx(cpu.energies(known), rel=1e-9)
        assert on_device.contact_frequency(system) == pytest.approx(cpu.contact_frequency(known), rel=1e-9)
        np.testing.assert_allclose(on_device.forces(system), cpu.forces(known), rtol=1e-9)
        assert not np.allclose(system.particles.x, known.particles.x, rtol=1e-9), "no arrays were asked for"


def test_a_disc_that_has_left_the_box_is_named(discs):
    system, on_device = LayeredSystem(*discs(columns=3)), GEOMETRIES[LayeredSystem]
    system.layer.particles.motion[5, :2] = -3e-6
    with advanced_by(Together(the_device(), [system.layer]).members[0]):
        on_device.advance(system, STEP, 1)
        with pytest.raises(
            RuntimeError, match="1 particles have left the box by step 7, the first is particle 5"
        ):
            on_device.check_none_lost(system, 7)


def test_a_collapsed_structure_is_told(discs):
    system = LayeredSystem(*discs(columns=6))
    together = Together(the_device(), [system.layer])
    system.layer.particles.motion[:, :2] = 1e-6 + 1e-9 * np.arange(24)[:, None]
    with advanced_by(together.members[0]), pytest.raises(RuntimeError, match="8 neighbors per particle"):
        GEOMETRIES[LayeredSystem].advance(system, STEP, 5)
