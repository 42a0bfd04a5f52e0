"""Configurations that single electrodes are made from, checked as those of whole studies are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dem.configuration_file import read_configuration
from provenance import FilePath
from provenance.repository import REPOSITORY
from study.configuration import check_sections

SCHEMA = REPOSITORY / "workflow/schemas/config.schema.yaml"


def read_pressing_settings() -> dict[str, Any]:
    """The study in space, of which the shipped ensemble for packings learnt."""
    return dict(read_configuration(REPOSITORY / "config/spatial.yaml").values)


def read_settings(path: FilePath, others: Sequence[str] = ()) -> dict[str, Any]:
    """Read a configuration to make single electrodes from.

    Parameters
    ----------
    path
        YAML, such as ``config/config.yaml``.
    others
        Sections that are needed beside those of the DEM.

    Raises
    ------
    OSError, ValueError
        If it cannot be read, or a value is refused: naming file, line and key, bound and value.
    """
    file = read_configuration(path)
    with file.named():
        check_sections(file.values, SCHEMA, others)
    return file.values
