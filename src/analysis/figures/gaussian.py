"""The Gaussian of a predicted mean and standard deviation, with what its intervals allow."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from scipy.special import ndtri

from analysis.figures import style

STEPS = 25


def density(x: np.ndarray, mean: float, sd: float) -> np.ndarray:
    """Density of a Gaussian at x."""
    return np.exp(-0.5 * ((x - mean) / sd) ** 2) / (sd * np.sqrt(2 * np.pi))


def draw_predicted(axes: Axes, x: np.ndarray, mean: tuple[float, float], sd: tuple[float, float]) -> float:
    """Draw the predicted Gaussian and 90 % of those within its intervals, or say that its SD is none.

    The band takes the errors of mean and SD as independent and leaves out SDs below 0.

    Parameters
    ----------
    axes
        To draw on.
    x
        Where to draw.
    mean, sd
        Prediction and half its 90 % interval.

    Returns
    -------
    float
        Highest density of the curve; 0 where there is none.
    """
    if sd[0] <= 0:
        axes.text(0.5, 0.9, "predicted SD below 0", transform=axes.transAxes, ha="center", fontsize=7)
        return 0.0
    steps = ndtri((np.arange(STEPS) + 0.5) / STEPS) / ndtri(0.95)
    means, sds = (value + half * steps for value, half in (mean, sd))
    # The middle step is the prediction itself: there is always one.
    low, high = np.quantile(
        [density(x, middle, width) for middle in means for width in sds[sds > 0]], [0.05, 0.95], axis=0
    )
    curve = density(x, mean[0], sd[0])
    axes.plot(x, curve, color=style.CNN_COLOUR, label="Gaussian predicted by the CNN")
    axes.fill_between(
        x,
        low,
        high,
        color=style.CNN_COLOUR,
        alpha=0.2,
        linewidth=0,
        label="90 % of the Gaussians its intervals allow",
    )
    return float(curve.max())
