"""One xarray dataset from all samples of a study in space, and a table of its means: built, written, read."""

from __future__ import annotations

import csv
import json
import logging
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np
import xarray as xr

from analysis.conduction import conduction_in, read_conduction
from analysis.dataset import write_netcdf
from analysis.split import RANDOM, deal
from analysis.variables import CONDUCTION_VARIABLES, Variable, check
from electrode.conduction import CONDUCTION
from electrode.species import AM, PARTICLE_PAIRS, SOLIDS
from electrode.structures import PressedPacking, read_packings
from electrode.targets import SPATIAL_TARGETS, target_row
from provenance import FilePath, atomic_output, check_declared, check_seal
from provenance.netcdf import READING_ERRORS

log = logging.getLogger(__name__)

_PER_SAMPLE = ("sample",)

# Everything such a dataset holds; docs/data-formats.md shows this table.
VARIABLES = {
    "label": Variable(("sample", "target"), "f", "see target_units", "targets of networks, from the DEM"),
    "split": Variable(("fold", "sample"), "U", "1", "part of the packing: train, validation or test"),
    "fold": Variable(("fold",), "U", "1", "split of the study"),
    "sample": Variable(_PER_SAMPLE, "U", "1", "name of the sample"),
    "target": Variable(("target",), "U", "1", "name of the target"),
    "target_units": Variable(("target",), "U", "1", "units of the target"),
    "pair": Variable(("pair",), "U", "1", "pair of species in contact"),
    "solid": Variable(("solid",), "U", "1", "species of solid"),
    "axis": Variable(("axis",), "U", "1", "axis of space; the piston moves along z"),
    "study": Variable(_PER_SAMPLE, "U", "1", "study that the sample belongs to"),
    "packing": Variable(_PER_SAMPLE, "U", "1", "name of the packing that was pressed"),
    "am_volume_fraction": Variable(
        _PER_SAMPLE, "f", "1", "share of AM in the volume of the solids, as configured"
    ),
    "pressure": Variable(_PER_SAMPLE, "f", "Pa", "that the packing was pressed to"),
    "unloaded_to": Variable(
        _PER_SAMPLE, "f", "Pa", "that it was let back to from there; not a number where it still bears it"
    ),
    "replicate": Variable(_PER_SAMPLE, "i", "1", "number of the packing of this AM share"),
    "seed": Variable(_PER_SAMPLE, "i", "1", "root seed of the study"),
    "am_mean_diameter_drawn": Variable(_PER_SAMPLE, "f", "m", "mean of the distribution of AM diameters"),
    "am_sd_diameter_drawn": Variable(_PER_SAMPLE, "f", "m", "its standard deviation before truncation"),
    "am_mean_diameter": Variable(_PER_SAMPLE, "f", "m", "mean diameter of the AM particles"),
    "am_sd_diameter": Variable(_PER_SAMPLE, "f", "m", "standard deviation of the AM diameters"),
    "am_count": Variable(_PER_SAMPLE, "i", "1", "number of AM particles"),
    "particle_count": Variable(_PER_SAMPLE, "i", "1", "number of particles"),
    "am_share": Variable(_PER_SAMPLE, "f", "1", "share of AM in the volume of the solids, as it came out"),
    "width": Variable(_PER_SAMPLE, "f", "m", "width of the box"),
    "height": Variable(_PER_SAMPLE, "f", "m", "from floor to piston"),
    "piston_pressure": Variable(_PER_SAMPLE, "f", "Pa", "force on the piston / its area"),
    "relative_density": Variable(
        _PER_SAMPLE, "f", "1", "volume of all spheres, overlaps counted twice / volume of the box"
    ),
    "solid_volume_fraction": Variable(_PER_SAMPLE, "f", "1", "share of the box within spheres"),
    "am_coverage": Variable(_PER_SAMPLE, "f", "1", "share of the surface of AM that contacts with SE cover"),
    "specific_interface_area": Variable(_PER_SAMPLE, "f", "1/m", "AM-SE contact area / volume of the box"),
    "interface_area_per_am_volume": Variable(_PER_SAMPLE, "f", "1/m", "AM-SE contact area / volume of AM"),
    "coordination_number": Variable(
        ("sample", "solid", "solid_in_contact"),
        "f",
        "1",
        "mean number of contacts of a particle of one species with those of another",
    ),
    "contact_count": Variable(("sample", "pair"), "i", "1", "number of contacts"),
    "contact_force_mean": Variable(("sample", "pair"), "f", "N", "mean normal contact force"),
    "stress": Variable(
        ("sample", "axis", "axis_of_force"),
        "f",
        "Pa",
        "Love-Weber stress of all spheres, over the volume of the box; compression positive",
    ),
    **{
        f"{solid.lower()}_stress_{name}": Variable(
            _PER_SAMPLE, "f", "Pa", f"{word} of the contact pressure on {solid}"
        )
        for solid in ("AM", "SE")
        for name, word in (("mean", "mean"), ("sd", "standard deviation"))
    },
    **CONDUCTION_VARIABLES,
}
# Not a number where a packing lacks AM or SE, or is still under pressure.
MAY_LACK = {
    *("unloaded_to", "am_coverage", "interface_area_per_am_volume", "coordination_number", "label"),
    *("am_mean_diameter", "am_sd_diameter"),
    *(name for name in VARIABLES if "_stress_" in name),
}
# Of the table of means.
MEASURES = (
    *("relative_density", "solid_volume_fraction", "am_coverage", "specific_interface_area"),
    *("am_stress_mean", "am_stress_sd", "se_stress_mean", "se_stress_sd"),
    *CONDUCTION,
)
COLUMNS = (
    "am_volume_fraction",
    "pressure_MPa",
    "unloaded_to_MPa",
    "packings",
    "measure",
    "unit",
    "mean",
    "sd",
)


def sample_values(packing: PressedPacking) -> dict[str, Any]:
    """Everything recorded of a sample at rest, by the names of `VARIABLES`."""
    drawn, radius, am = packing.drawn, packing.radius, packing.species == AM
    volume = 4 / 3 * np.pi * radius**3
    width, other, _ = packing.box.tolist()
    box = width * other * packing.height
    stress = packing.contact_pressure[-1]
    kinds = packing.contact_pairs()
    forces = [packing.contacts["normal_force"][kinds == pair] for pair in PARTICLE_PAIRS]
    area = float(packing.specific_interface_area[-1]) * box
    am_volume = float(volume[am].sum())
    values: dict[str, Any] = {
        "packing": drawn["packing"],
        "am_volume_fraction": drawn["am_volume_fraction"],
        "pressure": drawn["pressure_Pa"],
        "unloaded_to": drawn.get("unloaded_to_Pa", np.nan),
        "replicate": drawn["replicate"],
        "seed": drawn["seed"]["entropy"],
        "am_mean_diameter_drawn": drawn["am_mean_diameter_m"],
        "am_sd_diameter_drawn": drawn["am_sd_diameter_m"],
        "am_mean_diameter": _of_some(np.mean, 2 * radius[am]),
        "am_sd_diameter": _of_some(np.std, 2 * radius[am]),
        "am_count": np.count_nonzero(am),
        "particle_count": am.size,
        "am_share": am_volume / volume.sum(),
        "width": width,
        "height": packing.height,
        "piston_pressure": packing.pressure[-1],
        "relative_density": packing.relative_density[-1],
        "solid_volume_fraction": packing.solid_volume_fraction[-1],
        "am_coverage": packing.am_coverage[-1],
        "specific_interface_area": packing.specific_interface_area[-1],
        "interface_area_per_am_volume": area / am_volume if am_volume else np.nan,
        "coordination_number": packing.coordination_number[-1],
        "contact_count": [force.size for force in forces],
        "contact_force_mean": [_of_some(np.mean, force, 0.0) for force in forces],
        "stress": np.sum(volume[:, None, None] * packing.stress_tensor[-1], axis=0) / box,
    }
    for solid, number in SOLIDS.items():
        chosen = stress[packing.species == number]
        values[f"{solid.lower()}_stress_mean"] = _of_some(np.mean, chosen)
        values[f"{solid.lower()}_stress_sd"] = _of_some(np.std, chosen)
    return values | {"label": np.array([values[target] for target in SPATIAL_TARGETS])}


def _of_some(statistic: Any, values: np.ndarray, without: float = np.nan) -> float:
    """A statistic of values, and what stands for it where there are none."""
    return float(statistic(values)) if values.size else without


def build_dataset(
    trajectories: Sequence[FilePath],
    output: FilePath,
    split: Mapping[str, float],
    seed: int,
    study: str,
    code: str,
    transport: FilePath | None = None,
) -> None:
    """Turn all samples of a study in space into one NetCDF4 file.

    Parameters
    ----------
    trajectories
        HDF5 files.
    output
        NetCDF file; appears under this name when complete.
    split
        Shares of ``train``, ``validation`` and ``test``; all samples of a packing come into one part.
    seed
        Root seed of the split.
    study
        Name of the study.
    code
        Digest of the code. With those of the trajectories' code it is the ``code_digest`` of the dataset.
    transport
        NetCDF file of conduction in the same samples; None: the dataset has no such variables.
    """
    conduction = read_conduction(transport)
    rows: list[dict[str, Any]] = []
    codes: set[str] = set()
    provenance: set[str] = set()
    for count, path in enumerate(trajectories, 1):
        for packing in read_packings(path):
            conducted = conduction_in(packing.name, conduction)
            rows.append({"sample": packing.name, **sample_values(packing), **conducted})
            codes.add(packing.provenance["code_digest"])
            provenance.add(json.dumps(packing.provenance, sort_keys=True))
        log.info("%d of %d trajectories read", count, len(trajectories))
    rows.sort(key=_place)
    columns: dict[str, Any] = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    columns |= {
        "fold": [RANDOM],
        "split": deal(columns["am_volume_fraction"].tolist(), columns["packing"].tolist(), split, seed)[None],
        "study": [study] * len(rows),
        "target": list(SPATIAL_TARGETS),
        "target_units": [target.unit for target in SPATIAL_TARGETS.values()],
        "pair": list(PARTICLE_PAIRS),
        "solid": [name for name, _ in sorted(SOLIDS.items(), key=lambda item: item[1])],
        "axis": list("xyz"),
    }
    dataset = xr.Dataset(
        {
            name: (declared.dims, columns[name], {"units": declared.units, "long_name": declared.long_name})
            for name, declared in VARIABLES.items()
            if name in columns
        },
        attrs={
            "title": f"packings of the study {study!r} pressed in space",
            "geometry": "spatial",
            "Conventions": "CF-1.11",
            "code_digest": " ".join([code, *sorted(codes)]),
            "trajectory_provenance": sorted(provenance),
        },
    )
    check(dataset, VARIABLES, CONDUCTION, MAY_LACK)
    write_netcdf(dataset, output)


def _place(row: Mapping[str, Any]) -> tuple[float, ...]:
    """Place of a sample in the dataset: as loaded, then as let back, the farthest last."""
    loaded = np.isnan(row["unloaded_to"])
    back = -np.inf if loaded else -row["unloaded_to"]
    return row["am_volume_fraction"], row["replicate"], row["pressure"], back


def open_dataset(path: FilePath) -> xr.Dataset:
    """Open such a dataset and check it.

    Raises
    ------
    ValueError
        If it cannot be read or does not match `VARIABLES`; the message names the file.
    """
    try:
        check_seal(path)
        with xr.open_dataset(path, engine="h5netcdf") as dataset:
            if (geometry := dataset.attrs.get("geometry", "planar")) != "spatial":
                raise ValueError(f"it must be of geometry: spatial, got {geometry}")
            check_declared(path, dataset.nbytes)
            dataset.load()
            check(dataset, VARIABLES, CONDUCTION, MAY_LACK)
    except READING_ERRORS as error:
        raise ValueError(f"{path} cannot be read as a dataset of a study in space: {error}") from error
    return dataset


def write_measures(dataset: FilePath, output: FilePath) -> None:
    """Write a table of means and standard deviations over the packings, in shown units (CSV).

    Parameters
    ----------
    dataset
        NetCDF file of a study in space.
    output
        One row per AM share, pressure, pressure let back to and measure; without those that a packing lacks.
    """
    opened = open_dataset(dataset)
    shown = {
        name: target_row(name, VARIABLES[name].units).display for name in MEASURES if name in opened.variables
    }
    keys = [
        (am, pressure / 1e6, "" if np.isnan(back) else back / 1e6)
        for am, pressure, back in zip(
            *(opened[name].values.tolist() for name in ("am_volume_fraction", "pressure", "unloaded_to")),
            strict=True,
        )
    ]
    order = sorted(range(len(keys)), key=lambda k: (*keys[k][:2], keys[k][2] != "", keys[k][2] or 0))
    with atomic_output(output) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        for key, members in groupby(order, key=lambda k: keys[k]):
            chosen = list(members)
            settings = [f"{part:g}" if part != "" else "" for part in key]
            for name, unit in shown.items():
                values = unit.factor * opened[name].values[chosen]
                if np.isfinite(values).all():
                    sd = f"{values.std(ddof=1):.5g}" if len(chosen) > 1 else ""
                    table.writerow([*settings, len(chosen), name, unit.column, f"{values.mean():.6g}", sd])
