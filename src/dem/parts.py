"""Structures that a job has finished, kept beside its output until that is whole.

A job that is killed thus loses only the structures it was at: the next attempt takes the others from here.
"""

from __future__ import annotations

import json
import logging
import shutil
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from dem.filling.spatial import Packing
from dem.measure.stress import ContactList
from dem.state import Frame, SpatialFrame
from dem.structure import Structure
from dem.trajectory import Compressed
from provenance import FilePath, atomic_output

log = logging.getLogger(__name__)
T = TypeVar("T")

# What a part is made of, in the plane and in space.
KINDS: dict[str, tuple[Any, Any]] = {"planar": (Structure, Frame), "spatial": (Packing, SpatialFrame)}


@dataclass(frozen=True)
class Parts:
    """Finished structures of one job.

    Parameters
    ----------
    folder
        Made with the first of them.
    key
        What they are made from. Those of another key are none of ours.
    """

    folder: Path
    key: str

    def keep(self, run: Compressed) -> None:
        """Write one structure, every bit of it, unless another attempt at the output ends and removes all."""
        arrays = {f"structure.{name}": value for name, value in run.structure._asdict().items()}
        arrays |= {f"contacts.{name}": value for name, value in run.contacts._asdict().items()}
        for name in type(run.frames[0])._fields:
            arrays[f"frames.{name}"] = np.stack([getattr(frame, name) for frame in run.frames])
        self.keep_arrays(run.name, geometry=run.geometry, drawn=json.dumps(run.drawn), **arrays)

    def keep_arrays(self, name: str, **arrays: Any) -> None:
        """Write arrays, texts and numbers as they are, in the same way."""
        with suppress(FileNotFoundError), atomic_output(self._path(name)) as temporary:
            np.savez(temporary, key=self.key, **arrays)

    def find(self, name: str) -> Compressed | None:
        """One structure as it was kept; None if it is not there, damaged, or made from something else."""

        def read(file: Mapping[str, Any]) -> Compressed:
            structure_kind, frame_kind = KINDS[str(file["geometry"])]
            structure = {field: file[f"structure.{field}"] for field in structure_kind._fields}
            contacts = {field: file[f"contacts.{field}"] for field in ContactList._fields}
            columns = [file[f"frames.{field}"] for field in frame_kind._fields]
            # Numbers are no arrays.
            plain = {field: value[()] for field, value in structure.items()}
            frames = [frame_kind(*values) for values in zip(*columns, strict=True)]
            drawn = json.loads(str(file["drawn"]))
            return Compressed(name, drawn, structure_kind(**plain), frames, ContactList(**contacts))

        return self._read(name, read)

    def find_arrays(self, name: str) -> dict[str, np.ndarray] | None:
        """What `keep_arrays` wrote; None as of `find`."""
        return self._read(name, lambda file: {key: file[key] for key in file if key != "key"})

    def _read(self, name: str, read: Callable[[Mapping[str, Any]], T]) -> T | None:
        path = self._path(name)
        try:
            with open(path, "rb") as opened, np.load(opened, allow_pickle=False) as file:
                return read(file) if str(file["key"]) == self.key else None
        except FileNotFoundError:
            return None
        except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
            log.warning("%s is damaged, its structure is made anew: %s", path, error)
            return None

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.npz"


@contextmanager
def unfinished(output: FilePath, key: str) -> Iterator[Parts]:
    """Parts of a job, removed when `output` is there, by this attempt or by another one at the same time."""
    output = Path(output)
    parts = Parts(output.with_name(f".{output.name}.parts"), key)
    try:
        yield parts
    finally:
        if output.exists():
            shutil.rmtree(parts.folder, ignore_errors=True)
