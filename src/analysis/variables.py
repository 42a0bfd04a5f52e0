"""The table that declares the variables of a dataset, and what is checked against it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np
import xarray as xr

from electrode.conduction import CONDUCTION


class Variable(NamedTuple):
    """Declaration of one variable of the dataset."""

    dims: tuple[str, ...]
    kind: str  # numpy kind: u, i, f, U (text)
    units: str
    long_name: str


_PER_SAMPLE = ("sample",)

# Of conduction, in the plane and in space.
CONDUCTION_VARIABLES = {
    name: Variable(_PER_SAMPLE, declared.kind, declared.unit, declared.meaning)
    for name, declared in CONDUCTION.items()
}

# Everything a dataset holds; docs/data-formats.md shows this table.
VARIABLES = {
    "image": Variable(
        ("sample", "y", "x"), "u", "1", "phase of each pixel after compression: 0 void, 1 SE, 2 AM"
    ),
    "label": Variable(("sample", "target"), "f", "see target_units", "targets of the network, from the DEM"),
    "stress_map": Variable(
        ("sample", "phase", "cell_y", "cell_x"),
        "f",
        "Pa",
        "mean contact pressure over the pixels of a phase in each cell, 0 where there are none",
    ),
    "particle_x": Variable(
        ("sample", "particle"), "f", "m", "centre of an AM particle in the image, from its left edge"
    ),
    "particle_y": Variable(("sample", "particle"), "f", "m", "the same from its bottom edge"),
    "particle_diameter": Variable(("sample", "particle"), "f", "m", "diameter of the particle"),
    "particle_stress": Variable(("sample", "particle"), "f", "Pa", "contact pressure on the particle"),
    "phase": Variable(("phase",), "U", "1", "phase of the stress map"),
    "split": Variable(("fold", "sample"), "U", "1", "part of the sample: train, validation or test"),
    "fold": Variable(("fold",), "U", "1", "split of the study: at random, or what it holds out for the test"),
    "sample": Variable(_PER_SAMPLE, "U", "1", "name of the structure"),
    "target": Variable(("target",), "U", "1", "name of the target"),
    "target_units": Variable(("target",), "U", "1", "units of the target"),
    "pair": Variable(("pair",), "U", "1", "pair of species in contact"),
    "x": Variable(("x",), "f", "m", "distance from the left wall, along the compression"),
    "y": Variable(("y",), "f", "m", "distance from the bottom wall"),
    "study": Variable(_PER_SAMPLE, "U", "1", "study that the structure belongs to"),
    "width": Variable(_PER_SAMPLE, "f", "m", "width of the box before compression"),
    "uncovered_fraction": Variable(_PER_SAMPLE, "f", "1", "setting: share of the box not covered by AM"),
    "pressure": Variable(_PER_SAMPLE, "f", "Pa", "setting: pressure on the moving wall"),
    "replicate": Variable(_PER_SAMPLE, "i", "1", "number of the replicate"),
    "seed": Variable(
        _PER_SAMPLE, "i", "1", "root seed; the spawn key is width, uncovered fraction, replicate"
    ),
    "am_mean_diameter_drawn": Variable(_PER_SAMPLE, "f", "m", "mean of the distribution of AM diameters"),
    "am_sd_diameter_drawn": Variable(
        _PER_SAMPLE, "f", "m", "standard deviation of the distribution of AM diameters"
    ),
    "am_mean_diameter": Variable(_PER_SAMPLE, "f", "m", "mean diameter of the AM particles"),
    "am_sd_diameter": Variable(_PER_SAMPLE, "f", "m", "standard deviation of the AM diameters"),
    "am_count": Variable(_PER_SAMPLE, "i", "1", "number of AM particles"),
    "particle_count": Variable(_PER_SAMPLE, "i", "1", "number of particles"),
    "am_box_fraction": Variable(_PER_SAMPLE, "f", "1", "share of the box covered by AM before compression"),
    "am_disc_fraction": Variable(_PER_SAMPLE, "f", "1", "disc area of AM / disc area of all particles"),
    "am_solid_fraction": Variable(_PER_SAMPLE, "f", "1", "AM pixels / solid pixels of the image"),
    "porosity": Variable(_PER_SAMPLE, "f", "1", "void pixels / pixels of the image"),
    "am_surface": Variable(_PER_SAMPLE, "f", "m2", "sphere surface of AM whose centre the image shows"),
    "am_surface_coverage": Variable(
        _PER_SAMPLE, "f", "1", "area of AM-SE contacts of that AM / its sphere surface"
    ),
    "am_circumference_coverage": Variable(
        _PER_SAMPLE, "f", "1", "share of the circumference of that AM in contact with SE"
    ),
    "coordination_number": Variable(
        _PER_SAMPLE, "f", "1", "mean number of particles that a particle touches"
    ),
    "wall_pressure": Variable(
        _PER_SAMPLE, "f", "Pa", "force on the moving wall / (its height x SE diameter), at rest"
    ),
    "contact_count": Variable(("sample", "pair"), "i", "1", "number of contacts"),
    "contact_force_mean": Variable(("sample", "pair"), "f", "N", "mean normal contact force"),
    **CONDUCTION_VARIABLES,
}
# The first of studies that compress to a pressure only; in joined studies not a number for structures that
# were not. The others where conduction was measured.
OPTIONAL = {"pressure", *CONDUCTION_VARIABLES}
# Not a number behind the last particle of an image.
PADDED = ("particle_x", "particle_y", "particle_diameter", "particle_stress")
# Structures looked at together where all are to be seen.
SLICE = 256


def check(
    dataset: xr.Dataset,
    variables: Mapping[str, Variable] = VARIABLES,
    optional: Collection[str] = OPTIONAL,
    may_lack: Collection[str] = PADDED,
) -> None:
    """Compare a dataset with the table of its variables.

    Parameters
    ----------
    dataset
        In the plane, or in space (`analysis.press_dataset`).
    variables
        What it must hold.
    optional
        Of these, those that it need not hold.
    may_lack
        Others in which not every value is a number.

    Raises
    ------
    ValueError
        Naming the first variable that is missing, unknown or of wrong dimensions, type or units, or that
        holds values that are not finite.
    """
    for attribute in ("code_digest", *(["um_per_pixel"] if "image" in variables else [])):
        if attribute not in dataset.attrs:
            raise ValueError(f"it has no attribute {attribute}: made by an older version?")
    present = set(map(str, dataset.variables))
    missing, unknown = sorted({*variables} - {*optional} - present), sorted(present - {*variables})
    if missing or unknown:
        raise ValueError(f"dataset lacks the variables {missing} and has the unknown ones {unknown}")
    for name, declared in variables.items():
        if name not in present:
            continue
        variable = dataset[name]
        if variable.dims != declared.dims:
            raise ValueError(f"{name} must have dimensions {declared.dims}, got {variable.dims}")
        kind = "U" if variable.dtype.kind in "OTU" else variable.dtype.kind
        if kind != declared.kind:
            raise ValueError(f"{name} must be of kind {declared.kind!r}, got {variable.dtype}")
        for attribute in ("units", "long_name"):
            wanted, got = getattr(declared, attribute), variable.attrs.get(attribute)
            if got != wanted:
                raise ValueError(f"{name} must have {attribute} {wanted!r}, got {got!r}")
        whole = kind == "f" and name not in optional and name not in may_lack
        slices = range(0, len(variable), SLICE) if whole else ()
        if not all(np.isfinite(variable[first : first + SLICE].values).all() for first in slices):
            raise ValueError(f"{name} must be finite")
