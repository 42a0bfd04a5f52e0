"""Kernels in space against a slow writing of their own, and against what must be conserved."""

import itertools
import platform
import re

import numpy as np
import pytest
from numba import njit
from scipy.spatial.transform import Rotation

from dem.cpu import forces as planar_forces
from dem.cpu import integrate as planar
from dem.cpu.spatial import forces
from dem.cpu.spatial.integrate import advance
from dem.cpu.spatial.tile import dissipated_work
from dem.geometry import spatial as geometry
from dem.laws.elastoplastic import Yielding
from dem.laws.friction import Coulomb, Frictionless
from electrode.species import AM, SE, WALL

STEP = 1e-11
LAWS = {
    "hertz_mindlin": {},
    "elastoplastic": {"elastoplastic": Yielding(5.0, 2.0, 0.6, 1e-9)},
}


class Twin:
    """The same motion, written with vectors, without lists, cells or tiles; laws are called as they stand."""

    def __init__(self, system):
        particles, walls = system.particles, system.walls
        self.law, self.friction, self.width = system.law, system.friction.coefficient, system.box.length[0]
        self.position, self.velocity = particles.position, particles.motion[:, 3:6].copy()
        self.spin, self.radius = particles.motion[:, 6:9].copy(), particles.radius.copy()
        self.mass, self.inertia, self.species = particles.mass, particles.inertia, particles.species
        self.wall, self.wall_velocity = walls.position.copy(), np.zeros(2)
        self.kept = {}
        self.forces(0.0)

    def forces(self, time_step):
        self.force, self.torque = np.zeros_like(self.position), np.zeros_like(self.position)
        for i, j in itertools.combinations(range(len(self.mass)), 2):
            between = self.position[j] - self.position[i]
            if self.width:
                between[:2] -= self.width * np.round(between[:2] / self.width)
            distance = np.linalg.norm(between)
            overlap = self.radius[i] + self.radius[j] - distance
            effective = self.radius[i] * self.radius[j] / (self.radius[i] + self.radius[j])
            mass = self.mass[i] * self.mass[j] / (self.mass[i] + self.mass[j])
            arms = (self.radius[i] - overlap / 2, self.radius[j] - overlap / 2)
            both = (self.species[i], self.species[j])
            relative = self.velocity[j] - self.velocity[i]
            relative = relative - np.cross(
                arms[0] * self.spin[i] + arms[1] * self.spin[j], between / distance
            )
            on_j, twist = self.contact(
                (i, j), both, effective, mass, overlap, between / distance, relative, time_step
            )
            self.force[i] -= on_j
            self.force[j] += on_j
            self.torque[i] -= arms[0] * twist
            self.torque[j] -= arms[1] * twist
        for i in range(len(self.mass)):
            for w, normal in enumerate(([0, 0, -1.0], [0, 0, 1.0])):
                normal = np.array(normal)
                overlap = self.radius[i] - normal[2] * (self.wall[w] - self.position[i, 2])
                arm = self.radius[i] - overlap / 2
                relative = (
                    [0, 0, self.wall_velocity[w]] - self.velocity[i] - np.cross(arm * self.spin[i], normal)
                )
                on_wall, twist = self.contact(
                    (i, -1 - w),
                    (self.species[i], WALL),
                    self.radius[i],
                    self.mass[i],
                    overlap,
                    normal,
                    relative,
                    time_step,
                )
                self.force[i] -= on_wall
                self.torque[i] -= arm * twist

    def contact(self, key, both, radius, mass, overlap, normal, relative, time_step):
        fresh = (np.zeros(3), (0.0,) * len(self.law.HISTORY))
        if overlap <= 0:
            self.kept.pop(key, None)
            return np.zeros(3), np.zeros(3)
        xi, history = self.kept.get(key, fresh)
        opening = relative @ normal
        slip = relative - opening * normal
        constants = self.law.constants(*both, radius, mass)
        answer = self.law.response(constants, history, overlap, opening, time_step)
        if not answer.touches:
            self.kept[key] = (np.zeros(3), answer.history)
            return np.zeros(3), np.zeros(3)
        length = np.linalg.norm(xi)
        xi = xi - (xi @ normal) * normal
        xi = xi * (length / np.linalg.norm(xi)) if length else xi
        xi = xi + slip * time_step
        limit = self.friction[both] * abs(answer.force)
        if answer.spring * np.linalg.norm(xi) > limit:
            xi = xi * (limit / (answer.spring * np.linalg.norm(xi)))
            tangential = -answer.spring * xi
        else:
            tangential = -answer.spring * xi - answer.dashpot * slip
        self.kept[key] = (xi, answer.history)
        return answer.force * normal + tangential, np.cross(normal, tangential)

    def advance(self, time_step, steps):
        for _ in range(steps):
            for half in (1, 2):
                self.velocity += time_step / 2 * self.force / self.mass[:, None]
                self.spin += time_step / 2 * self.torque / self.inertia[:, None]
                if half == 1:
                    self.position += time_step * self.velocity
                    self.wall += time_step * self.wall_velocity
                    self.forces(time_step)


@pytest.mark.parametrize("law", LAWS)
def test_a_crowd_moves_as_its_slow_twin(crowd, law):
    system = crowd(law, LAWS[law])
    twin = Twin(system)
    system.walls.velocity[1] = twin.wall_velocity[1] = -20.0
    steps = 30
    advance(system, STEP, steps)
    twin.advance(STEP, steps)
    moved = twin.position - system.particles.position
    moved[:, :2] -= twin.width * np.round(moved[:, :2] / twin.width)
    scale = np.abs(STEP * steps * twin.velocity).max()
    assert np.abs(moved).max() < 1e-9 * scale
    np.testing.assert_allclose(
        system.particles.force, twin.force, rtol=0, atol=1e-9 * np.abs(twin.force).max()
    )
    np.testing.assert_allclose(
        system.particles.load[:, 3:], twin.torque, rtol=0, atol=1e-9 * np.abs(twin.torque).max()
    )
    assert np.count_nonzero(system.pairs.overlap > 0) > 40
    assert any(np.linalg.norm(xi) > 0 for xi, _ in twin.kept.values())
    if law == "elastoplastic":
        assert max(history[0] for _, history in twin.kept.values()) > 0, "contacts have yielded"


def test_the_neighbor_list_holds_all_contacts_over_a_run(crowd):
    system = crowd()
    system.walls.velocity[1] = -20.0
    for _ in range(30):
        advance(system, 5 * STEP, 20)
        n = system.particles.mass.size
        i, j = np.triu_indices(n, 1)
        distance = np.linalg.norm(system.between(i, j), axis=1)
        radius = system.particles.radius
        touching = {tuple(pair) for pair in np.stack([i, j], 1)[distance < radius[i] + radius[j]].tolist()}
        listed = slice(system.pairs.first[-1])
        pairs = np.stack([system.pairs.owner[listed], system.pairs.partner[listed]], 1)
        overlapping = pairs[system.pairs.overlap[listed] > 0]
        assert {tuple(sorted(pair)) for pair in overlapping.tolist()} == touching


def momenta(particles):
    motion, mass = particles.motion, particles.mass[:, None]
    linear = np.sum(mass * motion[:, 3:6], axis=0)
    angular = np.cross(motion[:, :3], mass * motion[:, 3:6]) + particles.inertia[:, None] * motion[:, 6:9]
    return linear, angular.sum(axis=0)


def test_a_free_cluster_keeps_momentum_and_angular_momentum(cluster):
    system = cluster()
    linear, angular = momenta(system.particles)
    before = system.particles.motion.copy()
    advance(system, STEP, 3000)
    assert np.abs(system.particles.motion - before)[:, 3:6].max() > 0.1, "they collided"
    after_linear, after_angular = momenta(system.particles)
    np.testing.assert_allclose(after_linear, linear, rtol=0, atol=1e-10 * np.abs(linear).max())
    np.testing.assert_allclose(after_angular, angular, rtol=0, atol=1e-10 * np.abs(angular).max())


def test_a_rotated_cluster_moves_rotated(cluster):
    turn = Rotation.from_rotvec([0.4, -0.8, 1.1]).as_matrix()
    system, turned = cluster(), cluster(turn)
    advance(system, STEP, 2000)
    advance(turned, STEP, 2000)
    for columns, scale in ((slice(0, 3), 1e-6), (slice(3, 6), 1.0), (slice(6, 9), 1e6)):
        expected = system.particles.motion[:, columns] @ turn.T
        np.testing.assert_allclose(turned.particles.motion[:, columns], expected, rtol=0, atol=1e-8 * scale)


def test_the_plane_is_a_special_case(space, scene):
    """A planar cluster moved by both: as long as chaos has not grown rounding, here 2000 steps."""
    rng = np.random.default_rng(5)
    points = np.array([[0, 0], [2.2, 0.5], [2.6, -0.4], [-0.1, 2.4], [0.9, 2.3], [0.4, 3.1], [3.2, 0.3]])
    velocity, spin = rng.normal(0, 1.0, points.shape), rng.normal(0, 1e6, len(points))
    radius, species = [2.0] + 6 * [0.5], [AM] + 6 * [SE]
    flat = scene(*points.T, radius=radius, species=species, vx=velocity[:, 0], vy=velocity[:, 1], omega=spin)
    upright = np.zeros((len(points), 3))
    upright[:, [0, 2]] = points
    space_velocity, space_spin = np.zeros((len(points), 3)), np.zeros((len(points), 3))
    space_velocity[:, [0, 2]] = velocity
    space_spin[:, 1] = -spin  # from x to z it turns about -y
    spheres = space(upright, radius=radius, species=species, velocity=space_velocity, spin=space_spin)
    largest = 0.0
    for _ in range(20):
        planar.advance(flat, STEP, 100)
        advance(spheres, STEP, 100)
        largest = max(largest, np.abs(flat.particles.force).max())
        np.testing.assert_allclose(
            spheres.particles.force[:, [0, 2]], flat.particles.force, rtol=0, atol=1e-9 * largest
        )
        np.testing.assert_array_equal(spheres.particles.force[:, 1], 0)
    assert largest > 0
    assert sum(forces.energies(spheres)) == pytest.approx(sum(planar_forces.energies(flat)), rel=1e-9)


def test_error_falls_with_the_square_of_the_time_step(space, alike):
    """Order 2 for a smooth motion without friction or damping."""

    def final(steps):
        system = space(
            [[0, 0, 0.49], [0.2, 0.1, 1.43]],
            walls=(0, 1.9),
            contacts=alike(friction=0.0, restitution=1.0),
            velocity=[[0, 0.3, 1.0], [0.2, 0, 0.5]],
        )
        advance(system, 1e-9 / steps, steps)
        return system.particles.position.ravel()[[0, 1, 2, 5]]

    coarse, middle, fine, finest = (final(steps) for steps in (125, 250, 500, 1000))
    for first, second in ((coarse - middle, middle - fine), (middle - fine, fine - finest)):
        np.testing.assert_allclose(np.log2(np.abs(first / second)), 2, atol=0.05)


def test_energy_is_kept_without_dashpots_and_friction(space, alike):
    rng = np.random.default_rng(1)
    grid = np.stack(np.meshgrid(*3 * [np.arange(3) * 1.2 + 0.7]), axis=-1).reshape(-1, 3)
    system = space(
        grid,
        width=3.6,
        walls=(0, 4),
        contacts=alike(friction=0.0, restitution=1.0),
        velocity=rng.normal(0, 2, grid.shape),
    )
    before = sum(forces.energies(system))
    advance(system, 2e-11, 20_000)
    assert sum(forces.energies(system)) == pytest.approx(before, rel=2e-3)


def test_what_is_lost_is_booked(crowd):
    """Work of the piston + energy at first = energy now + lost, but for the stiffening tangential spring."""
    system = crowd()
    before = sum(forces.energies(system))
    system.walls.velocity[1] = -5.0
    advance(system, 2e-12, 2000)
    after = sum(forces.energies(system)) + dissipated_work(system.tile) - system.walls.work.sum()
    assert after == pytest.approx(before, rel=0.02)
    assert dissipated_work(system.tile) > 0.1 * before


LATTICES = {
    # Centres in units of the cell, its side / diameter, springs from layer to layer per cell and their slope.
    "simple cubic": ([[0, 0, 0]], 1.0, 1, 1.0),
    "face centred": ([[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]], 2**0.5, 8, 0.5**0.5),
}


@pytest.mark.parametrize("name", LATTICES)
def test_a_lattice_bears_what_hertz_says(space, alike, name):
    """Compressed alike along all axes, each spring bears (4/3) E_eff sqrt(R_eff) overlap^1.5.

    Along z the lattice ends in the open: what its lower half bears is the net force on its upper half.
    """
    centres, cell, springs, cosine = LATTICES[name]
    cells, squeeze = 4, 0.97
    side = cell * squeeze
    corner = np.stack(np.meshgrid(*3 * [np.arange(cells)], indexing="ij"), axis=-1).reshape(-1, 1, 3)
    position = ((corner + np.array(centres)) * side).reshape(-1, 3) + 0.01
    system = space(position, width=cells * side, walls=(-20, 20), contacts=alike(friction=0.0))
    overlap = (1 - squeeze) * 1e-6
    force = system.law.constants(SE, SE, 0.25e-6, 1.0).normal_stiffness * overlap**1.5
    upper = system.particles.position[:, 2] > cells * side * 1e-6 / 2 - 1e-9
    expected = springs * force * cosine * cells**2
    assert system.particles.force[upper, 2].sum() == pytest.approx(expected, rel=1e-9)
    # Within, the stress is the same along all axes, and that of the virial of the lattice.
    within = np.abs(system.particles.position[:, 2] - cells * side * 1e-6 / 2) < side * 1e-6 * 0.8
    moment = system.stress.moment[within].reshape(-1, 3, 3).mean(axis=0)
    neighbors = 6 if name == "simple cubic" else 12
    trace = neighbors * force * (0.5e-6 - overlap / 2)
    np.testing.assert_allclose(moment, np.eye(3) * trace / 3, rtol=1e-9, atol=1e-9 * trace)


@pytest.mark.parametrize("wall", range(6))
def test_every_wall_pushes_back_and_rubs_the_same_way(space, wall):
    face = geometry.FACES[wall]
    normal = np.eye(3)[face.axis] * face.outward
    along = np.roll(normal, 1)
    place = normal * (4.49 if face.axis == geometry.Z else 999.49)
    system = space(place, walls=(-5, 5), velocity=2 * normal + along)
    advance(system, 2e-12, 8000)
    velocity, spin = system.particles.motion[0, 3:6], system.particles.motion[0, 6:9]
    assert velocity @ normal == pytest.approx(-1.0, rel=2e-2), "restitution 0.5"
    assert 0 < velocity @ along < 0.9, "friction slows the slide"
    expected = np.cross(normal, along) * -(1 - velocity @ along) / 0.4 / 0.5e-6
    np.testing.assert_allclose(spin, expected, rtol=5e-2, atol=1e-3 * np.abs(expected).max())


def test_friction_turns_with_the_normal_and_keeps_its_length():
    """The plain function: a spring that does not slip is neither shortened nor left behind by a turn."""
    from dem.laws.friction import friction_vector

    rng = np.random.default_rng(0)
    normal = rng.normal(size=3)
    normal /= np.linalg.norm(normal)
    before = np.cross(normal, rng.normal(size=3)) * 1e-8
    turned = Rotation.from_rotvec(0.1 * np.cross(normal, before) / np.linalg.norm(before))
    new = turned.apply(normal)
    result = friction_vector(1.0, 0, 0, 0, *before, *new, 1e-11, 1e3, 1.0, 0.5)
    np.testing.assert_allclose(result[3:6], turned.apply(before), rtol=1e-12)
    np.testing.assert_allclose(result[:3], -1e3 * turned.apply(before), rtol=1e-12)
    assert result[6] == 0


@pytest.mark.parametrize("law", LAWS)
def test_kernels_without_friction_leave_nothing_out(crowd, law):
    """Kernels without friction do what those with friction do at a coefficient of 0."""
    smooth, rubbing = (crowd(law, LAWS[law], friction=0.0) for _ in range(2))
    assert isinstance(smooth.friction, Frictionless)
    rubbing = rubbing._replace(friction=Coulomb(rubbing.friction.coefficient))
    start = smooth.particles.position
    for system in (smooth, rubbing):
        advance(system, STEP, 200)
    assert np.abs(smooth.particles.position - start).max() > 1e-9
    np.testing.assert_allclose(smooth.particles.motion, rubbing.particles.motion, rtol=1e-12)
    np.testing.assert_allclose(smooth.stress.moment, rubbing.stress.moment, rtol=1e-9, atol=1e-22)
    assert dissipated_work(smooth.tile) == pytest.approx(dissipated_work(rubbing.tile), rel=1e-9)
    assert not smooth.pairs.tangential_force.any()


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="looks for x86 instructions")
def test_the_law_is_vector_instructions(cluster):
    fresh = njit(forces.apply_law.py_func, error_model="numpy")
    system = cluster()
    fresh(system.tile, system.pairs, system.law, system.friction, system.box, 0, STEP)
    code = next(iter(fresh.inspect_asm().values()))
    assert len(re.findall(r"v?sqrtpd\s.*[xyz]mm", code)) >= 4 and "divpd" in code


def test_a_collapsed_packing_is_an_error(space):
    points = np.random.default_rng(1).uniform(0, 1, (80, 3))
    with pytest.raises(RuntimeError, match="the structure has collapsed"):
        space(points)
