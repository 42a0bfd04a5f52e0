# Helpers for the rules: the configuration checked, the jobs of a study, digests of the code.
import difflib
import math
import os
import re
import shlex
import sys
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator, validators
from snakemake.exceptions import WorkflowError

from analysis.images import crop_window
from analysis.split import part_sizes
from assb.names import file_names
from dem.parameters import SECTIONS, read_parameters
from provenance import code_digest

ROOT = Path(workflow.basedir)

# Jobs in a conda environment lack the editable installation of the packages, and Snakemake removes
# PYTHONPATH there: each job sets it for itself.
SHELL_PREFIX = f"set -euo pipefail; export PYTHONPATH={shlex.quote(str(ROOT / 'src'))}; "

MOST_JOBS = 100000

# Category of each figure, in the order of the report.
FIGURES = {
    "pipeline": "Workflow",
    "structure": "Structures",
    "animation": "Structures",
    "images": "Structures",
    "compression_curves": "Structures",
    "hertz": "Structures",
    "parity": "Prediction",
    "predictors": "Prediction",
    "uncertainty": "Prediction",
    "stress_distribution": "Prediction",
    "gradcam": "Prediction",
    "transfer": "Prediction",
    "novelty": "Prediction",
    "reaction_area": "Reaction area",
    "am_coverage": "Reaction area",
}
# Drawn of joined studies, and nothing else is.
JOINED_FIGURES = {"transfer", "novelty", "am_coverage"}


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
    if len(joined) == 1 or config["study"] in joined:
        raise ValueError(f"joined_studies must be two or more others than {config['study']!r}, got {joined}")
    if joined and not set(splits) <= {"random", "one_study"}:
        raise ValueError(f"evaluation.splits of joined studies are random and one_study, got {splits}")
    if "one_study" in splits and not joined:
        raise ValueError("evaluation.splits: one_study needs joined_studies, got none")


def joined_files():
    """Datasets of the studies to be joined, which their own runs make."""
    paths = [f"results/{study}/dataset.nc" for study in config["joined_studies"]]
    for path in paths:
        if not Path(path).exists():
            raise WorkflowError(f"joined_studies: {path} is missing; run that study first (config/README.md)")
    return paths


def source_files():
    """What the dataset is made from."""
    return joined_files() if config["joined_studies"] else trajectory_files()


def only_folds():
    """Splits that train on one of the joined studies."""
    return [f"only-{study}" for study in config["joined_studies"]]


def chunks():
    """First and last replicate of each compress job of a cell."""
    size, replicates = config["grid"]["replicates_per_job"], config["grid"]["replicates"]
    return [(first, min(first + size, replicates) - 1) for first in range(0, replicates, size)]


def pressures():
    """Pressures of the study as they stand in names: one empty text if it compresses to a width."""
    return [f"_pressure-{pressure:g}" for pressure in config["grid"]["pressures_MPa"]] or [""]


def pressure_of(wildcards):
    """Pressure of a compress job [MPa], None if it compresses to a width."""
    return float(wildcards.pressure.split("-")[1]) if wildcards.pressure else None


def trajectory_file(width, fraction, pressure, first, last):
    """Trajectory of one compress job."""
    job = f"width-{width:g}_uncovered-{fraction:g}{pressure}_replicates-{first}-{last}"
    return f"results/{config['study']}/trajectories/{job}.h5"


def trajectory_files():
    """All trajectories of the study, in the order of the grid."""
    return [
        trajectory_file(width, fraction, pressure, *chunk)
        for width in config["grid"]["widths_um"]
        for fraction in config["grid"]["uncovered_fractions"]
        for pressure in pressures()
        for chunk in chunks()
    ]


def example_cell():
    """Width, uncovered fraction and pressure (as in names) of the structure that is drawn: the middle of the grid."""
    axes = config["grid"]["widths_um"], config["grid"]["uncovered_fractions"], pressures()
    return [values[len(values) // 2] for values in axes]


def example_trajectory():
    """The trajectory whose first structure is drawn."""
    return trajectory_file(*example_cell(), *chunks()[0])


def example_job():
    """What the compression of the example is called with: more frames, for the animation."""
    width, uncovered, _ = example_cell()
    given = config["grid"]["pressures_MPa"]
    frames = {"frames": config["evaluation"]["animation_frames"]}
    return {
        "config": sections(*SECTIONS) | {"compression": config["compression"] | frames},
        "width_um": width,
        "uncovered_fraction": uncovered,
        "pressure_mpa": given[len(given) // 2] if given else None,
    }


def folds():
    """Names of the splits that the configuration asks for."""
    names = {
        "random": ["random"],
        "leave_width_out": [f"width-{width:g}" for width in config["grid"]["widths_um"]],
        "leave_uncovered_fraction_out": [
            f"uncovered-{fraction:g}" for fraction in config["grid"]["uncovered_fractions"]
        ],
        "one_study": only_folds(),
    }
    return [fold for split in config["evaluation"]["splits"] for fold in names[split]]


def members(fold, suffix):
    """Files of the networks trained on a split."""
    training = config["training"]
    count = training["members"] if fold == "random" else training["members_held_out"]
    return [f"results/{config['study']}/cnn/{fold}/member-{k}.{suffix}" for k in range(count)]


def training_settings():
    """Settings of one training: the number of networks is none of them."""
    return {name: value for name, value in config["training"].items() if not name.startswith("members")}


def prediction_files():
    """Predictions of all splits."""
    return [f"results/{config['study']}/predictions/{fold}.nc" for fold in folds()]


def drawn():
    """Figures of this configuration and their categories."""
    joined = bool(config["joined_studies"])
    return {figure: category for figure, category in FIGURES.items() if (figure in JOINED_FIGURES) == joined}


def pictures():
    """Every figure as a picture for the screen."""
    return [
        f"results/{config['study']}/figures/{figure}.{'gif' if figure == 'animation' else 'png'}"
        for figure in drawn()
    ]


def image_figures(study=None):
    """Predictions of the images that the configuration lists, one picture each; study may be a wildcard."""
    study = study or config["study"]
    names = file_names(config["prediction"]["images"])
    return [f"results/{study}/images/{name}_prediction.png" for name in names]


def figure_files():
    """All figures: PNG and PDF, the animation as GIF."""
    papers = [
        f"results/{config['study']}/figures/{figure}.pdf" for figure in drawn() if figure != "animation"
    ]
    return pictures() + papers


def captions():
    """Texts of the figures, and of each predicted image."""
    names = [*drawn(), *(["image"] * len(image_figures()))]
    return [report_file(f"{name}.rst") for name in names]


def categories():
    """Headings of the figures, and of each predicted image."""
    return [*drawn().values(), *(["Your images"] * len(image_figures()))]


def report_file(name):
    """A text of the report, relative, so that a moved project is still up to date."""
    return os.path.relpath(ROOT / "workflow/report" / name)


def benchmark_files():
    """Run time and memory of the jobs of this configuration, by rule."""
    folder = Path(f"results/{config['study']}/benchmarks")
    stems = [] if config["joined_studies"] else [Path(path).stem for path in trajectory_files()]
    networks = [
        f"{Path(path).parent.name}_{Path(path).stem}" for fold in folds() for path in members(fold, "keras")
    ]
    rules_of = {
        "compile_kernels": ["compile_kernels"],
        "compress": [f"compress/{stem}" for stem in stems],
        "compress_example": ["compress_example"],
        "join": ["join"],
        "dataset": ["dataset"],
        "response": ["response"],
        "manifest": ["manifest"],
        "train": [f"train/{network}" for network in networks],
        "predict": [f"predict/{fold}" for fold in folds()],
        "novelty": [f"novelty/{fold}" for fold in only_folds()],
        "gradcam": ["gradcam"],
        "metrics": ["metrics"],
        "figures": [f"figure_{figure}" for figure in drawn()],
    }
    return {rule: [str(folder / f"{name}.tsv") for name in names] for rule, names in rules_of.items()}


def command():
    """What a user types for this study."""
    base = Path(workflow.basedir, "config/config.yaml").resolve()
    overlays = [path for path in map(Path, workflow.configfiles) if path.resolve() != base]
    changes = workflow.config_settings.config or {}
    return shlex.join(
        [
            *("snakemake", "--cores", "all"),
            *(["--configfile", *map(os.path.relpath, overlays)] if overlays else []),
            *(["--config", *(f"{key}={value}" for key, value in changes.items())] if changes else []),
        ]
    )


def sections(*names):
    """The parts of the configuration that a step really reads."""
    return {name: config[name] for name in names}


check_config(config)
