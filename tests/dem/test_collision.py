"""Oblique collisions of two spheres against a second writing of the law, in vectors in space."""

import numpy as np
import pytest

from dem.cpu.integrate import advance
from electrode.species import AM, SE

MATERIALS = {AM: (191e9, 0.24), SE: (21.7e9, 0.37)}
FRICTION, RESTITUTION = 0.5, 0.5


def reference(x, v, omega, radius, mass, species, step, steps):
    """Velocity Verlet with the law of docs/physics.md; x, v, omega [2, 3]; gives v and omega."""
    (e1, nu1), (e2, nu2) = (MATERIALS[s] for s in species)
    e_eff = 1 / ((1 - nu1**2) / e1 + (1 - nu2**2) / e2)
    g_eff = 1 / (2 * (2 - nu1) * (1 + nu1) / e1 + 2 * (2 - nu2) * (1 + nu2) / e2)
    r_eff, m_eff = radius.prod() / radius.sum(), mass.prod() / mass.sum()
    b = -np.log(RESTITUTION) / np.sqrt(np.log(RESTITUTION) ** 2 + np.pi**2)
    inertia = 0.4 * mass * radius**2
    force, torque, xi = np.zeros((2, 3)), np.zeros((2, 3)), np.zeros(3)
    for _ in range(steps):
        v = v + 0.5 * step * force / mass[:, None]
        omega = omega + 0.5 * step * torque / inertia[:, None]
        x = x + step * v
        line = x[1] - x[0]
        overlap = radius.sum() - np.linalg.norm(line)
        force, torque = np.zeros((2, 3)), np.zeros((2, 3))
        if overlap > 0:
            n = line / np.linalg.norm(line)
            arms = radius - overlap / 2
            # Velocity of the contact point as part of each sphere, then of 1 relative to 0.
            points = [v[0] + np.cross(omega[0], arms[0] * n), v[1] + np.cross(omega[1], -arms[1] * n)]
            relative = points[1] - points[0]
            tangential = relative - (relative @ n) * n
            xi = xi - (xi @ n) * n + step * tangential
            stiffness = 2 * e_eff * np.sqrt(r_eff * overlap)
            normal = 2 / 3 * stiffness * overlap
            normal -= 2 * np.sqrt(5 / 6) * b * np.sqrt(stiffness * m_eff) * (relative @ n)
            k_s = 8 * g_eff * np.sqrt(r_eff * overlap)
            spring = -k_s * xi
            size, limit = np.linalg.norm(spring), FRICTION * abs(normal)
            if size > limit:
                friction = spring * limit / size
                xi = -friction / k_s
            else:
                friction = spring - 2 * np.sqrt(5 / 6) * b * np.sqrt(k_s * m_eff) * tangential
            on_1 = normal * n + friction
            force = np.array([-on_1, on_1])
            torque = np.array([np.cross(arms[0] * n, -on_1), np.cross(-arms[1] * n, on_1)])
        else:
            xi = np.zeros(3)
        v = v + 0.5 * step * force / mass[:, None]
        omega = omega + 0.5 * step * torque / inertia[:, None]
    return v, omega


@pytest.mark.parametrize("species", [(SE, SE), (AM, SE), (SE, AM)])
@pytest.mark.parametrize(
    ("tangential", "spin", "slides"), [(0.3, 0.0, False), (0.3, 4e5, False), (6.0, -2e6, True)]
)
def test_oblique_collision_equals_the_second_writing(scene, species, tangential, spin, slides):
    size = {AM: 2.0, SE: 0.5}
    radius = np.array([size[s] for s in species]) * 1e-6
    direction = np.array([np.cos(0.4), np.sin(0.4)])
    along = np.array([-direction[1], direction[0]])
    place = (radius.sum() + 1e-10) * direction
    velocity = np.array([[0.0, 0.0], -2.0 * direction + tangential * along])
    omega = np.array([spin, -0.5 * spin])
    system = scene(
        [0, place[0] * 1e6],
        [0, place[1] * 1e6],
        radius=radius * 1e6,
        species=species,
        vx=velocity[:, 0],
        vy=velocity[:, 1],
        omega=omega,
    )
    mass = system.particles.mass.copy()
    step, steps = 2e-13, 40_000
    advance(system, step, steps)
    in_space = np.column_stack([velocity, np.zeros(2)])
    spins = np.column_stack([np.zeros((2, 2)), omega])
    v, w = reference(np.array([[0, 0, 0], [*place, 0]]), in_space, spins, radius, mass, species, step, steps)
    particles = system.particles
    rebound = (v[1, :2] - v[0, :2]) @ direction
    assert rebound > 0.5, "it is over"
    np.testing.assert_allclose(np.column_stack([particles.vx, particles.vy]), v[:, :2], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(particles.omega, w[:, 2], rtol=1e-6)
    if slides:
        # Coulomb friction throughout: tangential impulse = friction x normal impulse.
        impulse = mass[1] * (v[1, :2] - velocity[1])
        assert abs(impulse @ along) == pytest.approx(FRICTION * abs(impulse @ direction), rel=0.03)
