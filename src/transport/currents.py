"""Where the current runs through one packing, for those who draw it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from electrode.species import AM, NAMES, SE
from electrode.structures import PressedPacking, Trajectory, presses, read_packings
from provenance import FilePath, atomic_output
from transport.measures import Conductor, conduction_of, read_conductors, word
from transport.network import network_of


def currents_of(structure: PressedPacking | Trajectory, species: int, conductor: Conductor) -> xr.Dataset:
    """Current and loss in each contact of one phase at 1 V between the electrodes.

    Returns
    -------
    xarray.Dataset
        ``start``, ``end`` [contact, axis, m], the centres of the particles; ``current`` [contact, A],
        ``loss`` [contact, W]; attributes ``sample``, ``phase``, ``state`` and ``relative_conductivity``.
        Contacts without current are left out, those with electrodes too.
    """
    network = network_of(structure)
    conduction = conduction_of(network, species, conductor)
    carries = (conduction.current != 0) & (network.j >= 0)
    i, j, current = network.i[carries], network.j[carries], conduction.current[carries]
    position = structure.position[-1]
    loss = current * (conduction.potential[i] - conduction.potential[j])
    units = {"start": "m", "end": "m", "current": "A", "loss": "W"}
    values: dict[str, Any] = {
        "start": (("contact", "axis"), position[i]),
        "end": (("contact", "axis"), position[j]),
        "current": ("contact", np.abs(current)),
        "loss": ("contact", loss),
    }
    return xr.Dataset(
        {name: (*column, {"units": units[name]}) for name, column in values.items()},
        attrs={
            "sample": structure.name,
            "phase": NAMES[species],
            "state": word(network, species, conduction),
            "relative_conductivity": conduction.conductivity / conductor.conductivity,
        },
    )


def write_currents(trajectory: FilePath, output: FilePath, materials: Mapping[str, Any], code: str) -> None:
    """Write `currents_of` SE, of the first packing of a file under its highest pressure, as NetCDF.

    Parameters
    ----------
    trajectory
        HDF5 file of packings in space.
    output
        NetCDF file.
    materials
        Section ``transport`` of the configuration.
    code
        Digest of the code, for the record.
    """
    packing = next(iter(presses(read_packings(trajectory)).values()))[-1]
    # AM alone has no SE to show.
    species = SE if (packing.species == SE).any() else AM
    dataset = currents_of(packing, species, read_conductors(materials)[species])
    dataset.attrs["code_digest"] = code
    with atomic_output(output, seal=True) as temporary:
        dataset.to_netcdf(temporary, engine="h5netcdf")
