"""The vocabulary that all packages share: species and phases, targets, the trajectory file."""

import provenance  # noqa: F401  # before h5py: files are read without locks
