"""Read HDF5 trajectories (docs/data-formats.md)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from os import PathLike
from typing import Any

import h5py
import numpy as np

from provenance import check_declared, check_seal

# Species numbers in the files; also the classes of image pixels, where 0 is void.
SE, AM = 1, 2


@dataclass(frozen=True)
class Trajectory:
    """One structure: N particles, F frames (first before, last after compression), C final contacts."""

    name: str
    drawn: dict[str, Any]  # what the structure was made from: width_m, uncovered_fraction, replicate, ...
    box: np.ndarray  # width and height before compression [2, m]
    species: np.ndarray  # [N], SE or AM
    radius: np.ndarray  # [N, m]
    position: np.ndarray  # [F, N, 2, m]
    contact_pressure: np.ndarray  # [F, N, Pa]
    wall_position: np.ndarray  # [F, 4, m]: left, right, bottom, top
    wall_force: np.ndarray  # [F, 4, N]
    coordination_number: np.ndarray  # [F]
    porosity: np.ndarray  # [F]
    reaction_area: np.ndarray  # AM-SE contact area of the whole box, from the overlaps [F, m^2]
    contacts: dict[str, np.ndarray]  # i, j, normal_force, ... [C]; j < 0 is a wall
    provenance: dict[str, str] = field(repr=False)  # config as JSON, seed and code_digest of the file

    @property
    def final_box(self) -> tuple[float, float, float, float]:
        """Positions of the left, right, bottom and top wall after compression [m]."""
        return tuple(float(edge) for edge in self.wall_position[-1])

    @property
    def final_width(self) -> float:
        """Configured width after compression, under pressure control the narrowest allowed [um]."""
        return json.loads(self.provenance["config"])["compression"]["final_width_um"]

    def contact_pairs(self) -> np.ndarray:
        """Type of each contact: ``"AM-AM"``, ``"AM-SE"``, ``"SE-SE"``, or ``"wall"`` [C]."""
        i, j = self.contacts["i"], self.contacts["j"]
        am = (self.species[i] == AM).astype(int) + (self.species[np.maximum(j, 0)] == AM)
        return np.where(j < 0, "wall", np.array(["SE-SE", "AM-SE", "AM-AM"])[am])


def read_trajectories(path: str | PathLike) -> Iterator[Trajectory]:
    """Yield the structures of one file, in the order of their names.

    Raises
    ------
    ValueError
        If the file is missing, truncated, damaged or not a trajectory; the message names it.
    """
    try:
        check_seal(path)
        with h5py.File(path) as file:
            provenance = {name: str(file["parameters"].attrs[name]) for name in file["parameters"].attrs}
            for name in sorted(file["particles"]):
                yield _read_structure(file, name, provenance)
    except (AttributeError, OSError, KeyError, RuntimeError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path} cannot be read as a trajectory: {error}. Delete it and run the workflow again."
        ) from error


def _read_structure(file: h5py.File, name: str, provenance: dict[str, str]) -> Trajectory:
    particles, observables = file["particles"][name], file["observables"][name]
    trajectory = Trajectory(
        name=name,
        drawn=json.loads(file["parameters"][name].attrs["drawn"]),
        box=_array(particles["box/edges"]),
        species=_array(particles["species"]),
        radius=_array(particles["radius"]),
        position=_array(particles["position/value"]),
        contact_pressure=_array(particles["contact_pressure/value"]),
        wall_position=_array(observables["wall_position/value"]),
        wall_force=_array(observables["wall_force/value"]),
        coordination_number=_array(observables["coordination_number/value"]),
        porosity=_array(observables["porosity/value"]),
        reaction_area=_array(observables["reaction_area/value"]),
        contacts={column: _array(values) for column, values in observables["contacts"].items()},
        provenance=provenance,
    )
    frames, count = trajectory.position.shape[:1], trajectory.radius.shape
    contacts = trajectory.contacts["i"].shape
    shapes = {
        "box": (2,),
        "species": count,
        "position": (*frames, *count, 2),
        "contact_pressure": (*frames, *count),
        "wall_position": (*frames, 4),
        "wall_force": (*frames, 4),
        "coordination_number": frames,
        "porosity": frames,
        "reaction_area": frames,
    }
    arrays = {quantity: getattr(trajectory, quantity) for quantity in shapes} | trajectory.contacts
    shapes |= {column: contacts for column in trajectory.contacts} | {"contact_point": (*contacts, 2)}
    for quantity, values in arrays.items():
        if values.shape != shapes[quantity]:
            raise ValueError(
                f"{quantity} of {name} must have the shape {shapes[quantity]}, got {values.shape}"
            )
    return trajectory


def _array(dataset: h5py.Dataset) -> np.ndarray:
    check_declared(dataset.file.filename, dataset.nbytes)
    return dataset[:]
