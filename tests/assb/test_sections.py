"""Sections of one electrode: one answer of several images, and a packing pressed, cut and read."""

import csv
import json

import numpy as np
import pytest
import xarray as xr
import yaml
from click.testing import CliRunner
from PIL import Image

from assb import server
from assb.cli import main
from assb.pressed import press_and_cut, save_pressed, settings
from assb.rendering import render, worth
from cnn.image import MODELS, shipped_bundle

SPATIAL = ("--model", "spatial", "--um-per-pixel", 0.1, "--anyway")
GRAY = np.array([0, 255, 128], np.uint8)  # void, SE, AM


@pytest.fixture(scope="module")
def bundle():
    return shipped_bundle(MODELS / "spatial")


@pytest.fixture(scope="module")
def samples():
    with xr.open_dataset(MODELS / "spatial/samples.nc") as opened:
        return opened.load()


@pytest.fixture
def run(tmp_path, monkeypatch, samples):
    """Function that runs the command in a folder with some sections."""
    for k in range(3):
        Image.fromarray(GRAY[samples["image"].values[4 + k, ::-1]]).save(tmp_path / f"{k}.png")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(main, list(map(str, arguments)))


def rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_several_images_make_one_answer(run, bundle):
    done = run("predict", "0.png", "1.png", *SPATIAL, "--no-figures")
    assert done.exit_code == 0, done.output
    assert "2 sections of one electrode" in done.output and "enough with these 2 sections" in done.output
    (row,) = rows("predictions.csv")
    assert row["image"] == "0.png; 1.png" and row["sections"] == "2" and row["windows"] == "2"
    for name, unit in (
        ("relative_density", "1"),
        ("se_stress_mean", "MPa"),
        ("specific_interface_area", "per_um"),
    ):
        low, value, high = (float(row[f"{name}{end}_{unit}"]) for end in ("_low", "", "_high"))
        assert low <= value <= high


def test_a_section_that_cannot_be_read_is_left_out(run):
    done = run("predict", "0.png", "broken.png", *SPATIAL)
    assert done.exit_code == 2 and "broken.png" in done.output and "1 section of one electrode" in done.output
    done = run("predict", "broken.png", *SPATIAL)
    assert done.exit_code == 2


def test_a_figure_has_no_particles(run, tmp_path):
    done = run("predict", "2.png", *SPATIAL, "-o", "told.csv")
    assert done.exit_code == 0, done.output
    assert {path.name for path in (tmp_path / "told").iterdir()} == {"2_segmented.png", "2_prediction.png"}


def test_the_shipped_ensemble_knows_its_test_sections(bundle, samples):
    """Sections of packings that it never saw."""
    from cnn.bundle import run_bundle
    from cnn.particles import no_tables

    image = samples["image"].values
    said = bundle.readings[1].combination.of(run_bundle(bundle, image, no_tables(image)).target.mean(axis=0))
    scale = np.nanstd(samples["truth"].values, axis=0)
    np.testing.assert_allclose(said / scale, samples["prediction"].values / scale, atol=2e-3)
    density = samples["target"].values.tolist().index("relative_density")
    truth = samples["truth"].values[:, density]
    assert 1 - np.mean((said[:, density] - truth) ** 2) / truth.var() > 0.8
    assert (
        bundle.of_packings and list(bundle.readings) == [1, 2, 4, 8] and list(bundle.scores) == [1, 2, 4, 8]
    )


@pytest.fixture(scope="module")
def space(root, spatial_kernels, bundle):
    """As the page presses, in a narrower box and under little pressure."""
    config = yaml.safe_load((root / "config/spatial.yaml").read_text(encoding="utf-8"))
    config["grid"]["pressures_MPa"] = [25, 50]
    config["structure"] |= {"box_width_um": 14.4, "box_height_um": 40, "am_mean_diameter_um": [4, 4.5]}
    return server.Space(bundle, config)


def test_a_packing_is_pressed_cut_and_read(space, tmp_path):
    chosen = {"am_volume_fraction": 0.7, "pressure_mpa": 25, "am_diameter_um": 4.5, "packing": 1}
    assert set(settings(space.config)) == set(chosen)
    told = []
    pressed = press_and_cut(space.config, chosen, space.model, lambda *stage: told.append(stage))
    assert told == [(1, 1, "At rest under 25 MPa.")]
    truth = pressed.result["truth"]
    assert truth.sel(target="relative_density") == pytest.approx(pressed.packing.relative_density[-1])
    assert -3 < truth.sel(target="log10_ionic_conductivity_relative") < 0
    shown = render(pressed.result)
    assert worth(shown)[0].startswith("enough with this section")
    assert {row.inside for row in shown.rows} <= {True, False}
    save_pressed(pressed, tmp_path / "pressed.png")
    with Image.open(tmp_path / "pressed.png") as picture:
        assert picture.size == (2200, 1000)


def test_the_page_offers_it(root, space, paper_config):
    app = server.create_app(shipped_bundle(), paper_config, space=space).test_client()
    page = app.get("/").text
    assert 'id="press"' in page and "AM share of the solids" in page
    bad = app.post("/press", data={"am_volume_fraction": 2})
    assert (
        bad.status_code == 400 and "m_volume_fraction must be in [0.3, 0.7]" in json.loads(bad.text)["error"]
    )
    without = server.create_app(shipped_bundle(), paper_config).test_client()
    assert 'id="press"' not in without.get("/").text and without.post("/press").status_code == 404
