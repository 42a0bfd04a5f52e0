"""The jobs of a study in space and the files that they make, as `study.jobs` has them for the plane."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dem.parameters import SECTIONS
from study.jobs import AnyStudy, middle


@dataclass(frozen=True)
class PressingStudy(AnyStudy):
    """What a configuration asks for in space: packings per AM share, each pressed to all pressures."""

    def simulation(self) -> dict[str, Any]:
        """The parts that decide how a packing comes out."""
        return self.sections("geometry", *SECTIONS)

    def cells(self) -> list[tuple[Any, ...]]:
        """AM shares; packings are the same under all pressures."""
        return [(share,) for share in self.config["grid"]["am_volume_fractions"]]

    def batch_size(self) -> int:
        """Packings in one job on a GPU."""
        return int(self.config["compute"]["packings_per_batch"])

    def batch_file(self, first: int, last: int) -> str:
        """Samples of a job on a GPU: numbers of its packings."""
        return self.file(f"trajectories/packings-{first}-{last}.h5")

    def trajectory_file(self, am: float, first: int, last: int) -> str:
        """Samples of a press job: share of AM in the solids, replicates."""
        return self.file(f"trajectories/am-{am:g}_replicates-{first}-{last}.h5")

    def trajectory_files(self) -> list[str]:
        """All of them, in the order of the grid; on a GPU in that of the batches."""
        if self.on_gpu():
            return [self.batch_file(*batch) for batch in self.batches()]
        return [
            self.trajectory_file(am, *chunk)
            for am in self.config["grid"]["am_volume_fractions"]
            for chunk in self.chunks()
        ]

    def source_files(self) -> list[str]:
        """What the dataset is made from."""
        return self.trajectory_files()

    def example_job(self) -> dict[str, Any]:
        """What the example is pressed with: more frames, for the animation, and nothing let back."""
        grid = self.config["grid"]
        pressures = grid["pressures_MPa"]
        frames = max(1, round(self.config["evaluation"]["animation_frames"] / len(pressures)))
        compression = {**self.config["compression"], "frames": frames}
        compression |= {"unload_to_MPa": [], "unload_from_MPa": []}
        return {
            "config": self.simulation() | {"compression": compression},
            "am_volume_fraction": middle(grid["am_volume_fractions"]),
            "pressures_mpa": pressures,
        }

    # Sections and networks.

    def sections_file(self) -> str:
        """Sections through all samples."""
        return self.file("sections.nc")

    def cut(self) -> dict[str, Any]:
        """How the sections lie and what they are asked for; copies of them are another matter."""
        return {name: value for name, value in self.config["sections"].items() if name != "degraded_copies"}

    def learnt(self) -> str:
        """The sections, with degraded copies if wanted."""
        copies = self.config["sections"]["degraded_copies"]
        return self.file("learnt.nc") if copies else self.sections_file()

    def folds(self) -> list[str]:
        """Names of the splits that the configuration asks for."""
        grid = self.config["grid"]
        names = {
            "random": ["random"],
            "leave_am_fraction_out": [f"am-{share:g}" for share in grid["am_volume_fractions"]],
            "leave_pressure_out": [f"pressure-{pressure:g}" for pressure in grid["pressures_MPa"]],
        }
        return [fold for split in self.config["evaluation"]["splits"] for fold in names[split]]

    def training_settings(self) -> dict[str, Any]:
        """Settings of one training; sections have no particles to learn from."""
        return {**super().training_settings(), "particle_weight": 0.0}

    def ceiling(self) -> str:
        """Where the variance of the targets lies."""
        return self.file("ceiling.csv")

    def judged(self) -> list[str]:
        """Tables of how good the predictions are, which go with the ensemble."""
        return [self.metrics(), self.ceiling()]

    def measures(self) -> str:
        """Means and standard deviations over the packings."""
        return self.file("measures.csv")

    def current(self) -> str:
        """Where the current runs through the example."""
        return self.file("current.nc")

    def simulates(self) -> bool:
        """Always: studies in space are not joined."""
        return True

    def image_names(self) -> list[str]:
        """No images of one's own are predicted."""
        return []

    def image_figures(self) -> list[str]:
        """Nor drawn."""
        return []

    def tables(self) -> dict[str, str]:
        """Tables on the page, by argument of `analysis.report.write_report`."""
        return {"measures": self.measures(), "sections": self.metrics(), "ceiling": self.ceiling()}

    def told(self) -> dict[str, Any]:
        """The parts of the configuration that the page tells."""
        return self.sections("study", "geometry", "seed", "grid", "compression", "structure", "sections")

    def jobs(self) -> dict[str, list[str]]:
        """Names of the jobs, by rule, but for those of the figures."""
        rule = "press_batch" if self.on_gpu() else "press"
        return {
            "compile_kernels": ["compile_kernels"],
            rule: [f"{rule}/{Path(path).stem}" for path in self.trajectory_files()],
            "press_example": ["press_example"],
            "transport": ["transport"],
            "current": ["current"],
            "press_dataset": ["press_dataset"],
            "measures": ["measures"],
            "sections": ["sections"],
            "degrade_sections": ["degrade_sections"],
            "train": [f"train/{network}" for network in self.networks()],
            "predict": [f"predict/{fold}" for fold in self.folds()],
            "section_metrics": ["section_metrics"],
            "manifest": ["manifest"],
        }
