"""The benchmark of the GPU runs to its end, here on a handful of spheres in the simulator."""

import csv

import gpu
import numpy as np
import pytest

from dem.filling.spatial import fill
from dem.parameters import SpatialFilling

FILLING = SpatialFilling(4e-6, 4e-6, (1.6e-6, 1.6e-6), (0.0, 0.0), 1.2e-6, 1e-6, 0.2e-6, 0.3, 1000, 3)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_row_for_each_measurement(monkeypatch, tmp_path, spatial_kernels, quick_turns):
    packing, _ = fill(FILLING, 0.3, np.random.default_rng(1))
    packing = packing._replace(
        position=0.88 * packing.position, width=0.88 * packing.width, height=0.88 * packing.height
    )
    agreement = gpu.difference
    monkeypatch.setattr(gpu, "dense", lambda width, seed: packing)
    monkeypatch.setattr(gpu, "difference", lambda *arguments: agreement(*arguments[:-1], 3))
    for name, value in {
        "PACKINGS": 1,
        "CASES": {"a few": (2, 14e-6, 1)},
        "KINDS": [("elastoplastic", 0.0)],
        "WORK": 1,
        "LEAST": 3,
    }.items():
        monkeypatch.setattr(gpu, name, value)
    monkeypatch.chdir(tmp_path)
    gpu.main()
    with open("gpu.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["piston"] for row in rows] == ["still", "pressed"]
    for row in rows:
        assert int(row["structures"]) == 2 and int(row["particles"]) == packing.radius.size
        assert float(row["particle_steps_per_second"]) > 0
        assert float(row["largest_difference_from_cpu"]) < 1e-10
