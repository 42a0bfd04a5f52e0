"""From trajectories to images, labels, one dataset, metrics and figures. Reads files, never `dem`."""

import provenance  # noqa: F401  # before h5py: files are read without locks
