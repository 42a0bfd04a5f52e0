"""The contacts of a structure as a network between two electrodes, in space and in the plane alike.

The separator is the floor, the current collector the piston; in the plane the left and the moving wall. Both
are the first two walls of their files. Other walls insulate. The plane is one SE diameter thick, so that its
numbers are for comparison among themselves only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from electrode.species import SE
from electrode.structures import PressedPacking, Trajectory
from electrode.trajectory import LEFT, RIGHT

# Walls as contacts number them.
SEPARATOR, COLLECTOR = -1, -2
# Share of the thickness, in the middle, where conductivity is measured.
MIDDLE = 0.6
_X, _Z = 0, 2


@dataclass(frozen=True)
class ContactNetwork:
    """N particles and their C contacts, between separator and collector."""

    species: np.ndarray  # [N], SE or AM
    radius: np.ndarray  # [N, m]
    depth: np.ndarray  # of the centres, from the separator [N, m]
    share: np.ndarray  # of the box that each particle takes, overlaps counted twice [N]
    i: np.ndarray  # particle [C]
    j: np.ndarray  # other particle, or `SEPARATOR`, `COLLECTOR`, another wall below them [C]
    area: np.ndarray  # contact area, 0 where the law holds the two apart [C, m^2]
    thickness: float  # from separator to collector [m]
    cross_section: float  # that the current crosses [m^2]
    in_plane: bool = False  # whether particles take the box as discs, not as spheres

    def within(self, species: int) -> np.ndarray:
        """Which contacts join two particles of a species, or one of them with an electrode [C]."""
        alike = self.species == species
        electrode = (self.j == SEPARATOR) | (self.j == COLLECTOR)
        return (self.area > 0) & alike[self.i] & np.where(self.j < 0, electrode, alike[self.j])

    @property
    def middle(self) -> tuple[float, float]:
        """Depths between which conductivity is measured: layers at the electrodes are others [m]."""
        return (1 - MIDDLE) / 2 * self.thickness, (1 + MIDDLE) / 2 * self.thickness

    def volume_fraction(self, species: int) -> float:
        """Share of the middle that a species takes, overlaps counted twice [-]."""
        chosen = self.species == species
        below = [self._share_below(depth)[chosen].sum() for depth in self.middle]
        return float(below[1] - below[0]) / MIDDLE

    def _share_below(self, depth: float) -> np.ndarray:
        """Share of the box that the part of each particle below a depth [m] takes: cap or segment [N]."""
        height = np.clip((depth - self.depth) / self.radius, -1, 1)
        if self.in_plane:
            return self.share * (0.5 + (np.arcsin(height) + height * np.sqrt(1 - height**2)) / np.pi)
        return self.share * (0.5 + 0.75 * (height - height**3 / 3))

    def clusters(self, species: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Clusters of touching particles of a species.

        Returns
        -------
        numpy.ndarray
            Cluster of each particle [N]; those of the other species are clusters of their own.
        numpy.ndarray
            Whether the cluster of each particle reaches the separator [N].
        numpy.ndarray
            Whether it reaches the collector [N]. Both are False of the other species.
        """
        chosen = self.within(species)
        inside = chosen & (self.j >= 0)
        number = self.species.size
        links = coo_array(
            (np.ones(np.count_nonzero(inside), np.int8), (self.i[inside], self.j[inside])),
            shape=(number, number),
        )
        count, label = connected_components(links, directed=False)
        reached = []
        for wall in (SEPARATOR, COLLECTOR):
            reaches = np.zeros(count, bool)
            reaches[label[self.i[chosen & (self.j == wall)]]] = True
            reached.append(reaches[label])
        return label, reached[0], reached[1]


def network_of(structure: Trajectory | PressedPacking) -> ContactNetwork:
    """The contacts of a structure at rest as a network.

    Parameters
    ----------
    structure
        In space or in the plane. Contact areas are those of the law from the overlaps. In the plane the share
        of the box is that of the discs, and the depth of the cross-section is the mean SE diameter.

    Raises
    ------
    ValueError
        If a structure in the plane has no SE, and thus no thickness.
    """
    walls, position, radius = structure.wall_position[-1], structure.position[-1], structure.radius
    if isinstance(structure, PressedPacking):
        axis, near, far = _Z, walls[0], walls[1]
        width, other, _ = structure.box.tolist()
        cross_section = width * other
        share = 4 / 3 * np.pi * radius**3 / (cross_section * (far - near))
    else:
        axis, near, far = _X, walls[LEFT], walls[RIGHT]
        electrolyte = structure.species == SE
        if not electrolyte.any():
            raise ValueError(f"{structure.name}: the plane is one SE diameter thick, but there is no SE")
        _, _, bottom, top = structure.final_box
        cross_section = (top - bottom) * 2 * float(radius[electrolyte].mean())
        share = np.pi * radius**2 / ((top - bottom) * (far - near))
    return ContactNetwork(
        species=structure.species,
        radius=radius,
        depth=position[:, axis] - near,
        share=share,
        i=structure.contacts["i"].astype(np.int64),
        j=structure.contacts["j"].astype(np.int64),
        area=structure.contacts["contact_area_from_overlap"],
        thickness=float(far - near),
        cross_section=float(cross_section),
        in_plane=isinstance(structure, Trajectory),
    )
