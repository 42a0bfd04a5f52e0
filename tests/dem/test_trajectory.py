import json

import h5py
import numpy as np
import pytest

import dem
from dem.trajectory import open_trajectory


@pytest.fixture
def file(study):
    with h5py.File(study.trajectories[0]) as opened:
        yield opened


def datasets(file):
    arrays = []
    file.visititems(lambda _, item: arrays.append(item) if isinstance(item, h5py.Dataset) else None)
    return arrays


def test_layout_is_h5md(file):
    assert file["h5md"].attrs["version"].tolist() == [1, 1]
    assert file["h5md/author"].attrs["name"] and file["h5md/creator"].attrs["version"] == "code"
    for name, particles in file["particles"].items():
        assert particles["box"].attrs["dimension"] == 2
        assert list(particles["box"].attrs["boundary"]) == ["none", "none"]
        frames, count = particles["position/value"].shape[:2]
        assert particles["position/step"].shape == particles["position/time"].shape == (frames,)
        assert particles["species"].shape == particles["radius"].shape == (count,)
        assert file[f"observables/{name}/wall_force/value"].shape == (frames, 4)
    assert sorted(file["particles"])[0] == "width-10_uncovered-0.7_replicate-000"


def test_every_dataset_has_units_compression_and_checksum(file):
    assert len(datasets(file)) > 4 * 15
    for data in datasets(file):
        assert data.attrs["units"], data.name
        assert data.compression == "gzip" and data.shuffle and data.fletcher32, data.name


def test_contact_list_belongs_to_the_last_frame(file):
    name = next(iter(file["particles"]))
    contacts = file[f"observables/{name}/contacts"]
    position = file[f"particles/{name}/position/value"][-1]
    radius = file[f"particles/{name}/radius"][:]
    i, j = contacts["i"][:], contacts["j"][:]
    pairs = j >= 0
    distance = np.linalg.norm(position[i[pairs]] - position[j[pairs]], axis=1)
    assert (distance < radius[i[pairs]] + radius[j[pairs]]).all()


def test_parameters_seed_and_code_are_kept(file, study):
    stored = json.loads(file["parameters"].attrs["config"])
    assert stored["structure"] == study.config["structure"] and "training" not in stored
    assert file["parameters"].attrs["seed"] == study.config["seed"]
    assert file["parameters"].attrs["code_digest"] == "code"
    drawn = json.loads(file["parameters/width-10_uncovered-0.7_replicate-000"].attrs["drawn"])
    assert drawn["seed"] == {"entropy": study.config["seed"], "spawn_key": [10000, 7000, 0]}


def test_an_interrupted_file_never_appears(config, tmp_path):
    with pytest.raises(RuntimeError, match="stop"), open_trajectory(tmp_path / "a.h5", config, "code"):
        raise RuntimeError("stop")
    assert list(tmp_path.iterdir()) == []


def test_kernel_cache_falls_back_when_home_cannot_be_written(monkeypatch, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    assert dem._kernel_cache().startswith(str(tmp_path / "solid-state-electrode-"))
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(blocked))
    assert dem._kernel_cache() == ""


def test_kernel_cache_falls_back_without_a_home(monkeypatch, tmp_path):
    """As for a user of a container: neither HOME nor an entry in passwd."""
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))

    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr("pathlib.Path.home", homeless)
    assert dem._kernel_cache().startswith(str(tmp_path / "solid-state-electrode-"))
