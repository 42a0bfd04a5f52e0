"""What sections tell of the packing behind them: scores by number of sections, baselines, and the ceiling."""

from __future__ import annotations

import csv
import logging
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr
from sklearn.base import RegressorMixin, clone
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from analysis.descriptors import describe
from analysis.metrics import COLUMNS, in_order, judge, r2_score
from analysis.section_dataset import open_sections
from electrode.phases import VOID
from electrode.species import AM, SE
from provenance import FilePath, atomic_output
from provenance.netcdf import open_result

log = logging.getLogger(__name__)

SECTION_COLUMNS = (*COLUMNS[:4], "sections", *COLUMNS[4:])
# First word of a fold's name -> name of the split it belongs to.
SCHEMES = {"random": "random", "am": "leave_am_fraction_out", "pressure": "leave_pressure_out"}
BOOSTING = HistGradientBoostingRegressor(max_iter=200, learning_rate=0.08, max_leaf_nodes=15, random_state=0)
LINEAR = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-3, 3, 13)))
# What a predictor may know: how the electrode was made, what stereology reads off its sections, or all that
# descriptors see there.
PREDICTORS: dict[str, tuple[str, RegressorMixin]] = {
    "mean": ("process", DummyRegressor(strategy="mean")),
    "process_boosting": ("process", BOOSTING),
    "stereology": ("stereology", LINEAR),
    "image_boosting": ("image", BOOSTING),
    "image_boosting_pooled": ("image", BOOSTING),
}
# Of several sections these average what they read, the others what they answer.
AVERAGE_READINGS = ("stereology", "image_boosting_pooled")
# Of one section it is another's answer.
OF_SEVERAL = ("image_boosting_pooled",)
# Columns of the table of where the variance lies.
CEILING_COLUMNS = (
    *("target", "settings", "packings", "between_sections", "shared_error", "section_error"),
    *("r2_one", "r2_ever_more"),
)


def stereology(image: np.ndarray, um_per_pixel: float) -> dict[str, float]:
    """What a section tells of space without a model (Underwood, 1970): shares, interfaces, chords.

    Shares of area are shares of volume; the length of an interface per area, times 4 / pi, is its area per
    volume. Edges of pixels are longer than an interface without direction by 4 / pi: they need no factor.
    The coverage of AM is the share of its interface that is with SE; chords follow from both.

    Parameters
    ----------
    image
        uint8 [rows, columns], 0 void, 1 SE, 2 AM.
    um_per_pixel
        Side of a pixel [um].

    Returns
    -------
    dict
        ``am_share``, ``se_share``, ``void_share`` [1]; ``am_se``, ``am_void``, ``se_void`` [1/m];
        ``coverage`` [1]; ``am_chord``, ``se_chord``, ``void_chord`` [m]; 0 where there is nothing.
    """
    shares = {"am": AM, "se": SE, "void": VOID}
    told = {f"{name}_share": float(np.mean(image == phase)) for name, phase in shares.items()}
    edges = dict.fromkeys(("am_se", "am_void", "se_void"), 0)
    pairs = {"am_se": {AM, SE}, "am_void": {AM, VOID}, "se_void": {SE, VOID}}
    for here, beside in ((image[1:], image[:-1]), (image[:, 1:], image[:, :-1])):
        apart = here != beside
        low, high = np.minimum(here, beside)[apart], np.maximum(here, beside)[apart]
        for name, pair in pairs.items():
            edges[name] += int(np.count_nonzero((low == min(pair)) & (high == max(pair))))
    told |= {name: 1e6 * count / image.size / um_per_pixel for name, count in edges.items()}
    of_am = told["am_se"] + told["am_void"]
    told["coverage"] = told["am_se"] / of_am if of_am else 0.0
    for name in shares:
        surface = sum(told[pair] for pair in pairs if name in pair.split("_"))
        # 4 V / S (Tomkeieff, 1945).
        told[f"{name}_chord"] = 4 * told[f"{name}_share"] / surface if surface else 0.0
    return told


def features(dataset: xr.Dataset) -> dict[str, np.ndarray]:
    """What predictors are given of each section [N, features], by kind of knowledge, see `PREDICTORS`."""
    um_per_pixel = float(dataset.attrs["um_per_pixel"])
    images = dataset["image"].values
    read = np.array([list(stereology(image, um_per_pixel).values()) for image in images])
    described = np.array([list(describe(image).values()) for image in images])
    process = ("am_volume_fraction", "am_mean_diameter_drawn", "am_sd_diameter_drawn", "pressure")
    unloaded = np.isfinite(dataset["unloaded_to"].values)
    return {
        "process": np.column_stack([*(dataset[name].values for name in process), unloaded]),
        "stereology": read,
        "image": np.column_stack([read, described]),
    }


def predict(
    name: str, known: Mapping[str, np.ndarray], label: np.ndarray, train: np.ndarray, asked: np.ndarray
) -> np.ndarray:
    """Fit a predictor to the known targets of some sections and predict others [asked, targets].

    Parameters are those of `analysis.baselines.predict`.
    """
    kind, predictor = PREDICTORS[name]
    columns = []
    for values in label.T:
        learnt = train & np.isfinite(values)
        mean, sd = values[learnt].mean(), values[learnt].std()
        fitted = clone(predictor).fit(known[kind][learnt], (values[learnt] - mean) / sd)
        columns.append(mean + sd * np.ravel(fitted.predict(known[kind][asked])))
    return np.stack(columns, axis=1)


def evaluate(
    dataset: xr.Dataset, predictions: Sequence[xr.Dataset], resamples: int, seed: int
) -> list[dict[str, object]]:
    """Rows of the metrics table, one per split, study, predictor, target and number of sections.

    Splits that each hold out one AM share or one pressure are judged together.

    Parameters
    ----------
    dataset
        Sections and their degraded copies, for the baselines, which learn from the training part as the
        network does. Sections of a sample stand one after the other.
    predictions
        One per split (`cnn.ensemble.predict_dataset`).
    resamples, seed
        Of the bootstrap, which draws packings.
    """
    known, label = features(dataset), dataset["label"].values
    names = dataset["packing"].values
    # By split and number of sections: what is judged.
    judged: dict[tuple[str, int], dict[str, list[np.ndarray]]] = {}
    for fold in predictions:
        if not np.array_equal(fold["sample"].values, dataset["sample"].values):
            raise ValueError(f"predictions of the split {fold['fold'].item()} are of another dataset")
        parts = fold["split"].values
        train, test = parts == "train", np.flatnonzero(parts == "test")
        single = {name: np.full(label.shape, np.nan) for name in PREDICTORS if name not in AVERAGE_READINGS}
        for name, values in single.items():
            values[test] = predict(name, known, label, train, test)
        members = fold["member_prediction"].values
        one, ensemble = members[0], members.mean(axis=0)
        scheme = SCHEMES[str(fold["fold"].item()).split("-")[0]]
        for group in _groups(fold):
            shown = group.first[:, None] + np.arange(group.sections)
            asked = np.flatnonzero(parts[group.first] == "test")
            averaged = {name: values[shown].mean(axis=1) for name, values in known.items()}
            of_group = label[group.first], parts[group.first] == "train", asked
            truth = label[group.first[asked]]
            inside = (group.low[asked] <= truth) & (truth <= group.high[asked])
            collected = judged.setdefault((scheme, group.sections), {})
            for name, values in (
                ("truth", truth),
                ("inside", inside),
                ("study", dataset["study"].values[group.first[asked]]),
                ("packing", names[group.first[asked]]),
                ("cnn", group.told[asked]),
                ("cnn_mean", ensemble[shown[asked]].mean(axis=1)),
                ("cnn_single", combined(fold, one[shown[asked]].mean(axis=1), group.sections)),
                *((name, values[shown[asked]].mean(axis=1)) for name, values in single.items()),
                *(
                    (name, predict(name, averaged, *of_group))
                    for name in AVERAGE_READINGS
                    if group.sections > 1 or name not in OF_SEVERAL
                ),
            ):
                collected.setdefault(name, []).append(values)
        log.info("split %s judged", fold["fold"].item())
    rows: list[dict[str, object]] = []
    for (split, count), columns in judged.items():
        pooled = {name: np.concatenate(parts) for name, parts in columns.items()}
        of_study, packing = pooled.pop("study"), pooled.pop("packing")
        for study in np.unique(of_study):
            mine = of_study == study
            _, number = np.unique(packing[mine], return_inverse=True)
            chosen = {name: values[mine] for name, values in pooled.items()}
            scores = judge(chosen, dataset["target"].values.tolist(), resamples, seed, in_order(number))
            rows += [{"split": split, "study": str(study), "sections": count, **row} for row in scores]
    return rows


class Groups(NamedTuple):
    """So many sections of one electrode each, and what the ensemble answers."""

    sections: int  # in a group
    first: np.ndarray  # first section of each [G], the others follow it
    told: np.ndarray  # [G, targets]
    low: np.ndarray  # ends of the intervals [G, targets]
    high: np.ndarray


def _groups(fold: xr.Dataset) -> list[Groups]:
    """Single sections, then groups of several, of one split."""
    told = (fold[name].values for name in ("prediction", "low", "high"))
    found = [Groups(1, np.arange(fold.sizes["sample"]), *told)]
    if "group_sections" in fold.variables:
        counts = fold["group_sections"].values
        columns = [fold[f"group_{name}"].values for name in ("first", "prediction", "low", "high")]
        for count in np.unique(counts).tolist():
            found.append(Groups(count, *(values[counts == count] for values in columns)))
    return found


def combined(fold: xr.Dataset, means: np.ndarray, count: int) -> np.ndarray:
    """Answers out of means over so many sections of one electrode [..., targets], as of `cnn.several`."""
    rule = fold.sel(sections=count)
    return means @ rule["combination_weights"].values.T + rule["combination_offset"].values


def ceiling(dataset: xr.Dataset, predictions: xr.Dataset) -> list[dict[str, object]]:
    """Where the variance of each target lies, and what more sections of an electrode can bring.

    Of the truth, shares of its variance over the sharp test sections: ``settings``, between the means of AM
    share, pressure and release, and ``packings``, between packings of one setting; not numbers where each has
    but one. The truth is of a whole packing, so that nothing of it lies between sections; what the network
    says does: ``between_sections``, / variance of the truth. ``section_error`` is the part of the error of
    single sections that differs between sections of one packing; ``shared_error`` what would be left of
    ever more of them, read as the largest number of sections that there is a reading of. ``r2_one`` and
    ``r2_ever_more`` are R2 with one section and with infinitely many.

    Parameters
    ----------
    dataset
        As of `evaluate`.
    predictions
        Of the split ``random``.
    """
    sharp = dataset["study"].values == dataset["study"].values[0]
    chosen = sharp & (predictions["split"].values == "test")
    unloaded = np.nan_to_num(dataset["unloaded_to"].values, nan=-1.0)
    keys = np.column_stack([dataset["am_volume_fraction"].values, dataset["pressure"].values, unloaded])[
        chosen
    ]
    _, setting = np.unique(keys, axis=0, return_inverse=True)
    _, electrode = np.unique(dataset["pressed"].values[chosen], return_inverse=True)
    # The answer of ever more sections is the mean of what the largest number's reading makes of each.
    most = int(predictions["sections"].values.max())
    ever_more = combined(predictions, predictions["member_prediction"].values.mean(axis=0), most)
    rows: list[dict[str, object]] = []
    for k, target in enumerate(dataset["target"].values.tolist()):
        truth = predictions["truth"].values[chosen, k]
        known = np.isfinite(truth)
        truth, told, adds, of_setting, of_electrode = (
            values[known]
            for values in (
                *(truth, predictions["prediction"].values[chosen, k], ever_more[chosen, k]),
                *(np.ravel(setting), np.ravel(electrode)),
            )
        )
        variance = truth.var()
        error, apart = (said - truth for said in (told, adds))
        count = _means(np.ones_like(truth), of_electrode, total=True)
        own = _variance_within(apart, of_electrode) * np.mean(1 / count)
        shared = max(float((np.mean(_means(apart, of_electrode) ** 2) - own) / variance), 0.0)
        # Where each setting has one packing, what lies between packings cannot be told.
        several = np.unique(of_electrode).size > np.unique(of_setting).size
        settled = float(_means(truth, of_setting).var() / variance) if several else np.nan
        rows.append(
            {
                "target": target,
                "settings": settled,
                "packings": max(1 - settled, 0.0) if several else np.nan,
                "between_sections": _variance_within(told, of_electrode) / variance,
                "shared_error": shared,
                "section_error": _variance_within(error, of_electrode) / variance,
                "r2_one": float(r2_score(truth, told)),
                "r2_ever_more": 1 - shared,
            }
        )
    return rows


def _means(values: np.ndarray, group: np.ndarray, total: bool = False) -> np.ndarray:
    """Mean, or sum, over the group of each value [N]."""
    sums = np.bincount(group, values)
    return (sums if total else sums / np.maximum(np.bincount(group), 1))[group]


def _variance_within(values: np.ndarray, group: np.ndarray) -> float:
    """Variance within groups, without the bias of small ones."""
    freedom = values.size - np.unique(group).size
    return float(np.sum((values - _means(values, group)) ** 2) / freedom) if freedom else 0.0


def write_section_metrics(
    dataset: FilePath,
    predictions: Sequence[FilePath],
    metrics: FilePath,
    limits: FilePath,
    resamples: int,
    seed: int,
) -> None:
    """Evaluate files of predictions; write the scores and where the variance lies as CSV, in SI units.

    Parameters
    ----------
    dataset
        What the networks learnt (NetCDF).
    predictions
        One file per split, that of the split ``random`` first.
    metrics
        Output, with `SECTION_COLUMNS`.
    limits
        Output, with `CEILING_COLUMNS`.
    resamples, seed
        Of the bootstrap.
    """
    needed = (
        *("truth", "prediction", "member_prediction", "low", "high", "split", "fold"),
        *("combination_weights", "combination_offset"),
    )
    opened = [open_result(path, *needed) for path in predictions]
    sections = open_sections(dataset)
    tables = (
        (metrics, SECTION_COLUMNS, evaluate(sections, opened, resamples, seed)),
        (limits, CEILING_COLUMNS, ceiling(sections, opened[0])),
    )
    for path, columns, rows in tables:
        with atomic_output(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, columns)
            table.writeheader()
            table.writerows(rows)
