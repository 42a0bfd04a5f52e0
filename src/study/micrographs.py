"""Where the images that a configuration lists are."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from dem.configuration_file import read_configuration
from provenance import FilePath


def locate_images(
    images: Iterable[str], configurations: Iterable[FilePath], command_line: Mapping[str, Any] | None = None
) -> list[str]:
    """Paths of images, relative to the current folder where they were given relative.

    Parameters
    ----------
    images
        ``prediction.images`` of the configuration. Relative paths count from the folder of the file that
        names them; those of the command line from the current folder.
    configurations
        Files of the configuration, the last of which counts.
    command_line
        What ``--config`` changes; it counts before all files.

    Raises
    ------
    ValueError
        If one of them is no file; the message tells the path and what names it.
    """
    images = list(images)
    named_in = None if _names_images(command_line) else _last_that_names_images(configurations)
    folder = Path() if named_in is None else Path(named_in).parent
    paths = [image if os.path.isabs(image) else os.path.relpath(folder / image) for image in images]
    for image, path in zip(images, paths, strict=True):
        if not os.path.isfile(path):
            origin = "the command line" if named_in is None else os.path.relpath(named_in)
            raise ValueError(
                f"prediction.images: there is no file {os.path.abspath(path)}, named {image} in {origin} "
                "(relative paths count from the folder of the configuration that names them)"
            )
    return paths


def _last_that_names_images(configurations: Iterable[FilePath]) -> FilePath | None:
    naming = None
    for path in configurations:
        if _names_images(read_configuration(path).values):
            naming = path
    return naming


def _names_images(config: object) -> bool:
    """Whether a part of a configuration says which images there are."""
    prediction = config.get("prediction") if isinstance(config, Mapping) else None
    return isinstance(prediction, Mapping) and "images" in prediction
