"""Kernels in space as plain Python give what they give compiled."""

import copy
import dataclasses

import numpy as np
import pytest
from numba.core.dispatcher import Dispatcher

import dem.cpu.integrate
import dem.cpu.spatial.forces
import dem.cpu.spatial.integrate
import dem.cpu.spatial.neighbors
import dem.cpu.spatial.stress
import dem.filling.spatial
import dem.geometry.spatial
import dem.measure.spatial
from dem.cpu.spatial.integrate import advance
from dem.filling.spatial import fill
from dem.laws.elastoplastic import Yielding
from dem.measure.spatial import snapshot
from dem.parameters import SpatialFilling

FILLING = SpatialFilling(3e-6, 3e-6, (1.4e-6, 1.4e-6), (0.0, 0.0), 1.2e-6, 0.8e-6, 0.2e-6, 0.25, 1000, 3)
MODULES = (
    dem.cpu.integrate,
    dem.cpu.spatial.forces,
    dem.cpu.spatial.integrate,
    dem.cpu.spatial.neighbors,
    dem.cpu.spatial.stress,
    dem.filling.spatial,
    dem.geometry.spatial,
    dem.measure.spatial,
)


@pytest.fixture
def in_python(monkeypatch):
    """Function that has all kernels in space run as plain Python from then on, but for those named."""

    def switch(*compiled):
        for module in MODULES:
            for name, value in list(vars(module).items()):
                if isinstance(value, Dispatcher) and name not in compiled:
                    monkeypatch.setattr(module, name, value.py_func)

    return switch


@pytest.mark.parametrize("law", ["hertz_mindlin", "elastoplastic"])
def test_a_crowd_moves_alike(crowd, in_python, law):
    own = {"elastoplastic": Yielding(5.0, 2.0, 0.6, 1e-9)} if law == "elastoplastic" else {}
    system = crowd(law, own)
    twin = copy.deepcopy(system)
    for each in (system, twin):
        each.walls.velocity[1] = -20.0
    advance(system, 2e-11, 12, 1e9)
    frame = snapshot(system, 12, 0.0)
    # Python does not divide by zero, as the law does in places of a tile that no pair fills.
    in_python(*(["contact"] if law == "elastoplastic" else []))
    advance(twin, 2e-11, 12, 1e9)
    np.testing.assert_allclose(
        twin.particles.motion,
        system.particles.motion,
        rtol=1e-9,
        atol=1e-9 * np.abs(system.particles.motion).max(),
    )
    for name, value in snapshot(twin, 12, 0.0)._asdict().items():
        known = getattr(frame, name)
        scale = np.nanmax(np.abs(known))
        np.testing.assert_allclose(value, known, rtol=1e-7, atol=1e-9 * scale, err_msg=name)
    dem.cpu.spatial.integrate.rebuild(twin, 1e-7)
    dem.cpu.spatial.integrate.rebuild(system, 1e-7)
    assert twin.pairs.first[-1] == system.pairs.first[-1] > 50


@pytest.mark.parametrize("periodic", [True, False])
def test_a_box_is_filled_alike(in_python, periodic):
    filling = dataclasses.replace(FILLING, periodic=periodic, se_sd_diameter=0.05e-6)
    packing, draw = fill(filling, 0.3, np.random.default_rng(3))
    in_python()
    again, drawn = fill(filling, 0.3, np.random.default_rng(3))
    np.testing.assert_allclose(again.position, packing.position, rtol=1e-12)
    assert drawn == pytest.approx(draw)


def test_spheres_in_the_open_move_alike(cluster, in_python):
    system = cluster()
    twin = copy.deepcopy(system)
    advance(system, 1e-11, 10)
    in_python()
    advance(twin, 1e-11, 10)
    np.testing.assert_allclose(twin.particles.load, system.particles.load, rtol=1e-6, atol=1e-15)
