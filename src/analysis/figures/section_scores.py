"""How much more several sections tell than one, beside predictors without a network."""

from __future__ import annotations

import csv
from collections.abc import Sequence

from matplotlib.axes import Axes

from analysis.figures import style
from analysis.metrics import read_metrics
from electrode.targets import target_row
from provenance import FilePath

# Those that see sections: label, marker, colour.
PREDICTORS = {
    "cnn": ("network", "o", style.SPLIT_COLOURS[0]),
    "image_boosting": ("descriptors, boosted", "s", style.SPLIT_COLOURS[1]),
    "image_boosting_pooled": ("descriptors, averaged, boosted", "D", style.SPLIT_COLOURS[3]),
    "stereology": ("stereology", "^", style.SPLIT_COLOURS[2]),
}
PROCESS = "process_boosting"
# R2 shown from here on; what is below is marked at the edge.
LEAST = 0.0


def draw_scores(axes: Axes, rows: Sequence[dict[str, str]], limit: float, target: str) -> None:
    """Draw R2 of one target against the number of sections.

    Parameters
    ----------
    axes
        To draw on.
    rows
        Of the metrics table, one split and study.
    limit
        R2 of the network with ever more sections.
    target
        Name of the target.
    """
    lowest = 1.0
    for predictor, (label, marker, colour) in PREDICTORS.items():
        mine = sorted(
            (int(row["sections"]), *(float(row[name]) for name in ("r2", "r2_low", "r2_high")))
            for row in rows
            if (row["predictor"], row["target"]) == (predictor, target)
        )
        counts, r2, low, high = zip(*mine, strict=True)
        lowest = min(lowest, *low)
        axes.fill_between(counts, low, high, color=colour, alpha=0.15, linewidth=0)
        axes.plot(counts, r2, marker=marker, color=colour, label=label, markersize=4, linewidth=1)
    knows = [float(row["r2"]) for row in rows if (row["predictor"], row["target"]) == (PROCESS, target)]
    axes.axhline(knows[0], color="0.4", linestyle=":", label="told the process")
    axes.axhline(
        limit, color=style.SPLIT_COLOURS[0], linewidth=0.8, linestyle="--", label="network, ever more"
    )
    axes.set_xscale("log", base=2)
    axes.set_xticks(counts, [str(count) for count in counts])
    axes.minorticks_off()
    bottom = max(LEAST, min(lowest, knows[0], limit))
    axes.set_ylim(bottom - 0.05 * (1 - bottom), 1 + 0.03 * (1 - bottom))
    axes.set_title(target_row(target).title)


def save(metrics: FilePath, ceiling: FilePath, outputs: Sequence[FilePath]) -> None:
    """Draw all targets of the random split, of sharp sections."""
    everything = [row for row in read_metrics(metrics) if row["split"] == "random"]
    rows = [row for row in everything if row["study"] == everything[0]["study"]]
    with open(ceiling, encoding="utf-8", newline="") as file:
        limits = {row["target"]: float(row["r2_ever_more"]) for row in csv.DictReader(file)}
    targets = list(dict.fromkeys(row["target"] for row in rows))
    with style.in_style():
        figure, grid = style.panel_grid(len(targets) + 1, 4, 9.5 / 3.6, 2.2)
        *panels, legend = grid
        for axes, target in zip(panels, targets, strict=True):
            draw_scores(axes, rows, limits[target], target)
            axes.set_xlabel("sections")
            axes.set_ylabel("R²")
        style.letter_panels(panels)
        legend.set_axis_off()
        legend.legend(*panels[0].get_legend_handles_labels(), loc="center", fontsize=8)
        style.save_figure(figure, outputs)
