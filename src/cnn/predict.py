"""Predictions of a trained model for all structures of a study."""

from __future__ import annotations

from os import PathLike

import keras
import numpy as np

from cnn.data import read_dataset
from provenance import atomic_output


def load_model(path: str | PathLike) -> keras.Model:
    """Load a model without running code that comes with it.

    Raises
    ------
    ValueError
        If the file cannot be read; the message names it.
    """
    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} cannot be read as a Keras model: {error}") from error


def predict(model: keras.Model, image: np.ndarray) -> np.ndarray:
    """Targets of class images.

    Parameters
    ----------
    model
        From `cnn.train.train`.
    image
        uint8 [N, rows, columns].

    Returns
    -------
    ndarray
        [N, targets], SI units.
    """
    return model.predict(image, batch_size=32, verbose=0).astype(float)


def predict_dataset(dataset: str | PathLike, model_file: str | PathLike, output: str | PathLike) -> None:
    """Predict every structure of a dataset; writes ``truth`` and ``prediction`` side by side (NetCDF4)."""
    samples = read_dataset(dataset)
    model = load_model(model_file)
    dims = ("sample", "target")
    predictions = samples.drop_vars(["image", "label"]).assign(
        truth=samples["label"],
        prediction=(dims, predict(model, samples["image"].values)),
    )
    predictions = predictions.drop_vars([name for name in ("x", "y", "pair") if name in predictions.coords])
    predictions["prediction"].attrs = {
        "units": "see target_units",
        "long_name": "targets predicted by the CNN",
    }
    predictions.attrs = {"title": "targets of the DEM and predictions of the CNN", "Conventions": "CF-1.11"}
    with atomic_output(output) as temporary:
        predictions.to_netcdf(temporary, engine="h5netcdf")
