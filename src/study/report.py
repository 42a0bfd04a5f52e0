"""What the page of a study is made from."""

from __future__ import annotations

from pathlib import Path

from study.figures import drawn
from study.jobs import Study


def captions(study: Study) -> list[str]:
    """Names of the texts of the figures, and of that of each predicted image."""
    return [*drawn(study), *["image"] * len(study.image_names())]


def categories(study: Study) -> list[str]:
    """Headings of the figures, and of each predicted image."""
    return [
        *(figure.category for figure in drawn(study).values()),
        *["Your images"] * len(study.image_names()),
    ]


def benchmark_files(study: Study) -> dict[str, list[str]]:
    """Run time and memory of the jobs of a study, by rule."""
    stems = [Path(path).stem for path in study.trajectory_files()] if study.simulates() else []
    networks = [
        f"{fold}_{Path(path).stem}" for fold in study.folds() for path in study.members(fold, "keras")
    ]
    jobs = {
        "compile_kernels": ["compile_kernels"],
        "compress": [f"compress/{stem}" for stem in stems],
        "compress_example": ["compress_example"],
        "degrade": [f"degrade/{other}" for other in study.config["joined_studies"]],
        "join": ["join"],
        "dataset": ["dataset"],
        "response": ["response"],
        "manifest": ["manifest"],
        "train": [f"train/{network}" for network in networks],
        "predict": [f"predict/{fold}" for fold in study.folds()],
        "novelty": [f"novelty/{fold}" for fold in study.only_folds()],
        "gradcam": ["gradcam"],
        "metrics": ["metrics"],
        "figures": [f"figure_{name}" for name in drawn(study)],
    }
    return {rule: [study.file(f"benchmarks/{job}.tsv") for job in names] for rule, names in jobs.items()}
