"""Conduction in all structures of a study, to one NetCDF file."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from electrode.conduction import CONDUCTION
from electrode.structures import read_structures
from provenance import FilePath, atomic_output
from transport.measures import read_conductors, transport_values
from transport.network import network_of

log = logging.getLogger(__name__)


def write_transport(
    trajectories: Sequence[FilePath],
    output: FilePath,
    materials: Mapping[str, Any],
    study: str,
    code: str,
) -> None:
    """Measure conduction in all structures at rest of a study.

    Parameters
    ----------
    trajectories
        HDF5 files, in the plane or in space.
    output
        NetCDF file with the variables of `electrode.conduction.CONDUCTION` by ``sample``.
    materials
        Section ``transport`` of the configuration.
    study
        Name of the study, for the title.
    code
        Digest of the code, for the record.
    """
    conductors = read_conductors(materials)
    rows: dict[str, dict[str, float]] = {}
    for count, path in enumerate(trajectories, 1):
        for structure in read_structures(path):
            rows[structure.name] = transport_values(network_of(structure), conductors)
        log.info("%d of %d trajectories read", count, len(trajectories))
    names = sorted(rows)
    columns = {
        name: (
            "sample",
            np.array([rows[sample][name] for sample in names], "i1" if declared.kind == "i" else float),
            {"units": declared.unit, "long_name": declared.meaning},
        )
        for name, declared in CONDUCTION.items()
    }
    dataset = xr.Dataset(
        columns,
        {"sample": ("sample", names)},
        attrs={
            "title": f"conduction in the structures of the study {study!r}",
            "Conventions": "CF-1.11",
            "code_digest": code,
            **{key: float(value) for key, value in materials.items()},
        },
    )
    with atomic_output(output, seal=True) as temporary:
        dataset.to_netcdf(temporary, engine="h5netcdf")
