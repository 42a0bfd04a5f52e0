"""The jobs of a study and the files that they make.

Paths are relative to the working directory. The patterns of the rules hold the same names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from dem.parameters import SECTIONS, geometry_of
from study.names import file_names


def pressure_of(name: str) -> float | None:
    """Pressure [MPa] of a compress job as names have it, see `Study.pressures`; None if there is none."""
    return float(name.split("-")[1]) if name else None


@dataclass(frozen=True)
class AnyStudy:
    """What a study in the plane and one in space have in common."""

    config: Mapping[str, Any]  # checked: `study.configuration`

    @property
    def name(self) -> str:
        """Name of the study, and of its folder below ``results/``."""
        return str(self.config["study"])

    @property
    def geometry(self) -> str:
        """The plane or space, a key of `dem.parameters.PARAMETERS`."""
        return geometry_of(self.config)

    def sections(self, *names: str) -> dict[str, Any]:
        """The parts of the configuration that a step really reads."""
        return {name: self.config[name] for name in names}

    def file(self, name: str) -> str:
        """Path of a file of the study."""
        return f"results/{self.name}/{name}"

    def dataset(self) -> str:
        """All that was simulated and measured."""
        return self.file("dataset.nc")

    def example(self) -> str:
        """The compression with many frames, for the animation."""
        return self.file("example.h5")

    def chunks(self) -> list[tuple[int, int]]:
        """First and last replicate of each job of a cell."""
        size, replicates = self.config["grid"]["replicates_per_job"], self.config["grid"]["replicates"]
        return [(first, min(first + size, replicates) - 1) for first in range(0, replicates, size)]

    # On a GPU.

    def on_gpu(self) -> bool:
        """Whether simulations run in batches on a GPU."""
        return bool(self.config["compute"]["engine"] == "cuda")

    def cells(self) -> list[tuple[Any, ...]]:
        """What the jobs of a cell of the grid are called with, in the order of the grid."""
        raise NotImplementedError

    def batch_size(self) -> int:
        """Structures in one job on a GPU."""
        raise NotImplementedError

    def of_batch(self, first: int, last: int) -> list[tuple[Any, ...]]:
        """Cell and replicate of structures by their numbers, both included.

        They are numbered replicate by replicate, so that more replicates leave those before as they are.
        """
        cells = self.cells()
        return [(*cells[k % len(cells)], k // len(cells)) for k in range(first, last + 1)]

    def batches(self) -> list[tuple[int, int]]:
        """First and last structure of each job on a GPU."""
        size, count = self.batch_size(), len(self.cells()) * self.config["grid"]["replicates"]
        return [(first, min(first + size, count) - 1) for first in range(0, count, size)]

    # Networks.

    def learnt(self) -> str:
        """What the networks learn: images and targets."""
        return self.dataset()

    def folds(self) -> list[str]:
        """Names of the splits that the configuration asks for."""
        raise NotImplementedError

    def members(self, fold: str, suffix: str) -> list[str]:
        """Files of the networks trained on a split; the suffix is keras, csv or json."""
        training = self.config["training"]
        count = training["members"] if fold == "random" else training["members_held_out"]
        return [self.file(f"cnn/{fold}/member-{k}.{suffix}") for k in range(count)]

    def training_settings(self) -> dict[str, Any]:
        """Settings of one training: neither the number of networks nor the environment is one."""
        return {
            name: value
            for name, value in self.config["training"].items()
            if name not in ("members", "members_held_out", "environment")
        }

    # Predictions.

    def random_predictions(self) -> str:
        """Predictions of the random split."""
        return self.file("predictions/random.nc")

    def prediction_files(self) -> list[str]:
        """Predictions of all splits."""
        return [self.file(f"predictions/{fold}.nc") for fold in self.folds()]

    def metrics(self) -> str:
        """How good the predictions are."""
        return self.file("metrics.csv")

    def judged(self) -> list[str]:
        """Tables of how good the predictions are, which go with the ensemble."""
        return [self.metrics()]

    def networks(self) -> list[str]:
        """Names of all trainings."""
        return [f"{fold}_{Path(path).stem}" for fold in self.folds() for path in self.members(fold, "keras")]


@dataclass(frozen=True)
class Study(AnyStudy):
    """What a configuration asks for in the plane: lists of names and files, in the order of the grid and of
    the report.
    """

    def simulation(self) -> dict[str, Any]:
        """The parts that decide how a structure comes out."""
        return self.sections(*SECTIONS)

    # What kind of study it is: decides which figures are drawn.

    def joins(self) -> bool:
        """Whether it joins the datasets of others instead of simulating."""
        return bool(self.config["joined_studies"])

    def simulates(self) -> bool:
        """Whether it simulates structures of its own."""
        return not self.joins()

    def compares(self) -> bool:
        """Whether networks are trained on each of the joined studies alone, too."""
        return "one_study" in self.config["evaluation"]["splits"]

    # Files of which there is one.

    def response(self) -> str:
        """What happens while the wall moves."""
        return self.file("response.nc")

    def gradcam(self) -> str:
        """Where in test images the predictions come from."""
        return self.file("gradcam.nc")

    def particles(self) -> str:
        """How good the predictions for single AM particles are."""
        return self.file("particles.csv")

    def judged(self) -> list[str]:
        """Tables of how good the predictions are, which go with the ensemble."""
        return [self.metrics(), self.particles()]

    def detection(self) -> str:
        """How often images of another study are noticed."""
        return self.file("detection.csv")

    # Simulations.

    def cells(self) -> list[tuple[Any, ...]]:
        """Width [um], uncovered fraction, pressure [MPa] or None."""
        grid = self.config["grid"]
        pressures = grid["pressures_MPa"] or [None]
        return list(product(grid["widths_um"], grid["uncovered_fractions"], pressures))

    def batch_size(self) -> int:
        """Structures in one job on a GPU."""
        return int(self.config["compute"]["structures_per_batch"])

    def batch_file(self, first: int, last: int) -> str:
        """Trajectory of a job on a GPU: numbers of its structures."""
        return self.file(f"trajectories/structures-{first}-{last}.h5")

    def pressures(self) -> list[str]:
        """Pressures as they stand in names: one empty text if the study compresses to a width."""
        return [f"_pressure-{pressure:g}" for pressure in self.config["grid"]["pressures_MPa"]] or [""]

    def trajectory_file(self, width: float, fraction: float, pressure: str, first: int, last: int) -> str:
        """Trajectory of a compress job: width [um], uncovered fraction, pressure as in names, replicates."""
        job = f"width-{width:g}_uncovered-{fraction:g}{pressure}_replicates-{first}-{last}"
        return self.file(f"trajectories/{job}.h5")

    def trajectory_files(self) -> list[str]:
        """All trajectories, in the order of the grid; on a GPU in that of the batches."""
        if self.on_gpu():
            return [self.batch_file(*batch) for batch in self.batches()]
        return [
            self.trajectory_file(width, fraction, pressure, *chunk)
            for width in self.config["grid"]["widths_um"]
            for fraction in self.config["grid"]["uncovered_fractions"]
            for pressure in self.pressures()
            for chunk in self.chunks()
        ]

    def example_trajectory(self) -> str:
        """The trajectory whose first structure is drawn: the middle of the grid.

        Batches of a GPU begin elsewhere: there it is the one with more frames.
        """
        if self.on_gpu():
            return self.example()
        grid = self.config["grid"]
        cell = middle(grid["widths_um"]), middle(grid["uncovered_fractions"]), middle(self.pressures())
        return self.trajectory_file(*cell, *self.chunks()[0])

    def example_job(self) -> dict[str, Any]:
        """What the compression of the example is called with: more frames, for the animation."""
        grid, frames = self.config["grid"], self.config["evaluation"]["animation_frames"]
        compression = {**self.config["compression"], "frames": frames}
        return {
            "config": self.simulation() | {"compression": compression},
            "width_um": middle(grid["widths_um"]),
            "uncovered_fraction": middle(grid["uncovered_fractions"]),
            "pressure_mpa": middle(grid["pressures_MPa"]) if grid["pressures_MPa"] else None,
        }

    # Where the dataset comes from.

    def joined_files(self) -> list[str]:
        """Datasets of the studies to be joined, which their own runs make.

        Raises
        ------
        ValueError
            If one is missing.
        """
        paths = [f"results/{study}/dataset.nc" for study in self.config["joined_studies"]]
        for path in paths:
            if not Path(path).exists():
                raise ValueError(
                    f"joined_studies: {path} is missing; run that study first (config/README.md)"
                )
        return paths

    def degraded_files(self) -> list[str]:
        """Degraded copies of the studies to be joined."""
        studies = self.config["joined_studies"] if self.config["degraded_copies"] else []
        return [self.file(f"degraded/{study}.nc") for study in studies]

    def source_files(self) -> list[str]:
        """What the dataset is made from; ValueError as of `joined_files`."""
        return [*self.joined_files(), *self.degraded_files()] if self.joins() else self.trajectory_files()

    # Networks.

    def only_folds(self) -> list[str]:
        """Splits that train on one of the joined studies."""
        return [f"only-{study}" for study in self.config["joined_studies"]]

    def folds(self) -> list[str]:
        """Names of the splits that the configuration asks for."""
        grid = self.config["grid"]
        names = {
            "random": ["random"],
            "leave_width_out": [f"width-{width:g}" for width in grid["widths_um"]],
            "leave_uncovered_fraction_out": [
                f"uncovered-{fraction:g}" for fraction in grid["uncovered_fractions"]
            ],
            "one_study": self.only_folds(),
        }
        return [fold for split in self.config["evaluation"]["splits"] for fold in names[split]]

    def only_predictions(self) -> list[str]:
        """Predictions of the networks trained on one of the joined studies."""
        return [self.file(f"predictions/{fold}.nc") for fold in self.only_folds()]

    def novelty_files(self) -> list[str]:
        """How new images are to the networks trained on one of the joined studies."""
        return [self.file(f"novelty/{fold}.nc") for fold in self.only_folds()]

    def image_names(self) -> list[str]:
        """Names of the images that the configuration lists."""
        return file_names(self.config["prediction"]["images"])

    def image_figures(self) -> list[str]:
        """Predictions of these images, one picture each."""
        return [self.file(f"images/{name}_prediction.png") for name in self.image_names()]

    # The page.

    def tables(self) -> dict[str, str]:
        """Tables on the page, by argument of `analysis.report.write_report`."""
        return {"metrics": self.metrics(), "particles": self.particles()}

    def told(self) -> dict[str, Any]:
        """The parts of the configuration that the page tells."""
        return self.sections("study", "joined_studies", "degraded_copies", "seed", "grid", "compression")

    def jobs(self) -> dict[str, list[str]]:
        """Names of the jobs, by rule, but for those of the figures."""
        stems = [Path(path).stem for path in self.trajectory_files()] if self.simulates() else []
        rule = "compress_batch" if self.on_gpu() else "compress"
        return {
            "compile_kernels": ["compile_kernels"],
            rule: [f"{rule}/{stem}" for stem in stems],
            "compress_example": ["compress_example"],
            "degrade": [f"degrade/{other}" for other in self.config["joined_studies"]],
            "join": ["join"],
            "transport": ["transport"],
            "dataset": ["dataset"],
            "response": ["response"],
            "manifest": ["manifest"],
            "train": [f"train/{network}" for network in self.networks()],
            "predict": [f"predict/{fold}" for fold in self.folds()],
            "novelty": [f"novelty/{fold}" for fold in self.only_folds()],
            "gradcam": ["gradcam"],
            "metrics": ["metrics"],
        }


def middle(values: list[Any]) -> Any:
    """The one in the middle of the grid is shown."""
    return values[len(values) // 2]
