"""The benchmark of the GPU runs to its end, here on a handful of spheres in the simulator."""

import csv

import gpu
import numpy as np
import pytest

from dem.filling.spatial import fill
from dem.parameters import Filling, SpatialFilling
from dem.structure import fill as fill_in_the_plane

FILLING = SpatialFilling(4e-6, 4e-6, (1.6e-6, 1.6e-6), (0.0, 0.0), 1.2e-6, 1e-6, 0.2e-6, 0.3, 1000, 3)
IN_THE_PLANE = Filling(4e-6, (1.6e-6, 1.6e-6), (0.0, 0.0), 1.2e-6, 1e-6, 0.2e-6, 1000, 3)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_row_for_each_measurement(monkeypatch, tmp_path, spatial_kernels, quick_turns):
    rng, agreement, dense = np.random.default_rng(1), gpu.difference, gpu.dense
    packing, _ = fill(FILLING, 0.3, rng)
    flat, _ = fill_in_the_plane(IN_THE_PLANE, 4e-6, 0.7, rng)
    monkeypatch.setattr(gpu, "filled", lambda geometry, width, seed: flat)
    monkeypatch.setattr(gpu, "RELAX", 2)
    packings = {
        # Shrunk by hand: kernels of space are compiled for the law that is measured alone.
        "space": packing._replace(
            position=0.88 * packing.position, width=0.88 * packing.width, height=0.88 * packing.height
        ),
        "plane": dense("plane", 4e-6, 1),
    }
    monkeypatch.setattr(gpu, "dense", lambda geometry, width, seed: packings[geometry])
    monkeypatch.setattr(gpu, "difference", lambda *arguments: agreement(*arguments[:-1], 3))
    for name, value in {
        "PACKINGS": 1,
        "CASES": {"space": [(2, 14e-6, 1)], "plane": [(1, 14e-6, 2)]},
        "KINDS": {"space": [("elastoplastic", 0.0)], "plane": [("elastoplastic", 0.5)]},
        "WORK": 1,
        "LEAST": 3,
    }.items():
        monkeypatch.setattr(gpu, name, value)
    monkeypatch.chdir(tmp_path)
    gpu.main()
    with open("gpu.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["piston"] for row in rows] == ["still", "pressed"] * 2
    for row in rows:
        geometry, times = row["geometry"], 1 if row["geometry"] == "space" else 4
        assert int(row["structures"]) == (2 if geometry == "space" else 1)
        assert int(row["particles"]) == times * packings[geometry].radius.size
        assert float(row["particle_steps_per_second"]) > 0
        assert float(row["largest_difference_from_cpu"]) < 1e-10
