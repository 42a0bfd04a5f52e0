"""The study in space as users run it: from nothing to its page, up to date, and again after a change."""

import csv
import json

import h5py
import numpy as np
import pytest
import xarray as xr

from analysis.manifest import verify_manifest
from electrode.conduction import CONDUCTION
from study.figures import FIGURES

FILE = "tests/tiny_space.yaml"
FILES = ("--configfile", FILE)
DRAWN = [name for name, figure in FIGURES.items() if figure.geometry == "spatial"]


@pytest.fixture(scope="module")
def pressed(copy_project, spatial_kernels):
    """A copy in which the tiny study in space ran from nothing, on two cores."""
    project = copy_project()
    project.log = project.snakemake("--cores", "2", *FILES).stdout
    return project


def results(project):
    return project.folder / "results/tiny_space"


def test_every_result_is_there_and_real(pressed):
    folder = results(pressed)
    assert verify_manifest(folder / "manifest.json") == 1 + 4
    with xr.open_dataset(folder / "dataset.nc") as dataset:
        # Shares x packings x pressures, under load and let back.
        assert dataset.sizes["sample"] == 2 * 3 * 2 * 2
        for name in (
            "relative_density",
            "solid_volume_fraction",
            "am_coverage",
            "specific_interface_area",
            "pressure",
        ):
            assert dataset[name].dims == ("sample",) and (dataset[name] > 0).all()
        with xr.open_dataset(folder / "transport.nc") as conduction:
            assert set(conduction["sample"].values) == set(dataset["sample"].values)
            for name in CONDUCTION:
                chosen = conduction[name].sel(sample=dataset["sample"])
                np.testing.assert_array_equal(dataset[name], chosen)
        assert (dataset["ionic_conductivity"] > 0).any() and dataset["se_percolates"].any()
    with open(folder / "measures.csv", encoding="utf-8", newline="") as file:
        assert {row["packings"] for row in csv.DictReader(file)} == {"3"}
    for name in DRAWN:
        for suffix in (FIGURES[name].screen, *FIGURES[name].paper):
            assert (folder / f"figures/{name}.{suffix}").stat().st_size > 10_000
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert page.count("<figure") == len(DRAWN) and "Relative density" in page and "samples in space" in page
    assert "results/tiny_space/report.html" in pressed.log


def test_the_example_has_the_frames_asked_for(pressed):
    with h5py.File(results(pressed) / "example.h5") as file:
        frames = [len(particles["position/value"]) for particles in file["particles"].values()]
    # Four on the way to two pressures, and the filled box.
    assert sorted(frames) == [2, 3]


def test_nothing_is_due_afterwards(pressed):
    assert pressed.due(configfile=FILE) == {}


def test_a_new_pressure_presses_anew_and_a_new_packing_only_itself(pressed):
    grid = "grid={am_volume_fractions: [0.3, 0.5], pressures_MPa: [50, 200, 300]}"
    assert pressed.due("--config", grid, configfile=FILE)["press"] == 4
    assert pressed.due("--config", "grid={replicates: 4}", configfile=FILE)["press"] == 2
    assert "press" not in pressed.due("--config", "split={train: 0.4, test: 0.4}", configfile=FILE)


def test_networks_read_sections_of_packings(pressed):
    folder = results(pressed)
    with xr.open_dataset(folder / "learnt.nc") as learnt:
        # Two of each sample, and a degraded copy of each.
        assert learnt.sizes["sample"] == 2 * 2 * 24
        assert set(learnt["study"].values) == {"tiny_space", "tiny_space-degraded"}
        folds = learnt["fold"].values.tolist()
    assert folds == ["random", "am-0.3", "am-0.5", "pressure-50", "pressure-200"]
    assert len(list((folder / "cnn/random").glob("member-*.keras"))) == 2
    with open(folder / "metrics.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["split"] for row in rows} == {"random", "leave_pressure_out"}
    assert {row["sections"] for row in rows} == {"1", "2"}
    assert {row["study"] for row in rows} == {"tiny_space", "tiny_space-degraded"}
    with open(folder / "ceiling.csv", encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == 4
    assert "What sections tell" in (folder / "report.html").read_text(encoding="utf-8")


def test_other_sections_and_trainings_press_nothing(pressed):
    due = pressed.due("--config", "sections={per_sample: 4}", configfile=FILE)
    assert {"sections", "degrade_sections", "train", "predict", "section_metrics"} <= set(due)
    assert not {"press", "transport", "press_dataset"} & set(due)
    due = pressed.due("--config", "training={epochs: 3}", configfile=FILE)
    assert due["train"] == 4 and not {"sections", "degrade_sections", "press_dataset"} & set(due)
    due = pressed.due("--config", "sections={degraded_copies: 2}", configfile=FILE)
    assert "degrade_sections" in due and "sections" not in due


def test_another_conductivity_presses_nothing(pressed):
    due = pressed.due("--config", "transport={ionic_conductivity_mS_per_cm: 2}", configfile=FILE)
    assert {"transport", "current", "press_dataset", "figure_conduction", "figure_current"} <= set(due)
    assert not {"press", "press_example", "compile_kernels", "figure_packing", "figure_press"} & set(due)


def test_nothing_of_the_plane_is_made(pressed):
    assert not list(results(pressed).glob("gradcam*")) and not (results(pressed) / "particles.csv").exists()
    made = json.loads((results(pressed) / "kernels.json").read_text(encoding="utf-8"))
    assert made["geometry"] == "spatial"
    refused = pressed.snakemake("-n", *FILES, "--config", "geometry=planar", check=False)
    assert refused.returncode and "it is one of geometry: spatial" in refused.stdout
