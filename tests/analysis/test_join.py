"""Two studies joined: one of widths, one of pressures, through the functions that the workflow calls."""

from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr
from matplotlib.image import imread

from analysis.dataset import open_dataset, write_netcdf
from analysis.detection import FALSE_ALARMS, detect, read_detection, write_detection
from analysis.figures import am_coverage, novelty, transfer
from analysis.join import join_datasets
from analysis.metrics import read_metrics, write_metrics
from analysis.report import metric_tables
from analysis.variables import PADDED
from cnn.ensemble import predict_dataset
from cnn.novelty import novelty_dataset
from cnn.train import train

FOLDS = ("random", "only-pressure", "only-tiny")


@pytest.fixture(scope="module")
def joined(study, pressed, tmp_path_factory):
    """Dataset, networks, predictions and what follows from them."""
    folder = tmp_path_factory.mktemp("joined")
    files = SimpleNamespace(dataset=folder / "dataset.nc", metrics=folder / "metrics.csv")
    join_datasets([study.dataset, pressed[2]], files.dataset, "joined")
    config = study.config
    files.predictions, files.novelty = {}, {}
    for fold in FOLDS:
        models = [folder / fold / f"member-{k}.keras" for k in range(2)]
        for member, model in enumerate(models):
            made = model, model.with_suffix(".csv"), model.with_suffix(".json")
            settings = config["network"], config["training"], config["seed"], "code"
            train(files.dataset, *made, *settings, fold, member)
        files.predictions[fold] = folder / f"{fold}.nc"
        settings = [model.with_suffix(".json") for model in models]
        predict_dataset(files.dataset, models, settings, files.predictions[fold], fold)
        files.novelty[fold] = folder / f"novelty-{fold}.nc"
        novelty_dataset(files.dataset, files.predictions[fold], models, files.novelty[fold], fold)
    write_metrics(files.dataset, list(files.predictions.values()), files.metrics, 100, 1)
    files.detection = folder / "detection.csv"
    write_detection([files.novelty[fold] for fold in FOLDS[1:]], files.detection)
    return files


def test_samples_keep_their_values_and_parts(joined, study, pressed):
    dataset = open_dataset(joined.dataset)
    for path, name in ((study.dataset, "tiny"), (pressed[2], "pressure")):
        own = open_dataset(path)
        mine = dataset.sel(sample=dataset["study"] == name)
        assert mine["sample"].values.tolist() == [f"{name}_{sample}" for sample in own["sample"].values]
        for variable in ("image", "label", "stress_map", "width", "contact_count"):
            np.testing.assert_array_equal(mine[variable], own[variable])
        np.testing.assert_array_equal(mine["split"].sel(fold="random"), own["split"].sel(fold="random"))
        for variable in PADDED:
            there = own.sizes["particle"]
            np.testing.assert_array_equal(mine[variable][:, :there], own[variable])
            assert np.isnan(mine[variable][:, there:]).all()
    pressure = dataset["pressure"].values
    assert np.isnan(pressure[:8]).all() and set(pressure[8:]) == {100e6, 300e6}


def test_splits_train_on_one_study_and_test_on_all(joined):
    dataset = open_dataset(joined.dataset)
    assert tuple(dataset["fold"].values) == FOLDS
    everything = dataset["split"].sel(fold="random")
    for name in ("tiny", "pressure"):
        alone = dataset["split"].sel(fold=f"only-{name}")
        learnt = alone.isin(["train", "validation"])
        assert set(dataset["study"].values[learnt]) == {name}
        np.testing.assert_array_equal(alone == "test", everything == "test")
        assert (alone == "unused").sum() == (dataset["study"] != name).sum() - (
            (everything == "test") & (dataset["study"] != name)
        ).sum()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.assign_attrs(um_per_pixel=0.25), r"um_per_pixel .* has 0.125, .*other.nc 0.25"),
        (lambda d: d.assign_attrs(code_digest="other"), r"code_digest .* other.nc|code_digest .*other"),
        (lambda d: d.isel(y=slice(0, 48), cell_y=slice(0, 6)), r"length of y .* has 56, .*other.nc 48"),
        (lambda d: d, r"are of one study, tiny: they share samples"),
        (
            lambda d: d.assign_coords(study=("sample", ["other"] * 8, d["study"].attrs)).assign(
                split=d["split"].copy(data=np.roll(d["split"].values, 1, axis=1))
            ),
            r"tiny_width-10.* and other_width-10.* are one packing, in the parts \w+ and \w+ of the split",
        ),
    ],
)
def test_datasets_that_do_not_fit_are_refused(study, tmp_path, change, message):
    write_netcdf(change(open_dataset(study.dataset)), tmp_path / "other.nc")
    with pytest.raises(ValueError, match=message):
        join_datasets([study.dataset, tmp_path / "other.nc"], tmp_path / "joined.nc", "joined")
    assert not (tmp_path / "joined.nc").exists()


def test_every_training_is_judged_on_every_study(joined):
    rows = read_metrics(joined.metrics)
    judged = {(row["split"], row["study"]) for row in rows}
    assert judged == {(fold, name) for fold in FOLDS for name in ("tiny", "pressure")}
    assert {row["n"] for row in rows} == {"2"}
    titles = [table["title"] for table in metric_tables(joined.metrics)]
    assert titles[:2] == [
        "trained on all studies, tested on pressure",
        "trained on all studies, tested on tiny",
    ]
    assert "trained on tiny alone, tested on pressure" in titles


def test_novelty_is_of_what_was_not_learnt(joined):
    dataset = open_dataset(joined.dataset)
    void = (dataset["image"] == 0).mean(("y", "x")).values
    learnt = dataset["split"].sel(fold="only-tiny").values == "train"
    with xr.open_dataset(joined.novelty["only-tiny"]) as novelties:
        measured = {
            str(name): novelties["novelty"].sel(measure=name).values for name in novelties["measure"].values
        }
    np.testing.assert_allclose(measured["porosity"], abs(void - void[learnt].mean()) / void[learnt].std())
    foreign = dataset["study"].values == "pressure"
    assert measured["distance"][foreign].mean() > measured["distance"][learnt].mean()
    with xr.open_dataset(joined.predictions["only-tiny"]) as predicted:
        spread = predicted["spread"].values / dataset["label"].values[learnt].std(axis=0)
    np.testing.assert_allclose(measured["spread"] ** 2, (spread**2).mean(axis=1))


def test_rates_by_hand():
    values = np.arange(10.0)
    part = np.array(["train"] * 2 + ["validation"] * 2 + ["test"] * 2 + ["unused"] * 3 + ["test"])
    study = np.array(["own"] * 6 + ["other"] * 4)
    pressure = np.array([np.nan] * 6 + [1e8, 1e8, 2e8, 2e8])
    table = xr.Dataset(
        {"novelty": (("measure", "sample"), [values, -values]), "split": ("sample", part)},
        {
            "measure": ["up", "down"],
            "study": ("sample", study),
            "pressure": ("sample", pressure),
            "fold": "only-own",
        },
    )
    rows = {(row["measure"], row["study"], row["pressure_MPa"]): row for row in detect(table)}
    assert rows["up", "own", ""]["threshold"] == pytest.approx(3 - FALSE_ALARMS)
    assert {key: (row["rate"], row["n"]) for key, row in rows.items()} == {
        ("up", "own", ""): (1, 2),
        ("up", "other", ""): (1, 4),
        ("up", "other", "100"): (1, 2),
        ("up", "other", "200"): (1, 2),
        ("down", "own", ""): (0, 2),
        ("down", "other", ""): (0, 4),
        ("down", "other", "100"): (0, 2),
        ("down", "other", "200"): (0, 2),
    }


def test_table_of_detections(joined):
    rows = read_detection(joined.detection)
    assert {row["split"] for row in rows} == {"only-pressure", "only-tiny"}
    wanted = {("pressure", ""), ("pressure", "100"), ("pressure", "300"), ("tiny", "")}
    assert {(row["study"], row["pressure_MPa"]) for row in rows} == wanted
    assert all(0 <= float(row["rate"]) <= 1 for row in rows)


def test_correction_is_fitted_on_half_and_judged_on_the_rest():
    pressure = np.repeat([1.0, 2.0, 3.0, 4.0], 2)
    predicted = np.arange(1.0, 9.0)
    truth = 3 * predicted
    truth[2:4] += 0.5
    fit = am_coverage.fit_correction(pressure, predicted, truth)
    assert fit.factor == pytest.approx(3), "the odd ones out are not fitted to"
    assert fit.error == pytest.approx(np.sqrt((0.5**2 + 0.5**2) / 4))
    assert fit.fitted.tolist() == [True, True, False, False] * 2
    assert am_coverage.fit_correction(np.ones(3), np.ones(3), np.ones(3)) is None, "none to judge by"


def test_points_are_means_of_what_was_not_learnt_from(joined):
    with xr.open_dataset(joined.predictions["only-pressure"]) as opened:
        means = am_coverage.points(opened.load())
        test = opened.sel(sample=(opened["split"] == "test") & (opened["study"] == "pressure"))
    assert means["pressure"].tolist() == [100, 300] and test.sizes["sample"] == 2
    np.testing.assert_allclose(means["truth"], test["am_circumference_coverage"].sortby(test["pressure"]))
    area = test["prediction"].sel(target="reaction_area") / test["am_surface"]
    np.testing.assert_allclose(means["predicted"], area.sortby(test["pressure"]))
    with xr.open_dataset(joined.predictions["only-tiny"]) as opened:
        assert am_coverage.points(opened.load())["pressure"].size == 2


@pytest.mark.parametrize("name", ["transfer", "am_coverage", "novelty"])
def test_figures_are_drawn(joined, name, tmp_path):
    outputs = [tmp_path / "figure.png", tmp_path / "figure.pdf"]
    only = [joined.predictions[fold] for fold in FOLDS[1:]]
    {
        "transfer": lambda: transfer.save(list(joined.predictions.values()), joined.metrics, outputs),
        "am_coverage": lambda: am_coverage.save(only, outputs),
        "novelty": lambda: novelty.save(
            [joined.novelty[fold] for fold in FOLDS[1:]], joined.detection, outputs
        ),
    }[name]()
    assert imread(outputs[0]).std() > 0.05 and outputs[1].read_bytes().startswith(b"%PDF")


def test_studies_with_the_same_grid_are_told_apart_by_name(study, tmp_path):
    other = open_dataset(study.dataset)
    other = other.assign_coords(study=("sample", ["other"] * 8, other["study"].attrs))
    write_netcdf(other, tmp_path / "other.nc")
    join_datasets([study.dataset, tmp_path / "other.nc"], tmp_path / "joined.nc", "joined")
    joined = open_dataset(tmp_path / "joined.nc")
    assert len(set(joined["sample"].values)) == 16


def test_two_studies_under_pressure_are_not_pooled(joined):
    with xr.open_dataset(joined.predictions["only-tiny"]) as opened:
        predictions = opened.load()
    pressed = predictions.sel(sample=predictions["study"] == "pressure")
    other = pressed.assign_coords(study=("sample", ["other"] * pressed.sizes["sample"]))
    means = am_coverage.points(xr.concat([pressed, other], "sample"))
    assert means["study"].tolist() == ["other", "other", "pressure", "pressure"]
    assert am_coverage.points(pressed)["truth"].tolist() == means["truth"].tolist()[:2]


def test_one_pressure_is_drawn_without_a_fit(joined, tmp_path):
    with xr.open_dataset(joined.predictions["only-tiny"]) as opened:
        predictions = opened.sel(sample=opened["pressure"] == 100e6).load()
    predictions.to_netcdf(tmp_path / "one.nc", engine="h5netcdf")
    am_coverage.save([tmp_path / "one.nc"], [tmp_path / "figure.png"])
    assert imread(tmp_path / "figure.png").std() > 0.05


def test_a_study_without_pressures_is_said_to_have_none(study, tmp_path):
    am_coverage.save([study.predictions["random"]], [tmp_path / "figure.png"])
    assert imread(tmp_path / "figure.png").std() > 0.01
