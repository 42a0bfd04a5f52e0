"""What all figures share: sizes, fonts, colours, panel letters, and how they are saved."""

from __future__ import annotations

import string
from collections.abc import Iterable
from os import PathLike

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from xarray import Dataset

from provenance import atomic_output

DPI = 200
# Void, SE, AM as in the paper: black, white, gray.
PHASE_COLOURS = ListedColormap(["black", "white", "gray"])
SE_COLOUR, AM_COLOUR = "#fbf3d9", "#9a9a9a"
# Okabe & Ito (2008): told apart by colour-blind readers.
FORCE_COLOUR, WALL_COLOUR, FRAME_COLOUR = "#009e73", "#d55e00", "#d55e00"
SPLIT_COLOURS = ("#0072b2", "#d55e00", "#009e73")
SEQUENTIAL = "viridis"
HEAT = "inferno"

RC = {
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "pdf.fonttype": 42,
}

TARGET_TITLES = {
    "am_stress_mean": "Mean stress on AM",
    "am_stress_sd": "SD of stress on AM",
    "se_stress_mean": "Mean stress on SE",
    "se_stress_sd": "SD of stress on SE",
    "reaction_area": "Reaction area",
}
# Units of the files -> units shown, and the factor between.
SHOWN_UNITS = {"Pa": ("MPa", 1e-6), "m2": ("µm²", 1e12), "m": ("µm", 1e6)}


def setting(dataset: Dataset) -> tuple[np.ndarray, str, str]:
    """What a study varies along the compression: values of the samples, their unit, what they are."""
    if "pressure" in dataset.variables:
        return 1e-6 * dataset["pressure"].values, "MPa", "pressure"
    return 1e6 * dataset["width"].values, "µm", "width before compression"


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of width x height [inch] that needs no screen."""
    return Figure(figsize=(width, height), layout="constrained")


def in_style():
    """Context in which figures are made; the global style stays as it is."""
    return mpl.rc_context(RC)


def letter_panels(axes: Iterable[Axes]) -> None:
    """Put (a), (b), ... before the titles of the axes."""
    for axis, letter in zip(axes, string.ascii_lowercase, strict=False):
        axis.set_title(f"({letter}) {axis.get_title()}", loc="left")
        axis.set_title("")


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
        image, cmap=PHASE_COLOURS, vmin=0, vmax=2, origin="lower", extent=extent, interpolation="nearest"
    )
    bare(axes)


def save_figure(figure: Figure, outputs: Iterable[str | PathLike]) -> None:
    """Save in the format that each name's suffix tells; the same input gives the same bytes."""
    for output in outputs:
        with atomic_output(output) as temporary:
            metadata = {"CreationDate": None} if temporary.suffix == ".pdf" else None
            figure.savefig(temporary, dpi=DPI, metadata=metadata)
