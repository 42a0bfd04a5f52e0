"""Spheres in space against LIGGGHTS, whose tangential spring is shortened a little in each step it turns."""

import copy

import numpy as np
import peers.liggghts_space
import pytest
from peers import Motion

from dem.cpu.spatial.integrate import advance
from dem.filling.spatial import fill
from dem.parameters import Pressing, SpatialFilling
from dem.press import press_packing, under_piston
from electrode.species import AM, SE

pytestmark = pytest.mark.skipif(
    peers.liggghts.executable() is None, reason="LIGGGHTS is not installed (Debian: apt-get install liggghts)"
)


def both(system, parameters, time_step, steps, wall_speed=0.0):
    """Final motion of this engine and the result of LIGGGHTS from the same start."""
    start = copy.deepcopy(system)
    system.walls.velocity[1] = -wall_speed
    advance(system, time_step, steps)
    theirs = peers.liggghts_space.run(start, parameters, Motion(time_step, steps, wall_speed))
    return system.particles.motion[:, :9], theirs


@pytest.mark.parametrize("species", [(SE, SE), (AM, SE), (AM, AM)])
@pytest.mark.parametrize("speed", [2.0, 220.0], ids=["shallow", "deep"])
@pytest.mark.parametrize("ratio", [0.0, 0.2, 2.0], ids=["head-on", "sticking", "sliding"])
def test_collision_of_two_spheres(space, parameters, species, speed, ratio):
    """Along no axis, with spins about all of them."""
    radius = np.array([{AM: 2.0, SE: 0.5}[kind] for kind in species])
    normal = np.array([0.36, 0.48, 0.8])
    across = np.array([0.8, -0.6, 0.0])
    spin = 1e6 * ratio * np.array([[0.4, -1.0, 0.7], [0.5, 0.3, -0.6]])
    # LIGGGHTS wants an SE in every scene: it lies far away.
    system = space(
        [np.zeros(3), normal * (radius.sum() + 1e-4), [-9, -9, -9]],
        radius=[*radius, 0.5],
        species=[*species, SE],
        velocity=[np.zeros(3), speed * (ratio * across - normal), np.zeros(3)],
        spin=[*spin, np.zeros(3)],
    )
    steps = 30_000 if speed < 10 else 10_000
    ours, theirs = both(system, parameters, 1e-12, steps)
    between, relative = ours[1, :3] - ours[0, :3], ours[1, 3:6] - ours[0, 3:6]
    met = "they came from afar, met and parted"
    assert np.linalg.norm(between) > radius.sum() * 1e-6 and relative @ between > 0, met
    scales = (radius.max() * 1e-6, speed, speed / (radius.min() * 1e-6))
    for columns, scale in zip((slice(0, 3), slice(3, 6), slice(6, 9)), scales, strict=True):
        np.testing.assert_allclose(ours[:, columns], theirs.motion[:, columns], rtol=0, atol=1e-6 * scale)


def test_dense_packing_pressed_by_one_percent(parameters):
    filling = SpatialFilling(8e-6, 11e-6, (3e-6, 3.2e-6), (0.0, 0.1e-6), 2e-6, 1e-6, 0.2e-6, 0.42, 100_000, 3)
    packing, _ = fill(filling, 0.4, np.random.default_rng(1))
    assert packing.radius.size > 300
    pressing = Pressing(4.0, 0.1, 0.6, 0.05, 0.01, 1e-6, 200_000)
    materials, contacts = parameters.materials, parameters.contacts
    stage = next(press_packing(packing, materials, contacts, pressing, [300e6]))
    frame = stage.samples[0].frame
    height = frame.wall_position[1]
    dense = packing._replace(position=frame.position % [8e-6, 8e-6, 1.0], height=height)
    system = under_piston(dense, materials, contacts)
    step = 5e-11
    ours, theirs = both(system, parameters, step, int(0.01 * height / 4.0 / step), wall_speed=4.0)
    assert system.walls.force[1] == pytest.approx(theirs.piston_force, rel=1e-3)
    apart = ours[:, :3] - theirs.motion[:, :3]
    apart[:, :2] -= 8e-6 * np.round(apart[:, :2] / 8e-6)
    assert np.quantile(np.linalg.norm(apart, axis=1), 0.9) < 2e-9
