"""Jobs on a GPU: many packings into one file. A stand-in advances them, by kernels of the CPU."""

import copy
import logging

import numpy as np
import pytest
from scipy.stats import t

import dem.batch
import dem.cuda.engine
from dem.cuda.device import the_device
from dem.cuda.spatial.batch import bytes_of
from dem.press_batch import press_batch
from dem.press_study import press_cell
from electrode.structures import read_packings

PRESSURES = [50, 200]
PACKINGS = [(0.3, 0), (0.5, 0), (0.5, 1)]


@pytest.fixture(scope="module")
def config(spatial_config):
    """Few spheres, which soon count as at rest."""
    config = copy.deepcopy(spatial_config)
    config["structure"] |= {"box_width_um": 4.6, "box_height_um": 5}
    config["compression"] |= {"hold_unbalanced_force": 0.1, "hold_energy_ratio": 0.01}
    return config


def told(path):
    """What a file says of each sample."""
    return {
        sample.name: (sample.drawn, sample.position.tobytes(), sample.relative_density.tolist())
        for sample in read_packings(path)
    }


def test_packings_of_all_cells_are_pressed_together_as_on_the_cpu(device, config, tmp_path, caplog):
    with caplog.at_level(logging.INFO):
        press_batch(tmp_path / "batch.h5", config, PACKINGS, PRESSURES, "a1b2", threads=2)
    together = told(tmp_path / "batch.h5")
    apart = {}
    for share, replicates in ((0.3, range(1)), (0.5, range(2))):
        press_cell(tmp_path / f"{share}.h5", config, share, PRESSURES, replicates, "a1b2")
        apart |= told(tmp_path / f"{share}.h5")
    assert together == apart and len(together) == 3 * 2 * 2
    assert "packing am-0.5_replicate-001 is finished, 3 of 3" in caplog.text
    assert list(tmp_path.glob(".*")) == []


def test_a_batch_that_the_memory_does_not_hold_is_cut(device, config, tmp_path, monkeypatch, caplog):
    sizes = []

    def counted(systems):
        sizes.append(bytes_of(systems))
        return sizes[-1]

    monkeypatch.setattr(dem.batch, "bytes_of", counted)
    whole, cut = tmp_path / "whole.h5", tmp_path / "cut.h5"
    press_batch(whole, config, PACKINGS, PRESSURES, "a1b2")
    small = device._replace(free=int(1.2 * max(sizes) / dem.batch.SHARE))
    monkeypatch.setattr(dem.batch, "the_device", lambda: small)
    with caplog.at_level(logging.INFO):
        press_batch(cut, config, PACKINGS, PRESSURES, "a1b2")
    assert cut.read_bytes() == whole.read_bytes()
    assert "stand-in has" in caplog.text and "finished in 3 batches" in caplog.text
    none = device._replace(free=1000)
    monkeypatch.setattr(dem.batch, "the_device", lambda: none)
    with pytest.raises(RuntimeError, match=r"packing am-0.3_replicate-000: needs .* GB of the GPU's memory"):
        press_batch(tmp_path / "none.h5", config, PACKINGS, PRESSURES, "a1b2")


def test_a_failed_job_goes_on_from_the_last_states_at_rest(device, config, tmp_path, monkeypatch, caplog):
    whole, again = tmp_path / "whole.h5", tmp_path / "again.h5"
    on_the_cpu = dem.cuda.engine.PackingBatch
    on_the_cpu.runs = 0
    press_batch(whole, config, PACKINGS, PRESSURES, "a1b2")
    needed, on_the_cpu.runs = on_the_cpu.runs, 0

    def fails(self):
        on_the_cpu.run(self)
        if on_the_cpu.runs > 0.7 * needed:
            raise RuntimeError("an illegal memory access was encountered")

    monkeypatch.setattr(dem.cuda.engine, "PackingBatch", type("Failing", (on_the_cpu,), {"run": fails}))
    with pytest.raises(RuntimeError, match="the GPU has failed: an illegal memory access"):
        press_batch(again, config, PACKINGS, PRESSURES, "a1b2")
    assert not again.exists()
    monkeypatch.setattr(dem.cuda.engine, "PackingBatch", on_the_cpu)
    with caplog.at_level(logging.INFO):
        press_batch(again, config, PACKINGS, PRESSURES, "a1b2")
    assert "goes on from 50 MPa" in caplog.text
    assert again.read_bytes() == whole.read_bytes()


def test_a_failure_names_the_packing_when_the_others_are_done(device, config, tmp_path):
    short = config | {"compression": config["compression"] | {"hold_maximum_steps": 100}}
    with pytest.raises(RuntimeError, match=r"packing am-0.3_replicate-000: .* after 100 steps"):
        press_batch(tmp_path / "short.h5", short, [(0.3, 0), (0.5, 0)], [50], "a1b2")


def test_samples_that_another_job_has_taken_away_are_missed(device, config, tmp_path, monkeypatch):
    monkeypatch.setattr(dem.batch, "finish_together", lambda *arguments: None)
    with pytest.raises(RuntimeError, match="its samples are gone"):
        press_batch(tmp_path / "gone.h5", config, [(0.3, 0)], [50], "a1b2")


def test_a_gpu_has_the_means_of_the_cpu(config, tmp_path):
    if the_device().simulated:
        pytest.skip("there is no GPU, and the simulator of one would take hours")
    replicates = range(8)
    press_batch(tmp_path / "gpu.h5", config, [(0.5, k) for k in replicates], PRESSURES, "a1b2")
    press_cell(tmp_path / "cpu.h5", config, 0.5, PRESSURES, replicates, "a1b2")
    theirs, ours = (
        {sample.name: sample.relative_density[-1] for sample in read_packings(tmp_path / name)}
        for name in ("gpu.h5", "cpu.h5")
    )
    assert theirs.keys() == ours.keys()
    apart = np.array([theirs[name] - ours[name] for name in sorted(ours)])
    assert np.abs(apart).max() < 0.02
    # Single packings are chaotic; of all of them the same density comes out. Samples of one are related.
    by_packing = apart.reshape(len(replicates), -1).mean(axis=1)
    bound = t.ppf(0.9995, len(replicates) - 1) * by_packing.std(ddof=1) / np.sqrt(len(replicates))
    assert abs(by_packing.mean()) <= bound
