"""Kernels of Gaussian processes over samples of packings: of their settings, and of what packings differ by.

Rows of their inputs are settings, then the columns `SPREAD` and `PACKING`. Samples of one packing, under
several pressures, are not independent: a process that takes them so believes itself too sure.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.gaussian_process.kernels import Hyperparameter, Kernel, Matern

# Standard deviation over packings of a setting, and number of the packing.
SPREAD, PACKING = -2, -1
# Of a packing that was not measured.
NEW = -1.0


class OfSettings(Matern):
    """Matern's kernel of the settings alone, with a length scale for each."""

    def __call__(self, X: np.ndarray, Y: np.ndarray | None = None, eval_gradient: bool = False) -> Any:
        """Covariance of the rows of X with those of Y, or among themselves; see `sklearn`."""
        return super().__call__(X[:, :SPREAD], None if Y is None else Y[:, :SPREAD], eval_gradient)


class PackingNoise(Kernel):
    """What samples differ by from the mean of all packings of their settings.

    Of two samples of one packing the covariance is ``scale`` x ``shared`` x the product of their spreads, the
    column `SPREAD`; the variance of a sample is ``scale`` x the square of its spread.

    Parameters
    ----------
    scale
        Variance / square of the spread.
    shared
        Correlation of two samples of one packing.
    scale_bounds, shared_bounds
        Within which both are fitted.
    """

    def __init__(
        self,
        scale: float = 1.0,
        shared: float = 0.5,
        scale_bounds: tuple[float, float] = (0.2, 5.0),
        shared_bounds: tuple[float, float] = (0.01, 0.99),
    ) -> None:
        self.scale = scale
        self.shared = shared
        self.scale_bounds = scale_bounds
        self.shared_bounds = shared_bounds

    @property
    def hyperparameter_scale(self) -> Hyperparameter:
        """Declaration for the fit."""
        return Hyperparameter("scale", "numeric", self.scale_bounds)

    @property
    def hyperparameter_shared(self) -> Hyperparameter:
        """Declaration for the fit."""
        return Hyperparameter("shared", "numeric", self.shared_bounds)

    def __call__(self, X: np.ndarray, Y: np.ndarray | None = None, eval_gradient: bool = False) -> Any:
        """Covariance of the rows of X with those of Y, or among themselves.

        Parameters
        ----------
        X, Y
            Rows [N, D] and [M, D].
        eval_gradient
            Give the gradient [N, N, 2] by the logarithms of ``scale`` and ``shared`` too.
        """
        other = X if Y is None else Y
        product = self.scale * np.multiply.outer(X[:, SPREAD], other[:, SPREAD])
        common = self.shared * product * np.equal.outer(X[:, PACKING], other[:, PACKING])
        if Y is not None:
            return common
        np.fill_diagonal(common, 0.0)
        covariance = common + np.diag(self.diag(X))
        return (covariance, np.dstack([covariance, common])) if eval_gradient else covariance

    def diag(self, X: np.ndarray) -> np.ndarray:
        """Variance of each row [N]."""
        return self.scale * X[:, SPREAD] ** 2

    def is_stationary(self) -> bool:
        """It hangs on the spread of each sample."""
        return False
