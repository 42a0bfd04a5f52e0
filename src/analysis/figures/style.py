"""What all figures share: sizes, fonts, colours, panel letters, and how they are saved."""

from __future__ import annotations

import string
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import product
from typing import Any

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from electrode.phases import GRAY_VALUES, PHASES
from provenance import FilePath, atomic_output

DPI = 200
PHASE_COLOURS = ListedColormap(np.repeat(GRAY_VALUES[:, None] / 255, 3, axis=1))
SE_COLOUR, AM_COLOUR = "#fbf3d9", "#9a9a9a"
# Okabe & Ito (2008): told apart by colour-blind readers.
WALL_COLOUR, FRAME_COLOUR = "#d55e00", "#d55e00"
DEM_COLOUR, CNN_COLOUR, GAUSS_COLOUR = "#0072b2", "#d55e00", "#333333"
# Dark is strong, on pale and on gray particles.
FORCE_COLOURS = ListedColormap(mpl.colormaps["viridis_r"](np.linspace(0.25, 1.0, 256)), "forces")
SPLIT_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00")
SPLIT_MARKERS = ("o", "s", "D", "P", "X")
SEQUENTIAL = "viridis"
HEAT = "inferno"
ZONE_COLOUR = "#009e73"

RC: dict[Any, Any] = {
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "pdf.fonttype": 42,
}

# What figures read of predictions.
PREDICTION = ("truth", "prediction", "low", "high", "split", "width", "target", "target_units")


def setting(dataset: xr.Dataset) -> tuple[np.ndarray, str, str]:
    """What a study varies along the compression: values of the samples, their unit, what they are."""
    if "pressure" in dataset.variables:
        return 1e-6 * dataset["pressure"].values, "MPa", "pressure"
    return 1e6 * dataset["width"].values, "µm", "width before compression"


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of width x height [inch] that needs no screen."""
    return Figure(figsize=(width, height), layout="constrained")


def panel_grid(
    count: int, columns: int, width: float, height: float, **options: Any
) -> tuple[Figure, list[Axes]]:
    """A figure of `count` panels, in rows as equal as can be.

    Parameters
    ----------
    count
        Number of panels.
    columns
        At most so many stand in a row.
    width, height
        Of a panel with its labels [inch].
    **options
        Of `Figure.subplots`.
    """
    rows = -(-count // columns)
    columns = -(-count // rows)
    figure = new_figure(columns * width, rows * height)
    panels = figure.subplots(rows, columns, squeeze=False, **options).ravel().tolist()
    for spare in panels[count:]:
        spare.remove()
    return figure, panels[:count]


@contextmanager
def in_style() -> Iterator[None]:
    """Context in which figures are made: Matplotlib's defaults and ours, whatever a matplotlibrc says.

    The global style stays as it is.
    """
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(RC)
        yield


def letter_panels(axes: Iterable[Axes]) -> None:
    """Put (a), (b), ... before the titles of the axes; (aa), (ab), ... follow (z)."""
    letters = ("".join(pair) for pair in product(("", *string.ascii_lowercase), string.ascii_lowercase))
    for axis, letter in zip(axes, letters, strict=False):
        axis.set_title(f"({letter}) {axis.get_title()}", loc="left")
        axis.set_title("")


def no_data(axes: Axes, what: str) -> None:
    """Say that there is nothing to draw, so that an empty group is not overlooked."""
    axes.text(0.5, 0.5, f"no data:\n{what}", transform=axes.transAxes, ha="center", va="center", color="0.4")


def nothing_to_draw(figure: Figure, why: str) -> None:
    """Say why a figure is empty."""
    axes = figure.subplots()
    bare(axes)
    no_data(axes, why)


def test_part(predictions: xr.Dataset) -> xr.Dataset:
    """Structures that the network never saw."""
    return predictions.sel(sample=predictions["split"] == "test")


def select_samples(result: xr.Dataset, samples: Sequence[str], path: FilePath) -> xr.Dataset:
    """Structures of a result by their names.

    Raises
    ------
    ValueError
        If it lacks one; the message names it and the file.
    """
    missing = sorted(set(samples) - set(result["sample"].values))
    if missing:
        raise ValueError(f"{path} has no structure {missing[0]} ({len(missing)} are missing)")
    return result.sel(sample=samples)


def bare(axes: Axes) -> None:
    """Remove ticks and frame: the axes show a picture."""
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


def scale_bar(axes: Axes, length: float, label: str, x: float, y: float, colour: str = "black") -> None:
    """Draw a bar of `length` with its label below, from (x, y) in data coordinates."""
    axes.plot([x, x + length], [y, y], color=colour, linewidth=2.5, solid_capstyle="butt", clip_on=False)
    axes.annotate(
        label,
        (x + length / 2, y),
        xytext=(0, -3),
        textcoords="offset points",
        ha="center",
        va="top",
        color=colour,
        annotation_clip=False,
    )


def show_phases(
    axes: Axes, image: np.ndarray, extent: tuple[float, float, float, float] | None = None
) -> None:
    """Show a class image in the paper's black, white and gray, bottom row below."""
    axes.imshow(
        image,
        cmap=PHASE_COLOURS,
        vmin=0,
        vmax=len(PHASES) - 1,
        origin="lower",
        extent=extent,
        interpolation="nearest",
    )
    bare(axes)


def save_figure(figure: Figure, outputs: Iterable[FilePath]) -> None:
    """Save in the format that each name's suffix tells; the same input gives the same bytes."""
    _fix_layout(figure)
    for output in outputs:
        with atomic_output(output) as temporary:
            metadata = {"CreationDate": None} if temporary.suffix == ".pdf" else None
            figure.savefig(temporary, dpi=DPI, metadata=metadata)


def _fix_layout(figure: Figure) -> None:
    """Lay the figure out once and round: the last digits of the solver depend on addresses in memory."""
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
    figure.set_layout_engine("none")
    for axes in figure.findobj(Axes):
        # Insets follow the axes that hold them.
        if axes.get_axes_locator() is None:
            axes.set_position(np.round(axes.get_position(original=True).bounds, 6))
    for part in (figure, *figure.subfigs):
        for text in part.texts:
            x, y = np.round(text.get_position(), 6)
            text.set_position((x, y))
