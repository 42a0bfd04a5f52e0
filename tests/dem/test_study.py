import dataclasses
import json
import time

import h5py
import numpy as np
import pytest

from dem.laws import LAWS
from dem.simulation import simulate
from dem.study import compile_kernels, compress_cell


def test_recording_more_frames_does_not_change_the_outcome(tiny, run):
    for frames in (3, 11):
        other = dataclasses.replace(tiny, compression=dataclasses.replace(tiny.compression, frames=frames))
        again = simulate(other, 11e-6, 0.7, 0)
        assert len(again.frames) == frames
        assert again.frames[-1].x.tobytes() == run.frames[-1].x.tobytes()


def test_same_bytes_for_any_number_of_threads_at_any_time(config, tmp_path):
    files = [tmp_path / f"{threads}.h5" for threads in (1, 3)]
    for path, threads in zip(files, (1, 3), strict=True):
        compress_cell(path, config, 10, 0.7, range(3), "code", threads)
        time.sleep(1.1)  # a time stamp would differ
    assert files[0].read_bytes() == files[1].read_bytes()


def test_same_bits_however_replicates_are_chunked(config, tmp_path):
    chunks = {"all.h5": range(3), "first.h5": [0], "rest.h5": [1, 2]}
    for name, replicates in chunks.items():
        compress_cell(tmp_path / name, config, 10, 0.7, replicates, "code", threads=2)
    with h5py.File(tmp_path / "all.h5") as whole:
        paths = []
        for name in ("first.h5", "rest.h5"):
            with h5py.File(tmp_path / name) as part:

                def compare(path, item, whole=whole):
                    if isinstance(item, h5py.Dataset):
                        paths.append(path)
                        assert item[:].tobytes() == whole[path][:].tobytes(), path

                part.visititems(compare)
        assert len([path for path in paths if path.endswith("replicate-002/position/value")]) == 1


def test_a_failing_structure_leaves_no_file(config, tmp_path):
    config["compression"]["hold_maximum_steps"] = 1
    config["compression"]["hold_energy_ratio"] = 1e-30
    with pytest.raises(RuntimeError, match=r"structure width-10_uncovered-0\.7_replicate-000"):
        compress_cell(tmp_path / "out.h5", config, 10, 0.7, range(2), "code")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("law", list(LAWS))
def test_compiling_says_what_for(config, yielding_kernels, law, tmp_path):
    compile_kernels(tmp_path / "kernels.json", law, config["contacts"].get(law))
    assert set(json.loads((tmp_path / "kernels.json").read_text(encoding="utf-8"))) == {
        "kernels",
        "law",
        "geometry",
        "numba",
        "processor",
    }


def test_same_seed_gives_the_same_bits_and_another_replicate_others(run, tiny):
    again = simulate(tiny, 11e-6, 0.7, 0)
    assert np.array_equal(run.frames[-1].x, again.frames[-1].x)
    assert run.contacts.normal_force.tobytes() == again.contacts.normal_force.tobytes()
    other = simulate(tiny, 11e-6, 0.7, 1)
    assert not np.array_equal(other.structure.x[:3], run.structure.x[:3])


def test_box_must_be_wider_than_the_final_width(tiny):
    with pytest.raises(
        ValueError,
        match=r"width-8_.*final_width must be below the width of the structure = 8e-06 m, got 8e-06",
    ):
        simulate(tiny, 8e-6, 0.7, 0)
