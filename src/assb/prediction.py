"""Predictions for files: one row of a table, one segmented picture and one figure for each."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
import xarray as xr
from PIL import Image

from assb.lighting import lighting_notes
from assb.picture import AS_STATED, UM_PER_INCH, Acquisition, Picture, read_picture
from assb.rendering import Rendering, render, table_row
from cnn.bundle import Bundle
from cnn.image import predict
from electrode.phases import DARK_TO_BRIGHT, GRAY_VALUES, PHASES
from provenance import FilePath, atomic_output
from study.names import file_names


class Predicted(NamedTuple):
    """A file and what became of it."""

    path: Path
    shown: Rendering | None
    problem: str | None  # why there is none


def predict_files(
    paths: Sequence[FilePath],
    output: FilePath,
    figures: FilePath | None,
    model: Bundle,
    acquisition: Acquisition = AS_STATED,
    done: Callable[[Predicted], object] = lambda predicted: None,
) -> list[Predicted]:
    """Predict image files; those that cannot be are passed over.

    Parameters
    ----------
    paths
        TIFF, PNG or JPEG files.
    output
        CSV table to write, one row per image predicted; not written if there is none.
    figures
        Folder for ``<name>_segmented.png`` and ``<name>_prediction.png`` of each image; without it the
        segmented picture alone, beside the table.
    model
        From `cnn.bundle.read_bundle`.
    acquisition
        Of all images.
    done
        Told each file once it is through.
    """
    folder = Path(figures) if figures is not None else Path(output).parent
    results = []
    for path, name in zip(map(Path, paths), file_names(paths), strict=True):
        try:
            result = predict_file(path, path.name, folder / name, figures is not None, model, acquisition)
        except ValueError as error:
            results.append(Predicted(path, None, f"{path}: {error}"))
        else:
            results.append(Predicted(path, render(result), None))
        done(results[-1])
    rows = [{"image": str(path), **table_row(shown)} for path, shown, _ in results if shown is not None]
    if rows:
        write_table(rows, output)
    return results


def predict_file(
    file: FilePath | IO[bytes],
    title: str,
    stem: Path,
    figure: bool,
    model: Bundle,
    acquisition: Acquisition = AS_STATED,
) -> xr.Dataset:
    """Predict one image; write ``<stem>_segmented.png`` and, if wanted, ``<stem>_prediction.png``.

    Parameters
    ----------
    file
        TIFF, PNG or JPEG, its path or the open file.
    title
        Of the figure.
    stem
        Path that the names of the pictures begin with.
    figure
        Whether to draw the figure.
    model, acquisition
        As for `predict_files`.

    Raises
    ------
    ValueError
        If the image cannot be read or predicted.
    """
    picture = _read(file, acquisition)
    result = predict(
        *picture,
        gray=True,
        model=model,
        brightness=acquisition.brightness,
        thresholds=acquisition.thresholds,
        heat=figure,
    )
    # Readers see both at one place, the table as well.
    pixels = result.attrs["um_per_pixel"] / picture.um_per_pixel
    notes = [
        *picture.notes,
        *_levels_as_gray(picture, acquisition.brightness),
        *lighting_notes(picture.gray, result["class_image"].values, pixels),
    ]
    result.attrs["reasons"] = "; ".join(filter(None, (*notes, result.attrs["reasons"])))
    with atomic_output(stem.with_name(f"{stem.name}_segmented.png")) as temporary:
        dots = UM_PER_INCH / result.attrs["um_per_pixel"]
        Image.fromarray(GRAY_VALUES[result["class_image"].values]).save(temporary, dpi=(dots, dots))
    if figure:
        # On demand: drawing costs more than predicting.
        from assb.figure import save_prediction

        save_prediction(picture, result, title, stem.with_name(f"{stem.name}_prediction.png"))
    return result


def _read(file: FilePath | IO[bytes], acquisition: Acquisition) -> Picture:
    if acquisition.page is None:
        return read_picture(file, acquisition.um_per_pixel)
    return read_picture(file, acquisition.um_per_pixel, acquisition.page)


def _levels_as_gray(picture: Picture, brightness: Sequence[str]) -> list[str]:
    """A note that levels 0, 1, 2 are gray values in files, unless their order was told."""
    levels = set(np.unique(picture.gray[:: max(1, len(picture.gray) // 50)]).tolist())
    if levels != set(range(len(PHASES))) or tuple(brightness) != DARK_TO_BRIGHT:
        return []
    return [f"its levels 0, 1, 2 were taken for {', '.join(DARK_TO_BRIGHT)} (brightness)"]


def write_table(rows: Sequence[Mapping[str, float | int | str]], output: FilePath) -> None:
    """Write rows of the same columns as CSV."""
    with atomic_output(output) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
