"""Conduction through the contacts of a recorded structure: percolation, Kirchhoff, and what AM can be used.

Imports run one way: network -> resistance -> kirchhoff -> measures -> study; access stands beside kirchhoff.
"""

import provenance  # noqa: F401  # before h5py: files are read without locks
