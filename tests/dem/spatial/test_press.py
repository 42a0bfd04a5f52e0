"""Filling and pressing in space."""

import dataclasses

import numpy as np
import pytest

from dem.engine import apply_drive
from dem.filling.spatial import Packing, check_packing, fill, packing_seed
from dem.parameters import Pressing, SpatialFilling
from dem.press import arrays_of, copy_of, press_packing, restored, under_piston
from electrode.species import AM, SE

FILLING = SpatialFilling(5e-6, 6e-6, (2e-6, 2.2e-6), (0.0, 0.1e-6), 1.5e-6, 1e-6, 0.2e-6, 0.4, 100_000, 3)
PRESSING = Pressing(4.0, 0.1, 0.6, 0.05, 0.01, 1e-6, 200_000, unload_to=(0.0, 50e6))


def gaps(packing):
    """Distances of all pairs of surfaces [m]."""
    i, j = np.triu_indices(packing.radius.size, 1)
    between = packing.position[j] - packing.position[i]
    if packing.periodic:
        between[:, :2] -= packing.width * np.round(between[:, :2] / packing.width)
    return np.linalg.norm(between, axis=1) - packing.radius[i] - packing.radius[j]


@pytest.mark.parametrize("periodic", [True, False])
@pytest.mark.parametrize("spread", [0.0, 0.1e-6])
def test_a_filled_box_is_what_was_asked_for(periodic, spread):
    filling = dataclasses.replace(FILLING, periodic=periodic, se_sd_diameter=spread, solid_fraction=0.35)
    packing, draw = fill(filling, 0.5, np.random.default_rng(1))
    check_packing(packing)
    assert gaps(packing).min() > -1e-15
    volume = packing.radius**3
    share = volume[packing.species == AM].sum() / volume.sum()
    smallest = volume.min() / volume.sum()
    assert share == pytest.approx(0.5, abs=smallest) and share == pytest.approx(draw.am_volume_fraction)
    assert 2e-6 <= draw.am_mean_diameter <= 2.2e-6
    assert (packing.position[:, 2] >= packing.radius - 1e-15).all()
    assert (packing.position[:, 2] <= packing.height - packing.radius + 1e-15).all()
    across = packing.position[:, :2]
    room = 0 if periodic else packing.radius[:, None] - 1e-15
    assert (across >= room).all() and (across <= packing.width - room).all()
    assert (np.ptp(packing.radius[packing.species == SE]) > 0) == (spread > 0)
    again, _ = fill(filling, 0.5, np.random.default_rng(1))
    np.testing.assert_array_equal(again.position, packing.position)


def test_seeds_belong_to_their_packing():
    words = {
        tuple(packing_seed(*key).generate_state(4))
        for key in ((1, 0.3, 0), (1, 0.3, 1), (1, 0.4, 0), (2, 0.3, 0))
    }
    assert len(words) == 4


def test_what_cannot_be_filled_is_told():
    with pytest.raises(ValueError, match=r"am_volume_fraction must be in \[0, 1\], got 1.5"):
        fill(FILLING, 1.5, np.random.default_rng(1))
    crowded = dataclasses.replace(FILLING, solid_fraction=0.6, maximum_tries=2000)
    with pytest.raises(
        RuntimeError, match=r"active material takes .* wanted 0\.540.*structure\.solid_fraction"
    ):
        fill(crowded, 0.9, np.random.default_rng(1))
    with pytest.raises(RuntimeError, match=r"structure\.solid_fraction is too large: AM with all SE"):
        fill(crowded, 0.0, np.random.default_rng(1))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"radius": np.array([])}, "at least one particle"),
        ({"width": 0.0}, "width of the box must be > 0 m and finite, got 0"),
        ({"radius": np.array([1e-6, -1e-6])}, "radius of particle 1 must be > 0 m and finite, got -1e-06"),
        (
            {"species": np.array([SE, 5], np.int8)},
            r"species of particle 1 must be 1 \(SE\) or 2 \(AM\), got 5",
        ),
        (
            {"position": np.array([[1e-6, 1e-6, 1e-6], [3e-6, 3e-6, 9e-6]])},
            r"z of particle 1 must be in \[0, 5e-06\] m, got 9e-06",
        ),
        ({"position": np.full((2, 3), 1e-6)}, "particles 0 and 1 have the same centre"),
        ({"width": 3.9e-6}, "at least 4 um wide, 2 x the largest diameter.*its own image, got 3.9 um"),
        (
            {"width": 1.9e-6, "periodic": False},
            "at least 2 um wide, 1 x the largest diameter.*rigid, got 1.9 um",
        ),
    ],
)
def test_packings_that_are_none_are_refused(change, message):
    position = np.array([[1e-6, 1e-6, 1e-6], [1.5e-6, 1.5e-6, 3e-6]])
    packing = Packing(position, np.full(2, 1e-6), np.array([SE, AM], np.int8), 5e-6, 5e-6, True)
    check_packing(packing)
    with pytest.raises(ValueError, match=message):
        check_packing(packing._replace(**change))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"am_mean_diameter": (3e-6, 2e-6)}, "a range"),
        ({"am_minimum_diameter": 3e-6}, "lowest am_mean_diameter"),
        ({"se_sd_diameter": 0.3e-6}, "quarter of se_mean_diameter"),
        ({"se_pitch": 2e-6}, "se_mean_diameter"),
        ({"am_mean_diameter": (2e-6, 2.6e-6)}, "half of box_width"),
    ],
)
def test_fillings_that_cannot_be_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(FILLING, **change)


@pytest.fixture(scope="module")
def pressed(request):
    """A packing pressed to two pressures and let go from each, samples and what they were made from."""
    from dem.parameters import Contacts, Material
    from electrode.species import PAIRS

    materials = {"AM": Material(199e9, 0.3, 5000.0), "SE": Material(24e9, 0.3, 2000.0)}
    contacts = Contacts("hertz_mindlin", dict.fromkeys(PAIRS, 0.2), dict.fromkeys(PAIRS, 0.5))
    packing, _ = fill(FILLING, 0.4, np.random.default_rng(2))
    stages = press_packing(packing, materials, contacts, PRESSING, [100e6, 300e6])
    return packing, materials, contacts, [sample for stage in stages for sample in stage.samples]


def test_the_piston_goes_back_no_faster_than_it_may(pressed, monkeypatch):
    packing, materials, contacts, _ = pressed
    drives = []
    monkeypatch.setattr(
        "dem.engine.apply_drive", lambda walls, drive: drives.append(drive) or apply_drive(walls, drive)
    )
    slow_back = dataclasses.replace(PRESSING, wall_speed=20.0, unload_speed=2.0)
    for _ in press_packing(packing, materials, contacts, slow_back, [300e6]):
        pass
    limits = [drive.speed_limit for drive in drives if drive.load is not None]
    assert limits == [20.0, 2.0, 2.0], "pressed, let go, let back"


def test_each_pressure_is_borne_at_rest_and_let_back(pressed):
    packing, _, _, samples = pressed
    told = [(sample.pressure / 1e6, sample.unloaded_to) for sample in samples]
    assert told == [(100, None), (100, 0.0), (100, 50e6), (300, None), (300, 0.0), (300, 50e6)]
    by_name = dict(zip(told, (sample.frame for sample in samples), strict=True))
    for (pressure, back), sample in zip(told, samples, strict=True):
        frame, contacts = sample.frame, sample.contacts
        wanted = pressure * 1e6 if back is None else back
        assert frame.pressure == pytest.approx(wanted, rel=0.01, abs=0.01 * pressure * 1e6)
        if wanted:
            # Love-Weber: what the piston bears, the spheres bear; arms end half an overlap beyond walls.
            volume = 4 / 3 * np.pi * packing.radius**3
            moment = np.sum(volume * frame.stress_tensor[:, 2, 2])
            walls = contacts.j < 0
            beyond = 0.5 * np.sum((contacts.normal_force * contacts.overlap)[walls])
            expected = frame.pressure * packing.width**2 * np.ptp(frame.wall_position) + beyond
            assert moment == pytest.approx(expected, rel=2e-3)
            np.testing.assert_allclose(frame.wall_force[0], frame.wall_force[1], rtol=0.01)
            balance = frame.kinetic_energy + frame.elastic_energy + frame.dissipated_work
            assert balance == pytest.approx(frame.wall_work, rel=0.01)
        # But for the raster that it is counted on.
        assert frame.solid_volume_fraction <= frame.relative_density + 1e-3
    density = {key: frame.relative_density for key, frame in by_name.items()}
    assert density[100, 0.0] < density[100, 50e6] < density[100, None] < density[300, None]
    assert by_name[100, None].am_coverage < by_name[300, None].am_coverage
    assert by_name[300, None].specific_interface_area > by_name[100, None].specific_interface_area


def test_letting_go_does_not_touch_what_is_pressed_on(pressed):
    packing, materials, contacts, samples = pressed
    alone = dataclasses.replace(PRESSING, unload_to=())
    stages = press_packing(packing, materials, contacts, alone, [100e6, 300e6])
    loaded = [sample for sample in samples if sample.unloaded_to is None]
    for stage, other in zip(stages, loaded, strict=True):
        (sample,) = stage.samples
        np.testing.assert_array_equal(sample.frame.position, other.frame.position)
        np.testing.assert_array_equal(sample.contacts.normal_force, other.contacts.normal_force)


def test_a_stage_that_was_kept_goes_on_to_the_same_bits(pressed):
    packing, materials, contacts, samples = pressed
    first = next(press_packing(packing, materials, contacts, PRESSING, [100e6]))
    kept = {name: array.copy() for name, array in arrays_of(first.system).items()}
    again = restored(under_piston(packing, materials, contacts), kept)
    (second,) = press_packing(
        packing, materials, contacts, PRESSING, [300e6], first._replace(system=again, samples=[])
    )
    for sample, other in zip(second.samples, samples[3:], strict=True):
        for name in ("position", "stress_tensor", "wall_work", "step", "time"):
            np.testing.assert_array_equal(getattr(sample.frame, name), getattr(other.frame, name))
        for column, values in zip(sample.contacts, other.contacts, strict=True):
            np.testing.assert_array_equal(column, values)


def test_states_on_the_way_are_recorded(pressed):
    packing, materials, contacts, samples = pressed
    assert [len(sample.frames) for sample in samples] == [2, 1, 1, 1, 1, 1]  # the filled box, too
    frames = dataclasses.replace(PRESSING, frames=4, unload_to=())
    (stage,) = press_packing(packing, materials, contacts, frames, [100e6])
    heights = [np.ptp(frame.wall_position) for frame in stage.samples[0].frames]
    assert len(heights) == 5 and heights[0] == packing.height
    assert all(heights[-1] * 0.99 < height < packing.height for height in heights[1:])
    np.testing.assert_array_equal(stage.samples[0].frame.position, samples[0].frame.position)


def test_a_copy_shares_nothing(pressed):
    packing, materials, contacts, _ = pressed
    system = under_piston(packing, materials, contacts)
    other = copy_of(system)
    assert type(other) is type(system) and type(other.law) is type(system.law)
    other.particles.motion[:] = 0
    other.walls.position[:] = 0
    assert system.particles.motion.any() and system.walls.position.any()


def test_a_die_has_sides_that_bear(pressed):
    _, materials, contacts, _ = pressed
    loose = dataclasses.replace(FILLING, periodic=False, solid_fraction=0.3)
    packing, _ = fill(loose, 0.4, np.random.default_rng(2))
    stage = next(press_packing(packing, materials, contacts, PRESSING, [100e6]))
    force = stage.samples[0].frame.wall_force
    assert force.size == 6 and (force > 0).all()
    # Friction of the die: the floor bears less than the piston.
    assert force[0] < force[1]


@pytest.mark.parametrize(
    ("pressures", "message"),
    [([], "got none"), ([2e6, 1e6], "must be above 0 and rise, got 2 MPa, 1 MPa"), ([0.0], "got 0 MPa")],
)
def test_pressures_that_do_not_rise_are_refused(pressed, pressures, message):
    packing, materials, contacts, _ = pressed
    with pytest.raises(ValueError, match=message):
        next(press_packing(packing, materials, contacts, PRESSING, pressures))


def test_unloading_to_less_than_nothing_is_refused():
    with pytest.raises(ValueError, match=r"unload_to.0 must be in \[0.0, 1.*\], got -1\.0 \(in Pa\)"):
        dataclasses.replace(PRESSING, unload_to=(-1.0,))
