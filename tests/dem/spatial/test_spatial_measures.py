"""What is read off spheres in space, against closed forms."""

import math

import numpy as np
import pytest

from dem.measure import spatial
from dem.measure.stress import contact_list
from electrode.species import AM, SE


def test_lens_of_two_spheres_counts_once(space):
    system = space([[2, 2, 2], [2, 2, 2.6]], width=4, walls=(0, 5))
    distance, radius = 0.6, 0.5
    lens = math.pi * (4 * radius + distance) * (2 * radius - distance) ** 2 / 12
    expected = (2 * 4 / 3 * math.pi * radius**3 - lens) / 80
    assert spatial.solid_volume_fraction(system) == pytest.approx(expected, rel=1e-2)


def test_what_crosses_a_side_is_counted_at_the_other(space):
    middle = space([[2, 2, 2]], width=4, walls=(0, 4))
    corner = space([[0.1, 3.9, 2]], width=4, walls=(0, 4))
    assert spatial.solid_volume_fraction(corner) == pytest.approx(
        spatial.solid_volume_fraction(middle), rel=5e-3
    )


def test_a_cap_covers_its_share_and_two_that_overlap_cover_less(space):
    one_cap = space([[0, 0, 0], [1.6, 0, 0]], radius=1, species=[AM, SE])
    (area,) = contact_list(one_cap).contact_area_from_overlap
    cosine = math.sqrt(1 - area / math.pi / 1e-12)
    share = (1 - cosine) / 2
    assert spatial.am_coverage(one_cap, contact_list(one_cap)) == pytest.approx(share, abs=5e-3)
    # Caps that overlap count once, caps apart twice.
    turned = 1.6 * np.array([math.cos(0.4), math.sin(0.4), 0])
    near = space([[0, 0, 0], [1.6, 0, 0], turned], radius=1, species=[AM, SE, SE])
    apart = space([[0, 0, 0], [1.6, 0, 0], [-1.6, 0, 0]], radius=1, species=[AM, SE, SE])
    single, union, double = (
        spatial.am_coverage(system, contact_list(system)) for system in (one_cap, near, apart)
    )
    assert single < union < double
    assert double == pytest.approx(2 * share, abs=1e-2)


def test_no_active_material_has_no_coverage(space):
    system = space([[0, 0, 0]])
    assert math.isnan(spatial.am_coverage(system, contact_list(system)))


def test_directions_are_spread_evenly():
    spread = spatial.directions(400)
    np.testing.assert_allclose(np.linalg.norm(spread, axis=1), 1)
    np.testing.assert_allclose(spread.mean(axis=0), 0, atol=5e-3)
    np.testing.assert_allclose(spread.T @ spread / 400, np.eye(3) / 3, atol=5e-3)


def test_contacts_cross_periodic_sides(space):
    system = space([[0.2, 1.5, 1], [2.8, 1.5, 1.5]], width=3, walls=(0, 4), species=[SE, AM])
    contacts = contact_list(system)
    assert contacts.overlap == pytest.approx(1e-6 * (1 - math.hypot(0.4, 0.5)))
    (point,) = contacts.contact_point
    assert point[0] == pytest.approx((2.8 if contacts.i[0] == 1 else 0.2) * 1e-6, abs=0.5e-6)
    count = spatial.coordination(contacts, system.particles.species)
    np.testing.assert_array_equal(count, [[0, 1], [1, 0]])
    assert spatial.interface_area(contacts, system.particles.species) == pytest.approx(
        math.pi * 0.25e-6 * contacts.overlap[0]
    )
    normal = system.between(np.array([0]), np.array([1]))[0]
    np.testing.assert_allclose(normal, [-0.4e-6, 0, 0.5e-6], atol=1e-18)


def test_a_lost_sphere_is_named(space):
    system = space([[1, 1, 1], [1, 1, 2]], width=4, walls=(0, 3))
    system.particles.motion[1, 2] = 3.7e-6
    with pytest.raises(RuntimeError, match=r"1 particles have left the box by step 7.*particle 1 \(SE"):
        spatial.snapshot(system, 7, 0.0)
    system.particles.motion[1, 0] = np.nan
    with pytest.raises(RuntimeError, match="x = nan um"):
        spatial.check_none_lost(system, 7)


def test_inertial_number_is_that_of_the_formula(space):
    system = space([[1, 1, 0.49]], width=4, walls=(0, 0.95))
    assert spatial.inertial_number(system) == 0, "the piston stands"
    system.walls.velocity[1] = -2.0
    pressure = system.walls.force[1] / 16e-12
    assert pressure > 0
    expected = 2.0 / 0.95e-6 * 1e-6 * math.sqrt(2000 / pressure)
    assert spatial.inertial_number(system) == pytest.approx(expected)
