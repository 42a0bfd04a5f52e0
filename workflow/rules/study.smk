# The jobs of the configured study: their files, parameters and environments. Functions read `config` when they are
# called: a default argument would be worked out once, whatever the configuration is then.
import os
import shlex
from functools import lru_cache
from pathlib import Path

from assb.names import file_names
from dem.parameters import SECTIONS
from provenance import code_digest

# Jobs in a conda environment lack the editable installation of the packages, and Snakemake removes
# PYTHONPATH there: each job sets it for itself.
SHELL_PREFIX = f"set -euo pipefail; export PYTHONPATH={shlex.quote(str(ROOT / 'src'))}; "

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


def joined_files():
    """Datasets of the studies to be joined, which their own runs make."""
    paths = [f"results/{study}/dataset.nc" for study in config["joined_studies"]]
    for path in paths:
        if not Path(path).exists():
            raise WorkflowError(f"joined_studies: {path} is missing; run that study first (config/README.md)")
    return paths


def degraded_files():
    """Degraded copies of the studies to be joined."""
    studies = config["joined_studies"] if config["degraded_copies"] else []
    return [f"results/{config['study']}/degraded/{study}.nc" for study in studies]


def source_files():
    """What the dataset is made from."""
    return [*joined_files(), *degraded_files()] if config["joined_studies"] else trajectory_files()


def only_folds():
    """Splits that train on one of the joined studies."""
    return [f"only-{study}" for study in config["joined_studies"]]


# Sources are read once, for the jobs that there are: each job on a cluster parses all rules again.
digest_once = lru_cache(code_digest)


def code_of(*modules):
    """Digest of the code of modules, as a function for `params`."""
    return lambda wildcards: digest_once(*modules)


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
    """Settings of one training: neither the number of networks nor the environment is one."""
    return {
        name: value
        for name, value in config["training"].items()
        if name not in ("members", "members_held_out", "environment")
    }


def prediction_files():
    """Predictions of all splits."""
    return [f"results/{config['study']}/predictions/{fold}.nc" for fold in folds()]


def drawn():
    """Figures of this configuration and their categories."""
    wanted = set(FIGURES) - JOINED_FIGURES
    if config["joined_studies"]:
        wanted = JOINED_FIGURES if "one_study" in config["evaluation"]["splits"] else {"transfer"}
    return {figure: category for figure, category in FIGURES.items() if figure in wanted}


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
        "degrade": [f"degrade/{study}" for study in config["joined_studies"]],
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
