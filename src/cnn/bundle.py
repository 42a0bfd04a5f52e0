"""A trained ensemble with all that predictions need, in one folder to hand on (``models/paper``)."""

from __future__ import annotations

import csv
import json
import math
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import BadZipFile

import numpy as np
import xarray as xr

from cnn.composite import Composite, make_composite, other_pictures
from cnn.data import of_packings, read_dataset
from cnn.light import Passes, run_ensemble
from cnn.particles import inside, no_tables, read_off_particles
from cnn.reference import Reference, distance, make_reference
from cnn.several import DEGRADED, Agreement, Combination, Reading, electrodes, readings
from cnn.shape import shapes
from cnn.uncertainty import Calibration, calibrate, calibrate_particles
from cnn.weights import LightNetwork, read_network
from electrode.targets import spread_over
from provenance import FilePath, atomic_output
from provenance.netcdf import open_result

DESCRIPTION = "bundle.json"
SAMPLES = "samples.nc"
REFERENCE = "reference.npz"
# Arrays of each that are in it.
OF_REFERENCE, OF_COMPOSITE = ("mean", "precision"), ("mean", "deviation", "precision")
# What is needed of the predictions of a study; those of images in the plane have particles too.
PREDICTED = ("truth", "prediction", "spread", "split", "member_prediction")
OF_PARTICLES = ("particle_truth", "particle_prediction", "particle_spread")
# What images are like is learnt from so many of them at most.
MOST_IMAGES = 2000


class Bundle(NamedTuple):
    """What `read_bundle` finds in a folder."""

    networks: list[LightNetwork]
    calibration: Calibration  # of a single image
    particle_calibration: Calibration | None  # None: it knows nothing of single particles
    readings: dict[int, Reading]  # by number of sections of a packing; of images in the plane there is none
    reference: Reference
    composite: Composite
    um_per_pixel: float
    targets: list[str]
    target_units: list[str]
    scores: dict[int, list[float]]  # R2 of each target by number of sections of new packings; or empty

    @property
    def of_packings(self) -> bool:
        """Whether truths are of the packing behind an image; in the plane they are of what it shows."""
        return self.particle_calibration is None


def write_bundle(study: FilePath, folder: FilePath, samples: int) -> None:
    """Collect the ensemble of a finished study.

    Parameters
    ----------
    study
        Folder of results, such as ``results/paper``.
    folder
        To write to: members and their settings, ``metrics.csv``, ``particles.csv``, calibrations and
        provenance (``bundle.json``), what the training images are like and what is none of theirs
        (``reference.npz``, ranges and weights in ``bundle.json``), and test structures with truth and
        prediction (``samples.nc``).
    samples
        Number of test structures, spread over the range of `spread_over`.

    Raises
    ------
    ValueError
        If the study has no finished ensemble.
    """
    study, folder = Path(study), Path(folder)
    try:
        predictions = open_result(study / "predictions/random.nc", *PREDICTED)
        if predictions.attrs.get("region") != "packing":
            predictions = open_result(study / "predictions/random.nc", *PREDICTED, *OF_PARTICLES)
    except ValueError as error:
        raise ValueError(f"{study} has no finished ensemble: {error}") from error
    dataset = read_dataset(study / predictions.attrs.get("dataset", "dataset.nc"))
    # Those that predicted: files of a larger ensemble, trained before, may lie beside them.
    members = [study / f"cnn/random/member-{k}.keras" for k in range(predictions.sizes["member"])]
    validation = predictions["split"].values == "validation"
    if of_packings(dataset):
        fitted = readings(
            predictions["truth"].values,
            predictions["member_prediction"].values,
            electrodes(predictions),
            predictions["split"].values,
        )
        intervals: dict[str, Any] = {
            "readings": {
                str(count): {name: _as_lists(part) for name, part in each._asdict().items()}
                for count, each in fitted.items()
            }
        }
        tables = [study / "metrics.csv", study / "ceiling.csv"]
    else:
        known = [
            [predictions[f"{prefix}{name}"].values[validation] for name in ("truth", "prediction", "spread")]
            for prefix in ("", "particle_")
        ]
        intervals = {
            "calibration": _as_lists(calibrate(*known[0])),
            "particle_calibration": _as_lists(calibrate_particles(*known[1])),
        }
        tables = [study / "metrics.csv", study / "particles.csv"]
    reference, composite = learn_images([read_network(path) for path in members], dataset)

    folder.mkdir(parents=True, exist_ok=True)
    for path in (*members, *(path.with_suffix(".json") for path in members), *tables):
        with atomic_output(folder / path.name) as temporary:
            shutil.copyfile(path, temporary)
    names = predictions["target"].values.tolist()
    test = np.flatnonzero(predictions["split"].values == "test")
    order = test[np.argsort(predictions["truth"].sel(target=spread_over(names)).values[test])]
    chosen = order[np.linspace(0, order.size - 1, min(samples, order.size)).round().astype(int)]
    kept = predictions[["truth", "prediction", "low", "high"]].isel(sample=chosen)
    kept["image"] = dataset["image"].isel(sample=chosen).drop_vars(["x", "y"], errors="ignore")
    with atomic_output(folder / SAMPLES) as temporary:
        kept.to_netcdf(temporary, engine="h5netcdf", encoding={"image": {"zlib": True, "complevel": 9}})
    with atomic_output(folder / REFERENCE) as temporary:
        arrays = {name: getattr(reference, name) for name in OF_REFERENCE}
        arrays |= {f"shape_{name}": getattr(composite, name) for name in OF_COMPOSITE}
        np.savez_compressed(temporary, **{name: array.astype(np.float32) for name, array in arrays.items()})
    description = {
        "members": [path.name for path in members],
        "um_per_pixel": float(dataset.attrs["um_per_pixel"]),
        "targets": dataset["target"].values.tolist(),
        "target_units": dataset["target_units"].values.tolist(),
        **intervals,
        "reference": {"distances": reference.distances.tolist(), "ranges": reference.ranges},
        "composite": {"weights": composite.weights.tolist(), "usual": composite.usual},
        "dataset": dataset.attrs["title"],
        "trajectory_provenance": np.atleast_1d(dataset.attrs["trajectory_provenance"]).tolist(),
    }
    with atomic_output(folder / DESCRIPTION) as temporary:
        temporary.write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")


def _scores(metrics: Path, targets: Sequence[str]) -> dict[int, list[float]]:
    """R2 on sharp sections of packings never seen, by number of sections; NaN where it is not known."""
    scores: dict[int, list[float]] = {}
    with open(metrics, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["split"] == "random" and row["predictor"] == "cnn" and DEGRADED not in row["study"]:
                of_count = scores.setdefault(int(row["sections"]), [math.nan] * len(targets))
                of_count[targets.index(row["target"])] = float(row["r2"])
    return scores


def _as_lists(fitted: Agreement | Calibration | Combination) -> dict[str, list[Any]]:
    return {name: values.tolist() for name, values in fitted._asdict().items()}


def _as_arrays(lists: dict[str, list[Any]]) -> dict[str, np.ndarray]:
    return {name: np.array(values) for name, values in lists.items()}


def _as_reading(parts: dict[str, dict[str, list[Any]]]) -> Reading:
    combination, calibration, agreement = (_as_arrays(parts[name]) for name in Reading._fields)
    return Reading(Combination(**combination), Calibration(**calibration), Agreement(**agreement))


def learn_images(networks: list[LightNetwork], dataset: xr.Dataset) -> tuple[Reference, Composite]:
    """What training and validation images of a dataset are like to its networks, and what others are."""
    part = dataset["split"].values
    numbers = np.flatnonzero((part == "train") | (part == "validation"))
    numbers = numbers[np.linspace(0, numbers.size - 1, min(MOST_IMAGES, numbers.size)).round().astype(int)]
    known = dataset["image"].values[numbers]
    training = part[numbers] == "train"
    um_per_pixel = float(dataset.attrs["um_per_pixel"])

    def pooled(images: np.ndarray) -> np.ndarray:
        return run_ensemble(networks, images, no_tables(images)).pooled

    of_known = pooled(known)
    reference = make_reference(of_known, known, training, um_per_pixel)
    others = other_pictures(known.shape[1:], um_per_pixel)

    def measured(features: np.ndarray, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return distance(reference, features), np.array([shapes(image, um_per_pixel) for image in images])

    composite = make_composite(
        np.array([shapes(image, um_per_pixel) for image in known[training]]),
        measured(of_known[:, ~training], known[~training]),
        measured(pooled(others), others),
    )
    return reference, composite


def run_bundle(
    bundle: Bundle,
    image: np.ndarray,
    particles: np.ndarray,
    heat: bool = False,
    done: Callable[[int], object] = lambda images: None,
) -> Passes:
    """What the ensemble makes of images, mean and SD of the stress on AM read off their particles.

    Parameters are those of `cnn.light.run_ensemble`.
    """
    passes = run_ensemble(bundle.networks, image, particles, heat, done)
    if bundle.particle_calibration is None:
        return passes
    counted = inside(particles, image.shape[1:])
    on_particles = passes.particle_stress, counted, bundle.particle_calibration
    return passes._replace(target=read_off_particles(passes.target, bundle.targets, *on_particles))


def read_bundle(folder: FilePath) -> Bundle:
    """Load what `write_bundle` wrote.

    Raises
    ------
    ValueError
        If the folder is none of a bundle; the message names it.
    """
    folder = Path(folder)
    try:
        description = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        if "calibrations" in description:
            raise ValueError("of sections, from before version 1.0: collect it again (python -m cnn bundle)")
        known = description["reference"]
        with np.load(folder / REFERENCE, allow_pickle=False) as arrays:
            reference = Reference(
                distances=np.array(known["distances"]),
                ranges={name: tuple(ends) for name, ends in known["ranges"].items()},
                **{name: arrays[name].astype(float) for name in OF_REFERENCE},
            )
            composite = Composite(
                weights=np.array(description["composite"]["weights"]),
                usual=description["composite"]["usual"],
                **{name: arrays[f"shape_{name}"].astype(float) for name in OF_COMPOSITE},
            )
        of_counts = {
            int(count): _as_reading(parts) for count, parts in description.get("readings", {}).items()
        }
        return Bundle(
            [read_network(folder / name) for name in description["members"]],
            of_counts[1].calibration if of_counts else Calibration(**_as_arrays(description["calibration"])),
            None if of_counts else Calibration(**_as_arrays(description["particle_calibration"])),
            of_counts,
            reference,
            composite,
            description["um_per_pixel"],
            description["targets"],
            description["target_units"],
            _scores(folder / "metrics.csv", description["targets"]) if of_counts else {},
        )
    except (OSError, KeyError, TypeError, ValueError, BadZipFile) as error:
        raise ValueError(f"{folder} cannot be read as a trained ensemble: {error}") from error
