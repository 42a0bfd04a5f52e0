import os
import shutil
import subprocess
import sys

import h5py
import numpy as np
import pytest

from electrode.species import AM, SE
from electrode.structures import read_trajectories


def test_structures_come_in_the_order_of_their_names(study):
    read = list(read_trajectories(study.trajectories[0]))
    assert [t.drawn["replicate"] for t in read] == [0, 1, 2, 3]
    assert read[0].box.tolist() == [10e-6, 9e-6] and read[0].final_box == (0, 8e-6, 0, 9e-6)


def test_contact_pairs_are_named_by_species(trajectory):
    names = {SE: "SE", AM: "AM"}
    for i, j, pair in zip(
        trajectory.contacts["i"], trajectory.contacts["j"], trajectory.contact_pairs(), strict=True
    ):
        both = (
            "wall"
            if j < 0
            else "-".join(sorted((names[trajectory.species[i]], names[trajectory.species[j]])))
        )
        assert pair == both


def truncate(path):
    path.write_bytes(path.read_bytes()[:-1000])


def empty(path):
    path.write_bytes(b"")


def flip(path):
    with h5py.File(path) as file:
        dataset = file["particles/width-10_uncovered-0.7_replicate-000/position/value"]
        offset = dataset.id.get_chunk_info(0).byte_offset
    data = bytearray(path.read_bytes())
    data[offset + 100] ^= 1
    path.write_bytes(data)


def strip(path):
    with h5py.File(path, "a") as file:
        del file["observables"]


@pytest.mark.parametrize("damage", [truncate, empty, flip, strip])
def test_damaged_file_is_refused_by_name(study, tmp_path, damage):
    path = tmp_path / "damaged.h5"
    shutil.copy(study.trajectories[0], path)
    damage(path)
    with pytest.raises(ValueError, match=r"damaged\.h5 cannot be read as a trajectory: .*Delete it and run"):
        list(read_trajectories(path))


def test_another_unit_is_refused_by_name(study, tmp_path):
    path = tmp_path / "other.h5"
    shutil.copy(study.trajectories[0], path)
    with h5py.File(path, "a") as file:
        file["particles/width-10_uncovered-0.7_replicate-000/radius"].attrs["units"] = "um"
    with pytest.raises(ValueError, match=r"other\.h5 .*radius of width-10_.* must have the unit m, got um"):
        list(read_trajectories(path))


def test_missing_file_is_refused_by_name(tmp_path):
    with pytest.raises(ValueError, match=r"nowhere\.h5 cannot be read as a trajectory"):
        list(read_trajectories(tmp_path / "nowhere.h5"))


def test_arrays_are_as_written(trajectory):
    assert trajectory.position.shape == (4, trajectory.radius.size, 2)
    assert np.isfinite(trajectory.position).all() and (trajectory.contact_pressure[0] == 0).all()


NO_LOCKS = """#include <errno.h>
int flock(int file, int operation) { errno = ENOLCK; return -1; }
"""
WRITE_AND_READ = """
import sys
import numpy as np
import xarray as xr
from electrode.structures import read_trajectories
from dem.trajectory import _new_file
from provenance import atomic_output
from provenance.netcdf import open_result
with atomic_output(sys.argv[1]) as temporary:
    xr.Dataset({"a": ("x", np.arange(3))}).to_netcdf(temporary, engine="h5netcdf")
print(open_result(sys.argv[1], "a")["a"].values.sum())
_new_file(sys.argv[2]).close()
print(len(list(read_trajectories(sys.argv[3]))))
"""


def test_files_are_written_and_read_where_there_are_no_locks(study, tmp_path):
    compiler = shutil.which("cc")
    if not compiler:
        pytest.skip("needs a C compiler, for a flock that fails")
    source, library = tmp_path / "no_locks.c", tmp_path / "no_locks.so"
    source.write_text(NO_LOCKS, encoding="utf-8")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source], check=True)
    environment = {name: value for name, value in os.environ.items() if name != "HDF5_USE_FILE_LOCKING"}
    done = subprocess.run(
        [sys.executable, "-c", WRITE_AND_READ, "a.nc", "new.h5", study.trajectories[0]],
        env={**environment, "LD_PRELOAD": str(library)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.stdout.split() == ["3", "4"], done.stderr


def test_a_file_that_may_be_good_is_not_to_be_deleted(tmp_path, monkeypatch):
    (tmp_path / "good.h5").touch()
    for number, text, advice in (
        (37, "unable to lock file, errno = 37", "set HDF5_USE_FILE_LOCKING=FALSE"),
        (13, "Permission denied", "Permission denied"),
    ):

        def refused(*_, number=number, text=text, **__):
            raise OSError(number, text)

        monkeypatch.setattr("electrode.structures.h5py.File", refused)
        with pytest.raises(ValueError, match=advice) as raised:
            list(read_trajectories(tmp_path / "good.h5"))
        assert "good.h5" in str(raised.value) and "elete" not in str(raised.value)
