import dataclasses
import json

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr
from matplotlib.image import imread
from PIL import Image

from analysis.figures import (
    animation,
    compression_curves,
    gradcam,
    hertz,
    images,
    parity,
    predictors,
    reaction_area,
    stress_distribution,
    structure,
    style,
    uncertainty,
)
from analysis.response import write_response


@pytest.fixture(scope="module")
def response(study, tmp_path_factory):
    path = tmp_path_factory.mktemp("response") / "response.nc"
    write_response(study.trajectories, path, study.config["image"])
    return path


def saved(name, study, response, outputs):
    image = study.config["image"]
    trajectory, predictions = study.trajectories[0], study.predictions["random"]
    {
        "structure": lambda: structure.save(trajectory, outputs),
        "images": lambda: images.save(trajectory, study.dataset, image, outputs),
        "hertz": lambda: hertz.save(trajectory, outputs),
        "compression_curves": lambda: compression_curves.save(response, outputs),
        "parity": lambda: parity.save(predictions, study.metrics, outputs),
        "predictors": lambda: predictors.save(study.metrics, outputs),
        "uncertainty": lambda: uncertainty.save(predictions, outputs),
        "stress_distribution": lambda: stress_distribution.save(response, predictions, outputs),
        "gradcam": lambda: gradcam.save(study.gradcam, outputs),
        "reaction_area": lambda: reaction_area.save(study.dataset, predictions, outputs),
    }[name]()


NAMES = (
    "structure",
    "images",
    "hertz",
    "compression_curves",
    "parity",
    "predictors",
    "uncertainty",
    "stress_distribution",
    "gradcam",
    "reaction_area",
)


@pytest.mark.parametrize("name", NAMES)
def test_figure_is_drawn_the_same_each_time_and_leaves_the_style_alone(study, response, tmp_path, name):
    assert mpl.rcParams["backend"]  # resolved when first asked for
    before = mpl.rcParams.copy()
    first, second = ([tmp_path / f"{k}.png", tmp_path / f"{k}.pdf"] for k in "ab")
    saved(name, study, response, first)
    saved(name, study, response, second)
    assert mpl.rcParams == before
    pixels = imread(first[0])
    assert pixels.shape[1] >= 9 * style.DPI and pixels.std() > 0.05, "not an empty sheet"
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes()


@pytest.fixture
def axes():
    return style.new_figure(3, 3).subplots()


def test_width_and_colour_of_lines_are_those_of_the_forces(trajectory, axes):
    lines = structure.draw_forces(axes, trajectory)
    force = np.sort(1e3 * np.maximum(trajectory.contacts["normal_force"], 0))
    reference = np.quantile(force, 0.99)
    np.testing.assert_allclose(lines.get_array(), force)
    widths = np.array(lines.get_linewidths())
    np.testing.assert_allclose(widths / structure.REFERENCE_WIDTH, force / reference, rtol=1e-6)
    assert lines.norm.vmax == pytest.approx(reference)


def test_animation_shows_every_frame(study, trajectory, tmp_path):
    animation.save(study.trajectories[0], [tmp_path / "moves.gif"])
    with Image.open(tmp_path / "moves.gif") as moving:
        frames = moving.n_frames
        first, last = [], []
        moving.seek(0)
        first = np.asarray(moving.convert("RGB"), int)
        moving.seek(frames - 1)
        last = np.asarray(moving.convert("RGB"), int)
    assert frames == len(trajectory.position) and np.abs(first - last).mean() > 1


def test_hertz_contacts_lie_on_the_law(trajectory):
    """E_eff by hand: 1 / ((1 - 0.24^2) / 191 + (1 - 0.37^2) / 21.7) GPa = 22.367 GPa."""
    config = json.loads(trajectory.provenance["config"])
    modulus = hertz.effective_modulus(config["materials"])
    assert modulus == pytest.approx(22.367e9, rel=1e-4)
    chosen = (trajectory.contact_pairs() == "AM-SE") & (trajectory.contacts["normal_force"] > 0)
    i, j, force, area = (trajectory.contacts[c][chosen] for c in ("i", "j", "normal_force", "contact_area"))
    radius = trajectory.radius[i] * trajectory.radius[j] / (trajectory.radius[i] + trajectory.radius[j])
    np.testing.assert_allclose(hertz.hertz_area(force, radius, modulus), area, rtol=1e-9)


def test_trend_of_a_plane_is_the_plane():
    rng = np.random.default_rng(1)
    diameter, share = rng.uniform(6, 12, 30), rng.uniform(40, 80, 30)
    trend = reaction_area.fit_trend(diameter, share, 5 - 2 * diameter + 0.5 * share)
    np.testing.assert_allclose([trend.intercept, *trend.slope], [5, -2, 0.5], atol=1e-9)
    np.testing.assert_allclose(trend.half_interval, 0, atol=1e-9)


def test_interval_of_a_trend_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(2)
    held = []
    for _ in range(400):
        diameter, share = rng.uniform(6, 12, 12), rng.uniform(40, 80, 12)
        trend = reaction_area.fit_trend(diameter, share, 5 - 2 * diameter + 0.5 * share + rng.normal(size=12))
        held.append(abs(trend.slope[0] + 2) <= trend.half_interval[0])
    assert 0.92 <= np.mean(held) <= 0.98


def test_too_few_structures_have_no_trend():
    with pytest.raises(ValueError, match="3 structures do not tell"):
        reaction_area.fit_trend(np.array([6.0, 7, 8]), np.array([50.0, 60, 55]), np.ones(3))


def test_missing_structures_and_variables_are_named_with_their_file(study, response, tmp_path):
    with xr.open_dataset(response) as opened:
        short = opened.load().isel(sample=[0])
    short.to_netcdf(tmp_path / "short.nc", engine="h5netcdf")
    outputs = [tmp_path / "out.png"]
    with pytest.raises(ValueError, match=r"short\.nc has no structure width-"):
        stress_distribution.save(tmp_path / "short.nc", study.predictions["random"], outputs)
    short.drop_vars("porosity").to_netcdf(tmp_path / "lacks.nc", engine="h5netcdf")
    with pytest.raises(ValueError, match=r"lacks\.nc cannot be drawn: it lacks porosity"):
        compression_curves.save(tmp_path / "lacks.nc", outputs)
    assert not outputs[0].exists()


def test_a_structure_without_am_se_contacts_says_so(trajectory, axes):
    contacts = {name: values[:0] for name, values in trajectory.contacts.items()}
    assert hertz.draw_area(axes, dataclasses.replace(trajectory, contacts=contacts)) is None
    assert "no contact between AM and SE" in axes.texts[0].get_text()


def test_heat_map_is_scaled_to_its_maximum_and_may_be_empty(axes):
    image = np.zeros((4, 4), np.uint8)
    images_of = [
        gradcam.draw_heatmap(axes, image, heatmap) for heatmap in (np.full((4, 4), 3.0), np.zeros((4, 4)))
    ]
    assert len(images_of) == 2
    assert axes.images[1].get_array().max() == 1 and axes.images[3].get_array().max() == 0


def test_panels_get_letters(axes):
    axes.set_title("title")
    style.letter_panels([axes])
    assert axes.get_title(loc="left") == "(a) title" and axes.get_title() == ""
