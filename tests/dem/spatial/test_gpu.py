"""Kernels of the GPU, on one or in the simulator: the answers of the CPU, the same bits in any company."""

import copy
import threading

import numpy as np
import pytest

from dem.cpu.spatial.integrate import advance, make_system
from dem.cpu.spatial.tile import dissipated_work
from dem.cuda.device import the_device
from dem.cuda.engine import OnDevice, Together, advanced_by
from dem.cuda.spatial.batch import PackingBatch
from dem.cuda.spatial.structure import CHUNK
from dem.engine import GEOMETRIES, run
from dem.geometry.spatial import FACES
from dem.laws.elastoplastic import Yielding
from dem.press import copy_of
from dem.protocol.request import Advance, Drive
from dem.state import no_box, walls_at

# The law divides by zero where nothing touches; what comes of that is left out.
pytestmark = [pytest.mark.usefixtures("quick_turns"), pytest.mark.filterwarnings("ignore::RuntimeWarning")]

STEP, DAMPING = 3e-11, 1e8


@pytest.fixture
def packed(crowd):
    """Function that gives a few spheres under a piston that comes down, in a box or a die."""

    def make(law="elastoplastic", friction=0.5, periodic=True, count=24, servo=False):
        own = {"elastoplastic": Yielding(5.0, 2.0, 0.6, 1e-9)} if law == "elastoplastic" else {}
        system = crowd(law, own, width=3.5, height=3.2, count=count, friction=friction)
        if not periodic:
            system = in_a_die(system, 3.5e-6)
        walls = system.walls
        walls.velocity[1] = -30.0
        if servo:
            walls.mass[1], walls.load[1], walls.impedance[1], walls.speed_limit[1] = 1e-13, 1e-3, 1e-5, 40.0
        return system

    return make


def in_a_die(system, width):
    """The same spheres between six rigid walls."""
    floor, piston = system.walls.position
    walls = walls_at([floor, piston, 0.0, width, 0.0, width], FACES)
    return make_system(system.particles, walls, no_box(), system.law, system.friction.coefficient)


def advanced(systems, runs, threads=None, damping=0.0, seen=None):
    """Advance systems together: `runs` says how many steps each does in turn; `seen` takes the last looks."""
    batch = PackingBatch(the_device(), systems, threads)
    for s, system in enumerate(systems):
        batch.put(s, system)
    for steps in runs:
        for s, system in enumerate(systems):
            batch.order(s, system, STEP, steps[s], np.exp(-damping * STEP))
        batch.run()
        for s, system in enumerate(systems):
            assert batch.follow(s, system)
            batch.take(s, system)
    if seen is not None:
        seen += [batch.seen(s) for s in range(len(systems))]
    return systems


@pytest.mark.parametrize(
    ("law", "friction", "periodic"),
    [
        ("hertz_mindlin", 0.5, True),
        ("elastoplastic", 0.5, False),
        ("hertz_mindlin", 0.0, False),
        ("elastoplastic", 0.0, True),
    ],
)
def test_the_answer_of_the_cpu(packed, law, friction, periodic):
    known = packed(law, friction, periodic, servo=True)
    twin, built = copy.deepcopy(known), known.grid.built.copy()
    for _ in range(2):
        advance(known, STEP, 50, DAMPING)
    advanced([twin], [[50], [50]], damping=DAMPING)
    assert not np.array_equal(known.grid.built, built), "neighbors were listed afresh"
    largest = np.abs(known.particles.force).max()
    np.testing.assert_allclose(twin.particles.load[:, :3], known.particles.load[:, :3], atol=1e-10 * largest)
    for name in ("position", "velocity", "force", "work"):
        mine, theirs = getattr(twin.walls, name), getattr(known.walls, name)
        np.testing.assert_allclose(mine, theirs, rtol=1e-10, atol=1e-10 * np.abs(theirs).max())
    for k, scale in enumerate(np.abs(known.particles.motion).max(axis=0)):
        mine, theirs = twin.particles.motion[:, k], known.particles.motion[:, k]
        np.testing.assert_allclose(mine, theirs, atol=1e-10 * scale)
    assert dissipated_work(twin.tile) == pytest.approx(dissipated_work(known.tile), rel=1e-10)
    for mine, theirs in zip(twin.stress, known.stress, strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-10 * np.abs(theirs).max())
    for part in ("pairs", "wall_contacts"):
        mine, theirs = getattr(twin, part), getattr(known, part)
        listed = slice(theirs.first[-1])
        np.testing.assert_array_equal(mine.first, theirs.first)
        for name in ("owner", "partner", "friction", "overlap", "normal_force", "tangential_force"):
            column = getattr(theirs, name)[listed]
            np.testing.assert_allclose(
                getattr(mine, name)[listed], column, atol=1e-10 * np.abs(column).max(initial=0), err_msg=name
            )
        for name in ("constants", "displacement", "history"):
            rows = theirs.listed(name)
            np.testing.assert_allclose(
                mine.listed(name), rows, rtol=1e-9, atol=1e-10 * np.abs(rows).max(initial=0), err_msg=name
            )


def bits(system):
    """All numbers of a system that a run has left, as bytes."""
    listed = slice(system.pairs.first[-1])
    arrays = (
        *(system.particles.motion, system.particles.load, system.stress.moment, system.walls.force),
        *(system.pairs.partner[listed], system.pairs.normal_force[listed]),
        *(system.pairs.listed(name) for name in ("displacement", "history")),
        np.array([dissipated_work(system.tile)]),
    )
    return b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)


def test_the_same_bits_in_any_company_and_order_and_for_any_number_of_threads(packed):
    systems = [packed(count=count) for count in (24, 9, 17)]
    runs = [(20, 7, 20), (5, 0, 20)]
    looks = [], [], []
    alone, together, turned = ([copy.deepcopy(system) for system in systems] for _ in looks)
    for s, system in enumerate(alone):
        advanced([system], [(steps[s],) for steps in runs], threads=1, seen=looks[0])
    advanced(together, runs, threads=4, seen=looks[1])
    advanced(turned[::-1], [steps[::-1] for steps in runs], threads=2, seen=looks[2])
    assert [bits(system) for system in together] == [bits(system) for system in alone]
    assert [bits(system) for system in turned] == [bits(system) for system in alone]
    assert looks[0] == looks[1] == looks[2][::-1]


def test_a_run_may_be_split_anywhere(packed):
    whole, split = packed(), packed()
    advanced([whole], [[24]])
    advanced([split], [[10], [14]])
    np.testing.assert_array_equal(split.particles.motion, whole.particles.motion)


def test_a_protocol_runs_on_a_device_as_on_the_cpu(packed):
    def protocol():
        look = yield Advance(0)
        look = yield Advance(6, STEP, Drive(velocity=-10.0))
        first = look.frame()
        look = yield Advance(5, STEP, damping=DAMPING)
        told = look.energies(), look.forces(), look.contact_frequency()
        seen.append((first, look.frame(), *told))
        return look

    seen = []
    known = packed(count=12)
    system = OnDevice(*copy.deepcopy(known))
    run(known, protocol())
    together = Together(the_device(), [system])
    with advanced_by(together.members[0]):
        look = run(system, protocol())
    assert look.step == 11 and look.position == pytest.approx(known.walls.position[1], rel=1e-12)
    for mine, theirs in zip(seen[1][2:], seen[0][2:], strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-9)
    for frame, twin in zip(seen[0][:2], seen[1][:2], strict=True):
        for name, value in frame._asdict().items():
            scale = np.nanmax(np.abs(value))
            np.testing.assert_allclose(getattr(twin, name), value, atol=1e-10 * scale, err_msg=name)


def test_what_is_recorded_changes_nothing(packed):
    def protocol(records):
        look = yield Advance(5, STEP)
        if records:
            look.frame()
        seen.append((look.energies(), look.forces(), look.contact_frequency()))
        return (yield Advance(5, 0.1 / look.contact_frequency(), damping=DAMPING))

    ends, seen = [], []
    for records in (False, True):
        system = OnDevice(*packed(count=12))
        with advanced_by(Together(the_device(), [system]).members[0]):
            run(system, protocol(records))
        ends.append(bits(system))
    assert ends[0] == ends[1] and seen[0] == seen[1]


def test_a_run_goes_on_from_the_arrays_of_another_to_the_same_bits(packed):
    def protocol():
        look = yield Advance(0)
        return (yield Advance(5, 0.1 / look.contact_frequency()))

    first, ends = OnDevice(*packed(count=12)), []
    with advanced_by(Together(the_device(), [first]).members[0]):
        run(first, protocol())
        again = copy_of(first)
        run(first, protocol())
        ends.append(bits(first))
    with advanced_by(Together(the_device(), [again]).members[0]):
        run(again, protocol())
        ends.append(bits(again))
    assert ends[0] == ends[1]


def copies_of_arrays(monkeypatch):
    """List of the structures whose arrays are copied from the device from now on."""
    copied, take = [], PackingBatch.take
    monkeypatch.setattr(
        PackingBatch, "take", lambda self, s, system: copied.append(s) or take(self, s, system)
    )
    return copied


@pytest.mark.parametrize(("law", "friction"), [("hertz_mindlin", 0.0), ("elastoplastic", 0.5)])
def test_a_look_takes_a_few_numbers_and_arrays_only_where_asked_for(packed, law, friction, monkeypatch):
    # More spheres than one thread adds up.
    known = packed(law, friction, periodic=False, count=CHUNK + 3)
    system, copied = OnDevice(*copy.deepcopy(known)), copies_of_arrays(monkeypatch)
    advance(known, STEP, 2)
    cpu, on_device = GEOMETRIES[type(known)], GEOMETRIES[OnDevice]
    with advanced_by(Together(the_device(), [system]).members[0]):
        assert on_device.energies(system)[1] > 0, "as its arrays are, before the first step"
        on_device.advance(system, STEP, 2)
        on_device.check_none_lost(system, 2)
        assert on_device.energies(system) == pytest.approx(cpu.energies(known), rel=1e-9)
        assert on_device.contact_frequency(system) == pytest.approx(cpu.contact_frequency(known), rel=1e-9)
        np.testing.assert_allclose(on_device.forces(system), cpu.forces(known), rtol=1e-9)
        assert copied == [] and not np.allclose(system.particles.motion, known.particles.motion, rtol=1e-9)
        frame = on_device.snapshot(system, 2, 2 * STEP)
        np.testing.assert_allclose(frame.position, known.particles.position, rtol=1e-9)
        on_device.fetch(system)
        assert copied == [0], "once"


def test_a_sphere_that_has_left_the_box_is_named(packed):
    system, on_device = OnDevice(*packed(count=9)), GEOMETRIES[OnDevice]
    with advanced_by(Together(the_device(), [system]).members[0]):
        system.particles.motion[4, 2:6:3] = -1.5e-6, -1e3
        on_device.advance(system, STEP, 1)
        with pytest.raises(
            RuntimeError, match="1 particles have left the box by step 7, the first is particle 4"
        ):
            on_device.check_none_lost(system, 7)


def test_a_collapsed_packing_is_told_and_leaves_the_others_alone(packed):
    fine, broken = (OnDevice(*packed(count=count)) for count in (8, 32))
    known, on_device = packed(count=8), GEOMETRIES[OnDevice]
    together = Together(the_device(), [fine, broken])
    broken.particles.motion[:, :3] = 1e-6 + 1e-9 * np.arange(32)[:, None]
    broken.particles.motion[:, 9] = 0.5e-6
    failures = []

    def collapse():
        with advanced_by(together.members[1]):
            try:
                on_device.advance(broken, STEP, 5)
            except RuntimeError as error:
                failures.append(str(error))

    other = threading.Thread(target=collapse)
    other.start()
    with advanced_by(together.members[0]):
        on_device.advance(fine, STEP, 5)
        on_device.advance(fine, STEP, 5)
        on_device.fetch(fine)
    other.join()
    assert "collapsed" in failures[0]
    advance(known, STEP, 10)
    np.testing.assert_allclose(
        fine.particles.motion,
        known.particles.motion,
        rtol=1e-9,
        atol=1e-9 * np.abs(known.particles.motion).max(),
    )
