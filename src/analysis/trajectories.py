"""Read HDF5 trajectories (docs/data-formats.md)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any

import h5py
import numpy as np

from electrode.species import AM, PARTICLE_PAIRS
from electrode.trajectory import CONTACTS, PLANAR, QUANTITIES, check_quantity, dataset_path, names_in
from provenance import FilePath, check_declared, check_seal


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
        left, right, bottom, top = self.wall_position[-1].tolist()
        return left, right, bottom, top

    @property
    def final_width(self) -> float:
        """Configured width after compression, under pressure control the narrowest allowed [um]."""
        return json.loads(self.provenance["config"])["compression"]["final_width_um"]

    def contact_pairs(self) -> np.ndarray:
        """Type of each contact: ``"AM-AM"``, ``"AM-SE"``, ``"SE-SE"``, or ``"wall"`` [C]."""
        i, j = self.contacts["i"], self.contacts["j"]
        am = (self.species[i] == AM).astype(int) + (self.species[np.maximum(j, 0)] == AM)
        # From the pair without AM to that of two.
        return np.where(j < 0, "wall", np.array(PARTICLE_PAIRS[::-1])[am])


def read_trajectories(path: FilePath) -> Iterator[Trajectory]:
    """Yield the structures of one file, in the order of their names.

    Raises
    ------
    ValueError
        If the file is missing, truncated, damaged or not a trajectory; the message names it, and advises to
        delete it only if it is the content that is wrong.
    """
    try:
        check_seal(path)
        with h5py.File(path) as file:
            provenance = {name: str(file["parameters"].attrs[name]) for name in file["parameters"].attrs}
            for name in sorted(file["particles"]):
                yield _read_structure(file, name, provenance)
    except (AttributeError, OSError, KeyError, RuntimeError, TypeError, ValueError) as error:
        raise ValueError(f"{path} cannot be read as a trajectory: {error}{_advice(error)}") from error


def _advice(error: Exception) -> str:
    """What to do about a file that cannot be read: it may be good where the system refuses it."""
    if isinstance(error, OSError) and "unable to lock" in str(error):
        return ". The file may be good: set HDF5_USE_FILE_LOCKING=FALSE to read it without a lock."
    if isinstance(error, OSError) and error.errno is not None:
        return ""
    return ". Delete it and run the workflow again."


def _read_structure(file: h5py.File, name: str, provenance: dict[str, str]) -> Trajectory:
    contacts = [column for column in names_in(CONTACTS) if column in file[CONTACTS.format(name)]]
    own = [quantity.name for quantity in fields(Trajectory) if quantity.name in QUANTITIES]
    datasets = {quantity: file[dataset_path(quantity, name)] for quantity in ("edges", *own, *contacts)}
    arrays = {quantity: _array(dataset) for quantity, dataset in datasets.items()}
    lengths = PLANAR | {
        "frame": len(arrays["position"]),
        "particle": len(arrays["radius"]),
        "contact": len(arrays["i"]),
    }
    for quantity, values in arrays.items():
        check_quantity(quantity, name, values, datasets[quantity].attrs.get("units"), lengths)
    return Trajectory(
        name=name,
        drawn=json.loads(file["parameters"][name].attrs["drawn"]),
        box=arrays.pop("edges"),
        contacts={column: arrays.pop(column) for column in contacts},
        provenance=provenance,
        **arrays,
    )


def _array(dataset: h5py.Dataset) -> np.ndarray:
    check_declared(dataset.file.filename, dataset.nbytes)
    return dataset[:]
