"""The table of figures, and the page that shows them."""

import importlib
import inspect

import pytest

from study.figures import FIGURES, drawn, figure_files, pictures
from study.report import benchmark_files, captions, categories

OF_STRUCTURES = ["pipeline", "structure", "animation", "images", "compression_curves", "hertz"]
OF_ALL = [
    *OF_STRUCTURES,
    *("parity", "predictors", "uncertainty", "stress_distribution", "gradcam", "reaction_area"),
]


@pytest.mark.parametrize("name", FIGURES)
def test_a_row_fits_its_module_and_caption(root, study_of, study_in_space, name):
    figure = FIGURES[name]
    study = study_in_space if figure.geometry == "spatial" else study_of("tests/tiny")
    save = importlib.import_module(f"analysis.figures.{name}").save
    handed = {**figure.input_files(study), **figure.settings(study), "outputs": []}
    assert set(inspect.signature(save).parameters) == set(handed)
    assert (root / f"workflow/report/{name}.rst").read_text(encoding="utf-8").strip()


def test_inputs_are_files_of_the_study(study_of):
    study = study_of("tests/tiny")
    assert FIGURES["pipeline"].input_files(study) == {}
    assert FIGURES["images"].input_files(study) == {
        "trajectory": study.example_trajectory(),
        "dataset": "results/tiny/dataset.nc",
    }
    assert FIGURES["images"].settings(study) == {"image": study.config["image"]}
    assert FIGURES["animation"].input_files(study) == {"trajectory": "results/tiny/example.h5"}
    assert FIGURES["transfer"].input_files(study)["predictions"] == study.prediction_files()


@pytest.mark.parametrize(
    ("overlay", "names"),
    [
        ("tests/tiny", OF_ALL),
        ("config/elastoplastic", OF_ALL),
        ("config/joined", ["transfer", "novelty", "am_coverage"]),
        ("config/robust", ["transfer"]),
    ],
)
def test_what_a_study_draws(study_of, overlay, names):
    study = study_of(overlay)
    assert list(drawn(study)) == captions(study) == names
    assert categories(study) == [FIGURES[name].category for name in names]


def test_pictures_come_before_what_is_for_paper(study_of):
    study = study_of("tests/tiny")
    files = [path.removeprefix("results/tiny/figures/") for path in figure_files(study)]
    assert files == [
        *("animation.gif" if name == "animation" else f"{name}.png" for name in OF_ALL),
        *(f"{name}.pdf" for name in OF_ALL if name != "animation"),
    ]
    assert pictures(study) == figure_files(study)[: len(OF_ALL)]


def test_images_of_ones_own_come_last_on_the_page(study_of):
    study = study_of("tests/tiny", "prediction: {images: [mine.png, b.png]}")
    assert captions(study) == [*OF_ALL, "image", "image"]
    assert categories(study)[-3:] == ["Reaction area", "Your images", "Your images"]


def test_costs_are_those_of_the_jobs_of_the_study(study_of):
    files = benchmark_files(study_of("tests/tiny"))
    assert {rule: len(paths) for rule, paths in files.items() if paths} == {
        **dict.fromkeys(
            ("compile_kernels", "compress_example", "join", "transport", "dataset", "response"), 1
        ),
        **dict.fromkeys(("manifest", "gradcam", "metrics"), 1),
        "compress": 4,
        "train": 2 + 2,
        "predict": 3,
        "figures": len(OF_ALL),
    }
    assert files["compress"][0] == (
        "results/tiny/benchmarks/compress/width-10_uncovered-0.7_replicates-0-1.tsv"
    )
    assert files["train"][2] == "results/tiny/benchmarks/train/width-10_member-0.tsv"
    assert files["figures"][0] == "results/tiny/benchmarks/figure_pipeline.tsv"
    joined = benchmark_files(study_of("config/joined"))
    assert joined["compress"] == [] and len(joined["train"]) == 9
    assert joined["degrade"] == [
        f"results/joined/benchmarks/degrade/{study}.tsv" for study in ("paper", "elastoplastic")
    ]
    assert joined["novelty"][0] == "results/joined/benchmarks/novelty/only-paper.tsv"
