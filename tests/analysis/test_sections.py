"""Planes through packings: where they lie, and that what they show is what stands there."""

import numpy as np
import pytest

from analysis.images import Window, classes
from analysis.section_metrics import stereology
from analysis.sections import ACROSS, ALONG, Section, cut, random_sections
from electrode.species import AM, SE
from electrode.structures import PressedPacking

PIXEL = 1e-7


def packing_of(
    position, radius, species, box=(10e-6, 10e-6, 12e-6), periodic=(True, True, False), name="one"
):
    """A sample at rest of some spheres."""
    n = len(radius)
    nothing = np.zeros(1)
    return PressedPacking(
        name=name,
        drawn={},
        periodic=periodic,
        box=np.array(box),
        species=np.array(species),
        radius=np.array(radius),
        step=nothing,
        time=nothing,
        position=np.array([position], float),
        contact_pressure=np.zeros((1, n)),
        stress_tensor=np.zeros((1, n, 3, 3)),
        wall_position=np.array([[0.0, box[2]]]),
        wall_force=np.zeros((1, 2)),
        pressure=nothing,
        relative_density=nothing,
        solid_volume_fraction=nothing,
        coordination_number=np.zeros((1, 2, 2)),
        specific_interface_area=nothing,
        am_coverage=nothing,
        contacts={},
        provenance={},
    )


def window(side):
    count = round(side / PIXEL)
    return Window(0.0, 0.0, count, count, PIXEL)


def test_a_sphere_is_cut_in_a_circle_of_its_radius_at_that_depth():
    packing = packing_of([[5e-6, 5e-6, 6e-6]], [2e-6], [AM])
    shown = cut(packing, Section(2, 0, 1, np.array([1e-6, 2e-6, 7e-6])), window(8e-6))
    area = np.count_nonzero(shown == 0) * PIXEL**2
    assert area == pytest.approx(np.pi * (2e-6**2 - 1e-6**2), rel=0.01)
    rows, columns = np.nonzero(shown == 0)
    # The centre is 4 um from the left edge and 3 um from the bottom one.
    assert (columns.mean() + 0.5) * PIXEL == pytest.approx(4e-6, abs=PIXEL)
    assert (rows.mean() + 0.5) * PIXEL == pytest.approx(3e-6, abs=PIXEL)
    assert (cut(packing, Section(2, 0, 1, np.array([0, 0, 8.1e-6])), window(8e-6)) == -1).all()


def test_the_axes_of_the_image_are_those_of_the_section():
    packing = packing_of([[5e-6, 3e-6, 8e-6]], [1e-6], [SE])
    upright = cut(packing, Section(0, 1, 2, np.array([5e-6, 0, 0])), window(10e-6))
    lying = cut(packing, Section(0, 2, 1, np.array([5e-6, 0, 0])), window(10e-6))
    np.testing.assert_array_equal(upright, lying.T)
    rows, columns = np.nonzero(upright == 0)
    assert (rows.mean() + 0.5) * PIXEL == pytest.approx(8e-6, abs=PIXEL)
    assert (columns.mean() + 0.5) * PIXEL == pytest.approx(3e-6, abs=PIXEL)


@pytest.mark.parametrize("corner", [(0, 0), (3e-6, 4e-6), (9.5e-6, 0.2e-6)])
def test_a_box_that_repeats_itself_shows_whole_spheres_wherever_the_frame_lies(corner):
    """Over a whole period each circle counts once, cut by the frame or not."""
    packing = packing_of([[0.3e-6, 9.8e-6, 6e-6], [5e-6, 0.1e-6, 6e-6]], [1.5e-6, 1e-6], [AM, SE])
    shown = cut(packing, Section(2, 0, 1, np.array([*corner, 6e-6])), window(10e-6))
    for number, radius in ((0, 1.5e-6), (1, 1e-6)):
        assert np.count_nonzero(shown == number) * PIXEL**2 == pytest.approx(np.pi * radius**2, rel=0.02)
    # Along its normal, too: the plane at the edge meets what is near the other edge.
    beside = cut(packing, Section(0, 1, 2, np.array([9.9e-6, 0, 0])), window(10e-6))
    assert (beside == 0).any()


def test_a_die_does_not_repeat_itself():
    packing = packing_of([[0.3e-6, 5e-6, 6e-6]], [0.3e-6], [SE], periodic=(False, False, False))
    assert (cut(packing, Section(0, 1, 2, np.array([9.9e-6, 0, 0])), window(10e-6)) == -1).all()


def test_active_material_wins_where_both_are():
    packing = packing_of([[5e-6, 5e-6, 6e-6], [6e-6, 5e-6, 6e-6]], [2e-6, 2e-6], [AM, SE])
    shown = cut(packing, Section(2, 0, 1, np.array([0, 0, 6e-6])), window(10e-6))
    assert np.count_nonzero(shown == 0) * PIXEL**2 == pytest.approx(np.pi * 2e-6**2, rel=0.01)


def test_sections_take_turns_and_lie_between_the_margins():
    packing = packing_of([[5e-6, 5e-6, 6e-6]], [2e-6], [AM])
    sections = list(random_sections(packing, 8, 8e-6, 1e-6, 3))
    assert [section.orientation for section in sections] == [ALONG, ACROSS] * 4
    for section in sections:
        top = section.corner[2] + (0 if section.orientation == ACROSS else 8e-6)
        assert section.corner[2] >= 1e-6 and top <= 11e-6 * (1 + 1e-12)
    # One in each quarter of the height; every other one along the press has it along its rows.
    depths = sorted(section.depth for section in sections if section.orientation == ACROSS)
    assert [int((depth - 1e-6) / 2.5e-6) for depth in depths] == [0, 1, 2, 3]
    along = [section for section in sections if section.orientation == ALONG]
    assert [section.rows == 2 for section in along] == [True, False, True, False]


def test_sections_depend_on_seed_and_sample_alone():
    packing = packing_of([[5e-6, 5e-6, 6e-6]], [2e-6], [AM])
    corners = [[s.corner for s in random_sections(packing, 4, 5e-6, 1e-6, seed)] for seed in (3, 3, 4)]
    np.testing.assert_array_equal(corners[0], corners[1])
    assert not np.allclose(corners[0], corners[2])
    other = packing_of([[5e-6, 5e-6, 6e-6]], [2e-6], [AM], name="other")
    assert not np.allclose(corners[0], [s.corner for s in random_sections(other, 4, 5e-6, 1e-6, 3)])


def test_a_section_that_does_not_fit_is_refused():
    packing = packing_of([[5e-6, 5e-6, 6e-6]], [2e-6], [AM])
    with pytest.raises(
        ValueError, match=r"sections.side_um must leave .* of one along x, 10 um at most, got 10.5 um"
    ):
        list(random_sections(packing, 2, 10.5e-6, 1e-6, 0))


def test_sections_show_the_volume_fraction_and_the_interface():
    """Of a lattice of spheres of AM in void and of SE beside them, by many random sections."""
    places = np.arange(0.5, 10, 2.0)
    lattice = np.stack(np.meshgrid(places, places, np.arange(1, 12, 2.0), indexing="ij"), -1).reshape(-1, 3)
    packing = packing_of(1e-6 * lattice, np.full(len(lattice), 0.8e-6), np.full(len(lattice), AM))
    told = []
    for section in random_sections(packing, 60, 10e-6, 0.0, 1):
        told.append(stereology(classes(packing.species, cut(packing, section, window(10e-6))), 0.1))
    mean = {name: np.mean([each[name] for each in told]) for name in told[0]}
    volume = len(lattice) * 4 / 3 * np.pi * 0.8e-6**3 / (10e-6 * 10e-6 * 12e-6)
    surface = len(lattice) * 4 * np.pi * 0.8e-6**2 / (10e-6 * 10e-6 * 12e-6)
    assert mean["am_share"] == pytest.approx(volume, rel=0.05)
    assert mean["am_void"] == pytest.approx(surface, rel=0.05)
    # Mean chord of a sphere: 4/3 of its radius.
    assert 4 * mean["am_share"] / mean["am_void"] == pytest.approx(4 / 3 * 0.8e-6, rel=0.05)
    assert mean["am_se"] == mean["se_share"] == 0 and mean["coverage"] == 0


def test_coverage_is_the_share_of_the_interface_with_electrolyte():
    image = np.zeros((8, 8), np.uint8)
    image[2:6, 2:6] = AM
    image[:, :2] = SE
    told = stereology(image, 0.5)
    assert told["coverage"] == pytest.approx(4 / 16)
    assert told["am_se"] == pytest.approx(4 * 0.5e-6 / (8 * 0.5e-6) ** 2)
    assert stereology(np.zeros((4, 4), np.uint8), 0.5)["coverage"] == 0
