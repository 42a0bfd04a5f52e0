"""Share of the AM surface in contact with SE against pressure: DEM, CNN, literature (the paper's Fig. 5D)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import Normalize

from analysis.figures import style
from analysis.figures.transfer import trained_on
from provenance import FilePath
from provenance.netcdf import open_result

# So et al., J. Power Sources 508 (2021) 230344, Fig. 4d, digitised (+-0.05): AM share of the solids -> share
# of the AM surface in contact with SE.
PUBLISHED_PRESSURE = 600  # [MPa]
PUBLISHED = {0.30: 0.73, 0.50: 0.53, 0.70: 0.30}
SHARES = Normalize(0.1, 0.9)
# Of several studies under pressure, and of the truth beside a network.
LINES, DOTTED = ("-", "--", "-.", ":"), (0, (1, 2))


class Correction(NamedTuple):
    """Factor from predicted contact area / sphere surface to the share of the circumference of the DEM."""

    factor: float
    error: float  # root mean square, on the points that it was not fitted to
    fitted: np.ndarray  # which points it was fitted to


def fit_correction(pressure: np.ndarray, predicted: np.ndarray, truth: np.ndarray) -> Correction | None:
    """Least squares of truth on predicted through the origin, over every second pressure.

    Parameters
    ----------
    pressure, predicted, truth
        Of each point [N].

    Returns
    -------
    Correction or None
        None if there are fewer than two pressures: one to fit to, one to judge by.
    """
    levels = np.unique(pressure)
    if levels.size < 2:
        return None
    fitted = np.isin(pressure, levels[::2])
    factor = np.sum(predicted[fitted] * truth[fitted]) / np.sum(predicted[fitted] ** 2)
    error = np.sqrt(np.mean((factor * predicted - truth)[~fitted] ** 2))
    return Correction(float(factor), float(error), fitted)


def points(predictions: xr.Dataset) -> dict[str, np.ndarray]:
    """Means over the structures of each study, pressure and uncovered fraction that were not learnt from.

    Returns
    -------
    dict
        ``study``, ``pressure`` [MPa], ``uncovered_fraction``, ``am_share`` of the disc area, ``truth`` (share
        of the circumference in the DEM), its ``sd``, and ``predicted`` (contact area by the CNN / sphere
        surface), each [N]; N may be 0.
    """
    unseen = ~np.isin(predictions["split"].values, ("train", "validation"))
    pressed = predictions.sel(sample=unseen & np.isfinite(predictions["pressure"].values))
    columns = {
        "am_share": pressed["am_disc_fraction"].values,
        "truth": pressed["am_circumference_coverage"].values,
        "predicted": pressed["prediction"].sel(target="reaction_area").values / pressed["am_surface"].values,
    }
    names = ("study", "pressure", "uncovered_fraction")
    settings = list(zip(*(pressed[name].values.tolist() for name in names), strict=True))
    different = sorted(set(settings))
    groups = [[k for k, other in enumerate(settings) if other == chosen] for chosen in different]
    means = {name: np.array([column[group].mean() for group in groups]) for name, column in columns.items()}
    means["sd"] = np.array([columns["truth"][group].std() for group in groups])
    means |= {name: np.array([chosen[k] for chosen in different]) for k, name in enumerate(names)}
    return means | {"pressure": 1e-6 * means["pressure"].astype(float)}


def draw_coverage(
    axes: Axes, means: dict[str, np.ndarray], values: np.ndarray, spread: np.ndarray | None
) -> None:
    """Draw a share against pressure, a line per AM share, with the published points.

    Parameters
    ----------
    axes
        To draw on.
    means
        From `points`.
    values
        Share of each point [N].
    spread
        Standard deviations over the structures of the points [N]; None: `values` are of a network, and the
        truth of the same structures is drawn beside them, dotted.
    """
    colours = mpl.colormaps[style.SEQUENTIAL]
    studies = np.unique(means["study"])
    for study, line in zip(studies, LINES, strict=False):
        for fraction in np.unique(means["uncovered_fraction"][means["study"] == study])[::-1]:
            chosen = (means["study"] == study) & (means["uncovered_fraction"] == fraction)
            share = means["am_share"][chosen].mean()
            colour = colours(SHARES(share))
            axes.errorbar(
                means["pressure"][chosen],
                values[chosen],
                None if spread is None else spread[chosen],
                color=colour,
                linestyle=line,
                marker="o",
                markersize=4,
                linewidth=1.2,
                label=f"AM {100 * share:.0f} % of the solids" + (f", {study}" if studies.size > 1 else ""),
            )
            if spread is None:
                truth = means["truth"][chosen]
                axes.plot(means["pressure"][chosen], truth, color=colour, linestyle=DOTTED, linewidth=1)
    for share, coverage in PUBLISHED.items():
        # Beside the points at that pressure.
        place = 1.12 * PUBLISHED_PRESSURE
        axes.errorbar(
            place, coverage, 0.05, color=colours(SHARES(share)), marker="*", markersize=11, capsize=2
        )
    axes.set_xscale("log")
    ticks = np.unique(means["pressure"])
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.set_ylim(0, 1)
    axes.set_xlabel("pressure [MPa]")


def save(predictions: Sequence[FilePath], outputs: Sequence[FilePath]) -> None:
    """Draw DEM and every ensemble, on pressed structures that it did not learn from."""
    wanted = (
        "prediction",
        "split",
        "fold",
        "study",
        "am_circumference_coverage",
        "am_surface",
        "am_disc_fraction",
    )
    opened = [open_result(path, *wanted) for path in predictions]
    with style.in_style():
        figure = style.new_figure(3.4 * (1 + len(opened)), 4.4)
        panels = figure.subplots(1, 1 + len(opened), sharey=True)
        if "pressure" not in opened[0].variables:
            for axes in panels:
                style.no_data(axes, "no joined study compresses to a pressure")
            return style.save_figure(figure, outputs)
        # Of all pressed structures, whatever learnt from them.
        everything = points(opened[0].assign(split=("sample", ["unused"] * opened[0].sizes["sample"])))
        draw_coverage(panels[0], everything, everything["truth"], everything["sd"])
        panels[0].set_title("DEM: share of the circumference")
        panels[0].set_ylabel("share of the AM surface in contact with SE [1]")
        for axes, dataset in zip(panels[1:], opened, strict=True):
            means = points(dataset)
            fit = fit_correction(means["pressure"], means["predicted"], means["truth"])
            values = (fit.factor if fit else 1.0) * means["predicted"]
            draw_coverage(axes, means, values, None)
            told = "one pressure: f = 1, not fitted"
            if fit:
                told = f"f = {fit.factor:.1f}, error {fit.error:.3f} where not fitted"
                places = means["pressure"][fit.fitted], values[fit.fitted]
                axes.scatter(*places, facecolor="white", edgecolor="0.3", s=9, zorder=4)
            axes.set_title(f"CNN trained on {trained_on(str(dataset['fold'].item()))}\n{told}")
            axes.set_ylabel("f × contact area by CNN / sphere surface [1]")
        panels[0].errorbar(
            [],
            [],
            [],
            color="0.4",
            marker="*",
            linestyle="",
            markersize=11,
            label="published, spheres in space",
        )
        panels[0].scatter([], [], facecolor="white", edgecolor="0.3", s=12, label="f fitted here")
        panels[0].plot([], [], color="0.4", linestyle=DOTTED, label="DEM, the same structures")
        style.letter_panels(panels)
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
        style.save_figure(figure, outputs)
