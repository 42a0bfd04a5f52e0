"""The table of figures: a new one is a module of `analysis.figures`, a row here and a caption."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from study.jobs import Study
from study.pressing import PressingStudy

AnyKind: TypeAlias = Study | PressingStudy
# Where a study has them.
Files: TypeAlias = Callable[[Any], str | list[str]]


@dataclass(frozen=True)
class Figure:
    """How a figure is made; its name is that of its module, of its caption and of its files."""

    category: str  # heading in the report
    inputs: Mapping[str, Files] = field(default_factory=dict)  # by argument of `save`
    drawn: Callable[[Any], bool] = operator.methodcaller("simulates")  # of which studies
    geometry: str = "planar"  # of which of them at all
    screen: str = "png"  # suffix of the picture in the report
    paper: tuple[str, ...] = ("pdf",)  # further suffixes
    sections: tuple[str, ...] = ()  # of the configuration, more arguments of `save`

    def input_files(self, study: AnyKind) -> dict[str, str | list[str]]:
        """Files that the figure is drawn from, by argument of `save`."""
        return {argument: files(study) for argument, files in self.inputs.items()}

    def settings(self, study: AnyKind) -> dict[str, Any]:
        """Parts of the configuration that `save` takes."""
        return study.sections(*self.sections)


# In the order of the report.
FIGURES = {
    "pipeline": Figure("Workflow"),
    "structure": Figure("Structures", {"trajectory": Study.example_trajectory}),
    "animation": Figure("Structures", {"trajectory": Study.example}, screen="gif", paper=()),
    "images": Figure(
        "Structures",
        {"trajectory": Study.example_trajectory, "dataset": Study.dataset},
        sections=("image",),
    ),
    "compression_curves": Figure("Structures", {"response": Study.response}),
    "hertz": Figure("Structures", {"trajectory": Study.example_trajectory}),
    "parity": Figure("Prediction", {"predictions": Study.random_predictions, "metrics": Study.metrics}),
    "predictors": Figure("Prediction", {"metrics": Study.metrics}),
    "uncertainty": Figure("Prediction", {"predictions": Study.random_predictions}),
    "stress_distribution": Figure(
        "Prediction", {"response": Study.response, "predictions": Study.random_predictions}
    ),
    "gradcam": Figure("Prediction", {"gradcam": Study.gradcam}),
    "transfer": Figure(
        "Prediction", {"predictions": Study.prediction_files, "metrics": Study.metrics}, Study.joins
    ),
    "novelty": Figure(
        "Prediction", {"novelty": Study.novelty_files, "detection": Study.detection}, Study.compares
    ),
    "reaction_area": Figure(
        "Reaction area", {"dataset": Study.dataset, "predictions": Study.random_predictions}
    ),
    "am_coverage": Figure("Reaction area", {"predictions": Study.only_predictions}, Study.compares),
    "packing": Figure("Packings", {"trajectory": PressingStudy.example}, geometry="spatial"),
    "press": Figure(
        "Packings", {"trajectory": PressingStudy.example}, screen="gif", paper=(), geometry="spatial"
    ),
    "density": Figure("Density and contact", {"dataset": PressingStudy.dataset}, geometry="spatial"),
    "conduction": Figure("Conduction", {"dataset": PressingStudy.dataset}, geometry="spatial"),
    "current": Figure(
        "Conduction",
        {"trajectory": PressingStudy.example, "currents": PressingStudy.current},
        geometry="spatial",
    ),
    "design": Figure("Design", {"dataset": PressingStudy.dataset}, geometry="spatial"),
    "pareto": Figure("Design", {"dataset": PressingStudy.dataset}, geometry="spatial"),
    "sections": Figure("Sections", {"sections": PressingStudy.learnt}, geometry="spatial"),
    "section_parity": Figure(
        "Sections",
        {"predictions": PressingStudy.random_predictions, "metrics": PressingStudy.metrics},
        geometry="spatial",
    ),
    "section_scores": Figure(
        "Sections",
        {"metrics": PressingStudy.metrics, "ceiling": PressingStudy.ceiling},
        geometry="spatial",
    ),
}


def of_geometry(study: AnyKind) -> dict[str, Figure]:
    """Rows of the figures that studies of its geometry may draw, by name."""
    return {name: figure for name, figure in FIGURES.items() if figure.geometry == study.geometry}


def drawn(study: AnyKind) -> dict[str, Figure]:
    """Rows of the figures that a study draws, by name."""
    return {name: figure for name, figure in of_geometry(study).items() if figure.drawn(study)}


def pictures(study: AnyKind) -> list[str]:
    """Every figure as a picture for the screen."""
    return [study.file(f"figures/{name}.{figure.screen}") for name, figure in drawn(study).items()]


def figure_files(study: AnyKind) -> list[str]:
    """All figures: pictures for the screen, then those for paper."""
    papers = [
        study.file(f"figures/{name}.{suffix}")
        for name, figure in drawn(study).items()
        for suffix in figure.paper
    ]
    return pictures(study) + papers
