"""How structures respond to compression: curves over the frames, and stress of the particles at rest."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from analysis.dataset import write_netcdf
from analysis.images import Window, image_window
from analysis.labels import stress_in, wall_pressure
from electrode.species import AM, SOLIDS
from electrode.structures import Trajectory, read_trajectories
from electrode.trajectory import LEFT, MOVING
from provenance import FilePath

log = logging.getLogger(__name__)

LEVELS = np.linspace(0, 1, 101)
SETTINGS = ("width_m", "uncovered_fraction", "pressure_Pa")
# Name in the file: dimensions, units, long_name.
VARIABLES = {
    "wall_position": (("sample", "frame"), "m", "distance between the moving and the opposite wall"),
    "wall_pressure": (("sample", "frame"), "Pa", "force on the moving wall / (its height x SE diameter)"),
    "coordination_number": (("sample", "frame"), "1", "mean number of particles that a particle touches"),
    "porosity": (("sample", "frame"), "1", "share of the box that no particle covers"),
    "am_surface_coverage": (("sample", "frame"), "1", "AM-SE contact area / sphere surface of AM, whole box"),
    "reaction_area": (("sample", "frame"), "m2", "AM-SE contact area from the overlaps, whole box"),
    "stress_quantile": (
        ("sample", "phase", "level"),
        "Pa",
        "quantiles of the contact pressure on the particles of a phase in the image, at rest",
    ),
    "stress_skewness": (
        ("sample", "phase"),
        "1",
        "skewness of the contact pressure on the particles of a phase in the image, at rest",
    ),
    "particles": (("sample", "phase"), "1", "number of particles of a phase in the image"),
}


def skewness(values: np.ndarray) -> float:
    """Third moment about the mean / cube of the standard deviation; 0 where all are equal."""
    deviation = values - values.mean()
    return float(np.mean(deviation**3) / values.std() ** 3) if values.std() > 0 else 0.0


def response_values(trajectory: Trajectory, window: Window) -> dict[str, object]:
    """One structure, by the names of `VARIABLES`."""
    area = trajectory.reaction_area
    surface = 4 * np.pi * np.sum(trajectory.radius[trajectory.species == AM] ** 2)
    stress = [stress_in(trajectory, window, species) for species in SOLIDS.values()]
    return {
        "wall_position": trajectory.wall_position[:, MOVING] - trajectory.wall_position[:, LEFT],
        "wall_pressure": wall_pressure(trajectory),
        "coordination_number": trajectory.coordination_number,
        "porosity": trajectory.porosity,
        "am_surface_coverage": area / surface,
        "reaction_area": area,
        "stress_quantile": [np.quantile(values, LEVELS) for values in stress],
        "stress_skewness": [skewness(values) for values in stress],
        "particles": [values.size for values in stress],
    }


def write_response(trajectories: Sequence[FilePath], output: FilePath, image: Mapping[str, float]) -> None:
    """Collect all structures of a study in one NetCDF4 file, along ``sample``.

    Parameters
    ----------
    trajectories
        HDF5 files.
    output
        NetCDF file.
    image
        ``um_per_pixel``, ``crop_um`` and ``stress_cell_um``.
    """
    samples, settings, values = [], [], []
    for count, path in enumerate(trajectories, 1):
        for trajectory in read_trajectories(path):
            window = image_window(trajectory, **image)
            samples.append(trajectory.name)
            settings.append([trajectory.drawn[name] for name in SETTINGS if name in trajectory.drawn])
            values.append(response_values(trajectory, window))
        log.info("%d of %d trajectories read", count, len(trajectories))
    width, fraction, *pressure = np.array(settings).T
    response = xr.Dataset(
        {
            name: (dims, np.array([row[name] for row in values]), {"units": units, "long_name": meaning})
            for name, (dims, units, meaning) in VARIABLES.items()
        },
        {
            "sample": samples,
            "phase": list(SOLIDS),
            "level": ("level", LEVELS, {"units": "1", "long_name": "share of the particles below"}),
            "width": ("sample", width, {"units": "m", "long_name": "width of the box before compression"}),
            "uncovered_fraction": (
                "sample",
                fraction,
                {"units": "1", "long_name": "setting: share of the box not covered by AM"},
            ),
        },
        {"title": "compressed structures: response to the compression", "Conventions": "CF-1.11"},
    )
    if pressure:
        attributes = {"units": "Pa", "long_name": "setting: pressure on the moving wall"}
        response = response.assign_coords(pressure=("sample", pressure[0], attributes))
    write_netcdf(response, output)
