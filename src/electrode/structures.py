"""Read HDF5 trajectories (docs/data-formats.md)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from inspect import signature
from typing import Any, TypeVar

import h5py
import numpy as np

from electrode.species import AM, PARTICLE_PAIRS
from electrode.trajectory import BOX, CONTACTS, LAYOUTS, check_quantity, dataset_path, names_in
from provenance import FilePath, check_declared, check_seal

Kind = TypeVar("Kind")


@dataclass(frozen=True)
class Trajectory:
    """One structure: N particles, F frames (first before, last after compression), C final contacts."""

    name: str
    drawn: dict[str, Any]  # what the structure was made from: width_m, uncovered_fraction, replicate, ...
    box: np.ndarray  # width and height before compression [2, m]
    species: np.ndarray  # [N], SE or AM
    radius: np.ndarray  # [N, m]
    time: np.ndarray  # [F, s]
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
        """Type of each contact, see `contact_pairs` [C]."""
        return contact_pairs(self.species, self.contacts)


@dataclass(frozen=True)
class PressedPacking:
    """One sample in space: N spheres, W walls, F frames (the last at rest), C contacts at rest."""

    name: str
    drawn: dict[str, Any]  # what it was made from: am_volume_fraction, replicate, packing, pressure_Pa, ...
    periodic: tuple[bool, ...]  # whether the box repeats itself along x, y, z
    box: np.ndarray  # widths and height before pressing [3, m]
    species: np.ndarray  # [N], SE or AM
    radius: np.ndarray  # [N, m]
    step: np.ndarray  # [F]
    time: np.ndarray  # [F, s]
    position: np.ndarray  # [F, N, 3, m]
    contact_pressure: np.ndarray  # [F, N, Pa]
    stress_tensor: np.ndarray  # [F, N, 3, 3, Pa], compression positive
    wall_position: np.ndarray  # [F, W, m]: floor, piston, sides of a die if any
    wall_force: np.ndarray  # [F, W, N]
    pressure: np.ndarray  # on the piston [F, Pa]
    relative_density: np.ndarray  # volume of all spheres / box [F]
    solid_volume_fraction: np.ndarray  # share of the box within spheres [F]
    coordination_number: np.ndarray  # [F, 2, 2]: contacts of a particle of SE, AM with SE, AM
    specific_interface_area: np.ndarray  # AM-SE contact area / box volume [F, 1/m]
    am_coverage: np.ndarray  # share of AM surface that contacts with SE cover [F]; NaN without AM
    contacts: dict[str, np.ndarray]  # i, j, normal_force, ... [C]; j < 0 is a wall
    provenance: dict[str, str] = field(repr=False)  # config as JSON, seed and code_digest of the file

    @property
    def height(self) -> float:
        """Between floor and piston at rest [m]."""
        floor, piston, *_ = self.wall_position[-1].tolist()
        return piston - floor

    def contact_pairs(self) -> np.ndarray:
        """Type of each contact, see `contact_pairs` [C]."""
        return contact_pairs(self.species, self.contacts)


def contact_pairs(species: np.ndarray, contacts: Mapping[str, np.ndarray]) -> np.ndarray:
    """Type of each contact: ``"AM-AM"``, ``"AM-SE"``, ``"SE-SE"``, or ``"wall"`` [C]."""
    i, j = contacts["i"], contacts["j"]
    am = (species[i] == AM).astype(int) + (species[np.maximum(j, 0)] == AM)
    # From the pair without AM to that of two.
    return np.where(j < 0, "wall", np.array(PARTICLE_PAIRS[::-1])[am])


def read_trajectories(path: FilePath) -> Iterator[Trajectory]:
    """Yield the structures in the plane of one file, in the order of their names, see `_read`."""
    return _read(path, {"planar": Trajectory})


def read_packings(path: FilePath) -> Iterator[PressedPacking]:
    """Yield the samples in space of one file, in the order of their names, see `_read`."""
    return _read(path, {"spatial": PressedPacking})


def read_structures(path: FilePath) -> Iterator[Trajectory | PressedPacking]:
    """Yield what one file holds, in the plane or in space, in the order of their names, see `_read`."""
    return _read(path, {"planar": Trajectory, "spatial": PressedPacking})


def presses(packings: Iterable[PressedPacking]) -> dict[str, list[PressedPacking]]:
    """Samples under load by packing, each in order of time; those let back are left out."""
    pressed: dict[str, list[PressedPacking]] = {}
    for sample in packings:
        if "unloaded_to_Pa" not in sample.drawn:
            pressed.setdefault(sample.drawn["packing"], []).append(sample)
    return {
        packing: sorted(samples, key=lambda sample: sample.time[-1]) for packing, samples in pressed.items()
    }


def _read(path: FilePath, kinds: Mapping[str, Callable[..., Kind]]) -> Iterator[Kind]:
    """Yield the structures of one file, in the order of their names.

    Raises
    ------
    ValueError
        If the file is missing, truncated, damaged, no trajectory, or of another geometry; the message names
        it, and advises to delete it only if it is the content that is wrong.
    """
    try:
        check_seal(path)
        with h5py.File(path) as file:
            provenance = {name: str(file["parameters"].attrs[name]) for name in file["parameters"].attrs}
            holds = provenance.pop("geometry", "planar")
            if holds in kinds:
                for name in sorted(file["particles"]):
                    yield _read_structure(file, name, provenance, holds, kinds[holds])
    except (AttributeError, OSError, KeyError, RuntimeError, TypeError, ValueError) as error:
        raise ValueError(f"{path} cannot be read as a trajectory: {error}{_advice(error)}") from error
    if holds not in kinds:
        raise ValueError(
            f"{path} must hold structures of geometry: {' or '.join(kinds)} for this step, got {holds}"
        )


def _advice(error: Exception) -> str:
    """What to do about a file that cannot be read: it may be good where the system refuses it."""
    if isinstance(error, OSError) and "unable to lock" in str(error):
        return ". The file may be good: set HDF5_USE_FILE_LOCKING=FALSE to read it without a lock."
    if isinstance(error, OSError) and error.errno is not None:
        return ""
    return ". Delete it and run the workflow again."


def _read_structure(
    file: h5py.File, name: str, provenance: dict[str, str], geometry: str, kind: Callable[..., Kind]
) -> Kind:
    quantities, shared, _ = LAYOUTS[geometry]
    contacts = [column for column in names_in(CONTACTS, quantities) if column in file[CONTACTS.format(name)]]
    fields = signature(kind).parameters
    own = [quantity for quantity in fields if quantity in quantities]
    datasets = {
        quantity: file[dataset_path(quantity, name, quantities)] for quantity in ("edges", *own, *contacts)
    }
    arrays: dict[str, Any] = {quantity: _array(dataset) for quantity, dataset in datasets.items()}
    lengths = {"wall": arrays["wall_position"].shape[-1], **shared} | {
        "frame": len(arrays["position"]),
        "particle": len(arrays["radius"]),
        "contact": len(arrays["i"]),
    }
    for quantity, values in arrays.items():
        check_quantity(quantity, name, values, datasets[quantity].attrs.get("units"), lengths, quantities)
    if "periodic" in fields:
        boundary = file[BOX.format(name)].attrs["boundary"]
        arrays["periodic"] = tuple(str(each) == "periodic" for each in boundary)
    return kind(
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
