import copy

import numpy as np
import pytest

from dem.cpu import integrate
from dem.cpu.forces import energies
from dem.cpu.tile import dissipated_work
from dem.state import no_contacts


def test_error_falls_with_the_square_of_the_time_step(scene):
    """Order 2 for a smooth motion: two particles held together by overlap, without friction or damping."""
    from dem.parameters import Contacts

    pairs = ("AM-AM", "AM-SE", "SE-SE", "AM-wall", "SE-wall")
    smooth = Contacts("hertz_mindlin", dict.fromkeys(pairs, 0.0), dict.fromkeys(pairs, 1.0))

    def final(steps):
        system = scene([0.49, 1.47], [5, 5.05], walls=(0, 1.96, 0, 10), contacts=smooth, vx=[1.0, 0.5])
        integrate.advance(system, 1e-9 / steps, steps)
        return np.array([system.particles.x[0], system.particles.y[1]])

    coarse, middle, fine, finest = (final(steps) for steps in (125, 250, 500, 1000))
    for first, second in ((coarse - middle, middle - fine), (middle - fine, fine - finest)):
        np.testing.assert_allclose(np.log2(np.abs(first / second)), 2, atol=0.05)


def test_energy_without_damping_and_friction_is_kept(scene, parameters):
    from dem.parameters import Contacts

    pairs = parameters.contacts.friction
    smooth = Contacts("hertz_mindlin", dict.fromkeys(pairs, 0.0), dict.fromkeys(pairs, 1.0))
    rng = np.random.default_rng(1)
    grid = np.array([[1 + 1.2 * i, 1 + 1.2 * j] for i in range(5) for j in range(5)]).T
    system = scene(
        *grid, walls=(0, 7, 0, 7), contacts=smooth, vx=rng.normal(0, 2, 25), vy=rng.normal(0, 2, 25)
    )
    before = sum(energies(system))
    integrate.advance(system, 2e-11, 100_000)
    assert sum(energies(system)) == pytest.approx(before, rel=2e-3)


def test_a_collapsed_structure_is_an_error(scene):
    points = np.random.default_rng(1).uniform(0, 1, (2, 50))
    with pytest.raises(RuntimeError, match="more than 8 neighbors per particle: the structure has collapsed"):
        scene(*points)
    system = scene(*(10 * points))
    system.particles.x[:], system.particles.y[:] = 1e-6 * points
    with pytest.raises(RuntimeError, match="the structure has collapsed"):
        integrate.advance(system, 1e-12, 1)


@pytest.mark.parametrize("compiled", [True, False])
def test_list_is_stale_once_something_has_moved_by_half_the_skin(scene, compiled):
    drift = integrate.drift if compiled else integrate.drift.py_func
    skin = integrate.SKIN * 1e-6

    def stale(system):
        return drift(system.particles, system.walls, system.grid, skin, 0.0)

    system = scene([0, 1.5], 0)
    assert not stale(system)
    system.particles.y[1] += 0.49 * skin
    assert not stale(system)
    system.particles.y[1] += 0.02 * skin
    assert stale(system)
    assert integrate.rebuild(system, skin) and not stale(system)
    system.walls.position[1] -= 0.51 * skin
    assert stale(system)
    assert integrate.rebuild(system, skin) and not stale(system)
    system.particles.x[0] = np.nan
    assert stale(system), "a lost particle is noticed"


def test_splitting_a_run_does_not_change_it(cluster):
    whole, parts = cluster(), cluster()
    integrate.advance(whole, 1e-11, 200)
    for steps in (0, 1, 99, 100):
        integrate.advance(parts, 1e-11, steps)
    for at_once, in_parts in zip(whole.particles, parts.particles, strict=True):
        np.testing.assert_array_equal(at_once, in_parts)


def test_damping_takes_motion_at_its_rate_and_books_what_it_takes(scene):
    system = scene([2, 5], 5, vx=[3.0, -1.0], vy=[0.5, 2.0])
    system.particles.omega[:] = 1e6, -2e6
    before = [quantity.copy() for quantity in (*system.particles[2:5], np.array(energies(system)))]
    integrate.advance(system, 1e-12, 100, damping=1e9)
    kept = np.exp(-1e9 * 100e-12)
    for now, then in zip(system.particles[2:5], before, strict=False):
        np.testing.assert_allclose(now, kept * then, rtol=1e-12)
    assert dissipated_work(system.tile) == pytest.approx((1 - kept**2) * before[3][0], rel=1e-12)
    at_rest = scene([2, 5], 5)
    integrate.advance(at_rest, 1e-12, 100, damping=1e9)
    assert dissipated_work(at_rest.tile) == 0 and not at_rest.particles.vx.any()


def test_splitting_a_damped_run_does_not_change_it(cluster):
    whole, parts = cluster(), cluster()
    integrate.advance(whole, 1e-11, 60, damping=1e8)
    for steps in (1, 59):
        integrate.advance(parts, 1e-11, steps, damping=1e8)
    for at_once, in_parts in zip(whole.particles, parts.particles, strict=True):
        np.testing.assert_array_equal(at_once, in_parts)


def test_compiled_equals_python(cluster):
    system = cluster()
    twin = copy.deepcopy(system)
    integrate.advance(system, 1e-11, 20)
    skin = integrate.skin_of(twin.particles)
    assert integrate._advance.py_func(twin, skin, 1e-11, 20, 1.0) == 20
    for compiled, python in zip(system.particles, twin.particles, strict=True):
        np.testing.assert_allclose(compiled, python, rtol=1e-9, atol=1e-18)
    for again in (0.0, 1e-11):
        integrate.kick(system.particles, 1e-11, again)
        integrate.kick.py_func(twin.particles, 1e-11, again)
    lost = [
        damp(each.particles, 0.9) for damp, each in ((integrate.damp, system), (integrate.damp.py_func, twin))
    ]
    assert lost[0] == pytest.approx(lost[1], rel=1e-9) and lost[0] > 0
    assert not integrate.drift(system.particles, system.walls, system.grid, skin, 1e-11)
    assert not integrate.drift.py_func(twin.particles, twin.walls, twin.grid, skin, 1e-11)
    for compiled, python in zip(system.particles, twin.particles, strict=True):
        np.testing.assert_allclose(compiled, python, rtol=1e-9, atol=1e-18)
    assert integrate.rebuild.py_func(twin, skin)
    full = twin._replace(pairs=no_contacts(7, 1, twin.law)._replace(partner=np.zeros(1, np.uint32)))
    full.grid.built_x[:] = np.inf
    assert integrate._advance.py_func(full, skin, 1e-11, 20, 1.0) == 0
