"""How far images of another study are from those that an ensemble knows, and how often it is noticed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from analysis.detection import FALSE_ALARMS, read_detection
from analysis.figures import style
from analysis.figures.transfer import trained_on
from provenance import FilePath
from provenance.netcdf import open_result

# Title and axis of each measure.
TITLES = {
    "distance": ("Distance in feature space", "Mahalanobis distance [1]"),
    "spread": ("Spread of the ensemble", "spread / SD of the labels [1]"),
    "porosity": ("Porosity alone", "distance from the mean [SD]"),
}


def draw_novelty(axes: Axes, novelty: xr.Dataset, rows: Sequence[dict[str, str]]) -> None:
    """Draw one measure of all images that the ensemble did not learn from, with the threshold.

    Parameters
    ----------
    axes
        To draw on.
    novelty
        ``novelty`` [sample] of one measure, with ``split`` and ``study``.
    rows
        Of the table of detections, of that measure.
    """
    part, study = novelty["split"].values, novelty["study"].values
    own = np.unique(study[part == "train"])
    rng = np.random.default_rng(0)
    labels = []
    for line, name in enumerate(np.unique(study)):
        mine = name in own
        chosen = (study == name) & ((part == "test") | (not mine))
        values = novelty["novelty"].values[chosen]
        axes.scatter(
            values,
            line + rng.uniform(-0.25, 0.25, values.size),
            s=9,
            color=style.DEM_COLOUR if mine else style.CNN_COLOUR,
            linewidth=0,
            alpha=0.7,
        )
        rate = next(float(row["rate"]) for row in rows if (row["study"], row["pressure_MPa"]) == (name, ""))
        labels.append(f"{name}\n{100 * rate:.0f} % {'false alarms' if mine else 'noticed'}")
    axes.axvline(float(rows[0]["threshold"]), color="0.3", linewidth=0.9)
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.set_xlim(left=0)


def save(novelty: Sequence[FilePath], detection: FilePath, outputs: Sequence[FilePath]) -> None:
    """Draw every measure for every ensemble of one study."""
    opened = [open_result(path, "novelty", "split", "study", "fold") for path in novelty]
    rows = read_detection(detection)
    with style.in_style():
        figure = style.new_figure(11, 0.9 + 1.9 * len(opened))
        grid = figure.subplots(len(opened), len(TITLES), squeeze=False)
        for panels, dataset in zip(grid, opened, strict=True):
            split = str(dataset["fold"].item())
            for axes, (measure, (title, label)) in zip(panels, TITLES.items(), strict=True):
                chosen = [row for row in rows if (row["split"], row["measure"]) == (split, measure)]
                draw_novelty(axes, dataset.sel(measure=measure), chosen)
                axes.set_title(f"{title},\ntrained on {trained_on(split)}")
                axes.set_xlabel(label)
        style.letter_panels(grid.ravel())
        figure.supxlabel(f"line: exceeded by {100 * FALSE_ALARMS:.0f} % of the validation images", fontsize=9)
        style.save_figure(figure, outputs)
