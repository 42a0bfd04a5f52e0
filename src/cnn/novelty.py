"""How far images are from those that an ensemble learnt from: does it notice what is foreign?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnn.data import read_dataset
from cnn.light import run_ensemble
from cnn.particles import no_tables
from cnn.reference import distance, make_reference
from cnn.weights import read_network
from electrode.phases import VOID
from provenance import FilePath, atomic_output
from provenance.netcdf import open_result

MEASURES = {
    "distance": "Mahalanobis distance from the training images in the features of the networks",
    "spread": "spread of the members / that of the training labels, root mean square over the targets",
    "porosity": "distance of the void share from its mean over training images, in their standard deviations",
}


def novelty_dataset(
    dataset: FilePath,
    predictions: FilePath,
    models: Sequence[FilePath],
    output: FilePath,
    fold: str,
) -> None:
    """Write how new every image of a dataset is to an ensemble (NetCDF4).

    Parameters
    ----------
    dataset
        NetCDF file.
    predictions
        Of the ensemble for it.
    models
        Members of the ensemble.
    output
        NetCDF file with ``novelty`` [measure, sample], by `MEASURES`, and the coordinates of the predictions.
    fold
        Split that the ensemble was trained on.
    """
    samples = read_dataset(dataset, fold)
    predicted = open_result(predictions, "spread", "split", "fold")
    image, part = samples["image"].values, samples["split"].values
    learnt, known = part == "train", np.isin(part, ("train", "validation"))
    pooled = run_ensemble([read_network(path) for path in models], image, no_tables(image)).pooled
    reference = make_reference(pooled[:, known], image[known], learnt[known], samples.attrs["um_per_pixel"])
    spread = predicted["spread"].values / samples["label"].values[learnt].std(axis=0)
    void = (image == VOID).mean(axis=(1, 2))
    values = {
        "distance": distance(reference, pooled),
        "spread": np.sqrt(np.mean(spread**2, axis=1)),
        "porosity": np.abs(void - void[learnt].mean()) / void[learnt].std(),
    }
    result = predicted[["split"]].assign(
        novelty=(
            ("measure", "sample"),
            [values[name] for name in MEASURES],
            {"units": "1", "long_name": "how far an image is from the training images"},
        )
    )
    result = result.assign_coords(
        measure=list(MEASURES), meaning=("measure", list(MEASURES.values()))
    ).drop_vars(["target", "target_units"], errors="ignore")
    result.attrs = {
        "title": f"novelty of images to the networks of the split {fold}",
        "Conventions": "CF-1.11",
    }
    with atomic_output(output, seal=True) as temporary:
        result.to_netcdf(temporary, engine="h5netcdf")
