import shutil

import h5py
import numpy as np
import pytest

from analysis.trajectories import read_trajectories
from electrode.species import AM, SE


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
