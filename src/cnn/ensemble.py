"""Predictions of a trained ensemble for all structures of a study."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from cnn.backend import keras
from cnn.data import KNOWN, known_stress, of_packings, read_dataset, tables
from cnn.layout import FLIPS, PARTICLE_STRESS, TARGETS
from cnn.particles import inside, mirrored, read_off_particles
from cnn.several import Reading, electrodes, groups, readings, together
from cnn.uncertainty import NOMINAL, Calibration, calibrate, calibrate_particles, interval, mean_and_spread
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


def predict(model: keras.Model, image: np.ndarray, particles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Targets and stress on particles, as the mean over class images and their mirror images.

    Parameters
    ----------
    model
        From `cnn.train.train`.
    image
        uint8 [N, rows, columns].
    particles
        Tables of their AM particles [N, P, columns] (`cnn.particles.find_tables`).

    Returns
    -------
    target, particle_stress : ndarray
        [N, targets], SI units, and [N, P, Pa]; the latter without meaning in rows without a particle.
    """
    shape = image.shape[1:]
    views = [
        model.predict(
            [image[:, ::rows, ::columns], mirrored(particles, shape, rows, columns)], batch_size=32, verbose=0
        )
        for rows, columns in FLIPS
    ]
    target, stress = (
        np.mean([view[name] for view in views], axis=0, dtype=float) for name in (TARGETS, PARTICLE_STRESS)
    )
    return target, stress[..., 0]


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
    image = samples["image"].values
    particles = tables(samples)
    both = [predict(load_model(path), image, particles) for path in models]
    members, on_particles = (np.stack(values) for values in zip(*both, strict=True))
    predictions = side_by_side(samples, particles, members, on_particles)
    predictions.attrs["dataset"] = Path(dataset).name
    with atomic_output(output, seal=True) as temporary:
        predictions.to_netcdf(temporary, engine="h5netcdf")


def side_by_side(
    samples: xr.Dataset, particles: np.ndarray, members: np.ndarray, on_particles: np.ndarray
) -> xr.Dataset:
    """Truth and prediction of all samples, with intervals calibrated on the validation part.

    Parameters
    ----------
    samples
        N samples of a dataset, with the ``split`` of one fold.
    particles
        Tables of the particles found in their images [N, P, columns].
    members
        Targets as M networks predict them [M, N, targets].
    on_particles
        Stress on the particles as they predict it [M, N, P, Pa].
    """
    validation = samples["split"].values == "validation"
    truth = samples["label"].values
    more: dict[str, tuple[tuple[str, ...], np.ndarray, dict[str, str]]] = {}
    if of_packings(samples):
        electrode, part = electrodes(samples), samples["split"].values
        fitted = readings(truth, members, electrode, part)
        more = group_variables(electrode, members, fitted)
        samples = samples.assign_coords(sections=("sections", list(fitted), {"units": "1"}))
        mean, spread = mean_and_spread(fitted[1].combination.of(members))
        calibration = fitted[1].calibration
    else:
        of_validation = (
            values[validation]
            for values in (known_stress(samples, particles), *mean_and_spread(on_particles))
        )
        particle_calibration = calibrate_particles(*of_validation)
        counted = inside(particles, samples["image"].shape[1:])
        names = samples["target"].values.tolist()
        members = read_off_particles(members, names, on_particles, counted, particle_calibration)
        more = particle_variables(samples, particles, on_particles, particle_calibration)
        mean, spread = mean_and_spread(members)
        calibration = calibrate(truth[validation], mean[validation], spread[validation])
    low, high = interval(mean, spread, calibration)
    described = {
        "truth": (truth, "targets of the DEM"),
        "prediction": (mean, "targets predicted by the CNN: mean of the ensemble"),
        "spread": (spread, "standard deviation over the members of the ensemble"),
        "low": (low, f"lower end of the {NOMINAL:.0%} interval"),
        "high": (high, f"upper end of the {NOMINAL:.0%} interval"),
    }
    shown = ("image", "label", "stress_map", *KNOWN)
    predictions = samples.drop_vars([name for name in shown if name in samples.variables])
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
    predictions = predictions.assign(more)
    predictions = predictions.drop_vars(
        [name for name in ("x", "y", "pair", "phase") if name in predictions.coords]
    )
    predictions.attrs = {
        "title": "targets of the DEM and predictions of the CNN",
        "Conventions": "CF-1.11",
        **{name: samples.attrs[name] for name in ("geometry", "region") if name in samples.attrs},
    }
    return predictions


def group_variables(
    electrode: np.ndarray, members: np.ndarray, fitted: Mapping[int, Reading]
) -> dict[str, tuple[tuple[str, ...], np.ndarray, dict[str, str]]]:
    """Predictions of several sections of one electrode, in groups of 2, 4 and 8, and how they come about.

    Parameters
    ----------
    electrode
        Name of that of each of N sections, see `cnn.several.groups`.
    members
        [M, N, targets].
    fitted
        From `cnn.several.readings`.
    """
    columns: dict[str, list[np.ndarray]] = {name: [] for name in GROUP_VARIABLES}
    for count, reading in fitted.items():
        if count == 1:
            continue
        firsts = groups(electrode, count)
        mean, spread = mean_and_spread(reading.combination.of(together(members, firsts, count)))
        low, high = interval(mean, spread, reading.calibration)
        found = (np.full(firsts.size, count), firsts, mean, low, high)
        for values, column in zip(found, columns.values(), strict=True):
            column.append(values)
    rules = [reading.combination for reading in fitted.values()]
    combinations = {
        "combination_weights": (
            ("sections", "target", "mean"),
            np.stack([rule.weights for rule in rules]),
            {"units": "1", "long_name": "of the means over so many sections in each answer, SI units"},
        ),
        "combination_offset": (
            ("sections", "target"),
            np.stack([rule.offset for rule in rules]),
            {"units": "see target_units", "long_name": "what the answer adds to them"},
        ),
    }
    return combinations | {
        name: (dims, np.concatenate(columns[name]), {"units": units, "long_name": meaning})
        for name, (dims, units, meaning) in GROUP_VARIABLES.items()
        if columns[name]
    }


# By name: dimensions, units, meaning.
GROUP_VARIABLES = {
    "group_sections": (("group",), "1", "number of sections in a group of one electrode"),
    "group_first": (("group",), "1", "number of its first section, the others follow it"),
    "group_prediction": (("group", "target"), "see target_units", "answer of the sections of a group"),
    "group_low": (("group", "target"), "see target_units", f"lower end of the {NOMINAL:.0%} interval"),
    "group_high": (("group", "target"), "see target_units", f"upper end of the {NOMINAL:.0%} interval"),
}


def particle_variables(
    samples: xr.Dataset, particles: np.ndarray, members: np.ndarray, calibration: Calibration
) -> dict[str, tuple[tuple[str, ...], np.ndarray, dict[str, str]]]:
    """Variables of the particles found: where they are, truth, prediction and interval [sample, particle].

    Parameters
    ----------
    samples
        N samples of a dataset.
    particles
        Tables of the particles found [N, P, columns].
    members
        Their stress as each member predicts it [M, N, P, Pa].
    calibration
        Of their intervals.
    """
    truth = known_stress(samples, particles)
    there = particles[..., 2] > 0
    mean, spread = (np.where(there, values, np.nan) for values in mean_and_spread(members))
    low, high = interval(mean[..., None], spread[..., None], calibration)
    pixel = float(samples.attrs["um_per_pixel"]) / 1e6
    x, y, radius = (np.where(there, particles[..., k] * pixel, np.nan) for k in range(3))
    described = {
        "x": (x, "m", "centre of the particle found, from the left edge of the image"),
        "y": (y, "m", "the same from the bottom edge"),
        "diameter": (2 * radius, "m", "diameter of the particle found"),
        "truth": (truth, "Pa", "contact pressure in the DEM, where a particle of it is there"),
        "prediction": (mean, "Pa", "contact pressure predicted by the CNN: mean of the ensemble"),
        "spread": (spread, "Pa", "standard deviation over the members of the ensemble"),
        "low": (low[..., 0], "Pa", f"lower end of the {NOMINAL:.0%} interval"),
        "high": (high[..., 0], "Pa", f"upper end of the {NOMINAL:.0%} interval"),
    }
    variables: dict[str, tuple[tuple[str, ...], np.ndarray, dict[str, str]]] = {
        f"particle_{name}": (("sample", "particle"), values, {"units": unit, "long_name": meaning})
        for name, (values, unit, meaning) in described.items()
    }
    variables["member_particle_prediction"] = (
        ("member", "sample", "particle"),
        np.where(there, members, np.nan),
        {"units": "Pa", "long_name": "contact pressure predicted by each member"},
    )
    return variables
