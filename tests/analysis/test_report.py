import csv
import json
import re

import pytest

from analysis.figures.predictors import PREDICTORS
from analysis.metrics import COLUMNS
from analysis.particles import write_rows
from analysis.report import (
    PARTICLE_PREDICTORS,
    metric_tables,
    particle_table,
    picture,
    rule_costs,
    write_report,
)
from electrode.targets import TARGETS


@pytest.fixture
def judged():
    """Function that gives rows of ``particles.csv`` of a fold, whose R2 falls by 0.1 per predictor."""

    def rows(split, study="tiny"):
        return [
            {
                "split": split,
                "study": study,
                "predictor": name,
                "r2": 0.9 - 0.1 * k,
                "r2_low": 0.85 - 0.1 * k,
                "r2_high": 0.95 - 0.1 * k,
                "rmse": 2.5e7 * (k + 1),
                "coverage": "" if k else 0.875,
                "gain_low": 0.1 * k - 0.02 if k else "",
                "gain_high": 0.1 * k + 0.02 if k else "",
                "particles": 160,
                "structures": 10,
                "matched": 0.9625,
            }
            for k, name in enumerate(PARTICLE_PREDICTORS)
        ]

    return rows


def test_costs_are_summed_per_rule(tmp_path):
    for name, seconds, memory in (("a", 2.5, "100.0"), ("b", 1.5, "-"), ("dataset", 7.0, "50.0")):
        (tmp_path / f"{name}.tsv").write_text(
            f"s\th:m:s\tmax_rss\n{seconds}\t0:00:02\t{memory}\n", encoding="utf-8"
        )
    files = {"compress": ["a", "b", "missing"], "dataset": ["dataset"], "train": ["missing"]}
    compress, dataset = rule_costs(
        {rule: [tmp_path / f"{name}.tsv" for name in names] for rule, names in files.items()}
    )
    assert compress == ("compress", 2, 4.0, 2.5, 100.0)
    assert dataset == ("dataset", 1, 7.0, 7.0, 50.0)


def test_metrics_are_shown_in_readable_units(study):
    tables = metric_tables(study.metrics)
    assert [table["title"] for table in tables] == ["random split", "width held out"]
    row = tables[0]["rows"][0]
    assert row["name"] == "CNN" and len(row["cells"]) == 5
    assert row["cells"][0]["rmse"].endswith("MPa") and row["cells"][4]["rmse"].endswith("µm²")


def test_caption_is_one_line_and_unknown_pictures_are_refused(tmp_path):
    (tmp_path / "a_b.rst").write_text("Two\nlines.\n", encoding="utf-8")
    (tmp_path / "a_b.png").write_bytes(b"png")
    shown = picture(tmp_path / "a_b.png", tmp_path / "a_b.rst")
    assert (shown.name, shown.title, shown.caption) == ("a_b", "A b", "Two lines.")
    assert shown.source == "data:image/png;base64,cG5n"
    with pytest.raises(ValueError, match=r"a_b\.rst: a picture of the report must be one of \.png, \.gif"):
        picture(tmp_path / "a_b.rst", tmp_path / "a_b.rst")


def test_particles_are_a_row_per_fold_with_gain_and_coverage(tmp_path, judged):
    path = tmp_path / "particles.csv"
    write_rows([*judged("random"), *judged("width-46"), *judged("uncovered-0.53")], path)
    rows = particle_table(path)
    assert [row["title"] for row in rows] == [
        "random split",
        "width 46 µm held out",
        "uncovered fraction 0.53 held out",
    ]
    cnn, single, *_ = rows[0]["cells"]
    assert cnn == {"r2": "0.900", "interval": "0.850 to 0.950", "rmse": "25 MPa", "gain": ""}
    assert (single["r2"], single["rmse"], single["gain"]) == ("0.800", "50 MPa", "+0.080 to +0.120")
    assert (rows[0]["coverage"], rows[0]["matched"]) == ("87.5 %", "96.2 %")


def test_particles_of_joined_studies_tell_what_was_learnt_and_what_asked(tmp_path, judged):
    path = tmp_path / "particles.csv"
    asked = [(split, study) for split in ("random", "only-a") for study in ("a", "b")]
    write_rows([row for split_and_study in asked for row in judged(*split_and_study)], path)
    assert [row["title"] for row in particle_table(path)] == [
        "trained on all studies, tested on a",
        "trained on all studies, tested on b",
        "trained on a alone, tested on a",
        "trained on a alone, tested on b",
    ]


def test_tables_of_the_tiny_study_are_complete(study):
    (random, held_out) = particle_table(study.particles)
    assert (random["title"], held_out["title"]) == ("random split", "width 10 µm held out")
    assert all(cell["rmse"].endswith(" MPa") for cell in random["cells"])
    assert [bool(cell["gain"]) for cell in random["cells"]] == [False, True, True, True]


def test_page_shows_the_table_of_particles(root, tmp_path, judged, tiny_config):
    write_rows(judged("random"), tmp_path / "particles.csv")
    with open(tmp_path / "metrics.csv", "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(
            [
                COLUMNS,
                *(
                    ("random", "tiny", predictor, target, 0.9, 0.8, 0.95, 1e7, 0.9, 10)
                    for predictor in PREDICTORS
                    for target in TARGETS
                ),
            ]
        )
    manifest = {
        "structures": 50,
        "sources": {},
        "dataset": {"code_digest": "0", "sha256": "1"},
        "versions_of_this_job": {},
    }
    (tmp_path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    tables = (tmp_path / name for name in ("metrics.csv", "particles.csv", "manifest.json"))
    template, output = root / "workflow/report/page.html.j2", tmp_path / "report.html"
    metrics, particles, manifest = tables
    write_report(
        [], [], [], manifest, {}, tiny_config, "make", template, output, metrics=metrics, particles=particles
    )
    page = output.read_text(encoding="utf-8")
    section = page.split('<h2 id="particles">')[1].split("<h2")[0]
    assert '<a href="#particles">' in page and section.count("<tr>") == 2
    cells = [" ".join(re.sub("<[^>]*>", " ", cell).split()) for cell in section.split("<td>")[1:]]
    assert cells[0] == "0.900 0.850 to 0.950 25 MPa"
    assert cells[2] == "0.700 0.650 to 0.750 75 MPa CNN +0.180 to +0.220"
    assert cells[4:] == ["87.5 %", "160 of 10 structures 96.2 % found"]
