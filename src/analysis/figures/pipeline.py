"""The way of the data through the rules of the workflow."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from analysis.figures import style
from provenance import FilePath

# Rule: column and row of its box, what it does. A test holds names and arrows against the workflow.
BOXES = {
    "compile_kernels": (0, 1, "compile the\nDEM kernels"),
    "compress": (1, 1, "fill and compress\nby DEM: many\nparallel jobs"),
    "compress_example": (1, 3, "one structure\nwith many frames"),
    "transport": (2, 0, "conduction through\nthe contacts"),
    "dataset": (2, 1, "class images, stress\nmaps, targets"),
    "response": (2, 2, "curves over the\ncompression"),
    "train": (3, 1, "train networks,\none job each"),
    "manifest": (3, -1, "seeds, versions,\nchecksums"),
    "predict": (4, 1, "predict with\nintervals"),
    "gradcam": (4, 0, "Grad-CAM:\nwhere it looks"),
    "metrics": (5, 1, "R² beside\nbaselines"),
    "figure_*": (6, 1, "figures and\nreport"),
}
# The main ones: figures are drawn from the datasets and predictions too, arrows of all would cross.
ARROWS = (
    ("compile_kernels", "compress"),
    ("compile_kernels", "compress_example"),
    ("compress", "dataset"),
    ("compress", "response"),
    ("compress", "transport"),
    ("transport", "dataset"),
    ("dataset", "train"),
    ("dataset", "manifest"),
    ("train", "predict"),
    ("train", "gradcam"),
    ("predict", "metrics"),
    ("metrics", "figure_*"),
    ("gradcam", "figure_*"),
    ("response", "figure_*"),
    ("compress_example", "figure_*"),
    ("manifest", "figure_*"),
)
COLOURS = {
    "dem": "#cfe3f1",
    "transport": "#f3e3f0",
    "dataset": "#e5e5e5",
    "cnn": "#fbe0cf",
    "figures": "#d4ece3",
}
PACKAGE = {
    "compile_kernels": "dem",
    "compress": "dem",
    "compress_example": "dem",
    "transport": "transport",
    "train": "cnn",
    "predict": "cnn",
    "gradcam": "cnn",
    "figure_*": "figures",
}
WIDTH, HEIGHT = 0.8, 0.62


def draw_pipeline(axes: Axes) -> None:
    """Draw a box per rule and the main arrows between them."""
    for start, end in ARROWS:
        (x0, y0, _), (x1, y1, _) = BOXES[start], BOXES[end]
        if x0 == x1:
            towards = np.sign(y1 - y0) * HEIGHT / 2
            ends = (x1, -y1 + towards), (x0, -y0 - towards)
            axes.annotate(
                "", *ends, arrowprops={"arrowstyle": "-|>", "color": "0.35", "shrinkA": 2, "shrinkB": 2}
            )
            continue
        # Long ways end at the top or the bottom of the box, clear of the boxes between.
        long = x1 - x0 > 1 and y0 != y1
        if long:
            axes.plot([x0 + WIDTH / 2, x1], [-y0, -y0], color="0.35", linewidth=1)
        axes.annotate(
            "",
            (x1, -y1 + np.sign(y1 - y0) * HEIGHT / 2) if long else (x1 - WIDTH / 2, -y1),
            (x1, -y0) if long else (x0 + WIDTH / 2, -y0),
            arrowprops={"arrowstyle": "-|>", "color": "0.35", "shrinkA": 0 if long else 2, "shrinkB": 2},
        )
    for rule, (x, y, text) in BOXES.items():
        axes.add_patch(
            FancyBboxPatch(
                (x - WIDTH / 2, -y - HEIGHT / 2),
                WIDTH,
                HEIGHT,
                boxstyle="round,pad=0.02",
                facecolor=COLOURS[PACKAGE.get(rule, "dataset")],
                edgecolor="0.4",
                linewidth=0.8,
            )
        )
        axes.text(x, -y + 0.2, rule, ha="center", va="center", weight="bold", fontsize=8)
        axes.text(x, -y - 0.08, text, ha="center", va="center", fontsize=7)
    axes.set_xlim(-0.5, 6.5)
    axes.set_ylim(-3.4, 1.4)
    style.bare(axes)
    for k, (package, name) in enumerate(
        (
            ("dem", "src/dem"),
            ("transport", "src/transport"),
            ("dataset", "src/analysis"),
            ("cnn", "src/cnn"),
            ("figures", "analysis/figures"),
        )
    ):
        axes.plot(-0.35, 1.2 - 0.3 * k, "s", color=COLOURS[package], markeredgecolor="0.4")
        axes.text(-0.25, 1.2 - 0.3 * k, name, va="center", fontsize=8)


def save(outputs: Sequence[FilePath]) -> None:
    """Draw the workflow."""
    with style.in_style():
        figure = style.new_figure(10.5, 5.2)
        draw_pipeline(figure.subplots())
        style.save_figure(figure, outputs)
