"""Where a result comes from, and how it is written whole.

The package that all others share. It imports nothing but the standard library, `provenance.netcdf` apart, so
that a workflow can read digests without starting Numba or TensorFlow.
"""

from provenance.digest import code_digest
from provenance.files import FilePath, atomic_output, check_declared, check_seal

__all__ = ["FilePath", "atomic_output", "check_declared", "check_seal", "code_digest"]
