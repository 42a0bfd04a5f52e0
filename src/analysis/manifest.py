"""What a dataset was made from, with checksums: ``manifest.json``."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import h5py
import xarray as xr

from analysis import dataset as planar
from analysis import press_dataset as spatial
from provenance import FilePath, atomic_output, check_seal
from provenance.netcdf import READING_ERRORS

PACKAGES = ("numpy", "h5py", "h5netcdf", "xarray")


def write_manifest(dataset: FilePath, sources: Sequence[FilePath], output: FilePath) -> None:
    """Record seeds, code digests, versions and checksums of a dataset and the files it is made from.

    Parameters
    ----------
    dataset
        NetCDF file of a study, in the plane or in space.
    sources
        Trajectories (HDF5), or the datasets that were joined.
    output
        JSON file; the files it names are relative to its folder.

    Raises
    ------
    ValueError
        If a file cannot be read; the message names it.
    """
    output = Path(output)
    opened = _opened(dataset)
    pixels = opened.attrs.get("um_per_pixel")
    manifest = {
        "title": opened.attrs["title"],
        "structures": opened.sizes["sample"],
        "dataset": {
            **_file(Path(dataset), output.parent),
            "code_digest": opened.attrs["code_digest"],
            **({} if pixels is None else {"um_per_pixel": float(pixels)}),
        },
        "sources": [
            {**_file(Path(path), output.parent), **_origin(Path(path))} for path in sorted(map(str, sources))
        ],
        "versions_of_this_job": {"python": platform.python_version()}
        | {name: version(name) for name in PACKAGES},
    }
    with atomic_output(output) as temporary:
        temporary.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def verify_manifest(path: FilePath) -> int:
    """Compare all files of a manifest with their checksums.

    Returns
    -------
    int
        Number of files.

    Raises
    ------
    ValueError
        If it cannot be read as a manifest, or files are missing or changed; the message names them all.
    """
    path = Path(path)
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        files = {entry["file"]: entry["sha256"] for entry in (manifest["dataset"], *manifest["sources"])}
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} cannot be read as a manifest: {error}") from error
    problems = []
    for name, expected in files.items():
        file = path.parent / name
        if not file.is_file():
            problems.append(f"{file} is missing")
        elif (actual := _sha256(file)) != expected:
            problems.append(f"{file} has SHA-256 {actual}, the manifest says {expected}")
    if problems:
        raise ValueError("\n".join(problems))
    return len(files)


def _opened(path: FilePath) -> xr.Dataset:
    """A dataset of a study, checked as one of its geometry."""
    try:
        check_seal(path)
        with xr.open_dataset(path, engine="h5netcdf") as shut:
            in_space = shut.attrs.get("geometry") == "spatial"
    except READING_ERRORS as error:
        raise ValueError(f"{path} cannot be read as a dataset of a study: {error}") from error
    return spatial.open_dataset(path) if in_space else planar.open_dataset(path)


def _file(path: Path, folder: Path) -> dict[str, object]:
    # Not resolved: results are often linked to another disk.
    return {
        "file": Path(os.path.relpath(path, folder)).as_posix(),
        "bytes": path.stat().st_size,
        "sha256": _sha256(path),
    }


def _origin(path: Path) -> dict[str, object]:
    try:
        check_seal(path)
        with h5py.File(path) as file:
            if "parameters" not in file:
                return {"code_digest": str(file.attrs["code_digest"])}
            return {name: str(file["parameters"].attrs[name]) for name in ("seed", "code_digest")}
    except (OSError, KeyError, RuntimeError, ValueError) as error:
        raise ValueError(f"{path} cannot be read as a trajectory or a dataset: {error}") from error


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
