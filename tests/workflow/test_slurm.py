"""The workflow on a real Slurm (tests/slurm), by the profile that users take."""

import pytest
import xarray as xr

CLUSTER = {"cpus": 4}


@pytest.fixture(scope="module")
def on_slurm(slurm, slurm_profile, copy_project, kernels):
    """A copy in which the tiny study ran on the cluster from nothing to figures, and the jobs of that run."""
    project = copy_project()
    before = set(slurm.jobs())
    command = (*slurm_profile, "--configfile", "tests/tiny.yaml", "tests/slurm/study.yaml")
    # Figures are alike to Slurm: all but one are drawn in one job, which saves two starts of Snakemake each.
    figures = [rule for rule in project.due() if rule.startswith("figure") and rule != "figure_parity"]
    groups = ("--groups", *(f"{rule}=figures" for rule in figures))
    command += (*groups, "--group-components", f"figures={len(figures)}", "--cores", "4")
    project.log = project.snakemake(*command, environment=slurm.environment).stdout
    project.jobs = {number: job for number, job in slurm.jobs().items() if number not in before}
    return project


def of_rule(project, rule):
    jobs = {k: job for k, job in project.jobs.items() if job["Comment"].startswith(f"rule_{rule}_wildcards_")}
    assert jobs, f"no job of {rule} was submitted"
    return jobs


def test_the_study_runs_from_nothing_to_figures(on_slurm, root):
    folder = on_slurm.folder / "results/tiny"
    figures = {path.name for path in (folder / "figures").iterdir()}
    assert {"parity.png", "parity.pdf", "gradcam.png", "structure.png"} <= figures
    assert (folder / "metrics.csv").exists() and (folder / "manifest.json").exists()
    assert {job["JobState"] for job in on_slurm.jobs.values()} == {"COMPLETED"}
    assert not list(folder.rglob(".*")), "no temporary file is left"


def test_train_is_scheduled_on_the_gpu(on_slurm, slurm):
    [(number, job)] = of_rule(on_slurm, "train").items()
    assert (job["Partition"], job["NodeList"], job["NumCPUs"]) == ("gpu", "gpu1", "4")
    assert slurm.environment_of(number)["CUDA_VISIBLE_DEVICES"] == "0"


def test_compress_is_scheduled_on_cpus_with_its_threads(on_slurm, slurm):
    jobs = of_rule(on_slurm, "compress")
    assert len(jobs) == 4
    for number, job in jobs.items():
        assert job["Partition"] == "cpu" and job["NodeList"].startswith("cpu")
        assert (job["NumCPUs"], job["MinMemoryNode"], job["TimeLimit"]) == ("2", "2000M", "00:30:00")
        assert "CUDA_VISIBLE_DEVICES" not in slurm.environment_of(number)


def test_the_cluster_gives_the_same_bits_as_one_machine(on_slurm, finished):
    here, there = (project.folder / "results/tiny" for project in (finished, on_slurm))
    for path in (here / "trajectories").glob("*.h5"):
        assert path.read_bytes() == (there / "trajectories" / path.name).read_bytes()
    with xr.open_dataset(here / "dataset.nc") as local, xr.open_dataset(there / "dataset.nc") as remote:
        xr.testing.assert_identical(local, remote)
