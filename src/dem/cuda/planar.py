"""Structures in the plane on a GPU: a layer of spheres in space, whose centres stay in one plane.

The plane is a special case of space: kernels, their places in memory and all that drives them are those of
space, and here is only how a structure becomes a layer and back. The layer repeats itself across, so that it
needs no walls there. What is zero in it is carried along: rows are those of spheres.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numba.extending import typeof_impl

from dem.cpu import tile
from dem.cpu.spatial import tile as layer_tile
from dem.cpu.spatial.integrate import skin_of
from dem.cpu.spatial.neighbors import empty_grid
from dem.geometry.spatial import FX, FY, RADIUS, SPIN_Z, TORQUE_Z, VX, VY, X, Y
from dem.laws.friction import friction_of
from dem.measure.stress import contact_normals
from dem.state import TILE, Box, Contacts, SpatialSystem, Spheres, System, no_stress

# Columns of a layer, by the names that the plane has for them.
IN_MOTION = {"x": X, "y": Y, "vx": VX, "vy": VY, "omega": SPIN_Z}
IN_LOAD = {"fx": FX, "fy": FY, "torque": TORQUE_Z}
# Components xx, xy, yx, yy among those in space.
IN_PLANE = [0, 1, 3, 4]


class LayeredSystem(System):
    """A structure in the plane that a GPU advances as a layer of spheres.

    Arrays that mean the same in both are the same: walls, who touches whom, what contacts remember.
    """

    def __init__(self, *parts: Any):
        self.layer = _layer_of(self)

    def follow(self, twists: Iterable[np.ndarray]) -> None:
        """Take over what the layer has become.

        Parameters
        ----------
        twists
            Tangential forces of pairs, and of contacts with walls: those on the partner, along the normal
            turned by +90 degrees [N].
        """
        layer, particles = self.layer, self.particles
        for name, column in IN_MOTION.items():
            getattr(particles, name)[:] = layer.particles.motion[:, column]
        for name, column in IN_LOAD.items():
            getattr(particles, name)[:] = layer.particles.load[:, column]
        self.grid.built_x[:], self.grid.built_y[:] = layer.grid.built[:, X], layer.grid.built[:, Y]
        self.stress.moment[:] = layer.stress.moment[:, IN_PLANE]
        self.tile[tile.DISSIPATED] += layer.tile[layer_tile.DISSIPATED]
        layer.tile[layer_tile.DISSIPATED] = 0.0
        for (mine, theirs, tangent), twist in zip(self.sides(layer), twists, strict=True):
            listed = mine.first[-1]
            mine.tangential_force[:listed] = twist
            vectors = theirs.listed("displacement")[: Y + 1]
            mine.displacement[:listed] = np.sum(vectors.T * tangent, axis=1)

    def sides(self, layer: SpatialSystem) -> Iterator[tuple[Contacts, Contacts, np.ndarray]]:
        """Pairs, then contacts with walls: here, in a layer, and their tangents [candidates, 2]."""
        for part in ("pairs", "wall_contacts"):
            mine = getattr(self, part)
            listed = slice(mine.first[-1])
            partner = mine.partner[listed].astype(np.int64)
            normal = contact_normals(self, mine.owner[listed], -1 - partner if part != "pairs" else partner)
            yield mine, getattr(layer, part), np.stack([-normal[:, Y], normal[:, X]], axis=1)


@typeof_impl.register(LayeredSystem)
def _typeof_layered_system(value: LayeredSystem, context: Any) -> Any:
    """Kernels of the CPU take it for any structure in the plane: none is compiled for it."""
    return typeof_impl(System(*value), context)


def _layer_of(system: LayeredSystem) -> SpatialSystem:
    """The spheres of a structure in the plane, all of them at height 0."""
    particles, walls, law = system.particles, system.walls, system.law
    n = particles.mass.size
    motion, load = np.zeros((n, RADIUS + 1)), np.zeros((n, TORQUE_Z + 1))
    motion[:, RADIUS] = particles.radius
    for name, column in IN_MOTION.items():
        motion[:, column] = getattr(particles, name)
    for name, column in IN_LOAD.items():
        load[:, column] = getattr(particles, name)
    spheres = Spheres(motion, load, particles.mass, particles.inertia, particles.species)
    # As thin as a cell is wide, so that there is one layer of cells.
    thickness = 2 * particles.radius.min()
    box = Box(np.array([0.0, 0.0, thickness]), np.array([np.inf, np.inf, thickness / 2]))
    grid = empty_grid(spheres, walls, box, skin_of(spheres))
    # The lists at hand are of the plane, with a skin of its own: they are made anew in the first step.
    grid.built[:] = np.nan
    layer = SpatialSystem(
        spheres,
        box,
        walls,
        _with_vectors(system.pairs),
        _with_vectors(system.wall_contacts),
        grid,
        law,
        friction_of(system.friction),
        layer_tile.empty_tile(law),
        no_stress(n, axes=3)._replace(normal_force_sum=system.stress.normal_force_sum),
    )
    for mine, theirs, tangent in system.sides(layer):
        listed, rows = mine.first[-1], np.zeros((mine.friction.size, 3))
        rows[:listed, : Y + 1] = mine.displacement[:listed, None] * tangent
        theirs.displacement[:] = rows.reshape(-1, TILE, 3).swapaxes(1, 2).ravel()
    return layer


def _with_vectors(contacts: Contacts) -> Contacts:
    """The same contacts, with displacements of three numbers each, and the size of tangential forces."""
    room = contacts.friction.size
    return contacts._replace(
        displacement=np.zeros(3 * room),
        old_displacement=np.zeros(3 * room),
        tangential_force=np.zeros(room),
    )
