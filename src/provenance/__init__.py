"""Where a result comes from, and how it is written whole.

The package that all others share. It imports nothing but the standard library, `provenance.netcdf` apart, so
that a workflow can read digests without starting Numba or TensorFlow.
"""

import os

# Read when HDF5 starts, hence first of all: where a file system has no locks, HDF5 opens nothing otherwise.
# Our files appear whole, by a rename, and have a checksum: a lock adds nothing. Who sets it himself decides.
os.environ.setdefault("HDF5_USE_FILE_LOCKING", "FALSE")

from provenance.digest import code_digest
from provenance.files import FilePath, atomic_output, check_declared, check_seal

__all__ = ["FilePath", "atomic_output", "check_declared", "check_seal", "code_digest"]
