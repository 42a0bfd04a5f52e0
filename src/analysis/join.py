"""One dataset from those of several studies, with splits that train on all of them and on each alone."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike

import numpy as np
import xarray as xr

from analysis.dataset import OPTIONAL, VARIABLES, check, open_dataset, write_netcdf
from analysis.split import RANDOM

ONLY = "only"
UNUSED = "unused"


def join_datasets(datasets: Sequence[str | PathLike], output: str | PathLike, study: str) -> None:
    """Put the samples of several studies into one NetCDF4 file.

    Samples keep the part of their own random split. The split ``random`` trains on all studies together, the
    split ``only-<study>`` on one; each is tested on the test parts of all.

    Parameters
    ----------
    datasets
        NetCDF files (`analysis.dataset.build_dataset`).
    output
        NetCDF file; appears under this name when complete.
    study
        Name of the joined study, for the title.

    Raises
    ------
    ValueError
        If images, scale or code of the datasets differ, or they share a sample; the message names two files
        and both values.
    """
    opened = [open_dataset(path) for path in datasets]
    for path, dataset in zip(datasets[1:], opened[1:], strict=True):
        for what, first, other in (
            *((name, opened[0].attrs[name], dataset.attrs[name]) for name in ("um_per_pixel", "code_digest")),
            *(
                (f"length of {name}", opened[0].sizes[name], dataset.sizes[name])
                for name in ("y", "x", "cell_x")
            ),
        ):
            if first != other:
                raise ValueError(
                    f"{what} must be the same in joined datasets: {datasets[0]} has {first}, {path} {other}"
                )
    parts = np.concatenate([dataset["split"].sel(fold=RANDOM).values for dataset in opened])
    optional = OPTIONAL & {name for dataset in opened for name in dataset.variables}
    joined = xr.concat(
        [_complete(dataset.drop_vars(["split", "fold"]), optional) for dataset in opened],
        "sample",
        data_vars="minimal",
        coords="minimal",
        compat="override",
        join="override",
        combine_attrs="override",
    ).drop_encoding()  # which would cut longer names off at the length of the first dataset's
    names, counts = np.unique(joined["sample"].values, return_counts=True)
    if counts.max() > 1:
        raise ValueError(f"{', '.join(map(str, datasets))} share samples, such as {names[counts.argmax()]}")
    folds, studies = {RANDOM: parts}, joined["study"].values
    for name in np.unique(studies):
        folds[f"{ONLY}-{name}"] = np.where((studies == name) | (parts == "test"), parts, UNUSED)
    joined["split"] = _described("split", np.stack(list(folds.values())))
    joined["fold"] = _described("fold", np.array(list(folds)))
    joined.attrs["title"] = f"joined study {study!r}: images and targets"
    provenance = [np.atleast_1d(dataset.attrs["trajectory_provenance"]).tolist() for dataset in opened]
    joined.attrs["trajectory_provenance"] = sorted({text for texts in provenance for text in texts})
    check(joined)
    write_netcdf(joined, output)


def _complete(dataset: xr.Dataset, optional: set[str]) -> xr.Dataset:
    """The dataset with these variables: not a number where it has none of them."""
    missing = optional - set(dataset.variables)
    shapes = {name: [dataset.sizes[dim] for dim in VARIABLES[name].dims] for name in missing}
    return dataset.assign_coords(
        {name: _described(name, np.full(shape, np.nan)) for name, shape in shapes.items()}
    )


def _described(name: str, values: np.ndarray) -> tuple:
    """A variable of the dataset, with its units and meaning."""
    declared = VARIABLES[name]
    return declared.dims, values, {"units": declared.units, "long_name": declared.long_name}
