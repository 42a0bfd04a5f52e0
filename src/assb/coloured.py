"""The stress on every AM particle of a predicted image, in colours: a picture, and what the page draws."""

from __future__ import annotations

from typing import NamedTuple

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.colors import Normalize, to_hex
from matplotlib.patches import Circle

from analysis.figures import style
from assb.names import short
from assb.particles import UNIT
from provenance import FilePath

COLOURS = mpl.colormaps[style.SEQUENTIAL]
UNKNOWN = "0.7"


class Marked(NamedTuple):
    """One particle as the page draws it: a circle over the picture of the phases, with a text on hover."""

    x: float  # of the centre [pixels of the class image]
    y: float
    radius: float
    colour: str
    text: str


def save_particles(result: xr.Dataset, title: str, output: FilePath) -> None:
    """Draw the phases of an image with every AM particle coloured by the stress on it.

    Parameters
    ----------
    result
        From `cnn.predict`.
    title
        Of the figure.
    output
        PNG or PDF to write.
    """
    rows, columns = result["class_image"].shape
    with style.in_style():
        figure = style.new_figure(7, max(2.0, 6 * rows / columns))
        axes = figure.subplots()
        _draw(axes, result)
        figure.suptitle(title, fontsize=10, parse_math=False)
        style.save_figure(figure, [output])


def _draw(axes: Axes, result: xr.Dataset) -> None:
    # Row 0 of our images is the bottom one, that of files the top one.
    image = result["class_image"].values[::-1]
    pixel = result.attrs["um_per_pixel"]
    height, width = (pixel * length for length in image.shape)
    step = max(1, -(-max(image.shape) // 1500))
    style.show_phases(axes, image[::step, ::step], (0, width, 0, height))
    x, y, diameter = (1e6 * result[f"particle_{name}"].values for name in ("x", "y", "diameter"))
    circles = [Circle((a, height - b), d / 2) for a, b, d in zip(x, y, diameter, strict=True)]
    stress = UNIT.factor * result["particle_stress"].values
    drawn = PatchCollection(circles, edgecolor="white", linewidth=0.3)
    axes.add_collection(drawn)
    axes.set(xlim=(0, width), ylim=(0, height))
    axes.set_xlabel(f"{width:.3g} x {height:.3g} µm")
    if np.isnan(stress).any():
        drawn.set_facecolor(UNKNOWN)
        axes.set_title(f"{len(circles)} AM particles, the stress on them withheld")
        return
    drawn.set(cmap=COLOURS, norm=_norm(stress), array=stress)
    axes.set_title(f"{len(circles)} AM particles, coloured by the stress on them")
    axes.figure.colorbar(drawn, ax=axes, shrink=0.8, label=f"stress on AM {UNIT.in_brackets}")


def _norm(stress: np.ndarray) -> Normalize:
    """Colours from no stress to the largest."""
    return Normalize(0.0, max(float(stress.max(initial=0.0)), 1e-12))


def mark(result: xr.Dataset) -> list[Marked]:
    """The particles as the page draws them over the picture of the phases.

    Parameters
    ----------
    result
        From `cnn.predict`.
    """
    pixel = result.attrs["um_per_pixel"] / 1e6
    stress, low, high = (
        UNIT.factor * result[f"particle_{name}"].values for name in ("stress", "low", "high")
    )
    norm = _norm(stress)
    x, y, diameter = (result[f"particle_{name}"].values for name in ("x", "y", "diameter"))
    marked = []
    for k, cut in enumerate(result["particle_cut"].values):
        known = not np.isnan(stress[k])
        ends = f"({short(low[k])} to {short(high[k])})"
        text = f"{short(stress[k])} {UNIT.symbol} {ends}" if known else "stress withheld"
        text += f", diameter {1e6 * diameter[k]:.1f} µm" + (", cut by the border" if cut else "")
        place = round(x[k] / pixel, 1), round(y[k] / pixel, 1), round(diameter[k] / 2 / pixel, 1)
        marked.append(Marked(*place, to_hex(COLOURS(norm(stress[k])) if known else UNKNOWN), text))
    return marked
