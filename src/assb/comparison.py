"""One electrode compressed by DEM and read by the ensemble: the truth beside the prediction."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import xarray as xr

from analysis.images import Window, class_image, image_window
from analysis.labels import TARGETS, target_values
from analysis.trajectories import Trajectory, read_trajectories
from assb.simulation import simulate_electrode
from cnn.bundle import Bundle
from cnn.image import predict
from dem.frames import Frame

MOST_PACKINGS = 1000


class Setting(NamedTuple):
    """A number to choose an electrode by."""

    title: str
    low: float
    high: float
    step: float
    unit: str
    start: float


def settings(config: Mapping[str, Any]) -> dict[str, Setting]:
    """What can be chosen, within what the structures of a study span: there the ensemble has learnt."""
    grid, filling = config["grid"], config["structure"]
    ranges = {
        "width_um": ("Width before compression", grid["widths_um"], 0.5, "µm"),
        "uncovered_fraction": ("Uncovered fraction", grid["uncovered_fractions"], 0.01, ""),
        "am_diameter_um": ("Mean AM diameter", filling["am_mean_diameter_um"], 0.5, "µm"),
    }
    found = {}
    for name, (title, values, step, unit) in ranges.items():
        low, high = min(values), max(values)
        start = round(low + round((high - low) / 2 / step) * step, 6)
        found[name] = Setting(title, low, high, step, unit, start)
    found["packing"] = Setting("Random packing, number", 1, MOST_PACKINGS, 1, "", 1)
    return found


def check_settings(allowed: Mapping[str, Setting], given: Mapping[str, Any]) -> dict[str, float]:
    """The numbers chosen.

    Raises
    ------
    ValueError
        If one is missing, none, or out of bounds.
    """
    values = {}
    for name, setting in allowed.items():
        unit = f" {setting.unit.replace('µ', 'u')}".rstrip()
        bounds = f"{name} must be in [{setting.low:g}, {setting.high:g}]{unit}"
        try:
            value = float(given[name])
        except (KeyError, TypeError, ValueError):
            text = str(given.get(name, "none")) or "an empty text"
            raise ValueError(f"{bounds}, got {text:.40}") from None
        if not setting.low <= value <= setting.high:
            raise ValueError(f"{bounds}, got {value:g}{unit}")
        values[name] = value
    if values["packing"] % 1:
        raise ValueError(f"packing must be a whole number, got {values['packing']:g}")
    return values


class Compared(NamedTuple):
    """A compressed electrode, and what the ensemble says of its image."""

    trajectory: Trajectory
    window: Window  # that the image shows
    found: xr.Dataset  # from `cnn.predict`, with the ``truth`` of the DEM


def compare(
    config: Mapping[str, Any],
    chosen: Mapping[str, float],
    model: Bundle,
    done: Callable[[Frame], object] = lambda frame: None,
) -> Compared:
    """Compress an electrode, take its image, predict it.

    Parameters
    ----------
    config
        Configuration, such as ``config/config.yaml``.
    chosen
        From `check_settings`.
    model
        From `cnn.bundle.read_bundle`.
    done
        Told each frame that the DEM records.

    Raises
    ------
    ValueError, RuntimeError
        If the structure cannot be filled, does not come to rest, or its image cannot be predicted.
    """
    size = [chosen["am_diameter_um"]] * 2
    config = {**config, "structure": {**config["structure"], "am_mean_diameter_um": size}}
    # Replicates of the study are what the ensemble was trained on: these come after them.
    replicate = config["grid"]["replicates"] - 1 + round(chosen["packing"])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "electrode.h5"
        simulate_electrode(config, chosen["width_um"], chosen["uncovered_fraction"], replicate, path, done)
        (trajectory,) = read_trajectories(path)
    window = image_window(trajectory, **config["image"])
    # Row 0 of our images is the bottom one, that of pictures the top one.
    image = class_image(trajectory, window)[::-1]
    found = predict(image, config["image"]["um_per_pixel"], model=model)
    truth = xr.DataArray(target_values(trajectory, window), {"target": list(TARGETS)}, name="truth")
    return Compared(trajectory, window, found.assign(truth=truth))
