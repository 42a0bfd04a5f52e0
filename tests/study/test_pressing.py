"""Studies in space: their configuration, jobs and files."""

from pathlib import Path

import pytest
import yaml

from study.configuration import check_configuration, schema_of
from study.figures import FIGURES, drawn
from study.pressing import PressingStudy
from study.report import benchmark_files, captions, categories


@pytest.fixture
def check(root):
    """Checks a configuration by the schema of its geometry."""
    return lambda config: check_configuration(config, schema_of(config, root / "workflow/schemas"))


@pytest.fixture
def study_in_space(spatial_config):
    return PressingStudy(spatial_config)


def test_all_configurations_in_space_are_accepted(root, check):
    base = yaml.safe_load((root / "config/spatial.yaml").read_text(encoding="utf-8"))
    check(base)
    for name in ("spatial_demo", "spatial_large"):
        overlay = yaml.safe_load((root / f"config/{name}.yaml").read_text(encoding="utf-8"))
        whole = {
            key: base[key] | value
            if isinstance(value := overlay.get(key), dict)
            else overlay.get(key, base[key])
            for key in base
        }
        assert set(overlay) <= set(base)
        check(whole)


def test_there_is_a_job_per_share_and_chunk(study_in_space):
    files = study_in_space.trajectory_files()
    assert files == [
        f"results/tiny_space/trajectories/am-{am}_replicates-{chunk}.h5"
        for am in (0.3, 0.5)
        for chunk in ("0-1", "2-2")
    ]
    assert study_in_space.source_files() == files and study_in_space.geometry == "spatial"


@pytest.fixture
def on_gpu(spatial_config):
    """The study with batches of four packings on a GPU."""
    return PressingStudy(spatial_config | {"compute": {"engine": "cuda", "packings_per_batch": 4}})


def test_a_batch_on_a_gpu_is_of_all_shares(on_gpu):
    assert on_gpu.trajectory_files() == [
        f"results/tiny_space/trajectories/packings-{batch}.h5" for batch in ("0-3", "4-5")
    ]
    packings = [packing for batch in on_gpu.batches() for packing in on_gpu.of_batch(*batch)]
    assert packings == [(0.3, 0), (0.5, 0), (0.3, 1), (0.5, 1), (0.3, 2), (0.5, 2)]
    jobs = on_gpu.jobs()
    assert jobs["press_batch"] == ["press_batch/packings-0-3", "press_batch/packings-4-5"]
    assert "press" not in jobs


def test_more_replicates_leave_full_batches_as_they_are(on_gpu):
    grid = on_gpu.config["grid"] | {"replicates": 9}
    more = PressingStudy(on_gpu.config | {"grid": grid})
    assert more.batches()[0] == on_gpu.batches()[0] and more.of_batch(0, 3) == on_gpu.of_batch(0, 3)


def test_what_runs_a_job_decides_nothing(on_gpu, study_in_space):
    assert on_gpu.simulation() == study_in_space.simulation()


def test_the_example_has_more_frames_and_is_not_let_back(study_in_space):
    job = study_in_space.example_job()
    assert job["am_volume_fraction"] == 0.5 and job["pressures_mpa"] == [50, 200]
    assert job["config"]["compression"]["frames"] == 2 and job["config"]["compression"]["unload_to_MPa"] == []
    assert study_in_space.config["compression"]["unload_to_MPa"] == [0]


def test_a_job_reads_what_decides_and_nothing_else(study_in_space):
    read = {"geometry", "seed", "structure", "materials", "contacts", "compression"}
    assert set(study_in_space.simulation()) == read


def test_every_figure_in_space_has_a_caption_and_a_module(study_in_space, root):
    names = [name for name, figure in FIGURES.items() if figure.geometry == "spatial"]
    assert list(drawn(study_in_space)) == names and captions(study_in_space) == names
    assert len(categories(study_in_space)) == len(names)
    for name in names:
        assert (root / f"workflow/report/{name}.rst").exists()
        assert (root / f"src/analysis/figures/{name}.py").exists()


def test_benchmarks_are_of_rules_that_there_are(study_in_space, root):
    rules = "".join(path.read_text(encoding="utf-8") for path in Path(root / "workflow/rules").glob("*.smk"))
    files = benchmark_files(study_in_space)
    for rule in set(files) - {"figures"}:
        assert f"rule {rule}:" in rules
    assert files["press"][0] == "results/tiny_space/benchmarks/press/am-0.3_replicates-0-1.tsv"


@pytest.mark.parametrize(
    ("section", "change", "message"),
    [
        (None, {"geometry": "round"}, "geometry must be planar or spatial, got 'round'"),
        ("grid", {"widths_um": [50]}, "unknown key grid.widths_um; it is one of geometry: planar"),
        (
            "structure",
            {"se_diameter_um": 1},
            "unknown key structure.se_diameter_um; it is one of geometry: planar",
        ),
        ("compression", {"final_width_um": 40}, "compression.final_width_um; it is one of geometry: planar"),
        (None, {"image": {}}, "unknown key image; it is one of geometry: planar"),
        ("sections", {"side_um": 1.7}, "sections.side_um must be a whole number of cells"),
        ("sections", {"side_um": 2.0}, r"structure.solid_fraction = 2.1 um, got 2 \+ 0.2 um"),
        ("sections", {"side_um": 6.0}, r"structure.box_width_um = 5.2 um, got 6 \+ 0.2 um"),
        ("sections", {"stress_cell_um": 0.1}, "sections.stress_cell_um must be a multiple of four pixels"),
        ("sections", {"targets": ["voltage"]}, "sections.targets.*voltage"),
        ("evaluation", {"splits": ["leave_width_out"]}, "leave_width_out"),
        ("compute", {"engine": "opencl"}, r"compute.engine: 'opencl' is not one of \['cpu', 'cuda'\]"),
        ("structure", {"box_hight_um": 1}, "unknown key structure.box_hight_um; did you mean box_height_um?"),
        ("grid", {"am_volume_fractions": [1.2]}, r"grid.am_volume_fractions.0 must be in \[0, 1\], got 1.2"),
        ("grid", {"am_volume_fractions": [0.33333]}, "grid.am_volume_fractions must be multiples of 0.0001"),
        ("grid", {"pressures_MPa": [200, 50]}, r"grid.pressures_MPa must rise, got \[200, 50\]"),
        ("grid", {"pressures_MPa": []}, "grid.pressures_MPa"),
        (
            "compression",
            {"unload_to_MPa": [-1]},
            r"compression.unload_to_MPa.0 must be in \[0, 10000\], got -1 \(in MPa\)",
        ),
        (
            "compression",
            {"unload_from_MPa": [75]},
            r"compression.unload_from_MPa must be among grid.pressures_MPa = \[50, 200\], got 75",
        ),
        (
            "compression",
            {"unload_to_MPa": [], "unload_from_MPa": [50]},
            "unload_from must be empty without unload_to",
        ),
        ("structure", {"box_width_um": 4}, r"am_mean_diameter must be at most 2e-06 m, half of box_width"),
        (
            "structure",
            {"se_sd_diameter_um": 0.3},
            "se_sd_diameter must be below a quarter of se_mean_diameter",
        ),
        (
            "transport",
            {"electronic_conductivity_mS_per_cm": -1},
            r"transport.electronic_conductivity_mS_per_cm must be in \(0, .*got -1 \(in mS/cm\)",
        ),
        ("transport", {"ionic_contact_resistance_ohm_cm2": None}, "must be a finite number, got None"),
        (None, {"more_targets": []}, "unknown key more_targets; it is one of geometry: planar"),
        ("split", {"test": 0.31}, "split: the shares must sum to 1, got 1.01"),
        ("grid", {"replicates": 1}, "split.train: 2 packings give 1, at least 2 are needed"),
        ("grid", {"replicates": 600_000, "replicates_per_job": 1}, "1200000 compress jobs are more than"),
        ("contacts", {"law": "stokes"}, "contacts.law: .stokes. is not one of"),
    ],
)
def test_bad_configurations_in_space_are_refused(spatial_config, check, section, change, message):
    config = dict(spatial_config)
    config |= change if section is None else {section: config[section] | change}
    with pytest.raises(ValueError, match=message):
        check(config)


def test_keys_of_space_in_the_plane_are_told(root, check):
    config = yaml.safe_load((root / "config/config.yaml").read_text(encoding="utf-8"))
    config["grid"]["am_volume_fractions"] = [0.5]
    with pytest.raises(
        ValueError, match=r"unknown key grid.am_volume_fractions; it is one of geometry: spatial"
    ):
        check(config)
