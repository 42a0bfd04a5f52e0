import dataclasses
import math

import pytest
import yaml

from dem.laws.elastoplastic import Yielding
from dem.parameters import Compression, Contacts, Filling, Material, read_parameters
from electrode.species import PAIRS


@pytest.fixture
def written(root):
    """The configuration of the paper, for those that do not simulate."""
    return yaml.safe_load((root / "config/config.yaml").read_text(encoding="utf-8"))


def test_configuration_becomes_si(parameters):
    assert parameters.structure.se_diameter == 1e-6
    assert parameters.structure.am_mean_diameter == (6e-6, 12e-6)
    assert parameters.materials["AM"].youngs_modulus == 191e9
    assert parameters.materials["SE"].shear_modulus == pytest.approx(21.7e9 / (2 * 1.37))


@pytest.mark.parametrize(
    ("section", "key", "value", "message"),
    [
        ("structure", "se_diameter_nm", 1000, r"unknown configuration key structure\.se_diameter_nm"),
        (
            "structure",
            "se_diameter_um",
            -1,
            r"structure\.se_diameter_um must be > 0, got -1 \(in um\)",
        ),
        ("structure", "se_diameter_um", "one", r"structure\.se_diameter_um must be a number, got 'one'"),
        ("structure", "se_pitch_um", 2, r"se_pitch must be in \(0, se_diameter = 1e-06 m\], got 2e-06"),
        ("structure", "am_mean_diameter_um", [9, 6], r"am_mean_diameter must be a range"),
        ("structure", "am_mean_diameter_um", [6, 40], r"am_mean_diameter must be below box_height = 4e-05 m"),
        ("structure", "am_minimum_diameter_um", 7, r"am_minimum_diameter must be in \(0, lowest"),
        ("contacts", "law", "jkr", r"law must be hertz_mindlin or elastoplastic, got 'jkr'"),
        ("contacts", "friction", {"AM-AM": 0.5}, r"friction must be given for the pairs AM-AM, AM-SE"),
        ("compression", "time_step_rayleigh", 0.3, r"time_step_rayleigh must be in \(0, 0\.2\], got 0\.3"),
        ("compression", "time_step_contact", 1.5, r"time_step_contact must be in \(0, 1\], got 1\.5"),
        (
            "compression",
            "hold_damping_rayleigh",
            -0.1,
            r"must be in \[0, 1\], got -0\.1",
        ),
        ("compression", "hold_unbalanced_force", 0.0, r"hold_unbalanced_force must be in \(0, 1\), got 0"),
        ("compression", "frames", 2, r"frames must be in \[3, 10000\], got 2"),
    ],
)
def test_bad_values_are_refused_by_name(written, section, key, value, message):
    config = {**written, section: {**written[section], key: value}}
    with pytest.raises(ValueError, match=message):
        read_parameters(config)


def test_missing_section_is_refused_by_name(written):
    with pytest.raises(ValueError, match="configuration lacks the sections materials, contacts"):
        read_parameters({name: written[name] for name in ("seed", "structure", "compression")})


def test_missing_key_is_refused_by_name(written):
    section = {key: value for key, value in written["compression"].items() if key != "frames"}
    with pytest.raises(ValueError, match=r"missing configuration key compression\.frames"):
        read_parameters({**written, "compression": section})


@pytest.mark.parametrize("poissons_ratio", [-1, 0.5])
def test_material_bounds(poissons_ratio):
    with pytest.raises(ValueError, match=r"poissons_ratio must be in \(-1, 0\.5\), got"):
        Material(1e9, poissons_ratio, 1000)


@pytest.mark.parametrize("restitution", [0, 1.1])
def test_restitution_bounds(written, restitution):
    contacts = {
        **written["contacts"],
        "restitution": {**written["contacts"]["restitution"], "AM-SE": restitution},
    }
    with pytest.raises(ValueError, match=rf"restitution\.AM-SE must be in \(0, 1\], got {restitution}"):
        read_parameters({**written, "contacts": contacts})


@pytest.mark.parametrize(
    ("keys", "value", "message"),
    [
        ("seed", "1", "seed must be a whole number, got '1'"),
        ("seed", 2**63, "seed must be a whole number, got 9223372036854775808"),
        ("seed", True, "seed must be a whole number, got True"),
        ("contacts", None, "contacts must be a section of keys with values, got None"),
        ("contacts.friction", 0.5, "contacts.friction must be a section of keys with values, got 0.5"),
        ("contacts.friction.SE-SE", "5E-1", "got '5E-1'; YAML reads numbers like 5E-1 as text, write 5.0e-1"),
        (
            "contacts.restitution.AM-AM",
            math.nan,
            "contacts.restitution.AM-AM must be a finite number, got nan",
        ),
        (
            "contacts.elastoplastic",
            [],
            "configuration section contacts.elastoplastic must be keys with values",
        ),
        ("contacts.elastoplastic.area_growth", math.inf, "elastoplastic.area_growth must be a finite number"),
        ("materials.SE", "x", "configuration section materials.SE must be keys with values, got 'x'"),
        ("materials.NMC", {}, "unknown configuration key materials.NMC; known: AM, SE"),
        (
            "materials.AM.hardness_GPa",
            "2e0",
            "got '2e0' (in GPa); YAML reads numbers like 2e0 as text, write 2.0e+0",
        ),
        ("materials.AM.density_kg_per_m3", False, "density_kg_per_m3 must be a finite number, got False"),
        ("structure.box_height_um", 10**400, "structure.box_height_um must be a finite number, got 1000"),
        (
            "structure.am_sd_diameter_um",
            [1],
            "am_sd_diameter_um must be a list of 2 numbers, got [1] (in um)",
        ),
        (
            "structure.am_sd_diameter_um",
            [1, None],
            "structure.am_sd_diameter_um.1 must be a finite number, got None",
        ),
        ("structure.fresh_starts", 4.0, "structure.fresh_starts must be a whole number, got 4.0"),
        ("structure.7", 1, "unknown configuration key structure.7; known: box_height_um"),
        ("compression.unload", "yes", "compression.unload must be true or false, got 'yes'"),
    ],
)
def test_values_of_other_types_are_refused_by_key(written, keys, value, message):
    *sections, key = keys.split(".")
    place = written
    for section in sections:
        place = place[section]
    place[int(key) if key.isdigit() else key] = value
    with pytest.raises(ValueError) as refused:
        read_parameters(written)
    assert message in str(refused.value) and "\n" not in str(refused.value)


GOOD = (
    Material(1e9, 0.3, 1000),
    Contacts("hertz_mindlin", dict.fromkeys(PAIRS, 0.5), dict.fromkeys(PAIRS, 0.5)),
    Filling(8e-6, (6e-6, 6e-6), (0.0, 0.0), 6e-6, 2e-6, 1e-6, 1000, 1),
    Compression(8e-6, 1.0, 0.1, 0.5, 0.0, 0.5, 1.0, 1, 3),
    Yielding(5, 2, 0.6, 1e-9),
)


@pytest.mark.parametrize("good", GOOD, ids=lambda good: type(good).__name__)
@pytest.mark.parametrize("value", ["1e-3", math.inf, math.nan, "text"])
def test_dataclasses_name_the_field_that_is_no_finite_number(good, value):
    for field in dataclasses.fields(good):
        if field.name in ("law", "own"):
            continue
        with pytest.raises(ValueError, match=f"^{field.name} must be "):
            dataclasses.replace(good, **{field.name: value})
