# The configuration, refused if it breaks the schema or its keys do not fit each other.
import difflib
import math
import re
import sys
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator, validators
from snakemake.exceptions import WorkflowError

from analysis.images import crop_window
from analysis.split import part_sizes
from dem.parameters import read_parameters

ROOT = Path(workflow.basedir)

MOST_JOBS = 100000


def is_number(_, value):
    """Finite, also as a floating-point number, and not a truth value."""
    return (
        isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
    )


def is_integer(_, value):
    """Without 2000.0, which JSON Schema would take for an integer and Python would not."""
    return isinstance(value, int) and not isinstance(value, bool)


Validator = validators.extend(
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many(
        {"number": is_number, "integer": is_integer}
    ),
)


def describe(error):
    """One line for a violation of the schema: key, bound and value received."""
    key = ".".join(str(part) for part in error.absolute_path)
    if error.validator == "additionalProperties":
        known = error.schema["properties"]
        unknown = min(str(name) for name in set(error.instance) - set(known))
        close = difflib.get_close_matches(unknown, known, 1)
        hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(known)}"
        return f"unknown key {'.'.join(filter(None, (key, unknown)))}; {hint}"
    unit = error.schema.get("description", "see config/README.md")
    if error.validator == "type" and re.fullmatch(r"[-+]?\d+[eE][-+]?\d+", str(error.instance)):
        unit += "; YAML reads numbers like 1e-3 as text, write 1.0e-3"
    return f"{key or 'top level'}: {error.message} ({unit})"


def check_config(config):
    """Refuse a configuration that breaks the schema, or whose keys do not fit each other."""
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
    problems = [describe(error) for error in Validator(schema).iter_errors(config)]
    if not problems:
        try:
            check_together(config)
        except ValueError as error:
            problems = [str(error)]
    if problems:
        raise WorkflowError("configuration refused (config/README.md):\n  " + "\n  ".join(problems[:10]))


def check_together(config):
    """Raise ValueError if values that are fine one by one do not fit together."""
    read_parameters(config)
    final_width = config["compression"]["final_width_um"]
    window = crop_window(final_width, config["structure"]["box_height_um"], **config["image"])
    # The network pools twice before the block whose places are the cells.
    if window.cell % 4:
        raise ValueError(
            "image.stress_cell_um must be a multiple of four pixels of image.um_per_pixel, "
            f"got {window.cell} pixels"
        )
    if min(config["grid"]["widths_um"]) <= final_width:
        raise ValueError(
            f"grid.widths_um must be above compression.final_width_um = {final_width} um, "
            f"got {min(config['grid']['widths_um'])}"
        )
    # Seeds are keyed by whole nm and whole 1e-4: finer settings would share their structures.
    for key, steps in (("widths_um", 1000), ("uncovered_fractions", 10000), ("pressures_MPa", 1000)):
        for value in config["grid"][key]:
            if abs(value * steps - round(value * steps)) > 1e-6:
                raise ValueError(f"grid.{key} must be multiples of {1 / steps:g}, got {value}")
            if float(f"{value:g}") != value:
                raise ValueError(f"grid.{key} must have six significant digits at most, got {value}")
    if config["compression"]["unload"] and not config["grid"]["pressures_MPa"]:
        raise ValueError("compression.unload needs grid.pressures_MPa to let go of, got none")
    if abs(sum(config["split"].values()) - 1) > 1e-9:
        raise ValueError(f"split: the shares must sum to 1, got {sum(config['split'].values()):g}")
    if "random" not in config["evaluation"]["splits"]:
        raise ValueError(f"evaluation.splits must name random, got {config['evaluation']['splits']}")
    for split, key in (
        ("leave_width_out", "widths_um"),
        ("leave_uncovered_fraction_out", "uncovered_fractions"),
    ):
        if split in config["evaluation"]["splits"] and len(config["grid"][key]) < 2:
            raise ValueError(f"evaluation.splits: {split} needs two grid.{key}, got {config['grid'][key]}")
    check_joined(config)
    cells = math.prod(len(config["grid"][key]) for key in ("widths_um", "uncovered_fractions"))
    # Snakemake keeps all jobs in memory: docs/cluster.md.
    jobs = cells * math.ceil(config["grid"]["replicates"] / config["grid"]["replicates_per_job"])
    jobs *= max(1, len(config["grid"]["pressures_MPa"]))
    if jobs > MOST_JOBS:
        raise ValueError(
            f"grid: {jobs} compress jobs are more than {MOST_JOBS}; raise grid.replicates_per_job or lower "
            "grid.replicates"
        )
    # Packings: the same under several pressures come into one part of a split.
    count = cells * config["grid"]["replicates"]
    if len(config["evaluation"]["splits"]) > 1:
        # What is not held out is dealt anew; at most half of the grid is held out.
        rest = config["split"]["train"] + config["split"]["validation"]
        inner = {"train": config["split"]["train"] / rest, "validation": 1 - config["split"]["train"] / rest}
        for part, size in part_sizes(count // 2, {**inner, "test": 0.0}).items():
            if part != "test" and size < 1:
                raise ValueError(f"split.{part}: held-out splits of {count} structures leave none for it")
    # Labels are standardised by the spread of the training part, R2 needs one of the test part.
    least = {"train": 2, "validation": 1, "test": 2}
    for part, size in part_sizes(count, config["split"]).items():
        if size < least[part]:
            raise ValueError(
                f"split.{part}: {count} structures give {size}, at least {least[part]} are needed"
            )


def check_joined(config):
    """Raise ValueError if studies to be joined do not fit the rest."""
    joined, splits = config["joined_studies"], config["evaluation"]["splits"]
    copies = config["degraded_copies"]
    if (len(joined) == 1 and not copies) or config["study"] in joined:
        raise ValueError(f"joined_studies must be two or more others than {config['study']!r}, got {joined}")
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


check_config(config)
