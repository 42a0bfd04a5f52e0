"""Predictions of a trained ensemble for all structures of a study."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cnn.backend import keras
from cnn.data import read_dataset
from cnn.layout import FLIPS
from cnn.uncertainty import NOMINAL, calibrate, interval
from provenance import FilePath, atomic_output, check_declared

# What Keras and what it reads with raise over damaged files.
READING_ERRORS = (
    *(AttributeError, EOFError, IndexError, KeyError, NotImplementedError, OSError, RuntimeError),
    *(TypeError, ValueError),
)


def load_model(path: FilePath) -> keras.Model:
    """Load a model without running code that comes with it.

    Raises
    ------
    ValueError
        If the file cannot be read; the message names it.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            check_declared(path, sum(member.file_size for member in archive.infolist()))
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except (*READING_ERRORS, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{path} cannot be read as a Keras model: {error}") from error


def predict(model: keras.Model, image: np.ndarray) -> np.ndarray:
    """Targets of class images, as the mean over the images and their mirror images.

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
    views = [model.predict(image[:, ::rows, ::columns], batch_size=32, verbose=0) for rows, columns in FLIPS]
    return np.mean(views, axis=0, dtype=float)


def predict_ensemble(
    models: Sequence[keras.Model], image: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Targets of class images by all members: their mean, their standard deviation, and each.

    Parameters
    ----------
    models
        M members.
    image
        uint8 [N, rows, columns].

    Returns
    -------
    mean, spread : ndarray
        [N, targets], SI units; the spread of one member is 0.
    members : ndarray
        [M, N, targets].
    """
    members = np.stack([predict(model, image) for model in models])
    spread = members.std(axis=0, ddof=1) if len(models) > 1 else np.zeros_like(members[0])
    return members.mean(axis=0), spread, members


def check_match(settings_file: FilePath, attributes: Mapping[str, Any]) -> None:
    """Raise ValueError if a model was trained on images of another scale, or on a dataset made by other code.

    Parameters
    ----------
    settings_file
        What `cnn.train.train` wrote beside the model.
    attributes
        Of the dataset to predict: ``um_per_pixel``, ``code_digest``.
    """
    settings = json.loads(Path(settings_file).read_text(encoding="utf-8"))
    trained, given = settings["um_per_pixel"], float(attributes["um_per_pixel"])
    if trained != given:
        raise ValueError(
            f"the model of {settings_file} was trained on images of {trained:g} um per pixel, these have "
            f"{given:g}"
        )
    trained, given = settings["dataset_code_digest"], attributes["code_digest"]
    if trained != given:
        raise ValueError(
            f"the model of {settings_file} was trained on a dataset made by code {trained}, this one is "
            f"by code {given}: images or targets may mean something else; make the dataset or the model anew"
        )


def predict_dataset(
    dataset: FilePath,
    models: Sequence[FilePath],
    settings: Sequence[FilePath],
    output: FilePath,
    fold: str = "random",
) -> None:
    """Predict every structure of a dataset by an ensemble, truth and prediction side by side (NetCDF4).

    Parameters
    ----------
    dataset
        NetCDF file.
    models, settings
        Members of the ensemble, and what `cnn.train.train` wrote beside them.
    output
        NetCDF file.
    fold
        Split that the members were trained on. Intervals are calibrated on its validation part.
    """
    samples = read_dataset(dataset, fold)
    for path in settings:
        check_match(path, samples.attrs)
    mean, spread, members = predict_ensemble([load_model(path) for path in models], samples["image"].values)
    truth, validation = samples["label"].values, samples["split"].values == "validation"
    calibration = calibrate(truth[validation], mean[validation], spread[validation])
    low, high = interval(mean, spread, calibration)
    described = {
        "truth": (truth, "targets of the DEM"),
        "prediction": (mean, "targets predicted by the CNN: mean of the ensemble"),
        "spread": (spread, "standard deviation over the members of the ensemble"),
        "low": (low, f"lower end of the {NOMINAL:.0%} interval"),
        "high": (high, f"upper end of the {NOMINAL:.0%} interval"),
    }
    predictions = samples.drop_vars(["image", "label", "stress_map"])
    for name, (values, meaning) in described.items():
        predictions[name] = (
            ("sample", "target"),
            values,
            {"units": "see target_units", "long_name": meaning},
        )
    predictions["member_prediction"] = (
        ("member", "sample", "target"),
        members,
        {"units": "see target_units", "long_name": "targets predicted by each member"},
    )
    predictions = predictions.drop_vars(
        [name for name in ("x", "y", "pair", "phase") if name in predictions.coords]
    )
    predictions.attrs = {"title": "targets of the DEM and predictions of the CNN", "Conventions": "CF-1.11"}
    with atomic_output(output, seal=True) as temporary:
        predictions.to_netcdf(temporary, engine="h5netcdf")
