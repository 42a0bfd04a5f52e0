"""All that a study gave on one page: a single HTML file that needs no other file."""

from __future__ import annotations

import base64
import csv
import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, StrictUndefined

from analysis.figures.predictors import PREDICTORS, SPLITS
from analysis.figures.transfer import trained_on
from analysis.metrics import read_metrics
from electrode.targets import DISPLAY_UNITS, DisplayUnit, Target, target_row
from provenance import FilePath, atomic_output

# Predictors of the stress on single AM particles, from left to right.
PARTICLE_PREDICTORS = {
    "cnn": "CNN",
    "cnn_single": "CNN, one network",
    "particle_boosting": "surroundings, boosted",
    "particle_boosting_told": "the same, told the true mean",
}
# Predictors beside the network that reads one section.
SECTION_BASELINES = {
    "image_boosting": "descriptors, one section",
    "stereology": "stereology, one section",
    "process_boosting": "told the process",
}
# First word of a fold's name -> what it holds out.
HELD_OUT = {"width": "width {} µm held out", "uncovered": "uncovered fraction {} held out"}
MEDIA_TYPES = {".png": "image/png", ".gif": "image/gif"}


class Picture(NamedTuple):
    """A figure of the page."""

    name: str
    title: str
    caption: str
    source: str  # as data URI
    folder: str  # below the results of the study


class RuleCost(NamedTuple):
    """What the jobs of a rule took."""

    rule: str
    jobs: int
    seconds: float  # of all jobs
    longest: float  # [s]
    memory: float  # of the largest job [MiB]


def picture(path: FilePath, caption: FilePath) -> Picture:
    """A PNG or GIF with the text of its caption.

    Raises
    ------
    ValueError
        If the file is neither by its suffix.
    """
    path = Path(path)
    if path.suffix not in MEDIA_TYPES:
        raise ValueError(f"{path}: a picture of the report must be one of {', '.join(MEDIA_TYPES)}")
    content = base64.b64encode(path.read_bytes()).decode()
    title = path.stem.replace("_", " ").capitalize()
    text = " ".join(Path(caption).read_text(encoding="utf-8").split())
    return Picture(
        path.stem, title, text, f"data:{MEDIA_TYPES[path.suffix]};base64,{content}", path.parent.name
    )


def rule_costs(benchmarks: Mapping[str, Sequence[FilePath]]) -> list[RuleCost]:
    """Run time and memory per rule, from the benchmark files of its jobs; missing ones do not count."""
    rows_of: dict[str, list[dict[str, str]]] = {}
    for rule, paths in benchmarks.items():
        for path in filter(os.path.exists, paths):
            with open(path, encoding="utf-8", newline="") as file:
                rows_of.setdefault(rule, []).extend(csv.DictReader(file, delimiter="\t"))
    return [
        RuleCost(
            rule,
            len(rows),
            sum(float(row["s"]) for row in rows),
            max(float(row["s"]) for row in rows),
            # Jobs of less than half a second are not sampled.
            max((float(row["max_rss"]) for row in rows if row["max_rss"] not in ("-", "NA")), default=0.0),
        )
        for rule, rows in rows_of.items()
        if rows
    ]


def metric_tables(path: FilePath) -> list[dict[str, Any]]:
    """One table per split and study: R2 with interval and RMSE in shown units, by predictor and target."""
    rows = read_metrics(path)
    by_key = {(row["split"], row["study"], row["predictor"], row["target"]): row for row in rows}
    targets = _targets(rows)
    joined = len({row["study"] for row in rows}) > 1
    tables = []
    for split, study in dict.fromkeys((row["split"], row["study"]) for row in rows):
        lines = []
        for predictor, name in PREDICTORS.items():
            keys = [(split, study, predictor, target) for target in targets]
            if all(key in by_key for key in keys):
                cells = [
                    _cell(by_key[key], row.display) for key, row in zip(keys, targets.values(), strict=True)
                ]
                lines.append({"name": name, "cells": cells})
        title = _transfer(split, study) if joined else SPLITS[split][0]
        tables.append(
            {"title": title, "count": by_key[split, study, "cnn", next(iter(targets))]["n"], "rows": lines}
        )
    return tables


def _targets(rows: Sequence[Mapping[str, str]]) -> dict[str, Target]:
    """Targets of a metrics table, in its order."""
    return {row["target"]: target_row(row["target"]) for row in rows}


def particle_table(path: FilePath) -> list[dict[str, Any]]:
    """One row per fold and study: how well each predictor knows the stress on single AM particles."""
    rows = read_metrics(path)
    joined = len({row["study"] for row in rows}) > 1
    stress = DISPLAY_UNITS["Pa"]
    lines = []
    for split, study in dict.fromkeys((row["split"], row["study"]) for row in rows):
        mine = {row["predictor"]: row for row in rows if (row["split"], row["study"]) == (split, study)}
        network = mine["cnn"]
        lines.append(
            {
                "title": _transfer(split, study) if joined else _held_out(split),
                "cells": [_cell(mine[name], stress) | _gain(mine[name]) for name in PARTICLE_PREDICTORS],
                "coverage": f"{100 * float(network['coverage']):.1f} %",
                "particles": network["particles"],
                "structures": network["structures"],
                "matched": f"{100 * float(network['matched']):.1f} %",
            }
        )
    return lines


def measure_table(path: FilePath) -> dict[str, Any]:
    """Heads and rows of a table of means over packings: each mean with its standard deviation."""
    with open(path, encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    symbols = {unit.column: unit.in_brackets for unit in DISPLAY_UNITS.values() if unit.symbol}
    heads = {
        line["measure"]: f"{target_row(line['measure']).title} {symbols.get(line['unit'], '')}".strip()
        for line in lines
    }
    rows: dict[tuple[str, ...], dict[str, Any]] = {}
    for line in lines:
        settings = tuple(
            line[key] for key in ("am_volume_fraction", "pressure_MPa", "unloaded_to_MPa", "packings")
        )
        rows.setdefault(settings, {})[line["measure"]] = {
            "mean": _short(line["mean"]),
            "sd": _short(line["sd"]),
        }
    nothing = {"mean": "–", "sd": ""}
    return {
        "heads": list(heads.values()),
        "rows": [
            {"settings": settings, "cells": [cells.get(measure, nothing) for measure in heads]}
            for settings, cells in rows.items()
        ],
    }


def section_table(metrics: FilePath, ceiling: FilePath) -> dict[str, Any]:
    """What sharp sections of packings never seen tell: R2 by target, predictor and number of sections."""
    rows = [row for row in read_metrics(metrics) if row["split"] == "random"]
    rows = [row for row in rows if row["study"] == rows[0]["study"]]
    scores = {(row["target"], row["predictor"], int(row["sections"])): row for row in rows}
    with open(ceiling, encoding="utf-8", newline="") as file:
        limits = {row["target"]: row for row in csv.DictReader(file)}
    counts = sorted({count for _, _, count in scores})
    heads = [f"network, {count} section{'s' * (count > 1)}" for count in counts]
    lines = []
    for name, target in _targets(rows).items():
        network = [
            _cell(scores[name, "cnn", count], target.display)
            | {"coverage": f"{100 * float(scores[name, 'cnn', count]['coverage']):.0f} %"}
            for count in counts
        ]
        others = [f"{float(scores[name, other, 1]['r2']):.3f}" for other in SECTION_BASELINES]
        shares = [_percent(limits[name][share]) for share in ("settings", "packings")]
        lines.append({"title": target.title, "network": network, "others": [*others, *shares]})
    return {
        "heads": heads,
        "others": [*SECTION_BASELINES.values(), "between settings", "between packings"],
        "rows": lines,
    }


def _percent(share: str) -> str:
    """A share as a table has it, a dash where it is no number."""
    return f"{100 * float(share):.1f} %" if math.isfinite(float(share)) else "–"


def _short(number: str) -> str:
    return f"{float(number):.3g}" if number else ""


def _transfer(split: str, study: str) -> str:
    """Words for a split of joined studies, judged on one of them."""
    return f"trained on {trained_on(split)}, tested on {study}"


def _held_out(fold: str) -> str:
    """Words for the fold of a study on its own."""
    kind, _, level = fold.partition("-")
    return HELD_OUT[kind].format(level) if level else SPLITS[fold][0]


def _gain(row: Mapping[str, str]) -> dict[str, str]:
    """What the network gains in R2 over a predictor; nothing over itself."""
    ends = row["gain_low"], row["gain_high"]
    return {"gain": " to ".join(f"{float(end):+.3f}" for end in ends) if all(ends) else ""}


def _cell(row: Mapping[str, str], unit: DisplayUnit) -> dict[str, str]:
    return {
        "r2": f"{float(row['r2']):.3f}",
        "interval": f"{float(row['r2_low']):.3f} to {float(row['r2_high']):.3f}",
        "rmse": f"{unit.factor * float(row['rmse']):.3g} {unit.symbol}".rstrip(),
    }


def write_report(
    pictures: Sequence[FilePath],
    captions: Sequence[FilePath],
    categories: Sequence[str],
    manifest: FilePath,
    benchmarks: Mapping[str, Sequence[FilePath]],
    config: Mapping[str, Any],
    command: str,
    template: FilePath,
    output: FilePath,
    metrics: FilePath | None = None,
    particles: FilePath | None = None,
    measures: FilePath | None = None,
    sections: FilePath | None = None,
    ceiling: FilePath | None = None,
) -> None:
    """Write the page.

    Parameters
    ----------
    pictures, captions, categories
        PNG and GIF files in the order shown, text below and heading above each; categories come in the
        order of their first picture.
    manifest
        ``manifest.json``.
    benchmarks
        Files with run time and memory of the jobs of each rule.
    config
        Of the study.
    command
        That makes the study; a target is appended to it for each picture.
    template
        Of the page (Jinja).
    output
        HTML file.
    metrics, particles, measures
        ``metrics.csv``, ``particles.csv`` and ``measures.csv``, as far as the study has them.
    sections, ceiling
        ``metrics.csv`` and ``ceiling.csv`` of a study in space.
    """
    shown: dict[str, list[Picture]] = {}
    for path, caption, category in zip(pictures, captions, categories, strict=True):
        shown.setdefault(category, []).append(picture(path, caption))
    page = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    with atomic_output(output) as temporary:
        text = page.from_string(Path(template).read_text(encoding="utf-8")).render(
            categories=shown,
            targets=[]
            if metrics is None
            else [row.title for row in _targets(read_metrics(metrics)).values()],
            tables=[] if metrics is None else metric_tables(metrics),
            particle_predictors=PARTICLE_PREDICTORS.values(),
            particle_rows=[] if particles is None else particle_table(particles),
            measures=None if measures is None else measure_table(measures),
            sections=None if sections is None or ceiling is None else section_table(sections, ceiling),
            manifest=json.loads(Path(manifest).read_text(encoding="utf-8")),
            costs=rule_costs(benchmarks),
            config=config,
            command=command,
        )
        temporary.write_text(text, encoding="utf-8")
