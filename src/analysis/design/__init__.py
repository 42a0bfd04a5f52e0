"""What AM share, AM size and pressure give: Gaussian processes over the samples of a study in space.

Of each quantity there is a process (Rasmussen & Williams, Gaussian Processes for Machine Learning, 2006,
chapters 2 and 5) of what is expected of a setting, and beside it what single packings differ by from that.
Outside of the samples nothing is predicted.

Imports run one way: settings, samples -> spread, packing_noise -> process -> map -> proposal; scores judge
processes.
"""

from analysis.design.map import Design
from analysis.design.samples import read_samples
from analysis.design.settings import Setting

__all__ = ["Design", "Setting", "read_samples"]
