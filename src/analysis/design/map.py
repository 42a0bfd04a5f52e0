"""The design map: processes of several quantities, and where they hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from analysis.design.process import Predicted, Process
from analysis.design.samples import QUANTITIES, Samples
from analysis.design.settings import Region, Setting

# Samples next to a setting that are asked whether they percolate.
NEAREST = 20


class Design:
    """Processes of some quantities, and where they hold.

    Parameters
    ----------
    samples
        From `read_samples`.
    names
        Of `QUANTITIES`.
    done
        Called with each of them when its process is fitted, which takes a while.

    Raises
    ------
    ValueError
        If the samples are too few or too much alike.
    """

    def __init__(
        self,
        samples: Samples,
        names: Iterable[str] = tuple(QUANTITIES),
        done: Callable[[str], object] = lambda name: None,
    ) -> None:
        self.samples = samples
        self.region = Region(samples.settings)
        self.processes = {}
        for name in names:
            self.processes[name] = Process(QUANTITIES[name], samples, samples.values[name])
            done(name)

    def __call__(self, setting: Setting) -> dict[str, Predicted]:
        """All quantities at one setting.

        Raises
        ------
        ValueError
            If it lies outside of the samples.
        """
        self.region.check(setting)
        return {name: process(np.array([setting])) for name, process in self.processes.items()}

    def not_percolating(self, setting: Setting) -> tuple[int, int]:
        """How many of the `NEAREST` samples do not percolate for ions, and of how many."""
        places = self.region.scaled(np.vstack([self.samples.settings, setting]))
        nearest = np.argsort(np.sum((places[:-1] - places[-1]) ** 2, axis=1), kind="stable")[:NEAREST]
        return int(np.sum(self.samples.values["ionic_conductivity"][nearest] == 0)), nearest.size
