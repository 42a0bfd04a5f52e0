import dataclasses

import numpy as np
import pytest

from analysis.images import class_image, crop_window
from analysis.labels import _union, structure_values, target_values
from electrode.species import AM, SE
from electrode.structures import Trajectory
from electrode.targets import TARGETS


@pytest.fixture
def window():
    return crop_window(8, 8, 0.5, 1, 1)


@pytest.fixture
def by_hand():
    """Two AM and three SE; the last SE has its centre outside the window, as has its contact with AM 1."""
    position = np.array([[3, 3], [6, 6], [3, 5], [4, 6], [7.5, 6]]) * 1e-6
    return Trajectory(
        name="by hand",
        drawn={
            "width_m": 9e-6,
            "uncovered_fraction": 0.7,
            "replicate": 3,
            "seed": {"entropy": 5, "spawn_key": [9000, 7000, 3]},
            "am_mean_diameter_m": 2e-6,
            "am_sd_diameter_m": 0.0,
        },
        box=np.array([9e-6, 8e-6]),
        species=np.array([AM, AM, SE, SE, SE]),
        radius=np.array([1.5, 1.0, 0.5, 0.5, 0.5]) * 1e-6,
        time=np.array([0, 1e-6]),
        position=np.stack([position, position]),
        contact_pressure=np.stack([np.zeros(5), np.array([1.0, 3.0, 10.0, 20.0, 1000.0])]),
        wall_position=np.array([[0, 9, 0, 8], [0, 8, 0, 8]]) * 1e-6,
        wall_force=np.array([[0, 0, 0, 0], [1, 4e-3, 1, 1]]),
        coordination_number=np.array([0.0, 1.6]),
        porosity=np.array([0.5, 0.4]),
        reaction_area=np.zeros(2),
        contacts={
            "i": np.array([0, 0, 1, 2, 1]),
            "j": np.array([1, 2, 4, 3, -1]),
            "normal_force": np.array([5.0, 2.0, 4.0, 1.0, 9.0]),
            "contact_area": np.array([1.0, 2.0, 4.0, 8.0, 16.0]) * 1e-14,
            "contact_point": np.array([[4, 4], [3, 4.5], [7.2, 6], [3.5, 5.5], [7, 7]]) * 1e-6,
        },
        provenance={},
    )


def test_targets_by_hand(by_hand, window):
    values = dict(zip(TARGETS, target_values(by_hand, window), strict=True))
    assert values == pytest.approx(
        {
            "am_stress_mean": 2,
            "am_stress_sd": 1,
            "se_stress_mean": 15,
            "se_stress_sd": 5,
            "reaction_area": 2e-14,
        }
    )


def test_other_values_by_hand(by_hand, window):
    values = structure_values(by_hand, window, class_image(by_hand, window))
    assert values["width"] == 9e-6 and values["seed"] == 5 and values["replicate"] == 3
    assert values["am_mean_diameter"] == pytest.approx(2.5e-6) and values["am_sd_diameter"] == pytest.approx(
        0.5e-6
    )
    assert (values["am_count"], values["particle_count"]) == (2, 5)
    assert values["am_box_fraction"] == pytest.approx(np.pi * (1.5**2 + 1) / 72)
    assert values["am_disc_fraction"] == pytest.approx((1.5**2 + 1) / (1.5**2 + 1 + 3 * 0.5**2))
    assert values["contact_count"] == [1, 2, 1]
    assert values["contact_force_mean"] == pytest.approx([5, 3, 1])
    assert values["coordination_number"] == pytest.approx(8 / 5)
    assert values["wall_pressure"] == pytest.approx(4e-3 / (8e-6 * 1e-6))
    # Both AM are in the window: their contacts with SE count wherever they lie.
    assert values["am_surface_coverage"] == pytest.approx(6e-14 / (4 * np.pi * (1.5**2 + 1) * 1e-12))


def test_share_of_the_circumference_by_hand(by_hand, window):
    # AM 0 (1.5 um) and AM 1 (1 um) have a contact each; the chord of an arc is the diameter of its circle.
    arcs = [2 * np.arcsin(np.sqrt(area / np.pi) / radius) for area, radius in ((0.02, 1.5), (0.04, 1.0))]
    coverage = structure_values(by_hand, window, class_image(by_hand, window))["am_circumference_coverage"]
    assert coverage == pytest.approx((1.5 * arcs[0] + arcs[1]) / (2 * np.pi * 2.5))
    # A second contact at the same place covers nothing more, one over the seam at 180 degrees all of its arc.
    contacts = {name: np.concatenate([v, v[1:2]]) for name, v in by_hand.contacts.items()}
    twice = dataclasses.replace(by_hand, contacts=contacts)
    assert structure_values(twice, window, class_image(twice, window))[
        "am_circumference_coverage"
    ] == pytest.approx(coverage)


@pytest.mark.parametrize("turn", [0.0, np.pi - 0.05, np.pi, -np.pi + 0.05, 1.0])
def test_arcs_count_once_wherever_they_lie(turn):
    # Two arcs that overlap by half, one apart; then all around.
    middle = np.arctan2(*np.array([[np.sin(a), np.cos(a)] for a in turn + np.array([0.0, 0.2, 2.0])]).T)
    assert _union(middle, np.array([0.2, 0.2, 0.1])) == pytest.approx(0.6 + 0.2)
    around = turn + np.linspace(0, 2 * np.pi, 7)
    assert _union(np.arctan2(np.sin(around), np.cos(around)), np.full(7, 0.6)) == pytest.approx(2 * np.pi)
    assert _union(np.array([]), np.array([])) == 0


def test_fractions_are_those_of_the_image(by_hand, window):
    image = np.array([[0, 1], [2, 2]], np.uint8)
    values = structure_values(by_hand, window, image)
    assert values["porosity"] == 0.25 and values["am_solid_fraction"] == pytest.approx(2 / 3)


def test_window_without_a_species_is_an_error(by_hand, window):
    only_se = dataclasses.replace(by_hand, species=np.full(5, SE))
    with pytest.raises(ValueError, match="by hand: no AM particle has its centre in the image window"):
        target_values(only_se, window)


def test_reaction_area_is_that_of_the_overlaps(trajectory):
    """The Hertz circle has the area pi R_eff overlap: compare with the final positions."""
    contacts, radius = trajectory.contacts, trajectory.radius
    chosen = trajectory.contact_pairs() == "AM-SE"
    i, j = contacts["i"][chosen], contacts["j"][chosen]
    distance = np.linalg.norm(trajectory.position[-1][i] - trajectory.position[-1][j], axis=1)
    effective = radius[i] * radius[j] / (radius[i] + radius[j])
    expected = np.pi * effective * (radius[i] + radius[j] - distance)
    assert contacts["contact_area"][chosen].sum() == pytest.approx(expected.sum(), rel=1e-2)
