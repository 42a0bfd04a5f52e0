"""Jobs on a GPU: many structures into one file. A stand-in advances them, by kernels of the CPU."""

import logging

import pytest

import dem.cuda.engine
from dem.compress_batch import compress_batch
from dem.study import compress_cell
from electrode.structures import read_trajectories

# The stand-in has layers advanced by kernels of space.
pytestmark = pytest.mark.usefixtures("spatial_kernels")

STRUCTURES = [(11, 0.7, None, 0), (10, 0.7, None, 1)]


def told(path):
    """What a file says of each structure."""
    return {run.name: run for run in read_trajectories(path)}


def test_structures_of_all_cells_are_compressed_together(device, config, tmp_path, caplog):
    with caplog.at_level(logging.INFO):
        compress_batch(tmp_path / "batch.h5", config, STRUCTURES, "a1b2", threads=2)
    together = told(tmp_path / "batch.h5")
    assert "is finished, 2 of 2" in caplog.text and not list(tmp_path.glob(".*"))
    for width, fraction, pressure, replicate in STRUCTURES:
        compress_cell(tmp_path / f"{width}.h5", config, width, fraction, [replicate], "a1b2", 1, pressure)
        ((name, alone),) = told(tmp_path / f"{width}.h5").items()
        run = together.pop(name)
        assert run.drawn == alone.drawn and (run.position[0] == alone.position[0]).all()
        # By then rounding has grown.
        assert run.wall_force[-1] == pytest.approx(alone.wall_force[-1], rel=0.05)
        assert len(run.contacts["i"]) == pytest.approx(len(alone.contacts["i"]), rel=0.05)
    assert not together


def test_a_failed_job_keeps_what_it_has_finished(device, config, tmp_path, monkeypatch, caplog):
    batch, on_the_cpu = tmp_path / "batch.h5", dem.cuda.engine.PackingBatch
    short = {**config, "compression": {**config["compression"], "hold_maximum_steps": 300}}
    with pytest.raises(
        RuntimeError, match=r"structure width-1._uncovered-0.7_replicate-00.: .* after 300 steps"
    ):
        compress_batch(batch, short, STRUCTURES, "a1b2")
    assert not batch.exists()

    class Fails(on_the_cpu):
        """When the first structure has left."""

        left = False

        def skip(self, s):
            super().skip(s)
            self.left = True

        def run(self):
            if self.left:
                raise RuntimeError("an illegal memory access was encountered")
            super().run()

    monkeypatch.setattr(dem.cuda.engine, "PackingBatch", Fails)
    with pytest.raises(RuntimeError, match="an illegal memory access"):
        compress_batch(batch, config, STRUCTURES, "a1b2")
    kept = sorted(path.stem for path in tmp_path.glob(".batch.h5.parts/*.npz"))
    assert kept
    monkeypatch.setattr(dem.cuda.engine, "PackingBatch", on_the_cpu)
    with caplog.at_level(logging.INFO):
        compress_batch(batch, config, STRUCTURES, "a1b2")
    assert f"{2 - len(kept)} structures of 2 wait" in caplog.text
    assert len(told(batch)) == 2
