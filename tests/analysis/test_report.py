import pytest

from analysis.report import metric_tables, picture, rule_costs


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
