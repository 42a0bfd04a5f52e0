"""Each bound of the configuration is refused by name; what stands in config/ is accepted."""

import pytest
import yaml

from dem.laws import LAWS
from study.configuration import check_configuration, check_sections, places, typed


@pytest.fixture(scope="session")
def schema(root):
    return root / "workflow/schemas/config.schema.yaml"


@pytest.mark.parametrize(
    "names",
    [
        (),
        *(
            (f"config/{name}.yaml",)
            for name in ("demo", "elastoplastic", "holdout", "joined", "more", "robust")
        ),
        ("config/splits.yaml",),
        ("tests/tiny.yaml",),
        ("tests/tiny.yaml", "tests/slurm/study.yaml"),
        ("tests/tiny.yaml", "tests/slurm/faults.yaml"),
    ],
)
def test_configurations_of_the_project_are_accepted(root, overlaid, schema, names):
    check_configuration(overlaid(*((root / name).read_text(encoding="utf-8") for name in names)), schema)


@pytest.mark.parametrize(
    ("overlay", "message"),
    [
        ("grid: {width_um: [46]}", "unknown key grid.width_um; did you mean widths_um?"),
        ("colour: red", "unknown key colour; known: study, joined_studies, degraded_copies, seed"),
        (
            "prediction: {um_per_pixel: 3}",
            "prediction.um_per_pixel: 3 is greater than the maximum of 0.5 (in um)",
        ),
        (
            "image: {um_per_pixel: 5.0e-324}",
            "image.um_per_pixel: 5e-324 is less than the minimum of 0.001 (in um)",
        ),
        ("training: {environment: gpu}", "training.environment: 'gpu' is not one of ['cnn', 'cnn-gpu']"),
        ("prediction: {brightness: [void, AM]}", "prediction.brightness: ['void', 'AM'] is too short"),
        (
            "structure: {se_diameter_nm: 1000}",
            "unknown key structure.se_diameter_nm; did you mean se_diameter_um?",
        ),
        ("grid: {widths_um: ['46']}", "grid.widths_um.0: '46' is not of type 'number' (in um)"),
        ("grid: {widths_um: [46, 46]}", "grid.widths_um: [46, 46] has non-unique elements"),
        (
            "grid: {widths_um: [38]}",
            "grid.widths_um must be above compression.final_width_um = 40 um, got 38",
        ),
        ("grid: {widths_um: [46.0001]}", "grid.widths_um must be multiples of 0.001, got 46.0001"),
        ("grid: {replicates: 0}", "grid.replicates: 0 is less than the minimum of 1"),
        (
            "grid: {uncovered_fractions: [0.3]}",
            "grid.uncovered_fractions.0: 0.3 is less than the minimum of 0.5",
        ),
        ("grid: {widths_um: [46.1234567]}", "grid.widths_um must be multiples of 0.001, got 46.1234567"),
        ("grid: {widths_um: [100.0012]}", "grid.widths_um must be multiples of 0.001"),
        ("grid: {widths_um: [1000.001]}", "grid.widths_um.0: 1000.001 is greater than the maximum of 1000"),
        (
            "grid: {widths_um: [46], uncovered_fractions: [0.7], replicates: 6}",
            "split.test: 6 structures give 1",
        ),
        ("seed: 2000.0", "seed: 2000.0 is not of type 'integer'"),
        (
            "image: {stress_cell_um: 0.2}",
            "image.stress_cell_um must be a multiple of four pixels of image.um_per_pixel, got 2 pixels",
        ),
        (
            "grid: {pressures_MPa: [1000.001]}",
            "grid.pressures_MPa must have six significant digits at most, got 1000.001",
        ),
        (
            "evaluation: {splits: [leave_width_out]}",
            "evaluation.splits must name random, got ['leave_width_out']",
        ),
        (
            "grid: {widths_um: [46]}\nevaluation: {splits: [random, leave_width_out]}",
            "evaluation.splits: leave_width_out needs two grid.widths_um, got [46]",
        ),
        (
            "grid: {widths_um: [46, 47], uncovered_fractions: [0.7], replicates: 1}\n"
            "evaluation: {splits: [random, leave_width_out]}",
            "split.validation: held-out splits of 2 structures leave none for it",
        ),
        ("network: {dropout: .nan}", "network.dropout: nan is not of type 'number'"),
        ("1: 2", "unknown key 1; known: study"),
        ("compression: {frames: 2}", "compression.frames: 2 is less than the minimum of 3"),
        ("study: a/b", "study: 'a/b' does not match"),
        ("study: ../up", "study: '../up' does not match"),
        ('study: "a\\n"', "study: 'a\\n' does not match"),
        (
            "seed: 0\nmaterials: {AM: {density_kg_per_m3: 1" + 400 * "0" + "}}",
            "is not of type 'number' (in kg/m3)",
        ),
        (
            "grid: {replicates: 1000000, replicates_per_job: 1}",
            "grid: 50000000 compress jobs are more than 100000; raise grid.replicates_per_job",
        ),
        ("seed: -1", "seed: -1 is less than the minimum of 0"),
        (
            "compression: {time_step_rayleigh: 0.5}",
            "compression.time_step_rayleigh: 0.5 is greater than the maximum of 0.2 (in Rayleigh times)",
        ),
        ("contacts: {law: jkr}", "contacts.law: 'jkr' is not one of ['hertz_mindlin', 'elastoplastic']"),
        ("image: {crop_um: 1.95}", "image.crop_um = 1.95 um leaves 36.1 um of final_width_um = 40 um"),
        ("image: {crop_um: 20}", "image.crop_um = 20 um leaves 0 um"),
        ("grid: {pressures_MPa: [-5]}", "grid.pressures_MPa.0: -5 is less than the minimum of 1 (in MPa)"),
        ("grid: {pressures_MPa: [1.00001]}", "grid.pressures_MPa must be multiples of 0.001, got 1.00001"),
        ("compression: {unload: true}", "compression.unload needs grid.pressures_MPa to let go of, got none"),
        (
            "materials: {SE: {hardness_GPa: -1.9}}",
            "materials.SE.hardness_GPa: -1.9 is less than or equal to the minimum of 0 (in GPa)",
        ),
        ("split: {test: 0.3}", "split: the shares must sum to 1, got 1.1"),
        (
            "joined_studies: [paper2]",
            "joined_studies must be two or more others than 'paper', got ['paper2']",
        ),
        ("joined_studies: [a, paper]", "joined_studies must be two or more others than 'paper'"),
        ("degraded_copies: 1", "degraded_copies are of joined_studies, of which there are none, got 1"),
        ("evaluation: {splits: [random, one_study]}", "one_study needs joined_studies, got none"),
        (
            "joined_studies: [a, b]\nevaluation: {splits: [random, one_study]}",
            "training.members_held_out: one_study compares spreads, of 2 at least, got 1",
        ),
        (
            "joined_studies: [a, b]\nevaluation: {splits: [random, leave_width_out]}",
            "evaluation.splits of joined studies are random and one_study",
        ),
        (
            "structure: {se_pitch_um: 2}",
            "structure: se_pitch must be in (0, se_diameter = 1e-06 m], got 2e-06",
        ),
        (
            "training: {learning_rate: 1e-3}",
            "'1e-3' is not of type 'number' (of Adam; YAML reads numbers like 1e-3 as text, write 1.0e-3)",
        ),
    ],
)
def test_a_bad_value_is_refused_by_its_key(overlaid, schema, overlay, message):
    with pytest.raises(ValueError, match="configuration refused") as refused:
        check_configuration(overlaid(overlay), schema)
    assert message in str(refused.value)
    assert len(str(refused.value).splitlines()) < 12


def test_keys_that_the_schema_does_not_require_may_be_missing(overlaid, schema):
    config = overlaid()
    for section, key in (
        *(("compression", key) for key in ("pressure_tolerance", "servo_damping", "unload")),
        ("structure", "solid_fraction"),
        ("contacts", "elastoplastic"),
    ):
        del config[section][key]
    check_configuration(config, schema)


def test_all_problems_are_in_one_message_that_fits_on_a_screen(overlaid, schema):
    with pytest.raises(ValueError) as refused:
        check_configuration(overlaid("seed: -1\ncolour: red\nstudy: a/b\n"), schema)
    assert len(str(refused.value).splitlines()) == 1 + 3
    grid = "grid: {widths_um: [" + ", ".join("'46'" for _ in range(30)) + "]}"
    with pytest.raises(ValueError) as refused:
        check_configuration(overlaid(grid), schema)
    assert len(str(refused.value).splitlines()) == 1 + 10


def test_the_schema_names_all_laws(root):
    schema = yaml.safe_load((root / "workflow/schemas/config.schema.yaml").read_text(encoding="utf-8"))
    contacts = schema["properties"]["contacts"]["properties"]
    assert contacts["law"]["enum"] == list(LAWS)
    assert {name for name, law in LAWS.items() if law.Parameters} <= set(contacts)


def test_problems_tell_where_a_key_was_last_set(root, tmp_path, schema):
    base, mine = root / "config/config.yaml", tmp_path / "mine.yaml"
    mine.write_text(
        "study: mine\ngrid:\n  replicates: 0\n  widths_um: [50, '51']\nimage:\n  crop_um: 3\n",
        encoding="utf-8",
    )
    config = yaml.safe_load(base.read_text(encoding="utf-8"))
    config["grid"] |= {"replicates": 0, "widths_um": [50, "51"]}
    config["seed"], config["compression"]["frames"] = -1, 2
    place = places([base, mine], {"compression": {"frames": 2}})
    with pytest.raises(ValueError) as refused:
        check_configuration(config, schema, place)
    for line in (
        f"{mine}, line 3: grid.replicates: 0 is less than the minimum of 1",
        f"{mine}, line 4: grid.widths_um.1: '51' is not of type 'number'",
        f"{base}, line 8: seed: -1 is less than the minimum of 0",
        "--config compression=...: compression.frames: 2 is less than the minimum of 3",
    ):
        assert f"  {line}" in str(refused.value)


def test_a_key_that_stands_twice_is_refused(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("grid: {replicates: 3,\n  replicates: 4}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"mine\.yaml, line 2: the key grid\.replicates stands there twice"):
        places([path], {})


def test_texts_of_the_command_line_become_what_they_stand_for():
    given = {"grid": {"replicates": "6", "widths_um": ["46", "4.75e+1"]}, "study": "a b", "unload": "true"}
    given |= {"prediction": {"um_per_pixel": "", "brightness": ["void", "AM"]}, "friction": "1e-3"}
    assert typed(given) == {
        "grid": {"replicates": 6, "widths_um": [46, 47.5]},
        "study": "a b",
        "unload": True,
        "prediction": {"um_per_pixel": None, "brightness": ["void", "AM"]},
        "friction": "1e-3",  # refused later, with a word on how to write it
    }
    assert typed("[1") == "[1" and typed("2026-02-30") == "2026-02-30"


def test_single_electrodes_need_the_sections_of_the_dem_alone(root, schema):
    config = yaml.safe_load((root / "config/config.yaml").read_text(encoding="utf-8"))
    config = {name: config[name] for name in ("seed", "structure", "materials", "contacts", "compression")}
    check_sections(config, schema)
    with pytest.raises(ValueError, match=r"^grid is missing$"):
        check_sections(config, schema, ("grid", "image"))
    config["structure"]["box_height_um"] = 20000
    with pytest.raises(
        ValueError, match=r"structure\.box_height_um: 20000 is greater than the maximum of 10000"
    ):
        check_sections(config, schema)
