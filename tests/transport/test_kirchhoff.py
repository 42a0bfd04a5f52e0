"""Kirchhoff's laws against closed forms, and what must hold whatever the network."""

import dataclasses
import warnings

import numpy as np
import pytest

from electrode.species import AM, SE
from transport import kirchhoff
from transport.kirchhoff import conduct
from transport.network import COLLECTOR, SEPARATOR
from transport.resistance import conductances

SIGMA = 1.2
RADIUS = 0.5e-6
CONTACT = 0.01
# Of small contacts: relative conductivity of the infinite lattice x radius / contact radius, distance
# of layers / radius, contacts of a sphere with the next layer. With the electrode it has one.
INFINITE = {
    "simple cubic": (1, 2, 1),
    "body centred": (np.sqrt(3), 2 / np.sqrt(3), 4),
    "face centred": (2 * np.sqrt(2), np.sqrt(2), 4),
}


def small(network, species=SE):
    """Conductances of contacts that do not feel each other."""
    return conductances(network, species, SIGMA, crowding=False)


@pytest.mark.parametrize("name", INFINITE)
@pytest.mark.parametrize("layers", [2, 5, 9])
def test_lattices_between_electrodes(stacked, name, layers):
    network = stacked(name, layers, contact=CONTACT)
    bulk, distance, upwards = INFINITE[name]
    conduction = conduct(network, SE, small(network))
    # In series: layers - 1 of `upwards` contacts 1 / (2 sigma a), and two of one 1 / (4 sigma a).
    resistance = (layers - 1) / upwards + 1
    exact = bulk * CONTACT * ((layers - 1) + 2 / distance) / upwards / resistance
    assert conduction.with_electrodes / SIGMA == pytest.approx(exact, rel=1e-10)
    if 0.2 * network.thickness > RADIUS:  # no contact with an electrode lies in the middle
        assert conduction.conductivity / SIGMA == pytest.approx(bulk * CONTACT, rel=1e-10)


def test_the_series_of_face_centred_layers_is_as_published(stacked):
    for layers in (3, 7):
        network = stacked("face centred", layers, contact=CONTACT)
        exact = 2 * np.sqrt(2) * CONTACT * (layers - 1 + np.sqrt(2)) / (layers + 3)
        assert conduct(network, SE, small(network)).with_electrodes == pytest.approx(SIGMA * exact, rel=1e-6)


def test_a_chain_is_a_series(stacked):
    """Contacts of 1 and 3 squared radii in a column: resistances add up."""
    network = stacked("simple cubic", 3, across=1)
    network = dataclasses.replace(network, area=np.pi * np.array([1.0, 9.0, 4.0, 16.0]) * 1e-18)
    conduction = conduct(network, SE, small(network))
    ohms = [1 / (2 * SIGMA * 1e-9), 1 / (2 * SIGMA * 3e-9), 1 / (4 * SIGMA * 2e-9), 1 / (4 * SIGMA * 4e-9)]
    assert conduction.total == pytest.approx(1 / sum(ohms), rel=1e-12)
    np.testing.assert_allclose(conduction.through(network), conduction.total, rtol=1e-10)
    # The separator has the third contact, the collector the fourth.
    np.testing.assert_allclose(conduction.potential[[0, 2]], [ohms[2] / sum(ohms), 1 - ohms[3] / sum(ohms)])


@pytest.mark.parametrize("seed", range(20))
def test_what_holds_in_any_network(scattered, seed):
    network = scattered(seed)
    links = small(network)
    conduction = conduct(network, SE, links)
    if not conduction.percolates:
        assert conduction.conductivity == 0
        return
    assert conduction.imbalance < 1e-10
    for wall, sign in ((SEPARATOR, 1), (COLLECTOR, -1)):
        at_wall = conduction.current[network.j == wall].sum()
        assert sign * at_wall == pytest.approx(conduction.total, rel=1e-10)
    inside = conduction.potential[np.isfinite(conduction.potential)]
    assert (inside > -1e-12).all() and (inside < 1 + 1e-12).all()
    assert conduction.conductivity > 0
    # Twice the conductivity, twice the current.
    doubled = conduct(network, SE, 2 * links)
    assert doubled.conductivity == pytest.approx(2 * conduction.conductivity, rel=1e-10)


@pytest.mark.parametrize("seed", range(20))
def test_a_contact_removed_never_raises_the_current(scattered, seed):
    network = scattered(seed, loss=0.3)
    links = small(network)
    whole = conduct(network, SE, links)
    rng = np.random.default_rng(seed)
    for removed in rng.choice(network.i.size, 12, replace=False):
        area = network.area.copy()
        area[removed] = 0
        left = conduct(dataclasses.replace(network, area=area), SE, links)
        assert left.total <= whole.total * (1 + 1e-10)
        if abs(whole.current[removed]) > 1e-3 * whole.total:
            assert left.total < whole.total


@pytest.mark.parametrize("seed", range(5))
def test_both_directions_conduct_alike(scattered, seed):
    network = scattered(seed, loss=0.2)
    j = np.where(network.j == SEPARATOR, COLLECTOR, np.where(network.j == COLLECTOR, SEPARATOR, network.j))
    turned = dataclasses.replace(network, j=j, depth=network.thickness - network.depth)
    forth, back = (conduct(each, SE, small(each)) for each in (network, turned))
    assert back.total == pytest.approx(forth.total, rel=1e-10)
    assert back.conductivity == pytest.approx(forth.conductivity, rel=1e-10)


def test_elimination_and_iteration_agree(scattered, monkeypatch):
    network = scattered(3, number=1000, loss=0.3)
    links = small(network)
    eliminated = conduct(network, SE, links)
    monkeypatch.setattr(kirchhoff, "MOST_ELIMINATED", 0)
    iterated = conduct(network, SE, links)
    assert iterated.conductivity == pytest.approx(eliminated.conductivity, rel=1e-10)
    assert iterated.imbalance < 1e-10
    np.testing.assert_allclose(iterated.potential, eliminated.potential, atol=1e-10)


def test_iteration_that_fails_is_left_for_elimination(scattered, monkeypatch):
    network = scattered(3, number=1000, loss=0.3)
    links = small(network)
    expected = conduct(network, SE, links).conductivity
    monkeypatch.setattr(kirchhoff, "MOST_ELIMINATED", 0)
    monkeypatch.setattr(kirchhoff, "MOST_ITERATIONS", 3)
    assert conduct(network, SE, links).conductivity == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("wall", [SEPARATOR, COLLECTOR])
def test_nothing_percolates_to_one_electrode_alone(stacked, wall):
    network = stacked("simple cubic", 3)
    apart = dataclasses.replace(network, area=np.where(network.j == wall, 0.0, network.area))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        conduction = conduct(apart, SE, small(network))
    assert not conduction.percolates
    assert conduction.total == conduction.conductivity == conduction.with_electrodes == 0
    assert (conduction.current == 0).all() and np.isnan(conduction.electrode_part)
    # All hangs on the other electrode.
    assert (conduction.potential == (1 if wall == SEPARATOR else 0)).all()


def test_isolated_clusters_have_no_potential_and_do_no_harm(stacked):
    network = stacked("simple cubic", 4, across=3)
    lonely = 13  # in the second layer
    touches = (network.i == lonely) | (network.j == lonely)
    without = dataclasses.replace(network, area=np.where(touches, 0.0, network.area))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        conduction = conduct(without, SE, small(network))
    assert np.isnan(conduction.potential[lonely]) and conduction.percolates
    assert np.isfinite(np.delete(conduction.potential, lonely)).all()
    assert conduction.through(without)[lonely] == 0


def test_no_contacts_and_no_such_phase(stacked):
    network = stacked("simple cubic", 3)
    bare = dataclasses.replace(network, i=network.i[:0], j=network.j[:0], area=network.area[:0])
    for given, species in ((bare, SE), (network, AM)):
        conduction = conduct(given, species, small(given, species))
        assert not conduction.percolates and conduction.conductivity == 0


@pytest.mark.parametrize("wrong", [0.0, -1.0, np.nan, np.inf])
def test_impossible_conductances_are_refused(stacked, wrong):
    network = stacked("simple cubic", 3)
    links = small(network)
    links[5] = wrong
    with pytest.raises(ValueError, match=r"conductances must be above 0 and finite \[S\], got"):
        conduct(network, SE, links)
