"""Lists of the jobs and files of a study."""

import subprocess
import sys

import pytest

from study.jobs import pressure_of

TRAJECTORIES = "results/tiny/trajectories"


def test_every_result_lies_in_the_folder_of_the_study(study_of):
    study = study_of("tests/tiny")
    assert study.name == "tiny" and study.file("report.html") == "results/tiny/report.html"
    single = (
        study.dataset,
        study.response,
        study.example,
        study.gradcam,
        study.metrics,
        study.particles,
        study.detection,
    )
    names = [file().removeprefix("results/tiny/") for file in single]
    assert names[:4] == ["dataset.nc", "response.nc", "example.h5", "gradcam.nc"]
    assert names[4:] == ["metrics.csv", "particles.csv", "detection.csv"]


def test_trajectories_are_in_the_order_of_the_grid(study_of):
    study = study_of("tests/tiny")
    assert study.trajectory_files() == [
        f"{TRAJECTORIES}/width-10_uncovered-0.7_replicates-0-1.h5",
        f"{TRAJECTORIES}/width-10_uncovered-0.7_replicates-2-3.h5",
        f"{TRAJECTORIES}/width-11_uncovered-0.7_replicates-0-1.h5",
        f"{TRAJECTORIES}/width-11_uncovered-0.7_replicates-2-3.h5",
    ]
    assert study.source_files() == study.trajectory_files()


def test_the_last_chunk_holds_what_is_left(study_of):
    grid = "grid: {replicates: 7, replicates_per_job: 3}"
    assert study_of("tests/tiny", grid).chunks() == [(0, 2), (3, 5), (6, 6)]


def test_more_replicates_add_chunks_and_keep_the_others(study_of):
    few, many = (study_of("tests/tiny", f"grid: {{replicates: {count}}}") for count in (4, 6))
    assert set(few.trajectory_files()) < set(many.trajectory_files())
    assert few.example_trajectory() == many.example_trajectory()


def test_pressures_are_an_axis_of_the_grid(study_of):
    study = study_of("config/elastoplastic")
    assert len(study.trajectory_files()) == 18
    folder = "results/elastoplastic/trajectories"
    assert study.trajectory_files()[:2] == [
        f"{folder}/width-70_uncovered-0.808_pressure-25_replicates-0-4.h5",
        f"{folder}/width-70_uncovered-0.808_pressure-50_replicates-0-4.h5",
    ]


def test_a_name_tells_its_pressure(study_of):
    assert [pressure_of(name) for name in study_of("config/elastoplastic").pressures()] == [
        *(25, 50, 100, 200, 400, 600)
    ]
    assert study_of("tests/tiny").pressures() == [""] and pressure_of("") is None
    assert pressure_of("_pressure-0.125") == 0.125


def test_a_batch_on_a_gpu_is_of_all_cells(study_of):
    compute = "compute: {engine: cuda, structures_per_batch: 5}"
    study = study_of("tests/tiny", compute)
    assert study.trajectory_files() == [f"{TRAJECTORIES}/structures-{batch}.h5" for batch in ("0-4", "5-7")]
    structures = [structure for batch in study.batches() for structure in study.of_batch(*batch)]
    assert structures == [(width, 0.7, None, replicate) for replicate in range(4) for width in (10, 11)]
    assert study.jobs()["compress_batch"][0] == "compress_batch/structures-0-4"
    assert "compress" not in study.jobs() and study.simulation() == study_of("tests/tiny").simulation()
    assert study.example_trajectory() == study.example()
    pressed = study_of("config/elastoplastic", compute)
    assert [pressure for *_, pressure, _ in pressed.of_batch(0, 6)] == [25, 50, 100, 200, 400, 600, 25]


def test_the_example_is_the_middle_of_the_grid(study_of):
    study = study_of("tests/tiny")
    assert study.example_trajectory() == f"{TRAJECTORIES}/width-11_uncovered-0.7_replicates-0-1.h5"
    job = study.example_job()
    assert (job["width_um"], job["uncovered_fraction"], job["pressure_mpa"]) == (11, 0.7, None)
    pressed = study_of("config/elastoplastic")
    assert pressed.example_trajectory().endswith("width-70_uncovered-0.68_pressure-200_replicates-0-4.h5")
    assert pressed.example_job()["pressure_mpa"] == 200


def test_the_example_differs_in_its_frames_alone(study_of):
    study = study_of("tests/tiny", "evaluation: {animation_frames: 7}")
    config = study.example_job()["config"]
    assert config["compression"].pop("frames") == 7
    assert study.config["compression"]["frames"] == 4, "the configuration stays as it is"
    simulation = study.simulation()
    del simulation["compression"]["frames"]
    assert config == simulation
    assert set(simulation) == {"seed", "structure", "materials", "contacts", "compression"}


def test_splits_and_their_networks(study_of):
    study = study_of("tests/tiny", "training: {members: 3, members_held_out: 1}")
    assert study.folds() == ["random", "width-10", "width-11"]
    assert study.members("random", "keras") == [f"results/tiny/cnn/random/member-{k}.keras" for k in range(3)]
    assert study.members("width-10", "json") == ["results/tiny/cnn/width-10/member-0.json"]
    assert study.prediction_files() == [f"results/tiny/predictions/{fold}.nc" for fold in study.folds()]
    assert study.random_predictions() == study.prediction_files()[0]
    both = study_of("config/splits")
    assert both.folds()[1:] == [
        *(f"width-{width}" for width in range(46, 56)),
        *(f"uncovered-{fraction}" for fraction in (0.53, 0.58, 0.63, 0.68, 0.73)),
    ]


def test_settings_of_a_training_are_those_of_one_network(study_of):
    assert study_of("tests/tiny").training_settings() == {
        "epochs": 2,
        "batch_size": 16,
        "learning_rate": 1e-3,
        "stress_map_weight": 1.0,
        "particle_weight": 1.0,
        "backend": "tensorflow",
    }


def test_joined_studies_come_from_the_datasets_of_others(study_of, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    study = study_of("config/joined", "degraded_copies: 1")
    assert study.joins() and study.compares() and not study.simulates()
    with pytest.raises(ValueError, match=r"joined_studies: results/paper/dataset\.nc is missing"):
        study.source_files()
    datasets = ["results/paper/dataset.nc", "results/elastoplastic/dataset.nc"]
    for path in datasets:
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).touch()
    degraded = ["results/joined/degraded/paper.nc", "results/joined/degraded/elastoplastic.nc"]
    assert study.source_files() == [*datasets, *degraded]
    assert study_of("config/joined").source_files() == datasets
    assert study.folds() == ["random", *study.only_folds()] == ["random", "only-paper", "only-elastoplastic"]
    assert study.only_predictions() == study.prediction_files()[1:]
    assert study.novelty_files() == [f"results/joined/novelty/{fold}.nc" for fold in study.only_folds()]


def test_images_of_ones_own(study_of):
    study = study_of("tests/tiny", "prediction: {images: [mine.png, old/mine.png]}")
    assert study.image_names() == ["mine", "mine-2"]
    assert study.image_figures() == [
        f"results/tiny/images/{name}_prediction.png" for name in ("mine", "mine-2")
    ]


def test_the_workflow_reads_the_study_without_what_computes():
    """Each job on a cluster parses all rules again: that must be cheap."""
    heavy = {"keras", "matplotlib", "numba", "scipy", "sklearn", "tensorflow", "xarray"}
    modules = "study.configuration, study.figures, study.jobs, study.names, study.report"
    code = f"import sys, {modules}; print({heavy} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, encoding="utf-8"
    )
    assert done.stdout.strip() == "set()"
