"""Keys of the configuration that are fine one by one and do not fit each other: refused."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from analysis.images import crop_window, section_window
from analysis.split import part_sizes
from dem.configured import BadValue
from dem.parameters import read_parameters, read_pressing

# All jobs are kept in memory: docs/cluster.md.
MOST_JOBS = 100000
# Backends of Keras -> the environments of workflow/envs that have them.
ENVIRONMENTS = {"tensorflow": ("cnn", "cnn-gpu"), "jax": ("cnn-jax",)}


def check_together(config: Mapping[str, Any]) -> None:
    """Raise ValueError if values that are fine one by one do not fit together."""
    read_parameters(config)
    check_image(config)
    check_grid(config)
    _check_splits(config)
    _check_joined(config)
    _check_number_of_jobs(config)
    _check_parts(config)


def check_pressing(config: Mapping[str, Any]) -> None:
    """Raise ValueError if values of a study in space that are fine one by one do not fit together."""
    read_pressing(config)
    grid, shares = config["grid"], config["split"]
    for key, steps in (("am_volume_fractions", 10000), ("pressures_MPa", 1000)):
        _check_told_apart(key, grid[key], steps)
    if grid["pressures_MPa"] != sorted(grid["pressures_MPa"]):
        raise ValueError(f"grid.pressures_MPa must rise, got {grid['pressures_MPa']}")
    if others := set(config["compression"].get("unload_from_MPa", ())) - set(grid["pressures_MPa"]):
        raise ValueError(
            f"compression.unload_from_MPa must be among grid.pressures_MPa = {grid['pressures_MPa']}, "
            f"got {min(others):g}"
        )
    _check_shares(shares)
    _check_sections(config)
    packings = len(grid["am_volume_fractions"]) * grid["replicates"]
    _check_jobs(len(grid["am_volume_fractions"]) * math.ceil(grid["replicates"] / grid["replicates_per_job"]))
    _check_sizes(packings, shares, "packings")


def _check_sections(config: Mapping[str, Any]) -> None:
    """Raise ValueError if sections are no whole cells, or may not fit into a sample."""
    sections, structure = config["sections"], config["structure"]
    window = section_window(sections)
    _check_cell("sections", window.cell)
    margin = 2 * sections["margin_um"]
    # Of solids without pores: no sample is lower.
    height = structure["box_height_um"] * structure["solid_fraction"]
    width = structure["box_width_um"] + (margin if structure["periodic"] else 0.0)
    for room, where in (
        (width, "structure.box_width_um"),
        (height, "structure.box_height_um x structure.solid_fraction"),
    ):
        if sections["side_um"] + margin > room + 1e-9:
            raise ValueError(
                f"sections.side_um and twice sections.margin_um must be at most {where} = {room:g} um, got "
                f"{sections['side_um']:g} + {margin:g} um"
            )


def _check_cell(section: str, pixels: int) -> None:
    """The network pools twice before the block whose places are the cells."""
    if pixels % 4:
        raise ValueError(
            f"{section}.stress_cell_um must be a multiple of four pixels of {section}.um_per_pixel, got "
            f"{pixels} pixels"
        )


def check_image(config: Mapping[str, Any]) -> None:
    """Raise ValueError if the image does not fit into the compressed electrode, or has no whole cells."""
    final_width = config["compression"]["final_width_um"]
    window = crop_window(final_width, config["structure"]["box_height_um"], **config["image"])
    _check_cell("image", window.cell)


def check_grid(config: Mapping[str, Any]) -> None:
    """Raise ValueError if structures of the grid cannot be compressed so, or would not be told apart."""
    grid, final_width = config["grid"], config["compression"]["final_width_um"]
    if min(grid["widths_um"]) <= final_width:
        raise ValueError(
            f"grid.widths_um must be above compression.final_width_um = {final_width} um, "
            f"got {min(grid['widths_um'])}"
        )
    for key, steps in (("widths_um", 1000), ("uncovered_fractions", 10000), ("pressures_MPa", 1000)):
        _check_told_apart(key, grid[key], steps)
    if config["compression"].get("unload") and not grid["pressures_MPa"]:
        raise ValueError("compression.unload needs grid.pressures_MPa to let go of, got none")


def _check_told_apart(key: str, values: Sequence[float], steps: int) -> None:
    """Seeds are keyed by whole nm and whole 1e-4: finer settings would share their structures."""
    for value in values:
        if abs(value * steps - round(value * steps)) > 1e-6:
            raise ValueError(f"grid.{key} must be multiples of {1 / steps:g}, got {value}")
        if float(f"{value:g}") != value:
            raise ValueError(f"grid.{key} must have six significant digits at most, got {value}")


def _check_shares(shares: Mapping[str, float]) -> None:
    if abs(sum(shares.values()) - 1) > 1e-9:
        raise ValueError(f"split: the shares must sum to 1, got {sum(shares.values()):g}")


def check_environment(config: Mapping[str, Any]) -> None:
    """Raise ValueError if the conda environment that trainings are to run in lacks their backend.

    Without conda nobody reads `training.environment`, whose default fits one backend only.
    """
    backend, environment = config["training"]["backend"], config["training"]["environment"]
    if environment not in (fitting := ENVIRONMENTS[backend]):
        raise BadValue(
            f"training.environment must be {' or '.join(fitting)} for training.backend: {backend}, got "
            f"{environment}",
            "training.environment",
        )


def _check_splits(config: Mapping[str, Any]) -> None:
    shares, splits = config["split"], config["evaluation"]["splits"]
    _check_shares(shares)
    if "random" not in splits:
        raise ValueError(f"evaluation.splits must name random, got {splits}")
    for split, key in (
        ("leave_width_out", "widths_um"),
        ("leave_uncovered_fraction_out", "uncovered_fractions"),
    ):
        if split in splits and len(config["grid"][key]) < 2:
            raise ValueError(f"evaluation.splits: {split} needs two grid.{key}, got {config['grid'][key]}")


def _check_joined(config: Mapping[str, Any]) -> None:
    """Raise ValueError if studies to be joined do not fit the rest."""
    joined, splits = config["joined_studies"], config["evaluation"]["splits"]
    copies = config["degraded_copies"]
    if (len(joined) == 1 and not copies) or config["study"] in joined:
        raise ValueError(f"joined_studies must be two or more others than {config['study']!r}, got {joined}")
    if joined and config["more_targets"]:
        raise ValueError(
            f"more_targets are of the studies joined, in whose configurations they stand, got "
            f"{config['more_targets']}"
        )
    if copies and not joined:
        raise ValueError(f"degraded_copies are of joined_studies, of which there are none, got {copies}")
    if joined and not set(splits) <= {"random", "one_study"}:
        raise ValueError(f"evaluation.splits of joined studies are random and one_study, got {splits}")
    if "one_study" in splits:
        if not joined:
            raise ValueError("evaluation.splits: one_study needs joined_studies, got none")
        networks = config["training"]["members_held_out"]
        if networks < 2:
            raise ValueError(
                f"training.members_held_out: one_study compares spreads, of 2 at least, got {networks}"
            )


def _cells(grid: Mapping[str, Any]) -> int:
    """Number of cells of the grid; packings are the same under all pressures."""
    return len(grid["widths_um"]) * len(grid["uncovered_fractions"])


def _check_number_of_jobs(config: Mapping[str, Any]) -> None:
    grid = config["grid"]
    jobs = _cells(grid) * math.ceil(grid["replicates"] / grid["replicates_per_job"])
    _check_jobs(jobs * max(1, len(grid["pressures_MPa"])))


def _check_jobs(jobs: int) -> None:
    if jobs > MOST_JOBS:
        raise ValueError(
            f"grid: {jobs} compress jobs are more than {MOST_JOBS}; raise grid.replicates_per_job or lower "
            "grid.replicates"
        )


def _check_parts(config: Mapping[str, Any]) -> None:
    """Raise ValueError if a part of a split has too few structures."""
    shares = config["split"]
    # Packings: the same under several pressures come into one part of a split.
    count = _cells(config["grid"]) * config["grid"]["replicates"]
    if len(config["evaluation"]["splits"]) > 1:
        # What is not held out is dealt anew; at most half of the grid is held out.
        share = shares["train"] / (shares["train"] + shares["validation"])
        for part, size in part_sizes(
            count // 2, {"train": share, "validation": 1 - share, "test": 0.0}
        ).items():
            if part != "test" and size < 1:
                raise ValueError(f"split.{part}: held-out splits of {count} structures leave none for it")
    _check_sizes(count, shares, "structures")


def _check_sizes(count: int, shares: Mapping[str, float], what: str) -> None:
    # Labels are standardised by the spread of the training part, R2 needs one of the test part.
    least = {"train": 2, "validation": 1, "test": 2}
    for part, size in part_sizes(count, shares).items():
        if size < least[part]:
            raise ValueError(f"split.{part}: {count} {what} give {size}, at least {least[part]} are needed")
