"""One xarray dataset of sections through all samples of a study in space, with truths of whole packings."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import h5netcdf
import numpy as np
import xarray as xr

from analysis.dataset import DATA_VARIABLES, append_images, encoding
from analysis.images import classes, mean_over_cells, section_window
from analysis.press_dataset import VARIABLES as PRESSED
from analysis.press_dataset import open_dataset as open_samples
from analysis.sections import cut, random_sections
from analysis.split import section_folds
from analysis.variables import VARIABLES as PLANAR
from analysis.variables import Variable, check
from electrode.species import SOLIDS
from electrode.structures import read_packings
from electrode.targets import LOG_CONDUCTIVITY, SECTION_TARGETS
from provenance import FilePath, atomic_output, check_declared, check_seal
from provenance.netcdf import READING_ERRORS

log = logging.getLogger(__name__)

_PER_SAMPLE = ("sample",)
# Taken over from the dataset of the samples.
OF_SAMPLES = (
    *("packing", "am_volume_fraction", "pressure", "unloaded_to", "replicate", "seed"),
    *("am_mean_diameter_drawn", "am_sd_diameter_drawn"),
)
# Everything such a dataset holds; docs/data-formats.md shows this table.
VARIABLES = {
    **{name: PLANAR[name] for name in ("image", "stress_map", "phase", "split", "fold", "target")},
    **{name: PLANAR[name] for name in ("target_units", "seed", "replicate", "study")},
    "label": Variable(("sample", "target"), "f", "see target_units", "truths of the packing, from the DEM"),
    "sample": Variable(_PER_SAMPLE, "U", "1", "name of the section"),
    "pressed": Variable(_PER_SAMPLE, "U", "1", "name of the sample that is cut, as in dataset.nc"),
    "orientation": Variable(_PER_SAMPLE, "U", "1", "how the section lies to the press: along or across"),
    "depth": Variable(_PER_SAMPLE, "f", "m", "place of the section along its normal"),
    **{name: PRESSED[name] for name in ("am_volume_fraction", "pressure", "unloaded_to", "packing")},
    "am_mean_diameter_drawn": PLANAR["am_mean_diameter_drawn"],
    "am_sd_diameter_drawn": PLANAR["am_sd_diameter_drawn"],
    "x": Variable(("x",), "f", "m", "distance from the left edge of the section"),
    "y": Variable(("y",), "f", "m", "distance from its bottom edge"),
}
# What hangs on whether the pressure is still borne: particles part by nanometres when it is let go; no image
# shows it. Of samples let back these are not known.
UNDER_LOAD = {
    *("am_stress_mean", "am_stress_sd", "se_stress_mean", "se_stress_sd"),
    *("am_utilisation", "am_percolates"),
}
# Not a number: of what still bears its pressure; the logarithm of nothing; of `UNDER_LOAD`.
MAY_LACK = {"unloaded_to", "label"}


def build_sections(
    samples: FilePath,
    trajectories: Sequence[FilePath],
    output: FilePath,
    sections: Mapping[str, Any],
    split: Mapping[str, float],
    seed: int,
    code: str,
) -> None:
    """Cut all samples of a study in space, and write images and truths to one NetCDF4 file.

    Parameters
    ----------
    samples
        Dataset of the study (`analysis.press_dataset.build_dataset`), with conduction.
    trajectories
        HDF5 files of its samples.
    output
        NetCDF file; appears under this name when complete.
    sections
        ``per_sample``, ``side_um``, ``um_per_pixel``, ``margin_um`` and ``stress_cell_um`` of the images, and
        ``targets``, of `electrode.targets.SECTION_TARGETS`; those `UNDER_LOAD` are known of samples that bear
        their pressure.
    split
        Shares of ``train``, ``validation`` and ``test`` of the packings.
    seed
        Root seed of places of the sections and of the splits.
    code
        Digest of the code. With those of the samples it is the ``code_digest`` of the dataset.

    Raises
    ------
    ValueError
        If a file cannot be read, a section does not fit into a sample, or a target is no number or the same
        in all samples.
    """
    known = open_samples(samples)
    targets = list(sections["targets"])
    labels = _labels(known, targets)
    place_of = {name: k for k, name in enumerate(known["sample"].values.tolist())}
    parts = section_folds(
        known["am_volume_fraction"].values,
        known["pressure"].values,
        known["packing"].values,
        known["split"].values[0],
        split,
        seed,
    )
    window = section_window(sections)
    rows: list[dict[str, Any]] = []
    with atomic_output(output, seal=True) as temporary:
        with h5netcdf.File(temporary, "w") as file:
            for count, path in enumerate(trajectories, 1):
                for packing in read_packings(path):
                    place = place_of[packing.name]
                    shown = {name: known[name].values[place] for name in OF_SAMPLES}
                    side, margin = window.columns * window.pixel, sections["margin_um"] / 1e6
                    for k, section in enumerate(
                        random_sections(packing, sections["per_sample"], side, margin, seed)
                    ):
                        particle = cut(packing, section, window)
                        image = classes(packing.species, particle)
                        stress = packing.contact_pressure[-1]
                        stress = mean_over_cells(packing.species, stress, particle, window.cell)
                        append_images(file, len(rows), image=image, stress_map=stress)
                        rows.append(
                            {
                                "sample": f"{packing.name}_section-{k}",
                                "label": labels[place],
                                "split": [part[place] for part in parts.values()],
                                "pressed": packing.name,
                                "orientation": section.orientation,
                                "depth": section.depth,
                                **shown,
                            }
                        )
                log.info("samples of %d of %d trajectories cut", count, len(trajectories))
        columns: dict[str, Any] = {name: np.array([row[name] for row in rows]) for name in rows[0]}
        columns |= {
            "split": columns["split"].T,
            "fold": list(parts),
            "study": [known["study"].values[0]] * len(rows),
            "phase": list(SOLIDS),
            "target": targets,
            "target_units": [SECTION_TARGETS[name].unit for name in targets],
            "x": window.x,
            "y": window.y,
        }
        dataset = xr.Dataset(
            {
                name: (VARIABLES[name].dims, values, _described(VARIABLES[name]))
                for name, values in columns.items()
            },
            attrs={
                "um_per_pixel": sections["um_per_pixel"],
                "title": f"sections through packings of the study {known['study'].values[0]!r}",
                "geometry": "spatial",
                "region": "packing",
                "Conventions": "CF-1.11",
                "code_digest": " ".join([code, known.attrs["code_digest"]]),
                "trajectory_provenance": known.attrs["trajectory_provenance"],
            },
        )
        coordinates = [name for name in columns if name not in DATA_VARIABLES]
        dataset = dataset.set_coords(coordinates)
        dataset.to_netcdf(temporary, mode="a", engine="h5netcdf", encoding=encoding(dataset))
        with xr.open_dataset(temporary, engine="h5netcdf") as written:
            check(written, VARIABLES, (), MAY_LACK)


def _described(declared: Variable) -> dict[str, str]:
    return {"units": declared.units, "long_name": declared.long_name}


def _labels(known: xr.Dataset, targets: Sequence[str]) -> np.ndarray:
    """Truths of the samples [N, targets], SI units; NaN where they are not known."""
    columns, loaded = [], np.isnan(known["unloaded_to"].values)
    for name in targets:
        if name == LOG_CONDUCTIVITY:
            relative = known["ionic_conductivity_relative"].values
            values = np.full(relative.shape, np.nan)
            np.log10(relative, out=values, where=relative > 0)
        else:
            values = known[name].values.astype(float)
            if not np.isfinite(values).all():
                lacking = known["sample"].values[~np.isfinite(values)][0]
                raise ValueError(f"sections.targets: {name} is no number of {lacking}: it lacks a phase")
        if name in UNDER_LOAD:
            values = np.where(loaded, values, np.nan)
        there = values[np.isfinite(values)]
        if not there.size or np.ptp(there) == 0:
            got = f"{there[0]:g} in all {there.size}" if there.size else "no number in any"
            raise ValueError(
                f"sections.targets: {name} must differ between samples for a network to learn it, got {got}"
            )
        columns.append(values)
    return np.stack(columns, axis=1)


def open_sections(path: FilePath) -> xr.Dataset:
    """Open such a dataset, check it and load it.

    Raises
    ------
    ValueError
        If it cannot be read or does not match `VARIABLES`; the message names the file.
    """
    try:
        check_seal(path)
        with xr.open_dataset(path, engine="h5netcdf") as dataset:
            check_declared(path, dataset.nbytes)
            check(dataset, VARIABLES, (), MAY_LACK)
            dataset.load()
    except READING_ERRORS as error:
        raise ValueError(f"{path} cannot be read as a dataset of sections: {error}") from error
    return dataset
