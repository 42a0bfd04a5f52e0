"""What the page of a study is made from."""

from __future__ import annotations

from study.figures import drawn
from study.jobs import Study
from study.pressing import PressingStudy


def captions(study: Study | PressingStudy) -> list[str]:
    """Names of the texts of the figures, and of that of each predicted image."""
    return [*drawn(study), *["image"] * len(study.image_names())]


def categories(study: Study | PressingStudy) -> list[str]:
    """Headings of the figures, and of each predicted image."""
    return [
        *(figure.category for figure in drawn(study).values()),
        *["Your images"] * len(study.image_names()),
    ]


def benchmark_files(study: Study | PressingStudy) -> dict[str, list[str]]:
    """Run time and memory of the jobs of a study, by rule."""
    jobs = study.jobs() | {"figures": [f"figure_{name}" for name in drawn(study)]}
    return {rule: [study.file(f"benchmarks/{job}.tsv") for job in names] for rule, names in jobs.items()}
