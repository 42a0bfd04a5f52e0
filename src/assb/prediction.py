"""Predictions for files: one row of a table, one segmented picture and one figure for each."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import xarray as xr
from PIL import Image

from assb.names import file_names
from assb.picture import read_picture
from cnn.bundle import Bundle
from cnn.image import predict
from cnn.segmentation import BRIGHTNESS
from electrode.targets import target_row
from provenance import atomic_output

# Endings of the table's columns; truth is known of what was simulated.
SUFFIXES = {"_dem": "truth", "": "prediction", "_low": "low", "_high": "high"}
# Gray values of void, SE and AM, as in the paper's images.
SHOWN = np.array([0, 255, 128], np.uint8)


class Predicted(NamedTuple):
    """A file and what became of it."""

    path: Path
    found: xr.Dataset | None  # from `cnn.predict`
    problem: str | None  # why there is none


def predict_files(
    paths: Sequence[str | PathLike],
    output: str | PathLike,
    figures: str | PathLike | None,
    model: Bundle,
    um_per_pixel: float | None = None,
    brightness: Sequence[str] = BRIGHTNESS,
    thresholds: Sequence[float] | None = None,
    done: Callable[[Predicted], object] = lambda one: None,
) -> list[Predicted]:
    """Predict image files; those that cannot be are passed over.

    Parameters
    ----------
    paths
        PNG or TIFF files.
    output
        CSV table to write, one row per image predicted; not written if there is none.
    figures
        Folder for ``<name>_segmented.png`` and ``<name>_prediction.png`` of each image; without it the
        segmented picture alone, beside the table.
    model
        From `cnn.bundle.read_bundle`.
    um_per_pixel
        Side of a pixel of all images [um]; without it each file must state its own.
    brightness, thresholds
        Of `cnn.segmentation.segment`.
    done
        Told each file once it is through.
    """
    folder = Path(figures) if figures is not None else Path(output).parent
    results = []
    for path, name in zip(map(Path, paths), file_names(paths), strict=True):
        try:
            found = predict_file(
                path,
                path.name,
                folder / name,
                figures is not None,
                model,
                um_per_pixel,
                brightness,
                thresholds,
            )
        except ValueError as error:
            results.append(Predicted(path, None, f"{path}: {error}"))
        else:
            results.append(Predicted(path, found, None))
        done(results[-1])
    rows = [{"image": str(one.path), **columns(one.found)} for one in results if one.found is not None]
    if rows:
        write_table(rows, output)
    return results


def predict_file(
    file: str | PathLike | BinaryIO,
    title: str,
    stem: Path,
    figure: bool,
    model: Bundle,
    um_per_pixel: float | None = None,
    brightness: Sequence[str] = BRIGHTNESS,
    thresholds: Sequence[float] | None = None,
) -> xr.Dataset:
    """Predict one image; write ``<stem>_segmented.png`` and, if wanted, ``<stem>_prediction.png``.

    Parameters
    ----------
    file
        PNG or TIFF, its path or the open file.
    title
        Of the figure.
    stem
        Path that the names of the pictures begin with.
    figure
        Whether to draw the figure.
    model, um_per_pixel, brightness, thresholds
        As for `predict_files`.

    Raises
    ------
    ValueError
        If the image cannot be read or predicted.
    """
    picture = read_picture(file, um_per_pixel)
    found = predict(*picture, model=model, brightness=brightness, thresholds=thresholds, heat=figure)
    with atomic_output(stem.with_name(f"{stem.name}_segmented.png")) as temporary:
        scale = (25_400 / found.attrs["um_per_pixel"],) * 2
        Image.fromarray(SHOWN[found["class_image"].values]).save(temporary, dpi=scale)
    if figure:
        # On demand: drawing costs more than predicting.
        from assb.figure import save_prediction

        save_prediction(*picture, found, title, stem.with_name(f"{stem.name}_prediction.png"))
    return found


def columns(found: xr.Dataset) -> dict[str, float | int | str]:
    """Row of the table for one prediction; every name carries its unit.

    For each target the truth of the DEM, where known, its value, and the ends of its 90 % interval; then what
    else is known. The standard deviation between windows is empty for a single one.
    """
    row: dict[str, float | int | str] = {}
    between = {}
    for target in found["target"].values:
        one = found.sel(target=target)
        display = target_row(str(target), str(one["target_units"].values)).display
        unit, factor = display.column, display.factor
        for suffix, name in SUFFIXES.items():
            if name not in found:
                continue
            row[f"{target}{suffix}_{unit}"] = f"{factor * float(one[name]):.6g}"
        spread = float(one["between_windows"])
        between[f"{target}_between_windows_{unit}"] = "" if np.isnan(spread) else f"{factor * spread:.6g}"
    for phase in ("AM", "SE", "void"):
        row[f"{phase.lower()}_fraction"] = f"{float(found['phase_fraction'].sel(phase=phase)):.4f}"
    row["verdict"] = found.attrs["verdict"]
    row["reasons"] = found.attrs["reasons"]
    row["distance"] = f"{float(found['distance'].median()):.3f}"
    row["windows"] = found.sizes["window"]
    return row | between


def write_table(rows: Sequence[Mapping[str, float | int | str]], output: str | PathLike) -> None:
    """Write rows of the same columns as CSV."""
    with atomic_output(output) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
