"""Table of the targets."""

import pytest

from analysis.labels import TARGET_VALUES
from electrode.targets import DISPLAY_UNITS, SECTION_TARGETS, TARGETS, spread_over, target_row


def test_every_target_has_a_unit_that_readers_see():
    assert {target.unit for target in TARGETS.values()} <= set(DISPLAY_UNITS)
    assert TARGETS["reaction_area"].display.symbol == "µm²"
    assert 3e-12 * TARGETS["reaction_area"].display.factor == pytest.approx(3.0)


def test_a_target_of_a_file_that_the_table_does_not_know_goes_by_its_name():
    assert target_row("am_stress_mean", "Pa") == TARGETS["am_stress_mean"]
    unknown = target_row("coverage", "1")
    assert unknown.title == "coverage" and unknown.display.symbol == ""
    assert unknown.lowest < 0
    assert target_row("am_stress_mean") == TARGETS["am_stress_mean"]
    assert target_row("coverage").display == ("SI units", "SI units", 1.0)
    assert target_row("voltage", "V").display == ("V", "V", 1.0)
    assert target_row("ionic_conductivity", "S/m").display == ("mS/cm", "mS_per_cm", 10.0)


def test_every_target_has_a_function():
    assert set(TARGET_VALUES) == set(TARGETS)


def test_structures_are_spread_over_the_area_where_there_is_one():
    assert spread_over(TARGETS) == "reaction_area"
    assert spread_over(SECTION_TARGETS) == "specific_interface_area"
    assert spread_over(["voltage", "current"]) == "voltage"
    with pytest.raises(ValueError, match="no targets"):
        spread_over([])


def test_a_unit_of_its_own_is_none_on_axes():
    assert target_row("coverage", "1").display.in_brackets == "[1]"
    assert TARGETS["am_stress_sd"].display.in_brackets == "[MPa]"
