"""One xarray dataset from all trajectories of a study: built, written, and read again."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import h5netcdf
import numpy as np
import xarray as xr

from analysis.conduction import conduction_in, read_conduction
from analysis.images import am_particles, class_image, image_window, particle_image, stress_map
from analysis.labels import structure_values, target_values
from analysis.split import folds
from analysis.variables import PADDED, VARIABLES, check
from electrode.phases import PHASES
from electrode.species import PARTICLE_PAIRS, SOLIDS
from electrode.structures import read_trajectories
from electrode.targets import TARGETS, target_row
from provenance import FilePath, atomic_output, check_declared, check_seal
from provenance.netcdf import READING_ERRORS

log = logging.getLogger(__name__)

DATA_VARIABLES = ("image", "label", "stress_map", "split", *PADDED)
# Written structure by structure, and read when asked for: those of a large study do not fit into memory.
STREAMED = ("image", "stress_map")
PACKED = {"shuffle": True, "fletcher32": True}


def open_dataset(path: FilePath) -> xr.Dataset:
    """Open a dataset and check it; all but the variables `STREAMED` is then in memory.

    Raises
    ------
    ValueError
        If it cannot be read or does not match `analysis.variables.VARIABLES`; the message names the file.
    """
    try:
        check_seal(path)
        dataset = xr.open_dataset(path, engine="h5netcdf")
        check_declared(path, dataset.nbytes)
        for name, variable in dataset.variables.items():
            if name not in STREAMED:
                variable.load()
        check(dataset)
    except READING_ERRORS as error:
        raise ValueError(f"{path} cannot be read as a dataset of a study: {error}") from error
    return dataset


def build_dataset(
    trajectories: Sequence[FilePath],
    output: FilePath,
    image: Mapping[str, float],
    split: Mapping[str, float],
    seed: int,
    study: str,
    code: str,
    transport: FilePath | None = None,
    more_targets: Sequence[str] = (),
) -> None:
    """Turn all trajectories of a study into one NetCDF4 file.

    Images and stress maps go to the file one structure after the other: memory does not grow with them.

    Parameters
    ----------
    trajectories
        HDF5 files.
    output
        NetCDF file; appears under this name when complete.
    image
        ``um_per_pixel``, ``crop_um`` and ``stress_cell_um``.
    split
        Shares of ``train``, ``validation`` and ``test``.
    seed
        Root seed of the split.
    study
        Name of the study, for the title.
    code
        Digest of the code. With those of the trajectories' code it is the ``code_digest`` of the dataset:
        networks refuse datasets of another.
    transport
        NetCDF file of conduction in the same structures; None: the dataset has no such variables.
    more_targets
        Of these variables, those that are targets too, after the `TARGETS`.

    Raises
    ------
    ValueError
        If a file cannot be read, a structure lacks a number, or one of `more_targets` is the same in all.
    """
    conduction = read_conduction(transport)
    targets = [*TARGETS, *more_targets]
    rows: list[dict[str, Any]] = []
    provenance: set[str] = set()
    codes: set[str] = set()
    with atomic_output(output, seal=True) as temporary:
        with h5netcdf.File(temporary, "w") as file:
            for count, path in enumerate(trajectories, 1):
                for trajectory in read_trajectories(path):
                    window = image_window(trajectory, **image)
                    particle = particle_image(trajectory, window)
                    pixels = class_image(trajectory, window, particle)
                    stress = stress_map(trajectory, window, particle)
                    append_images(file, len(rows), image=pixels, stress_map=stress)
                    conducted = conduction_in(trajectory.name, conduction)
                    label = [*target_values(trajectory, window), *(conducted[name] for name in more_targets)]
                    rows.append(
                        {"sample": trajectory.name, "label": np.array(label)}
                        | structure_values(trajectory, window, pixels)
                        | am_particles(trajectory, window, particle)
                        | conducted
                    )
                    codes.add(trajectory.provenance["code_digest"])
                    provenance.add(json.dumps(trajectory.provenance, sort_keys=True))
                log.info("%d of %d trajectories read", count, len(trajectories))
        most = max(len(row["particle_x"]) for row in rows)
        for row in rows:
            row |= {name: padded(row[name], most) for name in PADDED}
        columns: dict[str, Any] = {name: np.array([row[name] for row in rows]) for name in rows[0]}
        _check_spread(columns["label"], targets)
        parts = folds(columns["width"], columns["uncovered_fraction"], split, seed, columns["replicate"])
        columns |= {
            "phase": list(SOLIDS),
            "split": np.stack(list(parts.values())),
            "fold": list(parts),
            "study": [study] * len(rows),
            "target": targets,
            "target_units": [target_row(name).unit for name in targets],
            "pair": list(PARTICLE_PAIRS),
            # As in the narrowest box: each structure has its own place for the image under pressure control.
            "x": replace(window, left=image["crop_um"] / 1e6).x,
            "y": window.y,
        }
        dataset = _declared(columns)
        dataset.attrs = {
            "um_per_pixel": image["um_per_pixel"],
            "title": f"compressed structures of the study {study!r}: images and targets",
            "Conventions": "CF-1.11",
            "code_digest": " ".join([code, *sorted(codes)]),
            "trajectory_provenance": sorted(provenance),
        }
        dataset.to_netcdf(temporary, mode="a", engine="h5netcdf", encoding=encoding(dataset))
        with xr.open_dataset(temporary, engine="h5netcdf") as written:
            check(written)


def _check_spread(labels: np.ndarray, targets: Sequence[str]) -> None:
    """Raise ValueError if one of the targets that are none by default is the same in all structures."""
    for name, values in zip(targets, labels.T, strict=True):
        if name not in TARGETS and len(values) > 1 and np.ptp(values) == 0:
            raise ValueError(
                f"more_targets: {name} must differ between structures for a network to learn it, got "
                f"{values[0]:g} in all {len(values)}"
            )


def padded(values: np.ndarray, length: int) -> np.ndarray:
    """Values along the last axis, and not a number up to this length."""
    missing = length - values.shape[-1]
    return np.pad(values, [(0, 0)] * (values.ndim - 1) + [(0, missing)], constant_values=np.nan)


def _declared(columns: Mapping[str, object]) -> xr.Dataset:
    """The variables of which there are columns, with the dimensions and attributes of `VARIABLES`."""
    variables = {
        name: (declared.dims, columns[name], {"units": declared.units, "long_name": declared.long_name})
        for name, declared in VARIABLES.items()
        if name in columns
    }
    data = {name: variables.pop(name) for name in DATA_VARIABLES if name in variables}
    return xr.Dataset(data, variables)


def append_images(file: h5netcdf.File, number: int, **values: np.ndarray) -> None:
    """Write the variables `STREAMED` of one structure, the `number`-th; of the first, make them."""
    if number == 0:
        file.dimensions["sample"] = None
        for name, array in values.items():
            declared = VARIABLES[name]
            for dim, size in zip(declared.dims[1:], array.shape, strict=True):
                file.dimensions[dim] = size
            missing = np.nan if declared.kind == "f" else None
            variable = file.create_variable(
                name,
                declared.dims,
                array.dtype,
                fillvalue=missing,
                chunks=(1, *array.shape),
                compression="gzip",
                compression_opts=4,
                **PACKED,
            )
            variable.attrs.update({"units": declared.units, "long_name": declared.long_name})
        file["image"].attrs["flag_values"] = np.arange(len(PHASES), dtype=np.uint8)
        file["image"].attrs["flag_meanings"] = " ".join(PHASES)
    file.resize_dimension("sample", number + 1)
    for name, array in values.items():
        file[name][number] = array


def encoding(dataset: xr.Dataset) -> dict[str, dict[str, Any]]:
    """Numbers are compressed, with checksums."""
    packed = {"zlib": True, "complevel": 4, **PACKED}
    return {str(name): packed for name, variable in dataset.variables.items() if variable.dtype.kind in "uif"}


def write_netcdf(dataset: xr.Dataset, output: FilePath) -> None:
    """Write a dataset as NetCDF4, compressed and with checksums; the file appears when complete."""
    with atomic_output(output, seal=True) as temporary:
        dataset.to_netcdf(temporary, engine="h5netcdf", encoding=encoding(dataset))
