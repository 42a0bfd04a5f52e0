import dataclasses

import numpy as np
import pytest

from dem import structure
from electrode.species import AM, SE


@pytest.fixture(scope="module")
def filled(paper_config):
    from dem.parameters import read_parameters

    filling = read_parameters(paper_config).structure
    seed = structure.structure_seed(1, 50e-6, 0.63, 0)
    return structure.fill(filling, 50e-6, 0.63, np.random.default_rng(seed))


def test_nothing_overlaps_and_nothing_sticks_out(filled):
    s, _ = filled
    distance = np.hypot(s.x[:, None] - s.x, s.y[:, None] - s.y)
    reach = s.radius[:, None] + s.radius
    np.fill_diagonal(distance, np.inf)
    assert (distance >= reach).all()
    assert (s.x >= s.radius).all() and (s.x <= s.width - s.radius).all()
    assert (s.y >= s.radius).all() and (s.y <= s.height - s.radius).all()


def test_active_material_stops_just_past_the_setting(filled):
    s, draw = filled
    am = s.species == AM
    covered = np.cumsum(np.pi * s.radius[am] ** 2) / (s.width * s.height)
    assert 1 - covered[-1] < 0.63 <= 1 - covered[-2]
    assert 6e-6 <= draw.am_mean_diameter <= 12e-6 and 0.5e-6 <= draw.am_sd_diameter <= 2e-6
    assert (2 * s.radius[am] >= 3e-6).all()
    assert draw.tries >= am.sum()


def test_electrolyte_fills_exhaustively(filled):
    s, _ = filled
    assert set(s.radius[s.species == SE]) == {0.5e-6}
    solids = np.sum(np.pi * s.radius**2) / (s.width * s.height)
    assert 0.74 < solids < 0.82
    # No further disc fits at the points of the raster.
    grid = np.stack(np.meshgrid(np.arange(0.5, 49.5, 0.1), np.arange(0.5, 39.5, 0.1))).reshape(2, -1) * 1e-6
    gap = np.full(grid.shape[1], np.inf)
    for x, y, radius in zip(s.x, s.y, s.radius, strict=True):
        gap = np.minimum(gap, np.hypot(grid[0] - x, grid[1] - y) - radius)
    # A jittered candidate may miss a hole that only just fits: none is left that fits by a raster pitch.
    assert gap.max() < 0.5e-6 + 0.1e-6 * np.sqrt(2)


def test_seed_depends_on_the_structure_alone():
    def state(*key):
        return structure.structure_seed(*key).generate_state(4).tolist()

    assert state(1, 46e-6, 0.53, 2) == state(1, 46.0000000001e-6, 0.53, 2)
    others = [(2, 46e-6, 0.53, 2), (1, 47e-6, 0.53, 2), (1, 46e-6, 0.54, 2), (1, 46e-6, 0.53, 3)]
    assert len({tuple(state(*key)) for key in [(1, 46e-6, 0.53, 2), *others]}) == 5


def test_coverage_out_of_reach_is_an_error(parameters):
    filling = dataclasses.replace(parameters.structure, maximum_tries=2000, fresh_starts=2)
    with pytest.raises(
        RuntimeError, match=r"covers 0\.\d+ of the box after 4000 tries in 2 starts, wanted more"
    ):
        structure.fill(filling, 50e-6, 0.2, np.random.default_rng(0))


def test_compiled_equals_python():
    columns = [np.zeros(100) for _ in range(6)]
    arguments = 12e-6, 10e-6, 3e-6, 0.5e-6, 2e-6, 4e-11, 10_000
    compiled = structure.place_active_material(np.random.default_rng(1), *arguments, *columns[:3])
    python = structure.place_active_material.py_func(np.random.default_rng(1), *arguments, *columns[3:])
    assert compiled == pytest.approx(python)
    am = [column[: python[0]] for column in columns]
    for a, b in zip(am[:3], am[3:], strict=True):
        np.testing.assert_allclose(a, b)
    raster = 12e-6, 10e-6, 0.5e-6, 0.2e-6
    compiled = structure.fill_solid_electrolyte(np.random.default_rng(1), *raster, *am[:3])
    python = structure.fill_solid_electrolyte.py_func(np.random.default_rng(1), *raster, *am[:3])
    np.testing.assert_allclose(compiled, python)
    overlap = am[0], am[1], am[2], am[0].size, am[0][0], am[1][0], 1e-7
    assert structure._overlaps(*overlap) and structure._overlaps.py_func(*overlap)
    assert not structure._overlaps.py_func(*overlap[:3], 0, *overlap[4:])
