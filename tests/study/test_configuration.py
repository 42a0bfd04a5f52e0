"""Each bound of the configuration is refused by name; what stands in config/ is accepted."""

import pytest
import yaml

from dem.configured import BadValue
from dem.laws import LAWS
from dem.parameters import SECTIONS, read_parameters
from dem.schema import sections_schema
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
        ("colour: red", "unknown key colour; known: study, geometry, joined_studies, degraded_copies, seed"),
        (
            "prediction: {um_per_pixel: 3}",
            "prediction.um_per_pixel must be in [0.001, 0.5], got 3 (in um)",
        ),
        (
            "image: {um_per_pixel: 5.0e-324}",
            "image.um_per_pixel must be in [0.001, 10], got 5e-324 (in um)",
        ),
        (
            "transport: {ionic_conductivity_mS_per_cm: 0}",
            "transport.ionic_conductivity_mS_per_cm must be in (0, 1000000.0], got 0 (in mS/cm)",
        ),
        (
            "transport: {electronic_conductivity: 1}",
            "unknown key transport.electronic_conductivity; did you mean electronic_conductivity_mS_per_cm?",
        ),
        ("more_targets: [se_tortuosity_factor]", "more_targets.0: 'se_tortuosity_factor' is not one of"),
        ("prediction: {page: 0}", "prediction.page must be >= 1, got 0 (of a file of several pictures"),
        ("prediction: {page: 1.5}", "prediction.page must be a whole number, got 1.5"),
        (
            "training: {environment: gpu}",
            "training.environment: 'gpu' is not one of ['cnn', 'cnn-gpu', 'cnn-jax']",
        ),
        ("compute: {engine: opencl}", "compute.engine: 'opencl' is not one of ['cpu', 'cuda']"),
        ("compute: {structures_per_batch: 0}", "compute.structures_per_batch"),
        ("training: {backend: torch}", "training.backend: 'torch' is not one of ['tensorflow', 'jax']"),
        ("prediction: {brightness: [void, AM]}", "prediction.brightness: ['void', 'AM'] is too short"),
        (
            "structure: {se_diameter_nm: 1000}",
            "unknown key structure.se_diameter_nm; did you mean se_diameter_um?",
        ),
        ("grid: {widths_um: ['46']}", "grid.widths_um.0 must be a number, got '46' (in um)"),
        ("grid: {widths_um: [46, 46]}", "grid.widths_um: [46, 46] has non-unique elements"),
        (
            "grid: {widths_um: [38]}",
            "grid.widths_um must be above compression.final_width_um = 40 um, got 38",
        ),
        ("grid: {widths_um: [46.0001]}", "grid.widths_um must be multiples of 0.001, got 46.0001"),
        ("grid: {replicates: 0}", "grid.replicates must be in [1, 1000000], got 0"),
        (
            "grid: {uncovered_fractions: [0.3]}",
            "grid.uncovered_fractions.0 must be in [0.5, 0.99], got 0.3",
        ),
        ("grid: {widths_um: [46.1234567]}", "grid.widths_um must be multiples of 0.001, got 46.1234567"),
        ("grid: {widths_um: [100.0012]}", "grid.widths_um must be multiples of 0.001"),
        ("grid: {widths_um: [1000.001]}", "grid.widths_um.0 must be in (0, 1000], got 1000.001 (in um)"),
        (
            "grid: {widths_um: [46], uncovered_fractions: [0.7], replicates: 6}",
            "split.test: 6 structures give 1",
        ),
        ("seed: 2000.0", "seed must be a whole number, got 2000.0"),
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
        ("network: {dropout: .nan}", "network.dropout must be a finite number, got nan"),
        ("1: 2", "unknown key 1; known: study"),
        ("compression: {frames: 2}", "compression.frames must be in [3, 10000], got 2"),
        ("study: a/b", "study: 'a/b' does not match"),
        ("study: ../up", "study: '../up' does not match"),
        ('study: "a\\n"', "study: 'a\\n' does not match"),
        (
            "seed: 0\nmaterials: {AM: {density_kg_per_m3: 1" + 400 * "0" + "}}",
            "density_kg_per_m3 must be a finite number, got 1000",
        ),
        (
            "grid: {replicates: 1000000, replicates_per_job: 1}",
            "grid: 50000000 compress jobs are more than 100000; raise grid.replicates_per_job",
        ),
        ("seed: -1", "seed must be >= 0, got -1"),
        (
            "compression: {time_step_rayleigh: 0.5}",
            "compression.time_step_rayleigh must be in (0, 0.2], got 0.5",
        ),
        ("contacts: {law: jkr}", "contacts.law: 'jkr' is not one of ['hertz_mindlin', 'elastoplastic']"),
        ("image: {crop_um: 1.95}", "image.crop_um = 1.95 um leaves 36.1 um of final_width_um = 40 um"),
        ("image: {crop_um: 20}", "image.crop_um = 20 um leaves 0 um"),
        ("grid: {pressures_MPa: [-5]}", "grid.pressures_MPa.0 must be in [1, 10000], got -5 (in MPa)"),
        ("grid: {pressures_MPa: [1.00001]}", "grid.pressures_MPa must be multiples of 0.001, got 1.00001"),
        ("compression: {unload: true}", "compression.unload needs grid.pressures_MPa to let go of, got none"),
        (
            "materials: {SE: {hardness_GPa: -1.9}}",
            "materials.SE.hardness_GPa must be > 0, got -1.9 (in GPa)",
        ),
        ("split: {test: 0.3}", "split: the shares must sum to 1, got 1.1"),
        (
            "joined_studies: [paper2]",
            "joined_studies must be two or more others than 'paper', got ['paper2']",
        ),
        (
            "{joined_studies: [a, b], more_targets: [am_utilisation]}",
            "more_targets are of the studies joined, in whose configurations they stand, got ['am",
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
            "must be a number, got '1e-3' (of Adam); YAML reads numbers like 1e-3 as text, write 1.0e-3",
        ),
    ],
)
def test_a_bad_value_is_refused_by_its_key(overlaid, schema, overlay, message):
    with pytest.raises(ValueError, match="configuration refused") as refused:
        check_configuration(overlaid(overlay), schema)
    assert message in str(refused.value)
    assert len(str(refused.value).splitlines()) < 12


@pytest.mark.parametrize(
    ("training", "message"),
    [
        ("{backend: jax}", "training.environment must be cnn-jax for training.backend: jax, got cnn"),
        (
            "{environment: cnn-jax}",
            "training.environment must be cnn or cnn-gpu for training.backend: tensorflow, got cnn-jax",
        ),
    ],
)
def test_a_conda_environment_has_the_backend_of_trainings(overlaid, schema, training, message):
    config = overlaid(f"training: {training}")
    check_configuration(config, schema)  # without conda the environment is not read
    with pytest.raises(ValueError) as refused:
        check_configuration(config, schema, lambda key: f"at {key}", conda=True)
    assert message in str(refused.value) and "at training.environment" in str(refused.value)
    for fitting in ("{backend: jax, environment: cnn-jax}", "{environment: cnn-gpu}"):
        check_configuration(overlaid(f"training: {fitting}"), schema, conda=True)


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


def test_the_schema_of_the_dem_names_all_its_laws_and_sections():
    rules = sections_schema()
    assert tuple(rules) == SECTIONS
    contacts = rules["contacts"]["properties"]
    assert contacts["law"]["enum"] == list(LAWS)
    assert {name for name, law in LAWS.items() if law.Parameters} <= set(contacts)


def numbers_of(rules, key=()):
    """Keys of all numbers in the sections of a schema, and what is said of each."""
    if "number" in rules.get("type", ()) or "integer" in rules.get("type", ()):
        yield key, rules
    for name, part in rules.get("properties", {}).items():
        yield from numbers_of(part, (*key, name))
    for index, part in enumerate(rules.get("prefixItems", ())):
        yield from numbers_of(part, (*key, index))


NUMBERS = dict(numbers_of({"properties": sections_schema()}))


def beyond(rules):
    """Numbers just beyond each bound, and far away."""
    whole = "integer" in rules["type"]
    step = 1 if whole else 1e-3
    for bound, sign in (("exclusiveMinimum", 0), ("exclusiveMaximum", 0), ("minimum", -1), ("maximum", 1)):
        if bound in rules:
            yield rules[bound] + sign * step
            yield rules[bound] + (-1 if "Minimum" in bound or bound == "minimum" else 1) * 10**6


def test_every_number_of_the_dem_is_bounded():
    assert len(NUMBERS) == 45
    assert all(list(beyond(rules)) for rules in NUMBERS.values())


@pytest.mark.parametrize("key", NUMBERS, ids=lambda key: ".".join(map(str, key)))
def test_workflow_and_single_electrodes_refuse_the_same_in_the_same_words(overlaid, schema, key):
    *sections, last = key
    for value in beyond(NUMBERS[key]):
        config = overlaid()
        place = config
        for section in sections:
            place = place[section]
        place[last] = value
        with pytest.raises(BadValue) as by_dem:
            read_parameters(config)
        with pytest.raises(BadValue) as by_assb:
            check_sections(config, schema, ("grid", "image"))
        with pytest.raises(ValueError) as by_workflow:
            check_configuration(config, schema)
        told = str(by_dem.value)
        assert told.startswith(f"{'.'.join(map(str, key))} must be ") and f"got {value}" in told
        assert str(by_assb.value) == told and str(by_workflow.value).splitlines()[1:] == [f"  {told}"]


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
        f"{mine}, line 3: grid.replicates must be in [1, 1000000], got 0",
        f"{mine}, line 4: grid.widths_um.1 must be a number, got '51'",
        f"{base}, line 9: seed must be >= 0, got -1",
        "--config compression=...: compression.frames must be in [3, 10000], got 2",
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
        ValueError, match=r"structure\.box_height_um must be in \(0, 10000\], got 20000 \(in um\)"
    ):
        check_sections(config, schema)
