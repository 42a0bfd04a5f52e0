import shutil

import pytest
import yaml


def job_counts(output):
    """Number of jobs per rule."""
    table = output.split("Job stats:")[1].split("total")[0]
    return {
        row[0]: int(row[1]) for row in map(str.split, table.splitlines()) if row[-1:] and row[-1].isdigit()
    }


def test_paper_study_is_50_compressions(project):
    stats = job_counts(project.snakemake("-n").stdout)
    assert stats["compress"] == 50 and stats["train"] == 5


def test_results_may_go_elsewhere(project, tmp_path):
    stats = job_counts(project.snakemake("-n", "--directory", str(tmp_path)).stdout)
    assert stats["compress"] == 50


def test_pressures_are_an_axis_of_the_grid(project):
    output = project.snakemake("-n", "--configfile", "config/elastoplastic.yaml").stdout
    assert job_counts(output)["compress"] == 18
    assert "trajectories/width-70_uncovered-0.808_pressure-600_replicates-0-4.h5" in output


def test_slurm_profile_dry_runs_without_slurm(project):
    output = project.snakemake("--profile", "profiles/slurm", "-n").stdout
    assert job_counts(output)["compress"] == 50
    train = output.split("rule train:")[1].split("rule ")[0]
    assert "slurm_partition=gpu" in train and "gpu=1" in train
    compress = output.split("rule compress:")[1].split("rule ")[0]
    assert "slurm_partition=cpu" in compress and "gpu" not in compress and "threads: 2" in compress


def test_packings_go_to_a_gpu_together(project):
    """The study in space on a cluster with a GPU, as docs/cluster.md says."""
    engine = "--configfile", "config/spatial.yaml", "--config", "compute={engine: cuda}"
    output = project.snakemake("--profile", "profiles/slurm", "-n", *engine).stdout
    stats = job_counts(output)
    assert stats["press_batch"] == 1 and "press" not in stats
    batch = output.split("rule press_batch:")[1].split("rule ")[0]
    assert "trajectories/packings-0-99.h5" in batch
    assert "slurm_partition=gpu" in batch and "gpu=1" in batch and "threads: 16" in batch
    dataset = output.split("rule press_dataset:")[1].split("rule ")[0]
    assert "trajectories/packings-0-99.h5" in dataset


def test_structures_in_the_plane_go_to_a_gpu_together(project):
    engine = "--configfile", "config/demo.yaml", "--config", "compute={engine: cuda}"
    output = project.snakemake("-n", *engine).stdout
    stats = job_counts(output)
    assert stats["compress_batch"] == 1 and "compress" not in stats
    assert "trajectories/structures-0-95.h5" in output.split("rule dataset:")[1].split("rule ")[0]


def test_requests_grow_with_the_attempt(root):
    profile = yaml.safe_load((root / "profiles/slurm/config.yaml").read_text(encoding="utf-8"))
    asked = {"default": profile["default-resources"], **profile["set-resources"]}
    for rule, resources in asked.items():
        for name in set(resources) & {"mem_mb", "runtime"}:
            assert str(resources[name]).endswith(" * attempt"), (rule, name)
    assert profile["retries"] == 2


def test_a_copy_of_the_profile_is_found_by_name(project, monkeypatch):
    """As docs/cluster.md says: partition and account are set without an edit of a tracked file."""
    mine = project.folder / "home/snakemake/mycluster"
    shutil.copytree(project.folder / "profiles/slurm", mine)
    project.edit(mine / "config.yaml", "slurm_partition: cpu", "slurm_partition: long")
    project.edit(mine / "config.yaml", "# slurm_account: yours", "slurm_account: physics")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(project.folder / "home"))
    output = project.snakemake("--profile", "mycluster", "-n").stdout
    compress = output.split("rule compress:")[1].split("rule ")[0]
    assert "slurm_partition=long" in compress and "slurm_account=physics" in compress


def test_allocation_profile_is_local(project):
    output = project.snakemake("--profile", "profiles/allocation", "-n").stdout
    assert job_counts(output)["compress"] == 50
    train = output.split("rule train:")[1].split("rule ")[0]
    assert "gpu=1" in train and "slurm" not in train


@pytest.mark.parametrize("other", ["slurm", "allocation"])
def test_default_profile_does_not_disturb_the_others(root, other):
    """It is read beside every other profile and wins: it must not say where to run."""
    default = yaml.safe_load((root / "profiles/default/config.yaml").read_text(encoding="utf-8"))
    assert not set(default) & set(
        yaml.safe_load((root / f"profiles/{other}/config.yaml").read_text(encoding="utf-8"))
    )
    assert not set(default) & {
        "cores",
        "jobs",
        "executor",
        "default-resources",
        "set-resources",
        "set-threads",
    }


def test_lint_finds_nothing(project):
    assert "Congratulations" in project.snakemake("--lint").stdout


@pytest.mark.parametrize(
    ("overlay", "message"),
    [
        ("grid: {width_um: [46]}\nseed: -1", "unknown key grid.width_um; did you mean widths_um?"),
        (
            "grid: {widths_um: [38]}",
            "grid.widths_um must be above compression.final_width_um = 40 um, got 38",
        ),
    ],
)
def test_bad_configuration_is_one_screen_that_names_the_key(project, overlay, message):
    (project.folder / "bad.yaml").write_text(overlay + "\n", encoding="utf-8")
    done = project.snakemake("-n", "--configfile", "bad.yaml", check=False)
    assert done.returncode != 0
    assert message in done.stdout
    assert len(done.stdout.splitlines()) < 20, done.stdout
    assert not (project.folder / "results").exists()


def test_joined_studies_train_on_all_and_on_each_alone(project):
    overlay = "-n", "--configfile", "config/joined.yaml"
    failed = project.snakemake(*overlay, check=False)
    assert failed.returncode != 0
    assert "results/paper/dataset.nc is missing; run that study first" in failed.stdout
    for study in ("paper", "elastoplastic"):
        (project.folder / f"results/{study}").mkdir(parents=True)
        (project.folder / f"results/{study}/dataset.nc").touch()
    stats = job_counts(project.snakemake(*overlay).stdout)
    assert (stats["join"], stats["train"], stats["predict"], stats["novelty"]) == (1, 9, 3, 2)
    assert {rule for rule in stats if rule.startswith("figure_")} == {
        "figure_transfer",
        "figure_novelty",
        "figure_am_coverage",
    }
    assert not {"compress", "dataset", "gradcam"} & set(stats)


def test_robust_networks_learn_from_degraded_copies_too(project):
    (project.folder / "results/paper").mkdir(parents=True)
    (project.folder / "results/paper/dataset.nc").touch()
    stats = job_counts(project.snakemake("-n", "--configfile", "config/robust.yaml").stdout)
    assert (stats["degrade"], stats["join"], stats["train"], stats["figure_transfer"]) == (1, 1, 5, 1)
    assert not {"compress", "novelty", "figure_parity"} & set(stats)


def test_a_new_figure_is_a_module_a_row_and_a_caption(project):
    module = project.folder / "src/analysis/figures/crossing.py"
    module.write_text(
        '"""A figure."""\n\nfrom analysis.figures import style\n\n\ndef save(gradcam, outputs): ...\n',
        encoding="utf-8",
    )
    row = '"crossing": Figure("Prediction", {"gradcam": Study.gradcam}),'
    last = '    "am_coverage": Figure('
    project.edit("src/study/figures.py", last, f"    {row}\n{last}")
    (project.folder / "workflow/report/crossing.rst").write_text("A caption.\n", encoding="utf-8")
    output = project.snakemake("-n", "--configfile", "tests/tiny.yaml").stdout
    assert job_counts(output)["figure_crossing"] == 1
    files = [f"results/tiny/figures/crossing.{suffix}" for suffix in ("png", "pdf")]
    job = output.split("rule figure_crossing:")[1].split("\n\n")[0]
    assert "input: results/tiny/gradcam.nc\n" in job and f"output: {', '.join(files)}\n" in job
    page = output.split("rule html_report:")[1].split("output: ")[0]
    assert files[0] in page and "workflow/report/crossing.rst" in page
    assert set(files) < set(output.split("rule all:")[1].split("\n")[1].replace(",", "").split())


def test_sections_on_the_command_line_change_the_keys_they_name(project):
    """Snakemake hands them on as text."""
    changes = ("--config", "grid={replicates: 6, widths_um: [10, 1.15e+1]}")
    output = project.snakemake("-n", "--configfile", "tests/tiny.yaml", *changes).stdout
    assert job_counts(output)["compress"] == 6 and "width-11.5_" in output


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("grid={replicates: 0}", "--config grid=...: grid.replicates must be in [1, 1000000], got 0"),
        ("grid={replicates: six}", "grid.replicates must be a whole number, got 'six'"),
        ("contacts={friction: {SE-SE: 1e-3}}", "as text, write 1.0e-3"),
        ("grid=6", "--config grid=...: grid must be a section of keys with values, got 6"),
    ],
)
def test_bad_values_on_the_command_line_are_refused_by_key(project, change, message):
    done = project.snakemake("-n", "--config", change, check=False)
    assert done.returncode != 0 and message in done.stdout and "Traceback" not in done.stdout


def test_the_environment_of_trainings_counts_with_conda_alone(project):
    change = "--config", "training={backend: jax}"
    assert job_counts(project.snakemake("-n", *change).stdout)["train"] == 5
    refused = project.snakemake("-n", *change, "--sdm", "conda", check=False)
    assert refused.returncode
    assert "must be cnn-jax for training.backend: jax, got cnn" in refused.stdout


def test_a_key_that_stands_twice_is_refused_by_file_and_line(project):
    (project.folder / "twice.yaml").write_text(
        "study: mine\ngrid:\n  replicates: 3\n  replicates: 4\n", encoding="utf-8"
    )
    done = project.snakemake("-n", "--configfile", "twice.yaml", check=False)
    assert done.returncode != 0
    assert "twice.yaml, line 4: the key grid.replicates stands there twice, first in line 3" in done.stdout
