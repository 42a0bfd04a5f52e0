"""What clusters do to a run: each fault is made on a real Slurm, and the results are those of a quiet day.

docs/reliability.md has the table. A process to be struck is first stopped, so that it cannot end before.
"""

import os
import re
import signal
import time
from pathlib import Path

import pytest

CONFIG = ("--configfile", "tests/tiny.yaml", "tests/slurm/faults.yaml")
# What happens to the jobs, named by width and first replicate.
KILLED, NODE_DOWN, TOO_LONG = ("10", "0"), ("10", "3"), ("10", "6")
TOO_BIG_ONCE, TOO_BIG, UNDISTURBED = ("11", "0"), ("11", "3"), ("11", "6")
MEMORY = (
    f"100 if (wildcards.width, wildcards.first) == {TOO_BIG} "
    f"or (wildcards.width, wildcards.first, attempt) == {(*TOO_BIG_ONCE, 1)} else 2000"
)


def trajectory(width, first):
    return f"results/tiny/trajectories/width-{width}_uncovered-0.7_replicates-{first}-{int(first) + 2}.h5"


ALL = [trajectory(width, first) for width in ("10", "11") for first in ("0", "3", "6")]


def wait_for(what, condition, seconds=300):  # other tests share the cores
    end = time.monotonic() + seconds
    while not (outcome := condition()):
        assert time.monotonic() < end, f"no {what} after {seconds} s"
        time.sleep(0.05)
    return outcome


def jobs_of(slurm, run, width, first):
    """Slurm's records of the jobs of a trajectory in a run, in the order of submission."""
    # Between share and replicate: the pressure, empty in studies that compress to a width.
    name = re.compile(rf"rule_compress_wildcards_tiny_{width}_0\.7_+{first}_")
    records = [job for job in slurm.jobs().values() if job["WorkDir"] == str(run.folder).split(" ")[0]]
    return [job for job in records if name.match(job["Comment"])]


def simulation(slurm, run, width, first):
    """Job and process that simulate a trajectory, if they have finished a structure and not all."""
    path = run.folder / trajectory(width, first)
    if not list(path.with_name(f".{path.name}.parts").glob("width*.npz")):
        return None
    for job in jobs_of(slurm, run, width, first):
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                command, environment = ((folder / name).read_bytes() for name in ("cmdline", "environ"))
            except OSError:
                continue
            if b".compress.py" in command and f"SLURM_JOB_ID={job['JobId']}\0".encode() in environment:
                return job, int(folder.name)
    return None


def stop(slurm, run, *trajectories):
    """Stop the simulations of trajectories, each as soon as it has finished a structure."""
    stopped = {}

    def all_stopped():
        for key in set(trajectories) - set(stopped):
            if job_and_process := simulation(slurm, run, *key):
                os.kill(job_and_process[1], signal.SIGSTOP)
                stopped[key] = job_and_process
        return len(stopped) == len(trajectories)

    wait_for("structure finished of each trajectory", all_stopped)
    return stopped


@pytest.fixture(scope="module")
def quiet_day(copy_project, kernels):
    project = copy_project()
    project.snakemake("--cores", "2", *CONFIG, "--", *ALL)
    return project


@pytest.fixture(scope="module")
def bad_day(slurm, slurm_profile, copy_project, quiet_day):
    """A run whose jobs meet a fault each; it ends in failure, because one of them never has enough memory."""
    run = copy_project()
    run.snakemake("--cores", "2", *CONFIG, "--", "results/tiny/kernels.json")
    run.command = (*slurm_profile, *CONFIG)
    command = (*run.command, "--set-resources", f"compress:mem_mb={MEMORY}", "--", *ALL)
    with (
        open(run.folder / "output", "w", encoding="utf-8") as output,
        run.start(*command, environment=slurm.environment, output=output) as process,
    ):
        try:
            stopped = stop(slurm, run, KILLED, NODE_DOWN, TOO_LONG)
            os.kill(stopped[KILLED][1], signal.SIGKILL)

            job = stopped[NODE_DOWN][0]
            slurm.ask("scontrol", "update", f"nodename={job['NodeList']}", "state=down", "reason=test")
            # Slurm puts the job back, two minutes from now; it may begin at once.
            wait_for("job put back", lambda: slurm.jobs()[job["JobId"]]["JobState"] == "PENDING")
            slurm.ask("scontrol", "update", f"jobid={job['JobId']}", "starttime=now")

            # The limit in minutes is moved to now; Slurm looks at limits twice a minute.
            slurm.ask("scontrol", "update", f"jobid={stopped[TOO_LONG][0]['JobId']}", "endtime=now")

            run.second = run.snakemake(*command, check=False, environment=slurm.environment)
            run.status = process.wait()
        finally:
            process.kill()
            slurm.ask("scontrol", "update", "nodename=cpu[1-3]", "state=resume")
    run.output = (run.folder / "output").read_text(encoding="utf-8")
    return run


def same_bits(run, quiet_day, *keys):
    for key in keys:
        path = run.folder / trajectory(*key)
        assert path.read_bytes() == (quiet_day.folder / trajectory(*key)).read_bytes(), path
        assert not path.with_name(f".{path.name}.parts").exists()


def states(slurm, run, key):
    return [job["JobState"] for job in jobs_of(slurm, run, *key)]


def slurm_log(slurm, run, key):
    """Slurm's log of the first job of a trajectory."""
    [path] = (run.folder / ".snakemake/slurm_logs").rglob(f"{jobs_of(slurm, run, *key)[0]['JobId']}.log")
    return path


def taken_over(run, width, first):
    """Structures that the last attempt at a trajectory found finished."""
    name = Path(trajectory(width, first)).stem
    text = (run.folder / f"results/tiny/logs/compress/{name}.log").read_text(encoding="utf-8")
    return text.count("was finished by an earlier attempt")


def test_a_killed_job_is_submitted_again_and_goes_on(bad_day, quiet_day, slurm):
    assert states(slurm, bad_day, KILLED) == ["FAILED", "COMPLETED"]
    assert taken_over(bad_day, *KILLED) >= 1
    same_bits(bad_day, quiet_day, KILLED)


def test_a_job_whose_node_goes_down_runs_elsewhere_and_goes_on(bad_day, quiet_day, slurm):
    [job] = jobs_of(slurm, bad_day, *NODE_DOWN)
    assert (job["JobState"], job["Restarts"]) == ("COMPLETED", "1")
    assert taken_over(bad_day, *NODE_DOWN) >= 1
    same_bits(bad_day, quiet_day, NODE_DOWN)


def test_a_job_over_its_time_is_submitted_with_more_and_goes_on(bad_day, quiet_day, slurm):
    assert states(slurm, bad_day, TOO_LONG) == ["TIMEOUT", "COMPLETED"]
    asked = [job["TimeLimit"] for job in jobs_of(slurm, bad_day, *TOO_LONG)]
    assert asked[1] == "01:00:00"
    assert "DUE TO TIME LIMIT" in slurm_log(slurm, bad_day, TOO_LONG).read_text(encoding="utf-8")
    assert taken_over(bad_day, *TOO_LONG) >= 1
    same_bits(bad_day, quiet_day, TOO_LONG)


def test_a_job_over_its_memory_is_submitted_again(bad_day, quiet_day, slurm):
    assert states(slurm, bad_day, TOO_BIG_ONCE) == ["FAILED", "COMPLETED"]
    same_bits(bad_day, quiet_day, TOO_BIG_ONCE, UNDISTURBED)


def test_a_job_that_never_has_enough_memory_fails_with_the_reason(bad_day, slurm):
    assert states(slurm, bad_day, TOO_BIG) == ["FAILED"] * 3
    assert bad_day.status != 0
    log = slurm_log(slurm, bad_day, TOO_BIG)
    assert str(log) in bad_day.output and "Exceeded job memory limit" in log.read_text(encoding="utf-8")
    assert not (bad_day.folder / trajectory(*TOO_BIG)).exists()


def test_a_second_snakemake_is_refused_and_harms_nothing(bad_day):
    assert bad_day.second.returncode != 0
    assert "Directory cannot be locked" in bad_day.second.stdout


def test_snakemake_killed_and_restarted(bad_day, quiet_day, slurm):
    """Its job lives on, and is at the same file as the job of the next run at the same time."""
    command = (*bad_day.command, "--", *ALL)
    with (
        open(bad_day.folder / "output", "w", encoding="utf-8") as output,
        bad_day.start(*command, environment=slurm.environment, output=output) as process,
    ):
        _, orphan = stop(slurm, bad_day, TOO_BIG)[TOO_BIG]
        process.kill()
    refused = bad_day.snakemake(*command, check=False, environment=slurm.environment)
    assert refused.returncode != 0 and "--unlock" in refused.stdout
    bad_day.snakemake(*bad_day.command, "--unlock", environment=slurm.environment)
    bad_day.snakemake(*command, environment=slurm.environment)
    os.kill(orphan, signal.SIGCONT)
    wait_for("end of the orphan", lambda: not slurm.ask("squeue", "--noheader").strip())
    same_bits(bad_day, quiet_day, KILLED, NODE_DOWN, TOO_LONG, TOO_BIG_ONCE, TOO_BIG, UNDISTURBED)
    folder = (bad_day.folder / trajectory(*KILLED)).parent
    assert {path.name for path in folder.iterdir()} == {Path(name).name for name in ALL}
