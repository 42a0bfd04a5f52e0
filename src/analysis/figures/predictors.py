"""R2 of the network beside that of predictors without one, on every split."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes

from analysis.figures import style
from analysis.metrics import read_metrics
from electrode.targets import target_row
from provenance import FilePath

# From top to bottom; the mean predicts nothing by definition and is left out.
PREDICTORS = {
    "cnn": "CNN",
    "cnn_single": "CNN, one network",
    "image_boosting": "image descriptors, boosted",
    "process_boosting": "process, boosted",
    "process_linear": "process, linear",
}
# Label, marker and colour of each split.
SPLITS = {
    "random": ("random split", "o", style.SPLIT_COLOURS[0]),
    "leave_width_out": ("width held out", "s", style.SPLIT_COLOURS[1]),
    "leave_uncovered_fraction_out": ("uncovered fraction held out", "^", style.SPLIT_COLOURS[2]),
}
LEAST_WIDTH = 6.6  # of the figure [inch]


def draw_predictors(axes: Axes, rows: Sequence[dict[str, str]], target: str) -> None:
    """Draw R2 and its interval of one target, one line per predictor, one marker per split.

    Parameters
    ----------
    axes
        To draw on.
    rows
        Of the metrics table.
    target
        Name of the target.
    """
    splits = [split for split in SPLITS if any(row["split"] == split for row in rows)]
    for number, split in enumerate(splits):
        chosen = {row["predictor"]: row for row in rows if (row["split"], row["target"]) == (split, target)}
        height = [line + 0.22 * (number - (len(splits) - 1) / 2) for line in range(len(PREDICTORS))]
        r2, low, high = (
            [float(chosen[name][column]) for name in PREDICTORS] for column in ("r2", "r2_low", "r2_high")
        )
        _, marker, colour = SPLITS[split]
        axes.hlines(height, low, high, color=colour, linewidth=1)
        axes.scatter(r2, height, s=18, marker=marker, color=colour, zorder=3)
    axes.set_yticks(range(len(PREDICTORS)), list(PREDICTORS.values()))
    axes.set_ylim(len(PREDICTORS) - 0.5, -0.5)
    axes.set_xlim(right=1.0)
    axes.set_xlabel("R²")
    axes.set_title(target_row(target).title)
    axes.grid(axis="x", color="0.9", zorder=0)


def save(metrics: FilePath, outputs: Sequence[FilePath]) -> None:
    """Draw all targets side by side."""
    rows = read_metrics(metrics)
    targets = list(dict.fromkeys(row["target"] for row in rows))
    with style.in_style():
        # Few panels are wider, for the names and the legend.
        width = max(2.2, LEAST_WIDTH / len(targets))
        figure, panels = style.panel_grid(len(targets), 6, width, 2.8, sharey=True)
        for axes, target in zip(panels, targets, strict=True):
            draw_predictors(axes, rows, target)
        style.letter_panels(panels)
        for split, (label, marker, colour) in SPLITS.items():
            if any(row["split"] == split for row in rows):
                panels[0].scatter([], [], s=18, marker=marker, color=colour, label=label)
        figure.legend(loc="outside upper right", ncols=3)
        style.save_figure(figure, outputs)
