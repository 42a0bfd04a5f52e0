"""What the network sees of a dataset: images, labels, and the part each sample belongs to."""

from __future__ import annotations

from os import PathLike
from typing import NamedTuple

import numpy as np
import xarray as xr


class Samples(NamedTuple):
    """N samples of a dataset."""

    image: np.ndarray  # uint8 [N, rows, columns]: 0 void, 1 SE, 2 AM
    label: np.ndarray  # [N, targets], SI units


def read_dataset(path: str | PathLike) -> xr.Dataset:
    """Load image, label and split of a dataset (docs/data-formats.md) into memory.

    Raises
    ------
    ValueError
        If the file cannot be read or lacks one of them; the message names it.
    """
    try:
        with xr.open_dataset(path, engine="h5netcdf") as dataset:
            return dataset[["image", "label", "split"]].load()
    except (OSError, KeyError, RuntimeError, ValueError) as error:
        raise ValueError(f"{path} cannot be read as a dataset of a study: {error}") from error


def part(dataset: xr.Dataset, name: str) -> Samples:
    """Samples of one part: ``train``, ``validation`` or ``test``.

    Raises
    ------
    ValueError
        If the part is empty.
    """
    chosen = dataset.sel(sample=dataset["split"] == name)
    if not chosen.sizes["sample"]:
        raise ValueError(
            f"the {name} part of the split is empty: {dataset.sizes['sample']} structures are too few"
        )
    return Samples(chosen["image"].values, chosen["label"].values)
