"""A study: its configuration, checked or refused, and from it what runs and what that makes.

Imports run one way: names -> jobs -> figures -> report; configuration checks what they take for granted, and
micrographs where users' images are. What runs the jobs is not known here.
"""

import provenance  # noqa: F401  # before h5py: files are read without locks
