"""Predictions for files: one row of a table, one segmented picture and one figure for each."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
import xarray as xr
from PIL import Image

from assb.particles import write_particles
from assb.picture import AS_STATED, UM_PER_INCH, Acquisition, Picture, read_picture
from assb.rendering import Rendering, render, table_row
from cnn.bundle import Bundle
from cnn.image import predict
from cnn.sections import combine
from electrode.phases import DARK_TO_BRIGHT, GRAY_VALUES, PHASES
from provenance import FilePath, atomic_output
from provenance.command import check_output, check_output_folder, readable
from study.names import file_names

# Endings of the pictures of an image.
SEGMENTED, PREDICTION = "_segmented.png", "_prediction.png"
# The stress on its AM particles: a table and a picture.
PARTICLES, COLOURED = "_particles.csv", "_particles.png"


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
    anyway: bool = False,
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
        Folder for ``<name>_segmented.png``, ``<name>_particles.csv``, ``<name>_prediction.png`` and
        ``<name>_particles.png`` of each image; without it the first two alone, beside the table.
    model
        From `cnn.bundle.read_bundle`.
    acquisition
        Of all images.
    anyway
        Of `cnn.predict`.
    done
        Told each file once it is through.

    Raises
    ------
    ValueError
        Before any work, if what is to be written is an input, a folder, or a file of another kind.
    OSError
        If something cannot be written; the table then has the rows before.
    """
    results: list[Predicted] = []
    try:
        for predicted, _ in _each(paths, output, figures, model, acquisition, anyway):
            results.append(predicted)
            done(predicted)
    finally:
        # Also of those before an interruption: hours of work may be in them.
        rows = [{"image": readable(path), **table_row(shown)} for path, shown, _ in results if shown]
        if rows:
            write_table(rows, output)
    return results


def predict_electrode(
    paths: Sequence[FilePath],
    output: FilePath,
    figures: FilePath | None,
    model: Bundle,
    acquisition: Acquisition = AS_STATED,
    anyway: bool = False,
    done: Callable[[Predicted], object] = lambda predicted: None,
) -> tuple[list[Predicted], Rendering | None]:
    """Predict image files that are sections of one electrode; those that cannot be read are passed over.

    Parameters are those of `predict_files`; the model is one for packings, and the table has one row.

    Returns
    -------
    list of Predicted, Rendering
        What each section says alone, and the answer of all; None if no file could be read.
    """
    results: list[Predicted] = []
    sections: list[xr.Dataset] = []
    for predicted, result in _each(paths, output, figures, model, acquisition, anyway):
        results.append(predicted)
        sections += [] if result is None else [result]
        done(predicted)
    if not sections:
        return results, None
    shown = render(combine(sections, model))
    read = "; ".join(readable(path) for path, of_it, _ in results if of_it)
    write_table([{"image": read, "sections": shown.sections, **table_row(shown)}], output)
    return results, shown


def _each(
    paths: Sequence[FilePath],
    output: FilePath,
    figures: FilePath | None,
    model: Bundle,
    acquisition: Acquisition,
    anyway: bool,
) -> Iterator[tuple[Predicted, xr.Dataset | None]]:
    """Predict file after file, see `predict_files`."""
    folder = Path(figures) if figures is not None else Path(output).parent
    names = file_names(paths)
    _check_outputs(paths, names, Path(output), folder, figures is not None)
    for path, name in zip(map(Path, paths), names, strict=True):
        try:
            title, stem = readable(path.name), folder / name
            result = predict_file(path, title, stem, figures is not None, model, acquisition, anyway)
        except ValueError as error:
            yield Predicted(path, None, f"{readable(path)}: {error}"), None
        else:
            yield Predicted(path, render(result), None), result


def _check_outputs(
    paths: Sequence[FilePath], names: Sequence[str], output: Path, folder: Path, figures: bool
) -> None:
    """Refuse to write over an input, a folder, a file of another kind."""
    check_output(output, paths, [".csv"])
    if figures and folder == output:
        raise ValueError(
            f"{readable(output)} would name the table and the folder of the figures; "
            f"name the table {readable(output)}.csv"
        )
    check_output_folder(folder, [])
    given = {os.path.realpath(path) for path in paths}
    for name in names:
        for ending in (SEGMENTED, PARTICLES, *((PREDICTION, COLOURED) if figures else ())):
            picture = folder / f"{name}{ending}"
            if os.path.realpath(picture) == os.path.realpath(output):
                raise ValueError(
                    f"{readable(output)} would be the table of all images and that of the particles of one; "
                    "name it otherwise"
                )
            if os.path.realpath(picture) in given:
                raise ValueError(
                    f"{readable(picture)} is to be written, but is an input; name the table otherwise: "
                    "pictures go to the folder of its name, without figures beside it"
                )


def predict_file(
    file: FilePath | IO[bytes],
    title: str,
    stem: Path,
    figure: bool,
    model: Bundle,
    acquisition: Acquisition = AS_STATED,
    anyway: bool = False,
) -> xr.Dataset:
    """Predict one image; write its phases, the table of its particles and, if wanted, the figures.

    These are ``<stem>_segmented.png`` and ``<stem>_particles.csv``, ``<stem>_prediction.png`` and
    ``<stem>_particles.png``; a model for packings knows no single particles.

    Parameters
    ----------
    file
        TIFF, PNG or JPEG, its path or the open file.
    title
        Of the figure.
    stem
        Path that the names of the pictures begin with.
    figure
        Whether to draw the figures.
    model, acquisition, anyway
        As for `predict_files`.

    Raises
    ------
    ValueError
        If the image cannot be read or predicted.
    """
    picture = read_picture(file, acquisition.um_per_pixel, acquisition.page, acquisition.page_name)
    result = predict(
        *picture,
        gray=True,
        model=model,
        brightness=acquisition.brightness,
        thresholds=acquisition.thresholds,
        heat=figure,
        anyway=anyway,
    )
    # Readers see both at one place, the table as well.
    notes = [*picture.notes, *_levels_as_gray(picture, acquisition.brightness)]
    result.attrs["reasons"] = "; ".join(filter(None, (*notes, result.attrs["reasons"])))
    with atomic_output(stem.with_name(stem.name + SEGMENTED)) as temporary:
        dots = UM_PER_INCH / result.attrs["um_per_pixel"]
        Image.fromarray(GRAY_VALUES[result["class_image"].values]).save(temporary, dpi=(dots, dots))
    if not model.of_packings:
        write_particles(result, stem.with_name(stem.name + PARTICLES))
    if figure:
        # On demand: drawing costs more than predicting.
        from assb.coloured import save_particles
        from assb.figure import save_prediction

        if not model.of_packings:
            save_particles(result, title, stem.with_name(stem.name + COLOURED))
        save_prediction(picture, result, title, stem.with_name(stem.name + PREDICTION))
    return result


def _levels_as_gray(picture: Picture, brightness: Sequence[str]) -> list[str]:
    """A note that levels 0, 1, 2 are gray values in files, unless they are told another order than usual."""
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
