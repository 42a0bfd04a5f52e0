"""Structures that a job has finished, kept beside its output until that is whole.

A job that is killed thus loses only the structures it was at: the next attempt takes the others from here.
"""

from __future__ import annotations

import json
import logging
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dem.measure.stress import ContactList
from dem.state import Frame
from dem.structure import Structure
from dem.trajectory import Compressed
from provenance import FilePath, atomic_output

log = logging.getLogger(__name__)


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
        for name in Frame._fields:
            arrays[f"frames.{name}"] = np.stack([getattr(frame, name) for frame in run.frames])
        with suppress(FileNotFoundError), atomic_output(self._path(run.name)) as temporary:
            np.savez(temporary, key=self.key, drawn=json.dumps(run.drawn), **arrays)

    def find(self, name: str) -> Compressed | None:
        """One structure as it was kept; None if it is not there, damaged, or made from something else."""
        path = self._path(name)
        try:
            with open(path, "rb") as opened, np.load(opened, allow_pickle=False) as file:
                if str(file["key"]) != self.key:
                    return None
                structure = {field: file[f"structure.{field}"] for field in Structure._fields}
                contacts = {field: file[f"contacts.{field}"] for field in ContactList._fields}
                columns = [file[f"frames.{field}"] for field in Frame._fields]
                drawn = json.loads(str(file["drawn"]))
        except FileNotFoundError:
            return None
        except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
            log.warning("%s is damaged, its structure is made anew: %s", path, error)
            return None
        structure = {field: value[()] for field, value in structure.items()}  # numbers are no arrays
        frames = [Frame(*values) for values in zip(*columns, strict=True)]
        return Compressed(name, drawn, Structure(**structure), frames, ContactList(**contacts))

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
