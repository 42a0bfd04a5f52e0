"""Resistances, access of AM, and the numbers of recorded structures."""

import dataclasses
import warnings

import numpy as np
import pytest

from electrode.conduction import CONDUCTION
from electrode.species import AM, SE
from transport.kirchhoff import conduct
from transport.measures import (
    Conductor,
    am_access,
    conduction_of,
    read_conductors,
    transport_values,
    word,
)
from transport.network import COLLECTOR, SEPARATOR, ContactNetwork, network_of
from transport.resistance import CROWDING, OWN, conductances

RADIUS = 0.5e-6
SECTION = {
    "ionic_conductivity_mS_per_cm": 3.0,
    "electronic_conductivity_mS_per_cm": 20.0,
    "ionic_contact_resistance_ohm_cm2": 0,
    "electronic_contact_resistance_ohm_cm2": 0.5,
}
CONDUCTORS = {SE: Conductor(0.3), AM: Conductor(2.0)}


def row(species, joined=None, walls=(True, True)):
    """A column of particles from separator to collector; contacts between neighbours as told."""
    number = len(species)
    joined = [True] * (number - 1) if joined is None else joined
    i = [k + 1 for k in range(number - 1) if joined[k]]
    j = [k for k in range(number - 1) if joined[k]]
    ends = [(0, SEPARATOR), (number - 1, COLLECTOR)]
    for (particle, wall), touches in zip(ends, walls, strict=True):
        if touches:
            i.append(particle)
            j.append(wall)
    return ContactNetwork(
        species=np.array(species),
        radius=np.full(number, RADIUS),
        depth=(np.arange(number) + 0.5) * 2 * RADIUS,
        share=np.full(number, 0.5 / number),
        i=np.array(i, int),
        j=np.array(j, int),
        area=np.full(len(i), np.pi * (0.1 * RADIUS) ** 2),
        thickness=number * 2 * RADIUS,
        cross_section=4 * RADIUS**2,
    )


def test_a_contact_by_hand():
    """Two particles: 1 / (2 sigma a), crowded, and a boundary; 1 / (4 sigma a) at each electrode."""
    network = row([SE, SE])
    contact, sigma, boundary = 0.1 * RADIUS, 0.3, 2e-7
    # Two contacts do not crowd a particle.
    half = 1 / (4 * sigma * contact)
    expected = [2 * half + boundary / (np.pi * contact**2), half, half]
    np.testing.assert_allclose(1 / conductances(network, SE, sigma, boundary), expected, rtol=1e-12)
    small = 1 / conductances(network, SE, sigma, crowding=False)
    np.testing.assert_allclose(small, np.array([2, 1, 1]) / (4 * sigma * contact), rtol=1e-12)


def test_a_crowded_particle_by_hand():
    """One particle between six others and an electrode: each contact feels those beyond `OWN`."""
    number = 7
    network = ContactNetwork(
        species=np.full(number, SE),
        radius=np.full(number, RADIUS),
        depth=np.full(number, RADIUS),
        share=np.full(number, 0.1),
        i=np.array([1, 2, 3, 4, 5, 6, 0]),
        j=np.array([0, 0, 0, 0, 0, 0, SEPARATOR]),
        area=np.full(7, np.pi * (0.2 * RADIUS) ** 2),
        thickness=RADIUS,
        cross_section=RADIUS**2,
    )
    half = 1 / (4 * 0.2 * RADIUS)
    crowded = half * (1 + CROWDING * (7 - OWN) * 0.2)
    np.testing.assert_allclose(
        1 / conductances(network, SE, 1.0), [half + crowded] * 6 + [crowded], rtol=1e-12
    )


def test_contacts_crowd_the_particles_that_have_them(stacked):
    """In a lattice of twelve neighbours more than in one of six, and not at all where contacts vanish."""
    ratios = {}
    for name in ("simple cubic", "face centred"):
        for contact in (0.3, 1e-4):
            network = stacked(name, 8, contact=contact)
            small, true = (
                conduct(network, SE, conductances(network, SE, 1.0, crowding=crowding)).conductivity
                for crowding in (False, True)
            )
            ratios[name, contact] = true / small
    assert ratios["face centred", 0.3] < 0.8 < ratios["simple cubic", 0.3] < 1
    assert ratios["face centred", 1e-4] == pytest.approx(1, abs=1e-3)


def test_a_boundary_lowers_the_conductivity_in_series(stacked):
    """One that resists as much as the contacts themselves halves it."""
    network = stacked("simple cubic", 20, contact=0.01)
    contact = 0.01 * RADIUS
    boundary = np.pi * contact**2 / (2 * 0.3 * contact)
    free, bound = (
        conduct(network, SE, conductances(network, SE, 0.3, resistance, crowding=False)).conductivity
        for resistance in (0.0, boundary)
    )
    assert bound == pytest.approx(free / 2, rel=1e-10)


@pytest.mark.parametrize(
    ("sigma", "boundary", "told"),
    [
        (0.0, 0.0, "conductivity of a dense phase must be above 0"),
        (np.nan, 0.0, "must be above 0"),
        (1.0, -1.0, r"at least 0 \[ohm m2\], got -1"),
    ],
)
def test_impossible_materials_are_refused(sigma, boundary, told):
    with pytest.raises(ValueError, match=told):
        conductances(row([SE, SE]), SE, sigma, boundary)


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("ionic_conductivity_mS_per_cm", 0, "must be a number > 0, got 0"),
        ("electronic_conductivity_mS_per_cm", "high", "must be a number > 0, got 'high'"),
        ("electronic_conductivity_mS_per_cm", None, "must be a number > 0, got None"),
        ("ionic_contact_resistance_ohm_cm2", -1, "must be a number >= 0, got -1"),
        ("ionic_conductivity_mS_per_cm", float("nan"), "must be a number > 0, got nan"),
    ],
)
def test_sections_are_checked(key, value, told):
    with pytest.raises(ValueError, match=f"transport.{key} {told}"):
        read_conductors(SECTION | {key: value})


def test_sections_are_read_in_si():
    assert read_conductors(SECTION) == {SE: Conductor(0.3, 0.0), AM: Conductor(2.0, 5e-5)}
    del (lacking := dict(SECTION))["ionic_conductivity_mS_per_cm"]
    with pytest.raises(ValueError, match=r"transport.ionic_conductivity_mS_per_cm is missing"):
        read_conductors(lacking)
    with pytest.raises(ValueError, match=r"transport.colour is unknown"):
        read_conductors(SECTION | {"colour": 1})


# From separator to collector, and which neighbours touch: access of ions, of electrons, of both.
ACCESSES = [
    ([SE, SE, AM, AM], None, (1 / 2, 1, 1 / 2)),  # the second AM touches no SE
    ([AM, SE, AM, AM], None, (0, 2 / 3, 0)),  # SE does not reach the separator
    ([SE, AM, SE, AM], None, (1 / 2, 1 / 2, 0)),  # the first has ions, the last electrons
    ([SE, AM, AM, AM], [True, True, False], (1 / 3, 1 / 3, 0)),  # AM that touches no AM of the collector's
    ([SE, AM], [False], (0, 1, 0)),
]


@pytest.mark.parametrize(("species", "joined", "expected"), ACCESSES)
def test_access_by_hand(species, joined, expected):
    assert am_access(row(species, joined)) == pytest.approx(expected)


def test_access_counts_volume():
    network = row([SE, AM, AM])
    network = dataclasses.replace(network, radius=network.radius * np.array([1, 2, 1]))
    assert am_access(network) == pytest.approx((8 / 9, 1, 8 / 9))


def test_contacts_without_area_give_no_access():
    network = row([SE, AM])
    apart = dataclasses.replace(network, area=np.where(network.j == 0, 0.0, network.area))
    assert am_access(apart) == (0, 1, 0)


@pytest.mark.parametrize(
    ("species", "se", "am"),
    [
        ([SE, SE], "percolates", "absent"),
        ([AM, AM, AM], "absent", "percolates"),
        ([SE, AM], "does not percolate", "does not percolate"),
    ],
)
def test_words_and_exact_zeros(species, se, am):
    network = row(species)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        values = transport_values(network, CONDUCTORS)
    for kind, solid, carried, expected in ((SE, "se", "ionic", se), (AM, "am", "electronic", am)):
        assert word(network, kind, conduction_of(network, kind, CONDUCTORS[kind])) == expected
        percolates = expected == "percolates"
        assert values[f"{solid}_percolates"] == percolates
        assert (values[f"{carried}_conductivity"] > 0) == percolates
        if not percolates:
            assert values[f"{carried}_conductivity"] == values[f"{carried}_conductivity_relative"] == 0
            assert np.isnan(values[f"{solid}_tortuosity_factor"])
    assert np.isnan(values["am_utilisation"]) == (AM not in species)


@pytest.mark.parametrize("in_plane", [False, True])
def test_the_fraction_is_that_of_the_middle(in_plane):
    """A sphere or disc cut by the edge of the middle counts by its part there: by quadrature."""
    network = dataclasses.replace(row([SE] * 5), in_plane=in_plane)
    network = dataclasses.replace(network, depth=network.depth + 0.3 * RADIUS)
    low, high = network.middle
    across = np.linspace(-1, 1, 200_001)
    section = np.sqrt(1 - across**2) ** (1 if in_plane else 2)
    inside = [
        section[(depth + RADIUS * across > low) & (depth + RADIUS * across < high)].sum() / section.sum()
        for depth in network.depth
    ]
    expected = (network.share * inside).sum() / 0.6
    assert network.volume_fraction(SE) == pytest.approx(expected, rel=1e-4)
    assert network.volume_fraction(AM) == 0


def test_numbers_agree_with_each_other():
    network = row([SE] * 5)
    values = transport_values(network, CONDUCTORS)
    assert list(values) != [] and set(values) == set(CONDUCTION)
    assert values["ionic_conductivity"] == pytest.approx(0.3 * values["ionic_conductivity_relative"])
    assert values["se_tortuosity_factor"] * values["ionic_conductivity_relative"] == pytest.approx(0.5)


def test_structures_of_the_plane(structure_in_the_plane):
    """Current crosses height x SE diameter, from the left to the moving wall."""
    structure = structure_in_the_plane
    network = network_of(structure)
    left, right, bottom, top = structure.final_box
    assert network.thickness == right - left
    se = structure.species == SE
    assert network.cross_section == pytest.approx((top - bottom) * 2 * structure.radius[se].mean())
    np.testing.assert_array_equal(network.depth, structure.position[-1][:, 0] - left)
    # Contacts with the lower and the upper wall insulate.
    assert set(np.unique(network.j[network.j < 0])) == {-1, -2, -3, -4}
    assert (network.j[network.within(SE)] >= COLLECTOR).all()
    values = transport_values(network, CONDUCTORS)
    assert 0 < values["ionic_conductivity_relative"] < 1.2 and values["se_percolates"] == 1
    assert 0 <= values["am_utilisation"] <= min(values["am_ionic_access"], values["am_electronic_access"])


def test_structures_in_space(packing_in_space):
    structure = packing_in_space
    network = network_of(structure)
    assert network.thickness == structure.height
    assert network.cross_section == pytest.approx(structure.box[0] * structure.box[1])
    np.testing.assert_array_equal(
        network.depth, structure.position[-1][:, 2] - structure.wall_position[-1][0]
    )
    assert network.share.sum() == pytest.approx(structure.relative_density[-1])
    both = network.volume_fraction(SE) + network.volume_fraction(AM)
    assert both == pytest.approx(structure.relative_density[-1], rel=0.1)
    values = transport_values(network, CONDUCTORS)
    # Above the share of the solid no conductor is as good as that share in parallel.
    assert 0 < values["ionic_conductivity_relative"] < network.volume_fraction(SE)
    assert values["se_tortuosity_factor"] > 1
    # Against Kirchhoff's laws in full, by dense elimination.
    chosen = network.within(SE)
    links = conductances(network, SE, 1.0)
    number = network.species.size
    laws, source = np.eye(number) * 1e-30, np.zeros(number)
    for i, j, link in zip(network.i[chosen], network.j[chosen], links[chosen], strict=True):
        laws[i, i] += link
        if j >= 0:
            laws[j, j] += link
            laws[i, j] -= link
            laws[j, i] -= link
        elif j == COLLECTOR:
            source[i] += link
    potential = np.linalg.solve(laws, source)
    at_separator = chosen & (network.j == SEPARATOR)
    total = (links[at_separator] * potential[network.i[at_separator]]).sum()
    assert conduct(network, SE, links).total == pytest.approx(total, rel=1e-8)


def test_the_plane_needs_se(structure_in_the_plane):
    structure = structure_in_the_plane
    alone = dataclasses.replace(structure, species=np.full_like(structure.species, AM))
    with pytest.raises(ValueError, match="one SE diameter thick, but there is no SE"):
        network_of(alone)
