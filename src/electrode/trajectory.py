"""The trajectory file (H5MD 1.1), declared once for its writer and its reader; see docs/data-formats.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from electrode.species import SOLIDS

# Endings of the names of such files.
SUFFIXES = (".h5", ".hdf5")


class Quantity(NamedTuple):
    """Declaration of one quantity of a structure."""

    group: str  # in which it lies; the name of the structure stands for the braces
    dims: tuple[str, ...]
    kind: str  # numpy kind: i, f
    unit: str
    meaning: str


BOX, PARTICLES = "particles/{}/box", "particles/{}"
OBSERVABLES, CONTACTS = "observables/{}", "observables/{}/contacts"
# Of each frame; an element that evolves links them beside its values.
CLOCK = ("step", "time")
_PER_FRAME, _PER_WALL, _PER_PARTICLE = ("frame",), ("frame", "wall"), ("frame", "particle")
_PER_CONTACT = ("contact",)

# In the order of writing. Fields of `dem.state.Frame` and `dem.measure.stress.ContactList` have these names.
QUANTITIES = {
    "edges": Quantity(BOX, ("axis",), "f", "m", "width and height before compression"),
    "step": Quantity(OBSERVABLES, _PER_FRAME, "i", "1", "time steps so far"),
    "time": Quantity(OBSERVABLES, _PER_FRAME, "f", "s", "time so far"),
    "species": Quantity(PARTICLES, ("particle",), "i", "1", "number of the species"),
    "radius": Quantity(PARTICLES, ("particle",), "f", "m", "radius"),
    "position": Quantity(PARTICLES, (*_PER_PARTICLE, "axis"), "f", "m", "centre"),
    "contact_pressure": Quantity(
        PARTICLES, _PER_PARTICLE, "f", "Pa", "sum of normal forces / surface of the sphere"
    ),
    "stress_tensor": Quantity(
        PARTICLES, (*_PER_PARTICLE, "axis", "axis"), "f", "Pa", "Love-Weber, compression positive"
    ),
    "wall_position": Quantity(OBSERVABLES, _PER_WALL, "f", "m", "left, right, bottom, top"),
    "wall_force": Quantity(OBSERVABLES, _PER_WALL, "f", "N", "left, right, bottom, top"),
    "wall_work": Quantity(OBSERVABLES, _PER_FRAME, "f", "J", "done by the walls on the particles so far"),
    "kinetic_energy": Quantity(OBSERVABLES, _PER_FRAME, "f", "J", "of translation and rotation"),
    "elastic_energy": Quantity(OBSERVABLES, _PER_FRAME, "f", "J", "in the springs of the contacts"),
    "dissipated_work": Quantity(OBSERVABLES, _PER_FRAME, "f", "J", "lost in dashpots and by slip so far"),
    "coordination_number": Quantity(
        OBSERVABLES, _PER_FRAME, "f", "1", "mean number of particles that a particle touches"
    ),
    "porosity": Quantity(OBSERVABLES, _PER_FRAME, "f", "1", "share of the box that no particle covers"),
    "reaction_area": Quantity(
        OBSERVABLES, _PER_FRAME, "f", "m2", "AM-SE contact area of the whole box, from the overlaps"
    ),
    "i": Quantity(CONTACTS, _PER_CONTACT, "i", "1", "larger particle"),
    "j": Quantity(CONTACTS, _PER_CONTACT, "i", "1", "smaller particle; -1, -2, ... the walls in their order"),
    "overlap": Quantity(CONTACTS, _PER_CONTACT, "f", "m", "overlap"),
    "normal_force": Quantity(CONTACTS, _PER_CONTACT, "f", "N", "positive pushes apart"),
    "tangential_force": Quantity(
        CONTACTS, _PER_CONTACT, "f", "N", "on j, along the normal i -> j turned by +90 degrees"
    ),
    "equilibrium_overlap": Quantity(
        CONTACTS, _PER_CONTACT, "f", "m", "at which the spring is free, 0 until a contact yields"
    ),
    "contact_area": Quantity(CONTACTS, _PER_CONTACT, "f", "m2", "Hertz circle of the force, or the law's"),
    "contact_area_from_overlap": Quantity(
        CONTACTS, _PER_CONTACT, "f", "m2", "the same where only the spring acts, or the law's"
    ),
    "contact_point": Quantity(CONTACTS, (*_PER_CONTACT, "axis"), "f", "m", "where the two touch"),
}
# The walls of the plane, in the order of their dimension, and the one that compresses.
WALLS = ("left", "right", "bottom", "top")
LEFT, RIGHT, BOTTOM, TOP = range(len(WALLS))
MOVING = RIGHT
# Lengths of the dimensions that all structures in the plane share.
PLANAR = {"axis": 2, "wall": len(WALLS)}

_IN_ORDER = "floor, piston, then the sides of a die if there are any"
# In space: spheres between floor and piston. Fields of `dem.state.SpatialFrame` have these names.
SPATIAL_QUANTITIES = {
    name: declared for name, declared in QUANTITIES.items() if name not in ("porosity", "reaction_area")
} | {
    "edges": Quantity(BOX, ("axis",), "f", "m", "widths and height before pressing"),
    "wall_position": Quantity(OBSERVABLES, _PER_WALL, "f", "m", _IN_ORDER),
    "wall_force": Quantity(OBSERVABLES, _PER_WALL, "f", "N", _IN_ORDER),
    "pressure": Quantity(OBSERVABLES, _PER_FRAME, "f", "Pa", "force on the piston / its area"),
    "relative_density": Quantity(
        OBSERVABLES, _PER_FRAME, "f", "1", "volume of all spheres, overlaps counted twice / box"
    ),
    "solid_volume_fraction": Quantity(OBSERVABLES, _PER_FRAME, "f", "1", "share of the box within spheres"),
    "coordination_number": Quantity(
        OBSERVABLES,
        ("frame", "solid", "solid"),
        "f",
        "1",
        "mean number of contacts of a particle of one species (SE, AM) with those of another",
    ),
    "specific_interface_area": Quantity(
        OBSERVABLES, _PER_FRAME, "f", "1/m", "AM-SE contact area, from the overlaps / box volume"
    ),
    "am_coverage": Quantity(
        OBSERVABLES, _PER_FRAME, "f", "1", "share of the surface of AM that contacts with SE cover"
    ),
    "tangential_force": Quantity(CONTACTS, _PER_CONTACT, "f", "N", "its size"),
}
# Lengths of the dimensions that all packings in space share.
SPATIAL = {"axis": 3, "solid": len(SOLIDS)}


class Layout(NamedTuple):
    """What a file of one geometry holds of each structure."""

    quantities: Mapping[str, Quantity]
    lengths: Mapping[str, int]  # of the dimensions that all share
    periodic: int = 0  # axes along which a box may repeat itself, from the first


# By the word of the configuration and of files; files without one are of the plane.
LAYOUTS = {
    "planar": Layout(QUANTITIES, PLANAR),
    "spatial": Layout(SPATIAL_QUANTITIES, SPATIAL, periodic=2),
}


def names_in(group: str, quantities: Mapping[str, Quantity] = QUANTITIES) -> list[str]:
    """Quantities that lie in a group, in the order of writing."""
    return [name for name, declared in quantities.items() if declared.group == group]


def is_element(name: str, quantities: Mapping[str, Quantity] = QUANTITIES) -> bool:
    """Whether a quantity is a time-dependent element of H5MD: values beside step and time, in a group."""
    return quantities[name].dims[0] == "frame" and name not in CLOCK


def dataset_path(name: str, structure: str, quantities: Mapping[str, Quantity] = QUANTITIES) -> str:
    """Path in the file of the values of a quantity of a structure."""
    path = f"{quantities[name].group.format(structure)}/{name}"
    return f"{path}/value" if is_element(name, quantities) else path


def check_quantity(
    name: str,
    structure: str,
    values: np.ndarray,
    unit: str | None,
    lengths: Mapping[str, int],
    quantities: Mapping[str, Quantity] = QUANTITIES,
) -> None:
    """Compare a quantity of a file with its declaration.

    Parameters
    ----------
    name
        One of `quantities`.
    structure
        Name of the structure, for the message.
    values, unit
        As read.
    lengths
        Of the dimensions.
    quantities
        Of the geometry, see `LAYOUTS`.

    Raises
    ------
    ValueError
        If shape, kind or unit are others than declared.
    """
    declared = quantities[name]
    for what, expected, given in (
        ("the shape", tuple(lengths[dim] for dim in declared.dims), values.shape),
        ("the kind", declared.kind, values.dtype.kind),
        ("the unit", declared.unit, unit),
    ):
        if given != expected:
            raise ValueError(f"{name} of {structure} must have {what} {expected}, got {given}")
