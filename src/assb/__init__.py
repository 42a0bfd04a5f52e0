"""The front door: ``assb predict``, the everyday jobs of the other packages behind one command."""

import provenance  # noqa: F401  # before h5py: files are read without locks
