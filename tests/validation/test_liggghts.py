"""Against LIGGGHTS (Debian package), which has exactly the law of docs/physics.md."""

import copy

import numpy as np
import peers.liggghts
import pytest

from dem.compress import between_walls, compress, largest_time_step
from dem.cpu.integrate import advance
from dem.parameters import read_parameters
from dem.structure import Structure, fill
from electrode.species import AM, SE

pytestmark = pytest.mark.skipif(
    peers.liggghts.executable() is None, reason="LIGGGHTS is not installed (Debian: apt-get install liggghts)"
)
QUANTITIES = ("x", "y", "vx", "vy", "omega")


def both(system, parameters, time_step, steps, wall_speed=0.0):
    """Final particles of this engine and the result of LIGGGHTS from the same start."""
    start, walls = copy.deepcopy(system.particles), system.walls.position.copy()
    system.walls.velocity[1] = -wall_speed
    advance(system, time_step, steps)
    motion = peers.Motion(time_step, steps, wall_speed)
    return system.particles, peers.liggghts.run(start, walls, parameters, motion)


@pytest.mark.parametrize("species", [(SE, SE), (AM, SE), (AM, AM)])
@pytest.mark.parametrize("speed", [2.0, 220.0], ids=["shallow", "deep"])
@pytest.mark.parametrize("ratio", [0.0, 0.2, 2.0], ids=["head-on", "sticking", "sliding"])
def test_collision_of_two_spheres(scene, parameters, species, speed, ratio):
    size = {AM: 2.0, SE: 0.5}
    radius = [size[kind] for kind in species]
    place = [5, 5 + sum(radius) + 1e-4]
    spin = 1e6 * ratio
    system = scene(
        place,
        [8, 8],
        radius=radius,
        species=species,
        walls=(0, 16, 0, 16),
        vx=[0, -speed],
        vy=[0, ratio * speed],
        omega=[spin, 0.5 * spin],
    )
    ours, theirs = both(system, parameters, 1e-12, 30_000 if speed < 10 else 10_000)
    distance = np.hypot(ours.x[1] - ours.x[0], ours.y[1] - ours.y[0])
    assert distance > ours.radius.sum() and ours.vx[0] < 0, "they met and parted"
    for quantity in QUANTITIES:
        wanted = getattr(theirs.final, quantity)
        scale = np.abs(wanted).max()
        np.testing.assert_allclose(getattr(ours, quantity), wanted, rtol=1e-6, atol=1e-7 * scale + 1e-30)


def test_deep_collision_is_deep(scene, parameters):
    """The fast collisions above overlap by more than 80 nm."""
    system = scene([5, 6.0001], [8, 8], walls=(0, 16, 0, 16), vx=[0, -220])
    deepest = 0.0
    for _ in range(400):
        advance(system, 1e-12, 5)
        deepest = max(deepest, 1e-6 - (system.particles.x[1] - system.particles.x[0]))
    assert deepest > 80e-9


@pytest.mark.parametrize(("x", "y", "vx", "vy"), [(0.501, 8, -2, 1), (8, 0.501, 8, -2), (8, 15.499, 1, 3)])
def test_collision_with_a_wall(scene, parameters, x, y, vx, vy):
    system = scene(x, y, walls=(0, 16, 0, 16), vx=vx, vy=vy)
    ours, theirs = both(system, parameters, 1e-12, 12_000)
    for quantity in QUANTITIES:
        np.testing.assert_allclose(getattr(ours, quantity), getattr(theirs.final, quantity), rtol=1e-6)


@pytest.mark.parametrize(("x", "y", "vx", "vy"), [(8, 15.499, 30, 100), (15.499, 8, 100, 30)])
def test_fast_collision_with_a_wall(scene, parameters, x, y, vx, vy):
    """At the top, a plane there too, and at the right, a mesh there.

    Far from the origin overlaps are rounded: whether the last step still counts as contact differs, which
    is an error of first order in the time step (2.2e-4 at 1e-12 s).
    """
    ours, theirs = both(scene(x, y, walls=(0, 16, 0, 16), vx=vx, vy=vy), parameters, 1e-13, 30_000)
    for quantity in QUANTITIES:
        np.testing.assert_allclose(getattr(ours, quantity), getattr(theirs.final, quantity), rtol=1e-4)


def test_dense_packing_compressed_by_one_percent(paper_config):
    """A few hundred nanometres of wall travel: long enough to load every contact, too short for chaos."""
    config = copy.deepcopy(paper_config)
    config["structure"] |= {
        "box_height_um": 16,
        "am_mean_diameter_um": [4, 5],
        "am_sd_diameter_um": [0.3, 0.4],
    }
    config["compression"]["final_width_um"] = 16
    parameters = read_parameters(config)
    structure, _ = fill(parameters.structure, 21e-6, 0.6, np.random.default_rng(1))
    frames = []
    compress(structure, parameters, frames.append)
    at_rest = frames[-1]
    dense = Structure(at_rest.x, at_rest.y, structure.radius, structure.species, 16e-6, 16e-6)
    system = between_walls(dense, parameters)
    step = largest_time_step(dense, parameters.materials, 0.15)
    ours, theirs = both(system, parameters, step, int(0.16e-6 / 4.0 / step), wall_speed=4.0)
    assert system.walls.force[1] == pytest.approx(theirs.moving_wall_force, rel=1e-3)
    # Particles that nothing holds may have begun to go their own way.
    apart = np.hypot(ours.x - theirs.final.x, ours.y - theirs.final.y)
    print(f"apart: median {np.median(apart) * 1e9:.3g} nm, largest {apart.max() * 1e9:.3g} nm")
    assert np.quantile(apart, 0.95) < 1e-9
