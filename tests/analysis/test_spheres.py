import numpy as np
import pytest

from analysis.figures import spheres
from analysis.figures.spheres import NOTHING, RAYS, Camera, look, paint

# Along y, so that the picture shows x to the right and z up.
FRONT = Camera(azimuth=-90, elevation=0)
BOX = np.array([[0, 0, 0], [10, 10, 10.0]])
APART = (False, False, False)


def at(seen, x, z, pixel):
    """Row and column of the ray nearest to a place."""
    left, _, _, top = seen.extent
    return int((top - z) / pixel * RAYS), int((x - left) / pixel * RAYS)


def test_axes_of_the_camera_are_a_right_handed_frame_that_looks_at_the_front_faces():
    right, up, away = Camera().axes()
    np.testing.assert_allclose(
        np.stack([right, up, away]) @ np.stack([right, up, away]).T, np.eye(3), atol=1e-12
    )
    np.testing.assert_allclose(np.cross(right, away), up)
    assert away[0] < 0 < away[1] and away[2] < 0 < up[2], "from high x, low y and above"
    np.testing.assert_allclose(FRONT.project(np.array([[1.0, 2, 3]])), [[1, 3]], atol=1e-12)


def test_a_sphere_has_its_radius_in_pixels():
    pixel, radius = 0.05, 2.0
    seen = look(np.array([[5.0, 5, 4]]), np.array([radius]), BOX, APART, pixel, FRONT)
    rows, columns = np.nonzero(seen.sphere == 0)
    ray = pixel / RAYS
    for places, centre in ((columns, 5.0), (rows, 6.0)):
        across = (places.max() - places.min() + 1) * ray
        assert across == pytest.approx(2 * radius, abs=2 * ray)
        assert (places.mean() + 0.5) * ray == pytest.approx(centre, abs=ray)
    assert rows.size * ray**2 == pytest.approx(np.pi * radius**2, rel=0.01)
    assert not seen.section.any()


def test_a_sphere_in_front_hides_the_one_behind():
    near, far = [5, 3, 5.0], [5, 7, 5.0]
    for position in ([near, far], [far, near]):
        seen = look(np.array(position), np.array([1.0, 1.0]), BOX, APART, 0.1, FRONT)
        shown = position.index(near)
        assert set(np.unique(seen.sphere)) == {NOTHING, shown}
        assert seen.depth.min() == pytest.approx(2, abs=0.01), "of the surface of the nearer"


def test_depth_of_a_sphere_is_that_of_its_surface():
    seen = look(np.array([[5.0, 5, 5]]), np.array([3.0]), BOX, APART, 0.1, FRONT)
    for off in (0.0, 1.0, 2.0):
        assert seen.depth[at(seen, 5 + off, 5, 0.1)] == pytest.approx(5 - np.sqrt(9 - off**2), abs=0.06)


def test_what_sticks_out_of_the_box_is_cut_and_its_section_is_flat():
    """Centre 1 behind the front face, radius 2: the section is a disc of radius sqrt(3)."""
    seen = look(np.array([[5.0, 1, 5]]), np.array([2.0]), BOX, APART, 0.05, FRONT)
    assert seen.section.sum() * (0.05 / RAYS) ** 2 == pytest.approx(3 * np.pi, rel=0.01)
    np.testing.assert_allclose(seen.depth[seen.section], 0, atol=1e-12)
    light = seen.light[seen.section]
    assert np.ptp(light) < 1e-9, "one face, one light"


def test_sections_that_overlap_are_parted_at_the_plane_of_contact():
    """Radii 2 and 1, 2.5 apart: the plane lies (d^2 + R^2 - r^2) / 2d = 1.85 from the larger."""
    position, radius = np.array([[3, 0, 5], [5.5, 0, 5.0]]), np.array([2.0, 1.0])
    seen = look(position, radius, BOX, APART, 0.02, FRONT)
    row = seen.sphere[at(seen, 0.5, 5, 0.02)[0]]
    boundary = np.flatnonzero(row == 0)[-1] + 1
    assert seen.extent[0] + boundary * 0.02 / RAYS == pytest.approx(3 + 1.85, abs=0.02)


def test_periodic_spheres_come_in_again_opposite():
    position, radius = np.array([[0.5, 5, 5.0]]), np.array([1.0])
    apart = look(position, radius, BOX, APART, 0.05, FRONT)
    repeated = look(position, radius, BOX, (True, True, False), 0.05, FRONT)
    row, _ = at(apart, 5, 5, 0.05)
    ray = 0.05 / RAYS
    assert (apart.sphere[row] == 0).sum() * ray == pytest.approx(1.5, abs=0.05)
    assert (repeated.sphere[row] == 0).sum() * ray == pytest.approx(2.0, abs=0.05)
    assert repeated.sphere[row, -1] == 0 and apart.sphere[row, -1] == NOTHING


def test_a_centre_outside_a_periodic_box_is_brought_into_it():
    inside, outside = (np.array([[x, 5, 5.0]]) for x in (2.0, 12.0))
    pictures = [look(p, np.array([1.0]), BOX, (True, True, False), 0.1).sphere for p in (inside, outside)]
    np.testing.assert_array_equal(*pictures)


def test_light_falls_from_above_and_outlines_are_dark():
    seen = look(np.array([[5.0, 5, 5]]), np.array([3.0]), BOX, APART, 0.05, FRONT)
    above, below = (seen.light[at(seen, 5, z, 0.05)] for z in (7, 3))
    assert above > below >= spheres.AMBIENT * spheres.GAP
    row = at(seen, 5, 5, 0.05)[0]
    edge = np.flatnonzero(seen.sphere[row] == 0)[-1]
    assert seen.light[row, edge] < 0.6 * seen.light[row, edge - 3]


def test_gaps_are_darker_than_what_stands_out():
    """A floor of spheres, one row of it 4 deeper: its tops are darker though lit alike."""
    x, z = np.meshgrid(np.arange(0.5, 10), np.arange(0.5, 10))
    deep = np.abs(x - 4.5) < 0.1
    position = np.stack([x.ravel(), np.where(deep, 6.0, 2.0).ravel(), z.ravel()], axis=-1)
    seen = look(position, np.full(100, 0.5), BOX, APART, 0.05, FRONT)
    assert seen.light[at(seen, 4.5, 4.6, 0.05)] < 0.8 * seen.light[at(seen, 1.5, 4.6, 0.05)]


def test_painted_pixels_have_the_colour_of_what_is_seen():
    position, radius = np.array([[2.5, 0, 5], [7.5, 0, 5.0]]), np.array([2.0, 2.0])
    seen = look(position, radius, BOX, APART, 0.1, FRONT)
    picture = paint(seen, np.array([[1, 0, 0], [0, 0, 1.0]]))
    assert picture.shape == (100, 100, 4) and picture.min() >= 0 and picture.max() <= 1
    light = seen.light[at(seen, 2.5, 5, 0.1)]
    np.testing.assert_allclose(picture[50, 25], [light, 0, 0, 1])
    np.testing.assert_allclose(picture[50, 75], [0, 0, light, 1])
    assert picture[2, 2, 3] == 0, "clear beside the spheres"
    # A pixel at an edge is partly clear and has the colour of the sphere.
    edge = (picture[..., 3] > 0) & (picture[..., 3] < 1)
    assert (
        edge.any() and (picture[edge][:, 1] == 0).all() and (picture[edge][:, [0, 2]].max(axis=1) > 0.1).all()
    )


def test_an_empty_box_is_clear():
    seen = look(np.empty((0, 3)), np.empty(0), BOX, APART, 0.5)
    assert (paint(seen, np.empty((0, 3))) == 0).all()


@pytest.mark.parametrize(
    ("pixel", "box", "message"),
    [
        (0.0, BOX, r"pixel must be positive \[m\], got 0"),
        (0.1, BOX[::-1], "highest corner of a box must be beyond the lowest"),
    ],
)
def test_impossible_pictures_are_refused(pixel, box, message):
    with pytest.raises(ValueError, match=message):
        look(np.array([[5.0, 5, 5]]), np.array([1.0]), box, APART, pixel)
