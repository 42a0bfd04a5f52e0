"""HDF5 trajectories in the H5MD 1.1 layout, described in docs/data-formats.md."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from os import fsencode
from typing import Any, NamedTuple

import h5py
import numpy as np

from dem.filling.spatial import Packing
from dem.measure.stress import ContactList
from dem.parameters import SECTIONS, geometry_of
from dem.structure import Structure
from electrode.species import SOLIDS
from electrode.trajectory import BOX, LAYOUTS, OBSERVABLES, is_element
from provenance import FilePath, atomic_output


class Compressed(NamedTuple):
    """One structure, in the plane or in space, from filling to rest."""

    name: str  # of its groups in a file
    drawn: dict[str, Any]  # what it was made from, for JSON
    structure: Structure | Packing
    frames: list[Any]  # `dem.state.Frame` or `SpatialFrame`
    contacts: ContactList  # of the last frame

    @property
    def particles(self) -> int:
        """Their number."""
        return self.structure.radius.size

    @property
    def geometry(self) -> str:
        """One of `electrode.trajectory.LAYOUTS`."""
        return "spatial" if isinstance(self.structure, Packing) else "planar"


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
        if (geometry := geometry_of(config)) != "planar":
            parameters.attrs["geometry"] = geometry
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
    quantities, lengths, may_repeat = LAYOUTS[run.geometry]
    periodic = may_repeat if isinstance(run.structure, Packing) and run.structure.periodic else 0
    box = _group(file, BOX.format(run.name))
    box.attrs["dimension"] = np.int32(lengths["axis"])
    box.attrs["boundary"] = ["periodic"] * periodic + ["none"] * (lengths["axis"] - periodic)
    values = _values(run)
    for name, declared in quantities.items():
        group = _group(file, declared.group.format(run.name))
        if is_element(name, quantities):
            _element(group, name, values[name], declared.unit, file[OBSERVABLES.format(run.name)])
        else:
            _dataset(group, name, values[name], declared.unit)
    _group(file, f"parameters/{run.name}").attrs["drawn"] = json.dumps(run.drawn)


def _values(run: Compressed) -> dict[str, Any]:
    """All quantities of a structure."""
    structure, frames = run.structure, run.frames
    numbers = h5py.enum_dtype(SOLIDS, basetype="i1")
    kind = type(frames[0])
    recorded = {name: np.array([getattr(frame, name) for frame in frames]) for name in kind._fields}
    edges = [structure.width, structure.height]
    if isinstance(structure, Packing):
        edges = [structure.width, *edges]
    else:
        recorded["position"] = np.stack([recorded["x"], recorded["y"]], axis=-1)
    return {
        **recorded,
        **run.contacts._asdict(),
        "species": structure.species.astype(numbers),
        "radius": structure.radius,
        "edges": np.array(edges),
    }
