"""A disk that is full while results are written."""

import json
import subprocess
import sys
from types import SimpleNamespace

import pytest

# Runs in a mount namespace of its own: what it mounts is gone with it, and nobody else sees it.
MOUNTED = """
import json, subprocess, sys
from pathlib import Path

def mount(*options):
    subprocess.run(["mount", "-t", "tmpfs", "-o", *options, "tmpfs", disk], check=True)

def attempt(step):
    try:
        step()
    except (OSError, RuntimeError) as error:
        print("error:", error)
    print("left:", sorted(path.name for path in Path(disk).rglob("*") if path.is_file()), flush=True)

disk, argument = sys.argv[1:]
mount("size=60k")
"""
COMPRESS = """
from dem.study import compress_cell
def step():
    compress_cell(Path(disk) / "out.h5", json.loads(argument), 10, 0.7, range(4), "code")
attempt(step)
mount("remount,size=10m")
attempt(step)
sys.stdout.buffer.write((Path(disk) / "out.h5").read_bytes())
"""
# As the workflow does it: HDF5 tries to write once more when Python ends, and crashes.
NETCDF = """
job = '''
import sys
sys.path.insert(0, "workflow/scripts")
from pathlib import Path
from step import step
from analysis.dataset import open_dataset, write_netcdf
disk, dataset = sys.argv[1:]
with step(Path(disk).with_name("log")):
    write_netcdf(open_dataset(dataset), Path(disk) / "out.nc")
'''
done = subprocess.run([sys.executable, "-c", job, disk, argument], stderr=subprocess.PIPE, text=True)
assert done.returncode != 0
print(done.stderr)
attempt(lambda: None)
"""


@pytest.fixture
def on_small_disk(root, tmp_path):
    private = ["unshare", "--mount", "--propagation", "private"]
    if subprocess.run([*private, "true"], capture_output=True).returncode:
        pytest.skip("mounting a small disk needs root")

    disk = tmp_path / "disk"
    disk.mkdir()

    def run(script, argument):
        command = [*private, sys.executable, "-c", MOUNTED + script, str(disk), str(argument)]
        done = subprocess.run(command, capture_output=True, cwd=root)
        assert done.returncode == 0, done.stderr.decode()
        lines = done.stdout.split(b"\n", 4)
        text = [line.decode() for line in lines if line.startswith((b"error:", b"left:"))]
        return SimpleNamespace(text=text, output=done.stdout)

    return run


def test_compress_goes_on_when_there_is_room_again(on_small_disk, config, tmp_path):
    from dem.study import compress_cell

    done = on_small_disk(COMPRESS, json.dumps(config))
    error, left, after = done.text
    assert error.startswith("error: [Errno 28] No space left on device: ") and str(tmp_path) in error
    assert "replicate-000.npz" in left and "out.h5" not in left
    assert after == "left: ['out.h5']"
    compress_cell(tmp_path / "undisturbed.h5", config, 10, 0.7, range(4), "code")
    assert done.output.endswith((tmp_path / "undisturbed.h5").read_bytes()), "same bits"


def test_netcdf_is_whole_or_absent(on_small_disk, study, tmp_path):
    error, left = on_small_disk(NETCDF, study.dataset).text
    assert error == f"error: [Errno 28] No space left on device: '{tmp_path}/disk/out.nc'"
    assert left == "left: []"
    assert "No space left on device" in (tmp_path / "log").read_text(encoding="utf-8")
