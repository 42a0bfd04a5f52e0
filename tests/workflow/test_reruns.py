"""What runs again after a change, and nothing else: the table of docs/reliability.md.

The study is not computed for this: its files are empty, and Snakemake is told that they are up to date.
"""

import re

import pytest

TINY, PAPER = "tests/tiny.yaml", "config/config.yaml"
AFTER_TRAINING = {
    *("predict", "gradcam", "metrics", "figure_parity", "figure_predictors", "figure_uncertainty"),
    *("figure_stress_distribution", "figure_gradcam", "figure_reaction_area", "html_report", "all"),
}
METRICS = {"metrics", "figure_parity", "figure_predictors", "html_report", "all"}
TRAIN = AFTER_TRAINING | {"train"}
DATASET = TRAIN | {"dataset", "manifest", "response", "figure_images", "figure_compression_curves"}
TRANSPORT = DATASET - {"response", "figure_compression_curves"} | {"transport"}
COMPRESS = DATASET | {"compress", "transport"}
SIMULATION = COMPRESS | {"compress_example", "figure_structure", "figure_animation", "figure_hertz"}
FIGURES = {rule for rule in SIMULATION if rule.startswith("figure_")} | {"figure_pipeline"}
SOURCE = ("", "\nEDITED = 1\n")
# Change -> file, old text, new text, rules due, jobs of some of them.
CHANGES = {
    "more replicates": (TINY, "replicates: 4", "replicates: 6", COMPRESS, {"compress": 2}),
    "another width": (TINY, "[10, 11]", "[10, 11, 12]", COMPRESS, {"compress": 2}),
    "friction": (PAPER, "AM-SE: 0.5", "AM-SE: 0.4", SIMULATION, {"compress": 4}),
    "material": (PAPER, "youngs_modulus_GPa: 191", "youngs_modulus_GPa: 190", SIMULATION, {"compress": 4}),
    "conductivity": (
        PAPER,
        "ionic_conductivity_mS_per_cm: 12",
        "ionic_conductivity_mS_per_cm: 10",
        TRANSPORT,
        {},
    ),
    "image pitch": (TINY, "um_per_pixel: 0.125", "um_per_pixel: 0.25", DATASET, {}),
    "label window": (TINY, "crop_um: 1", "crop_um: 1.5", DATASET, {}),
    "learning rate": (PAPER, "learning_rate: 1.0e-3", "learning_rate: 2.0e-3", TRAIN, {"train": 4}),
    "ensemble size": (TINY, "members: 2", "members: 3", TRAIN, {"train": 1, "predict": 1}),
    "number of resamples": (TINY, "bootstrap_resamples: 100", "bootstrap_resamples: 200", METRICS, {}),
    "another study": ("config/demo.yaml", "replicates: 8", "replicates: 9", set(), {}),
    "figure style": ("src/analysis/figures/style.py", *SOURCE, FIGURES | {"html_report", "all"}, {}),
    "source of a figure": (
        "src/analysis/figures/parity.py",
        *SOURCE,
        {"figure_parity", "html_report", "all"},
        {},
    ),
    "source of dem": ("src/dem/laws/friction.py", *SOURCE, SIMULATION | {"compile_kernels"}, {"compress": 4}),
    "bookkeeping of jobs": ("src/dem/parts.py", *SOURCE, set(), {}),
    "source of transport": ("src/transport/resistance.py", *SOURCE, TRANSPORT, {}),
    "source of analysis": ("src/analysis/dataset.py", *SOURCE, DATASET, {}),
    "source of metrics": ("src/analysis/metrics.py", *SOURCE, METRICS, {}),
    "source of Grad-CAM": (
        "src/cnn/gradcam.py",
        *SOURCE,
        {"gradcam", "figure_gradcam", "html_report", "all"},
        {},
    ),
    "source of cnn": ("src/cnn/model.py", *SOURCE, TRAIN, {"train": 4}),
    "source of provenance": ("src/provenance/files.py", *SOURCE, set(), {}),
    "a comment": ("src/dem/laws/friction.py", "", "\n# a comment\n", set(), {}),
}


@pytest.fixture(scope="module")
def up_to_date(copy_project):
    project = copy_project()
    plan = project.snakemake("-n", "--configfile", TINY).stdout
    for line in re.findall(r"^    output: (.*)$", plan, re.M):
        for name in line.split(", "):
            path = project.folder / name.strip()
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    project.snakemake("--forceall", "--touch", "--cores", "1", "--configfile", TINY)
    assert project.due() == {}
    return project


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_reruns_what_depends_on_it_and_no_more(up_to_date, change):
    name, old, new, rules, jobs = CHANGES[change]
    path = up_to_date.folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    try:
        path.write_text(text.replace(old, new, 1) if old else text + new, encoding="utf-8")
        due = up_to_date.due()
    finally:
        path.write_text(text, encoding="utf-8")
    assert set(due) == rules
    assert {rule: due[rule] for rule in jobs} == jobs


def test_every_change_is_in_the_document(root):
    table = (
        (root / "docs/reliability.md")
        .read_text(encoding="utf-8")
        .split("## What runs again")[1]
        .split("\n## ")[0]
    )
    assert re.findall(r"^\| ([^|`]+) \|", table, re.M)[1:] == list(CHANGES)
