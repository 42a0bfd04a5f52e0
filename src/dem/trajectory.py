"""HDF5 trajectories in the H5MD 1.1 layout, described in docs/data-formats.md."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from os import fsencode
from typing import Any, NamedTuple

import h5py
import numpy as np

from dem.measure.stress import ContactList
from dem.parameters import SECTIONS
from dem.state import Frame
from dem.structure import Structure
from electrode.species import SOLIDS
from electrode.trajectory import BOX, OBSERVABLES, PLANAR, QUANTITIES, is_element
from provenance import FilePath, atomic_output


class Compressed(NamedTuple):
    """One structure from filling to rest."""

    name: str  # of its groups in a file
    drawn: dict[str, Any]  # what it was made from, for JSON
    structure: Structure
    frames: list[Frame]
    contacts: ContactList  # of the last frame


@contextmanager
def open_trajectory(path: FilePath, config: Mapping[str, Any], code: str) -> Iterator[h5py.File]:
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


def _new_file(path: FilePath) -> h5py.File:
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


def _element(group: h5py.Group, name: str, values: Any, units: str, clock: h5py.Group) -> None:
    """A time-dependent H5MD element; step and time are hard links to one pair of datasets."""
    element = _group(group, name)
    element["step"], element["time"] = clock["step"], clock["time"]
    _dataset(element, "value", values, units)


def write_structure(file: h5py.File, run: Compressed) -> None:
    """Write one compressed structure: what `electrode.trajectory` declares, and what was drawn."""
    box = _group(file, BOX.format(run.name))
    box.attrs["dimension"] = np.int32(PLANAR["axis"])
    box.attrs["boundary"] = ["none"] * PLANAR["axis"]
    values = _values(run)
    for name, declared in QUANTITIES.items():
        group = _group(file, declared.group.format(run.name))
        if is_element(name):
            _element(group, name, values[name], declared.unit, file[OBSERVABLES.format(run.name)])
        else:
            _dataset(group, name, values[name], declared.unit)
    _group(file, f"parameters/{run.name}").attrs["drawn"] = json.dumps(run.drawn)


def _values(run: Compressed) -> dict[str, Any]:
    """All `QUANTITIES` of a structure."""
    structure, frames = run.structure, run.frames
    numbers = h5py.enum_dtype(SOLIDS, basetype="i1")
    recorded = {name: np.array([getattr(frame, name) for frame in frames]) for name in Frame._fields}
    return {
        **recorded,
        **run.contacts._asdict(),
        "edges": np.array([structure.width, structure.height]),
        "species": structure.species.astype(numbers),
        "radius": structure.radius,
        "position": np.stack([recorded["x"], recorded["y"]], axis=-1),
    }
