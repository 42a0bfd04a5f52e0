"""One dataset from those of several studies, with splits that train on all of them and on each alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from analysis.dataset import open_dataset, write_netcdf
from analysis.split import RANDOM, UNUSED
from analysis.variables import OPTIONAL, VARIABLES, check
from provenance import FilePath

ONLY = "only"


def join_datasets(datasets: Sequence[FilePath], output: FilePath, study: str) -> None:
    """Put the samples of several studies into one NetCDF4 file.

    Samples keep the part of their own random split, and get the name of their study before theirs. The split
    ``random`` trains on all studies together, the split ``only-<study>`` on one; each is tested on the test
    parts of all.

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
        If images, scale or code of the datasets differ, if they share samples, or if a packing that both hold
        is in different parts of the split; the message names the files or samples, and both values.
    """
    opened = [open_dataset(path) for path in datasets]
    for path, dataset in zip(datasets[1:], opened[1:], strict=True):
        for what, first, other in (
            *((name, opened[0].attrs[name], dataset.attrs[name]) for name in ("um_per_pixel", "code_digest")),
            *(
                (f"length of {name}", opened[0].sizes[name], dataset.sizes[name])
                for name in ("y", "x", "cell_x", "target")
            ),
        ):
            if first != other:
                raise ValueError(
                    f"{what} must be the same in joined datasets: {datasets[0]} has {first}, {path} {other}; "
                    "run both studies with the same code and image settings"
                )
    parts = np.concatenate([dataset["split"].sel(fold=RANDOM).values for dataset in opened])
    optional = OPTIONAL & {name for dataset in opened for name in dataset.variables}
    most = max(dataset.sizes["particle"] for dataset in opened)
    joined = xr.concat(
        [_complete(dataset.drop_vars(["split", "fold"]), optional, most) for dataset in opened],
        "sample",
        data_vars="minimal",
        coords="minimal",
        compat="override",
        join="override",
        combine_attrs="override",
    ).drop_encoding()  # which would cut longer names off at the length of the first dataset's
    # Names of samples are of the grid: studies with the same grid have the same.
    studies = joined["study"].values
    names = [f"{study}_{name}" for study, name in zip(studies, joined["sample"].values, strict=True)]
    if len(set(names)) < len(names):
        raise ValueError(
            f"{', '.join(map(str, datasets))} are of one study, {studies[0]}: they share samples"
        )
    joined["sample"] = _described("sample", np.array(names))
    _check_packings(joined, parts)
    folds = {RANDOM: parts}
    for name in np.unique(studies):
        folds[f"{ONLY}-{name}"] = np.where((studies == name) | (parts == "test"), parts, UNUSED)
    joined["split"] = _described("split", np.stack(list(folds.values())))
    joined["fold"] = _described("fold", np.array(list(folds)))
    joined.attrs["title"] = f"joined study {study!r}: images and targets"
    provenance = [np.atleast_1d(dataset.attrs["trajectory_provenance"]).tolist() for dataset in opened]
    joined.attrs["trajectory_provenance"] = sorted({text for texts in provenance for text in texts})
    check(joined)
    write_netcdf(joined, output)


def _check_packings(joined: xr.Dataset, parts: np.ndarray) -> None:
    """Raise ValueError if a packing is learnt from in one study and tested in another."""
    first_of: dict[tuple[float, ...], tuple[str, str]] = {}
    settings = (joined[name].values.tolist() for name in ("seed", "width", "uncovered_fraction", "replicate"))
    for name, part, *packing in zip(joined["sample"].values, parts, *settings, strict=True):
        first, its_part = first_of.setdefault(tuple(packing), (name, part))
        if its_part != part:
            raise ValueError(
                f"{first} and {name} are one packing, in the parts {its_part} and {part} of the split: give "
                "the studies the same grid, or different seeds"
            )


def _complete(dataset: xr.Dataset, optional: set[str], particles: int) -> xr.Dataset:
    """The dataset with these variables, NaN where it has none of them, and room for so many particles."""
    dataset = dataset.pad(particle=(0, particles - dataset.sizes["particle"]))
    missing = optional - set(dataset.variables)
    shapes = {name: [dataset.sizes[dim] for dim in VARIABLES[name].dims] for name in missing}
    return dataset.assign_coords(
        {name: _described(name, np.full(shape, np.nan)) for name, shape in shapes.items()}
    )


def _described(name: str, values: np.ndarray) -> tuple[tuple[str, ...], np.ndarray, dict[str, str]]:
    """A variable of the dataset, with its units and meaning."""
    declared = VARIABLES[name]
    return declared.dims, values, {"units": declared.units, "long_name": declared.long_name}
