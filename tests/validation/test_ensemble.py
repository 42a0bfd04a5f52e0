"""Whole compressions are chaotic: an ensemble of them against the same ensemble in LAMMPS and in LIGGGHTS."""

import ensemble
import numpy as np
import peers.lammps
import peers.liggghts
import pytest
from scipy.stats import t

from dem.cuda.device import the_device


@pytest.fixture(scope="module")
def parameters(paper_config):
    from dem.parameters import read_parameters

    return read_parameters(paper_config)


@pytest.fixture(scope="module")
def ours(parameters):
    return ensemble.compress_ensemble(ensemble.run_dem, parameters)


@pytest.mark.parametrize("engine", [peers.lammps, peers.liggghts], ids=["lammps", "liggghts"])
def test_means_at_rest_agree_within_the_standard_error(ours, parameters, engine):
    if engine.executable() is None:
        pytest.skip(f"{engine.__name__} is not installed")
    theirs = ensemble.compress_ensemble(engine.run, parameters)
    (mean, error), (our_mean, our_error) = (
        ensemble.mean_and_error(values[:, -1]) for values in (theirs, ours)
    )
    bounds = np.hypot(error, our_error)
    for name, deviation, bound in zip(ensemble.QUANTITIES, np.abs(our_mean - mean), bounds, strict=True):
        assert deviation <= bound, (
            f"{name}: difference of the means {deviation:.3g}, standard error {bound:.3g}"
        )
    # The same packings on both sides: a much sharper comparison.
    difference, error = ensemble.mean_and_error(theirs[:, -1] - ours[:, -1])
    np.testing.assert_array_less(np.abs(difference), 3 * error)
    np.testing.assert_array_less(error, 0.05 * mean)


def test_a_gpu_has_the_same_means(ours, parameters):
    if the_device().simulated:
        pytest.skip("there is no GPU, and the simulator of one would take days")
    theirs = ensemble.compress_ensemble(ensemble.run_on_gpu, parameters)
    difference, error = ensemble.mean_and_error(theirs[:, -1] - ours[:, -1])
    np.testing.assert_array_less(np.abs(difference), t.ppf(0.9995, ensemble.SEEDS - 1) * error)
    np.testing.assert_array_less(error, 0.05 * ours[:, -1].mean(axis=0))


def test_the_packings_are_of_the_intended_size_and_strongly_compressed(ours, parameters):
    sizes = [packing.x.size for packing in ensemble.packings(parameters)]
    assert 150 < np.mean(sizes) < 250
    assert ours[:, -1, 0].min() > 1, "mN on the wall"
