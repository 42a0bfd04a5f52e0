"""Results in NetCDF, read whole and checked."""

from __future__ import annotations

import xarray as xr

from provenance.files import FilePath, check_declared, check_seal

# What xarray, h5netcdf and h5py raise over damaged files.
READING_ERRORS = (AttributeError, IndexError, KeyError, OSError, RuntimeError, TypeError, ValueError)


def open_result(path: FilePath, *variables: str) -> xr.Dataset:
    """Load a NetCDF result of the workflow that must hold some variables.

    Raises
    ------
    ValueError
        If it cannot be read or lacks one of them; the message names the file and all that are missing.
    """
    try:
        check_seal(path)
        with xr.open_dataset(path, engine="h5netcdf") as opened:
            missing = [name for name in variables if name not in opened.variables]
            if missing:
                raise ValueError(f"it lacks {', '.join(missing)}")
            check_declared(path, opened.nbytes)
            return opened.load()
    except READING_ERRORS as error:
        raise ValueError(f"{path} cannot be read: {error}") from error
