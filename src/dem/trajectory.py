"""HDF5 trajectories in the H5MD 1.1 layout, described in docs/data-formats.md."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from os import PathLike, fsencode
from typing import Any, NamedTuple

import h5py
import numpy as np

from dem.measure.stress import ContactList
from dem.parameters import SECTIONS
from dem.state import Frame
from dem.structure import Structure
from electrode.species import AM, SE
from provenance import atomic_output

# Units of the contact list's columns; the columns are those of `dem.measure.stress.ContactList`.
CONTACT_UNITS = {
    "i": "1",
    "j": "1",
    "overlap": "m",
    "normal_force": "N",
    "tangential_force": "N",
    "equilibrium_overlap": "m",
    "contact_area": "m2",
    "contact_area_from_overlap": "m2",
    "contact_point": "m",
}
# Units of what is recorded per frame, of each particle and of the whole structure; see `dem.state.Frame`.
PARTICLE_UNITS = {"contact_pressure": "Pa", "stress_tensor": "Pa"}
OBSERVABLE_UNITS = {
    "wall_position": "m",
    "wall_force": "N",
    "wall_work": "J",
    "kinetic_energy": "J",
    "elastic_energy": "J",
    "dissipated_work": "J",
    "coordination_number": "1",
    "porosity": "1",
    "reaction_area": "m2",
}


class Compressed(NamedTuple):
    """One structure from filling to rest."""

    name: str  # of its groups in a file
    drawn: dict[str, Any]  # what it was made from, for JSON
    structure: Structure
    frames: list[Frame]
    contacts: ContactList  # of the last frame


@contextmanager
def open_trajectory(path: str | PathLike, config: Mapping[str, Any], code: str) -> Iterator[h5py.File]:
    """Open an HDF5 file for structures; it appears under `path` when all went well.

    Parameters
    ----------
    path
        Of the file to make.
    config
        Configuration; the sections that matter are stored as JSON.
    code
        Digest of the code that makes the content.
    """
    with atomic_output(path, seal=True) as temporary, _new_file(temporary) as file:
        _group(file, "h5md").attrs["version"] = np.array([1, 1], np.int32)
        _group(file, "h5md/author").attrs["name"] = "unknown"
        _group(file, "h5md/creator").attrs.update({"name": "dem", "version": code})
        parameters = _group(file, "parameters")
        parameters.attrs["config"] = json.dumps({name: config[name] for name in SECTIONS})
        parameters.attrs["seed"] = config["seed"]
        parameters.attrs["code_digest"] = code
        yield file


def _new_file(path: str | PathLike) -> h5py.File:
    """An empty file whose metadata have checksums (format of HDF5 1.10) and no time stamps."""
    creation = h5py.h5p.create(h5py.h5p.FILE_CREATE)
    creation.set_obj_track_times(False)
    access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    access.set_libver_bounds(h5py.h5f.LIBVER_V110, h5py.h5f.LIBVER_V110)
    return h5py.File(h5py.h5f.create(fsencode(path), h5py.h5f.ACC_TRUNC, creation, access))


def _group(parent: h5py.Group, path: str) -> h5py.Group:
    """The group at `path`, made if need be, without the time stamps that h5py gives to groups."""
    creation = h5py.h5p.create(h5py.h5p.GROUP_CREATE)
    creation.set_obj_track_times(False)
    for name in path.split("/"):
        if name not in parent:
            h5py.h5g.create(parent.id, name.encode(), gcpl=creation)
        parent = parent[name]
    return parent


def _dataset(group: h5py.Group, name: str, data: Any, units: str) -> None:
    options = {"compression": "gzip", "shuffle": True, "fletcher32": True}
    group.create_dataset(name, data=data, chunks=np.shape(data), **options).attrs["units"] = units


def _element(group: h5py.Group, name: str, values: list, units: str, clock: h5py.Group) -> None:
    """A time-dependent H5MD element; step and time are hard links to one pair of datasets."""
    element = _group(group, name)
    element["step"], element["time"] = clock["step"], clock["time"]
    _dataset(element, "value", np.array(values), units)


def write_structure(file: h5py.File, run: Compressed) -> None:
    """Write one compressed structure: particles, observables, final contacts and what was drawn."""
    name, frames = run.name, run.frames
    particles = _group(file, f"particles/{name}")
    box = _group(particles, "box")
    box.attrs["dimension"] = np.int32(2)
    box.attrs["boundary"] = ["none", "none"]
    _dataset(box, "edges", np.array([run.structure.width, run.structure.height]), "m")
    clock = _group(file, f"observables/{name}")
    _dataset(clock, "step", np.array([frame.step for frame in frames]), "1")
    _dataset(clock, "time", np.array([frame.time for frame in frames]), "s")

    kinds = h5py.enum_dtype({"SE": SE, "AM": AM}, basetype="i1")
    _dataset(particles, "species", run.structure.species.astype(kinds), "1")
    _dataset(particles, "radius", run.structure.radius, "m")
    positions = [np.stack([frame.x, frame.y], axis=-1) for frame in frames]
    _element(particles, "position", positions, "m", clock)
    for group, quantities in ((particles, PARTICLE_UNITS), (clock, OBSERVABLE_UNITS)):
        for quantity, units in quantities.items():
            _element(group, quantity, [getattr(frame, quantity) for frame in frames], units, clock)
    contacts = _group(clock, "contacts")
    for column, units in CONTACT_UNITS.items():
        _dataset(contacts, column, getattr(run.contacts, column), units)

    _group(file, f"parameters/{name}").attrs["drawn"] = json.dumps(run.drawn)
