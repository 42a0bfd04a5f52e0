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


def test_requests_grow_with_the_attempt(root):
    profile = yaml.safe_load((root / "profiles/slurm/config.yaml").read_text())
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
    default = yaml.safe_load((root / "profiles/default/config.yaml").read_text())
    assert not set(default) & set(yaml.safe_load((root / f"profiles/{other}/config.yaml").read_text()))
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


def test_more_replicates_add_chunks_and_keep_the_others(project):
    def outputs(replicates):
        config = project.folder / "more.yaml"
        config.write_text(f"study: tiny\ngrid: {{replicates: {replicates}}}\n")
        listing = project.snakemake("-n", "--configfile", "tests/tiny.yaml", "more.yaml").stdout
        return {line.split()[-1] for line in listing.splitlines() if "output: " in line and ".h5" in line}

    assert outputs(4) < outputs(6)


@pytest.mark.parametrize(
    ("overlay", "message"),
    [
        ("grid: {width_um: [46]}", "unknown key grid.width_um; did you mean widths_um?"),
        ("colour: red", "unknown key colour; known: study, joined_studies, degraded_copies, seed"),
        (
            "prediction: {um_per_pixel: 3}",
            "prediction.um_per_pixel: 3 is greater than the maximum of 0.5 (in um)",
        ),
        (
            "image: {um_per_pixel: 5.0e-324}",
            "image.um_per_pixel: 5e-324 is less than the minimum of 0.001 (in um)",
        ),
        ("training: {environment: gpu}", "training.environment: 'gpu' is not one of ['cnn', 'cnn-gpu']"),
        ("prediction: {brightness: [void, AM]}", "prediction.brightness: ['void', 'AM'] is too short"),
        (
            "structure: {se_diameter_nm: 1000}",
            "unknown key structure.se_diameter_nm; did you mean se_diameter_um?",
        ),
        ("grid: {widths_um: ['46']}", "grid.widths_um.0: '46' is not of type 'number' (in um)"),
        ("grid: {widths_um: [46, 46]}", "grid.widths_um: [46, 46] has non-unique elements"),
        (
            "grid: {widths_um: [38]}",
            "grid.widths_um must be above compression.final_width_um = 40 um, got 38",
        ),
        ("grid: {widths_um: [46.0001]}", "grid.widths_um must be multiples of 0.001, got 46.0001"),
        ("grid: {replicates: 0}", "grid.replicates: 0 is less than the minimum of 1"),
        (
            "grid: {uncovered_fractions: [0.3]}",
            "grid.uncovered_fractions.0: 0.3 is less than the minimum of 0.5",
        ),
        ("grid: {widths_um: [46.1234567]}", "grid.widths_um must be multiples of 0.001, got 46.1234567"),
        ("grid: {widths_um: [100.0012]}", "grid.widths_um must be multiples of 0.001"),
        ("grid: {widths_um: [1000.001]}", "grid.widths_um.0: 1000.001 is greater than the maximum of 1000"),
        (
            "grid: {widths_um: [46], uncovered_fractions: [0.7], replicates: 6}",
            "split.test: 6 structures give 1",
        ),
        ("seed: 2000.0", "seed: 2000.0 is not of type 'integer'"),
        ("network: {dropout: .nan}", "network.dropout: nan is not of type 'number'"),
        ("1: 2", "unknown key 1; known: study"),
        ("compression: {frames: 2}", "compression.frames: 2 is less than the minimum of 3"),
        ("study: a/b", "study: 'a/b' does not match"),
        ("study: ../up", "study: '../up' does not match"),
        ('study: "a\\n"', "study: 'a\\n' does not match"),
        (
            "seed: 0\nmaterials: {AM: {density_kg_per_m3: 1" + 400 * "0" + "}}",
            "is not of type 'number' (in kg/m3)",
        ),
        (
            "grid: {replicates: 1000000, replicates_per_job: 1}",
            "grid: 50000000 compress jobs are more than 100000; raise grid.replicates_per_job",
        ),
        ("seed: -1", "seed: -1 is less than the minimum of 0"),
        (
            "compression: {time_step_rayleigh: 0.5}",
            "compression.time_step_rayleigh: 0.5 is greater than the maximum of 0.2 (in Rayleigh times)",
        ),
        ("contacts: {law: jkr}", "contacts.law: 'jkr' is not one of ['hertz_mindlin', 'elastoplastic']"),
        ("image: {crop_um: 1.95}", "image.crop_um = 1.95 um leaves 36.1 um of final_width_um = 40 um"),
        ("image: {crop_um: 20}", "image.crop_um = 20 um leaves 0 um"),
        ("grid: {pressures_MPa: [-5]}", "grid.pressures_MPa.0: -5 is less than the minimum of 1 (in MPa)"),
        ("grid: {pressures_MPa: [1.00001]}", "grid.pressures_MPa must be multiples of 0.001, got 1.00001"),
        ("compression: {unload: true}", "compression.unload needs grid.pressures_MPa to let go of, got none"),
        (
            "materials: {SE: {hardness_GPa: -1.9}}",
            "materials.SE.hardness_GPa: -1.9 is less than or equal to the minimum of 0 (in GPa)",
        ),
        ("split: {test: 0.3}", "split: the shares must sum to 1, got 1.1"),
        (
            "joined_studies: [paper2]",
            "joined_studies must be two or more others than 'paper', got ['paper2']",
        ),
        ("joined_studies: [a, paper]", "joined_studies must be two or more others than 'paper'"),
        ("degraded_copies: 1", "degraded_copies are of joined_studies, of which there are none, got 1"),
        ("evaluation: {splits: [random, one_study]}", "one_study needs joined_studies, got none"),
        (
            "joined_studies: [a, b]\nevaluation: {splits: [random, one_study]}",
            "training.members_held_out: one_study compares spreads, of 2 at least, got 1",
        ),
        (
            "joined_studies: [a, b]\nevaluation: {splits: [random, leave_width_out]}",
            "evaluation.splits of joined studies are random and one_study",
        ),
        (
            "structure: {se_pitch_um: 2}",
            "structure: se_pitch must be in (0, se_diameter = 1e-06 m], got 2e-06",
        ),
        (
            "training: {learning_rate: 1e-3}",
            "'1e-3' is not of type 'number' (of Adam; YAML reads numbers like 1e-3 as text, write 1.0e-3)",
        ),
    ],
)
def test_bad_configuration_is_one_screen_that_names_the_key(project, overlay, message):
    (project.folder / "bad.yaml").write_text(overlay + "\n")
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
    assert (stats["degrade"], stats["join"], stats["train"], stats["figure_transfer"]) == (1, 1, 3, 1)
    assert not {"compress", "novelty", "figure_parity"} & set(stats)
