import pytest

from dem.parameters import Material, read_parameters


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
            r"structure: se_diameter must be in \(0, box_height = 4e-05 m\], got",
        ),
        ("structure", "se_diameter_um", "one", r"structure\.se_diameter_um must be a number, got 'one'"),
        ("structure", "se_pitch_um", 2, r"se_pitch must be in \(0, se_diameter = 1e-06 m\], got 2e-06"),
        ("structure", "am_mean_diameter_um", [9, 6], r"am_mean_diameter must be a range"),
        ("structure", "am_mean_diameter_um", [6, 40], r"am_mean_diameter must be below box_height = 4e-05 m"),
        ("structure", "am_minimum_diameter_um", 7, r"am_minimum_diameter must be in \(0, lowest"),
        ("contacts", "law", "jkr", r"law must be hertz_mindlin or elastoplastic, got jkr"),
        ("contacts", "friction", {"AM-AM": 0.5}, r"friction must be given for the pairs AM-AM, AM-SE"),
        ("compression", "time_step_rayleigh", 0.3, r"must be in \(0, 0\.2\] Rayleigh times, got 0\.3"),
        ("compression", "frames", 2, r"frames must be >= 3, got 2"),
    ],
)
def test_bad_values_are_refused_by_name(paper_config, section, key, value, message):
    config = {**paper_config, section: {**paper_config[section], key: value}}
    with pytest.raises(ValueError, match=message):
        read_parameters(config)


def test_missing_section_is_refused_by_name(paper_config):
    with pytest.raises(ValueError, match="configuration lacks the sections materials, contacts"):
        read_parameters({name: paper_config[name] for name in ("seed", "structure", "compression")})


def test_missing_key_is_refused_by_name(paper_config):
    section = {key: value for key, value in paper_config["compression"].items() if key != "frames"}
    with pytest.raises(ValueError, match=r"missing configuration key compression\.frames"):
        read_parameters({**paper_config, "compression": section})


@pytest.mark.parametrize("poissons_ratio", [-1, 0.5])
def test_material_bounds(poissons_ratio):
    with pytest.raises(ValueError, match=r"poissons_ratio must be in \(-1, 0\.5\), got"):
        Material(1e9, poissons_ratio, 1000)


@pytest.mark.parametrize("restitution", [0, 1.1])
def test_restitution_bounds(paper_config, restitution):
    contacts = {
        **paper_config["contacts"],
        "restitution": {**paper_config["contacts"]["restitution"], "AM-SE": restitution},
    }
    with pytest.raises(ValueError, match=rf"restitution of AM-SE must be in \(0, 1\], got {restitution}"):
        read_parameters({**paper_config, "contacts": contacts})
