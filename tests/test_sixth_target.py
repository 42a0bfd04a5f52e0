"""A target is a row and a function: with one more, all that is made of targets has it."""

import csv
import io
import json
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr
from click.testing import CliRunner
from PIL import Image

from analysis.dataset import build_dataset
from analysis.export import export_dataset
from analysis.figures import gradcam, parity, predictors, style, transfer, uncertainty
from analysis.labels import TARGET_VALUES
from analysis.metrics import read_metrics, write_metrics
from analysis.particles import write_particle_metrics
from analysis.report import metric_tables
from assb import server
from assb.cli import main
from assb.comparison import compare, save_comparison
from cnn.bundle import read_bundle, write_bundle
from cnn.ensemble import predict_dataset
from cnn.gradcam import gradcam_dataset
from cnn.train import train
from electrode.targets import TARGETS, Target

# An electrode of the tiny study.
CHOSEN = {"width_um": 11.0, "uncovered_fraction": 0.7, "am_diameter_um": 3.5, "packing": 1.0}
NAME, TITLE = "contacts_per_particle", "Contacts per particle"


def contacts_per_particle(trajectory, window):
    """Contacts whose point, per particle whose centre the window shows."""
    contacts = np.count_nonzero(window.contains(trajectory.contacts["contact_point"]))
    return contacts / np.count_nonzero(window.contains(trajectory.position[-1]))


@pytest.fixture(scope="module")
def patched():
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def six(study, patched, tmp_path_factory):
    """The tiny study's trajectories once more, with a target that nothing else knows of."""
    patched.setitem(TARGETS, NAME, Target("1", TITLE))
    patched.setitem(TARGET_VALUES, NAME, contacts_per_particle)
    folder = tmp_path_factory.mktemp("six")
    config = study.config
    training = config["training"] | {"epochs": 1}
    models = [folder / f"cnn/random/member-{k}.keras" for k in range(2)]
    settings = [path.with_suffix(".json") for path in models]
    files = SimpleNamespace(
        folder=folder,
        config=config,
        dataset=folder / "dataset.nc",
        predictions=folder / "predictions/random.nc",
        metrics=folder / "metrics.csv",
        particles=folder / "particles.csv",
        gradcam=folder / "gradcam.nc",
        bundle=folder / "bundle",
    )
    image, split, seed = (config[name] for name in ("image", "split", "seed"))
    build_dataset(study.trajectories, files.dataset, image, split, seed, "six", "code")
    for member, (model, record) in enumerate(zip(models, settings, strict=True)):
        history = model.with_suffix(".csv")
        network = config["network"]
        train(files.dataset, model, history, record, network, training, seed, "code", "random", member)
    predict_dataset(files.dataset, models, settings, files.predictions)
    gradcam_dataset(files.dataset, models, files.gradcam, 2)
    write_metrics(files.dataset, [files.predictions], files.metrics, 20, seed)
    write_particle_metrics(files.dataset, [files.predictions], files.particles, 20, seed)
    write_bundle(folder, files.bundle, 4)
    return files


def test_dataset_and_table_of_labels_have_it(six, tmp_path):
    with xr.open_dataset(six.dataset) as dataset:
        assert dataset["target"].values.tolist() == list(TARGETS) and len(TARGETS) == 6
        label = dataset["label"].sel(target=NAME)
        assert str(label["target_units"].item()) == "1"
        assert ((label > 0.5) & (label < 5)).all()
    export_dataset(six.dataset, tmp_path)
    with open(tmp_path / "labels.csv", encoding="utf-8", newline="") as file:
        assert float(next(csv.DictReader(file))[f"{NAME}_1"]) == pytest.approx(float(label[0]), rel=1e-6)


def test_metrics_and_their_tables_have_it(six):
    targets = [row["target"] for row in read_metrics(six.metrics) if row["predictor"] == "cnn"]
    assert targets == list(TARGETS)
    (table,) = metric_tables(six.metrics)
    *_, last = table["rows"][0]["cells"]
    assert len(table["rows"][0]["cells"]) == 6 and float(last["rmse"]) >= 0


FIGURES = {
    "parity": lambda six, outputs: parity.save(six.predictions, six.metrics, outputs),
    "uncertainty": lambda six, outputs: uncertainty.save(six.predictions, outputs),
    "predictors": lambda six, outputs: predictors.save(six.metrics, outputs),
    "transfer": lambda six, outputs: transfer.save([six.predictions], six.metrics, outputs),
    "gradcam": lambda six, outputs: gradcam.save(six.gradcam, outputs),
}


@pytest.mark.parametrize("name", FIGURES)
def test_figures_that_lay_targets_out_have_a_panel_for_it(six, tmp_path, monkeypatch, name):
    figures = []
    save = style.save_figure
    monkeypatch.setattr(style, "save_figure", lambda figure, to: (figures.append(figure), save(figure, to)))
    FIGURES[name](six, [tmp_path / "six.png"])
    (figure,) = figures
    titles = [axes.get_title() or axes.get_title(loc="left") for axes in figure.axes]
    titles = [" ".join(title.split()) for title in titles]
    of_targets = [
        target.title for target in TARGETS.values() if any(text.endswith(target.title) for text in titles)
    ]
    assert of_targets == [target.title for target in TARGETS.values()] and TITLE in of_targets
    if name == "uncertainty":
        assert TITLE in [text.get_text() for text in figure.axes[-1].get_yticklabels()]
    (panel,) = (axes for axes, text in zip(figure.axes, titles, strict=True) if text.endswith(TITLE))
    assert panel.has_data() and (tmp_path / "six.png").stat().st_size > 0
    boxes = [axes.get_position() for axes in figure.axes]
    assert all(box.x0 >= 0 and box.x1 <= 1 and box.y0 >= 0 and box.y1 <= 1 for box in boxes)


@pytest.fixture(scope="module")
def picture(six):
    """A test structure as a user's image."""
    with xr.open_dataset(six.bundle / "samples.nc") as samples:
        image = samples["image"].values[0]
    path = six.folder / "mine.png"
    Image.fromarray((image * 100).astype(np.uint8)).save(path)
    return path


@pytest.fixture
def order(six):
    """Options that tell gray values and scale of `picture`."""
    return {"um_per_pixel": str(six.config["image"]["um_per_pixel"]), "brightness": "void,SE,AM"}


def test_command_tells_it_and_writes_a_column(six, picture, order, tmp_path):
    table = tmp_path / "table.csv"
    scale, brightness = order.values()
    given = ["predict", picture, "--model", six.bundle, "-o", table, "--um-per-pixel", scale]
    done = CliRunner().invoke(main, [*map(str, given), "--brightness", brightness])
    assert done.exit_code == 0, done.output
    assert NAME in done.output
    with open(table, encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    low, value, high = (float(row[f"{NAME}{end}_1"]) for end in ("_low", "", "_high"))
    assert low <= value <= high


def test_page_shows_it(six, picture, order):
    client = server.create_app(read_bundle(six.bundle), six.config).test_client()
    sent = {"image": (io.BytesIO(picture.read_bytes()), "mine.png"), **order}
    answer = client.post("/predict", data=sent)
    assert answer.status_code == 200, answer.text
    assert TITLE in answer.text and TARGETS["reaction_area"].title in answer.text


def test_page_shows_it_beside_its_truth(six):
    client = server.create_app(read_bundle(six.bundle), six.config).test_client()
    *_, last = (json.loads(line) for line in client.post("/simulate", data=CHOSEN).text.splitlines())
    assert "error" not in last, last
    (result,) = last.values()
    assert TITLE in result


def test_a_network_of_one_target_is_drawn_beside_the_dem(six, tmp_path):
    """Without reaction area and stresses there is less to draw, and no error."""
    compared = compare(six.config, CHOSEN, read_bundle(six.bundle))
    alone = compared._replace(result=compared.result.sel(target=[NAME]))
    save_comparison(alone, tmp_path / "one.png")
    assert (tmp_path / "one.png").stat().st_size > 0
