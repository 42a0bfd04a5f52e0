"""Jobs that are killed and started again."""

import signal
import subprocess
import sys
import zipfile

import numpy as np
import pytest
import yaml

from dem.parts import Parts
from dem.study import compress_cell

JOB = """
import logging, sys, yaml
from dem.study import compress_cell
logging.basicConfig(stream=sys.stdout, format="%(message)s", level="INFO")
compress_cell(sys.argv[1], yaml.safe_load(sys.stdin.read()), 10, 0.7, range(4), "code", threads=1)
"""


@pytest.fixture
def undisturbed(config, tmp_path):
    path = tmp_path / "undisturbed/out.h5"
    compress_cell(path, config, 10, 0.7, range(4), "code")
    return path


def start(config, path):
    """A job of four structures, one after the other, after two of them; whoever starts it ends it."""
    command = [sys.executable, "-c", JOB, str(path)]
    job = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    )
    job.stdin.write(yaml.safe_dump(config, sort_keys=False))
    job.stdin.close()
    for line in job.stdout:
        if "2 of 4" in line:
            return job
    raise AssertionError("the job ended early")


@pytest.fixture
def killed(config, tmp_path):
    """Output of a job that was killed with SIGKILL while it was at the third of four structures."""
    path = tmp_path / "killed/out.h5"
    with start(config, path) as job:
        job.send_signal(signal.SIGKILL)
        job.stdout.read()
    assert job.returncode == -signal.SIGKILL
    assert not path.exists()
    return path


def parts_of(path):
    return sorted(path.parent.glob(".*.parts/*.npz"))


def taken_over(log):
    return [record.args[0] for record in log.records if "earlier attempt" in record.msg]


def test_a_killed_job_goes_on_with_the_same_bits(config, killed, undisturbed, caplog):
    done = len(parts_of(killed))
    assert done >= 2
    with caplog.at_level("INFO"):
        compress_cell(killed, config, 10, 0.7, range(4), "code", threads=2)
    assert len(taken_over(caplog)) == done
    assert killed.read_bytes() == undisturbed.read_bytes()
    assert list(killed.parent.iterdir()) == [killed], "nothing is left beside it"


@pytest.mark.parametrize("damage", ["truncated", "empty", "flipped"])
def test_damaged_parts_are_made_anew(config, killed, undisturbed, caplog, damage):
    path = parts_of(killed)[0]
    content = bytearray(path.read_bytes())
    if damage == "flipped":
        with zipfile.ZipFile(path) as archive:
            largest = max(archive.infolist(), key=lambda member: member.compress_size)
        # In the middle of what it holds, past its header.
        content[largest.header_offset + largest.compress_size // 2 + 100] ^= 1
    path.write_bytes({"truncated": content[:-100], "empty": b"", "flipped": content}[damage])
    compress_cell(killed, config, 10, 0.7, range(4), "code")
    assert f"{path} is damaged, its structure is made anew" in caplog.text
    assert killed.read_bytes() == undisturbed.read_bytes()


def test_parts_of_other_code_or_configuration_are_not_taken(config, killed, caplog):
    with caplog.at_level("INFO"):
        compress_cell(killed, config, 10, 0.7, range(4), "other code")
    assert taken_over(caplog) == []


def test_a_part_is_the_structure_bit_by_bit(run, tmp_path):
    parts = Parts(tmp_path, "key")
    parts.keep(run)
    part = parts.find(run.name)
    assert part.drawn == run.drawn and part.name == run.name

    def same(simulated, kept):
        for name, value in simulated._asdict().items():
            mine, theirs = np.asarray(value), np.asarray(getattr(kept, name))
            assert mine.dtype == theirs.dtype and mine.tobytes() == theirs.tobytes(), name

    same(run.structure, part.structure)
    same(run.contacts, part.contacts)
    for simulated, kept in zip(run.frames, part.frames, strict=True):
        same(simulated, kept)


def test_two_attempts_at_the_same_time_do_no_harm(config, undisturbed, tmp_path):
    """As when Snakemake is killed and started again, while its job lives on: both must end well."""
    path = tmp_path / "both/out.h5"
    with start(config, path) as first:
        first.send_signal(signal.SIGSTOP)
        compress_cell(path, config, 10, 0.7, range(4), "code")
        assert path.read_bytes() == undisturbed.read_bytes()
        first.send_signal(signal.SIGCONT)
        first.stdout.read()
    assert first.returncode == 0
    assert path.read_bytes() == undisturbed.read_bytes()
    assert list(path.parent.iterdir()) == [path]
