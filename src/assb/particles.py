"""The stress on every AM particle of a predicted image, as a table."""

from __future__ import annotations

import csv

import numpy as np
import xarray as xr

from cnn.image import ON_PARTICLES
from electrode.targets import target_row
from provenance import FilePath, atomic_output

UNIT = target_row(ON_PARTICLES).display
# Columns of the table: centre from the left and the top edge of the image, as its viewers count.
COLUMNS = (
    *("particle", "x_um", "y_um", "diameter_um"),
    *(f"stress{end}_{UNIT.column}" for end in ("", "_low", "_high")),
    "cut_by_border",
)


def write_particles(result: xr.Dataset, output: FilePath) -> None:
    """Write the particles of an image as CSV, one row each; `COLUMNS` carry their units.

    Stress that is withheld leaves its cells empty.

    Parameters
    ----------
    result
        From `cnn.predict`.
    output
        CSV file to write.
    """
    lengths = [1e6 * result[f"particle_{name}"].values for name in ("x", "y", "diameter")]
    stress = [UNIT.factor * result[f"particle_{name}"].values for name in ("stress", "low", "high")]
    numbers = np.column_stack([*lengths, *stress])
    with atomic_output(output) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        for k, (row, cut) in enumerate(zip(numbers, result["particle_cut"].values, strict=True), 1):
            numbers_of_it = ("" if np.isnan(number) else f"{number:.6g}" for number in row)
            table.writerow([k, *numbers_of_it, int(cut)])
