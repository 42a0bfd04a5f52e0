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
    for drawn, redrawn in zip(first, second, strict=True):
        assert drawn.read_bytes() == redrawn.read_bytes()


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
    i, j, force, area = (
        trajectory.contacts[c][chosen] for c in ("i", "j", "normal_force", "contact_area_from_overlap")
    )
    radius = trajectory.radius[i] * trajectory.radius[j] / (trajectory.radius[i] + trajectory.radius[j])
    # Recorded independently: the area from the overlap, the force with what is left of the dashpot at rest.
    np.testing.assert_allclose(hertz.hertz_area(force, radius, modulus), area, rtol=0.02)


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


def changed(path, folder, change):
    """A copy of a NetCDF result with something changed."""
    with xr.open_dataset(path) as opened:
        change(opened.load()).to_netcdf(folder / "changed.nc", engine="h5netcdf")
    return folder / "changed.nc"


def test_missing_structures_are_named_with_their_file(study, response, tmp_path):
    short = changed(response, tmp_path, lambda result: result.isel(sample=[0]))
    with pytest.raises(ValueError, match=r"changed\.nc has no structure width-"):
        stress_distribution.save(short, study.predictions["random"], [tmp_path / "out.png"])
    assert not (tmp_path / "out.png").exists()


@pytest.mark.parametrize(
    ("figure", "result", "missing"),
    [
        ("compression_curves", "response", ("porosity", "uncovered_fraction", "width")),
        ("stress_distribution", "response", ("stress_quantile", "particles", "level")),
        ("parity", "predictions", ("truth", "low", "width", "target_units")),
        ("uncertainty", "predictions", ("high", "split", "target")),
        ("gradcam", "gradcam", ("contact_zone", "heatmap", "image")),
        ("reaction_area", "dataset", ("am_mean_diameter", "label", "width")),
    ],
)
def test_missing_variables_are_named_with_their_file(study, response, tmp_path, figure, result, missing):
    given = {
        "response": response,
        "predictions": study.predictions["random"],
        "gradcam": study.gradcam,
        "dataset": study.dataset,
    }
    for name in missing:
        spoiled = {
            **given,
            result: changed(given[result], tmp_path, lambda whole, name=name: whole.drop_vars(name)),
        }
        outputs = [tmp_path / "out.png"]
        draw = {
            "compression_curves": lambda of, to: compression_curves.save(of["response"], to),
            "stress_distribution": lambda of, to: stress_distribution.save(
                of["response"], of["predictions"], to
            ),
            "parity": lambda of, to: parity.save(of["predictions"], study.metrics, to),
            "uncertainty": lambda of, to: uncertainty.save(of["predictions"], to),
            "gradcam": lambda of, to: gradcam.save(of["gradcam"], to),
            "reaction_area": lambda of, to: reaction_area.save(of["dataset"], of["predictions"], to),
        }[figure]
        with pytest.raises(ValueError, match=rf"changed\.nc.*{name}"):
            draw(spoiled, outputs)
        assert not outputs[0].exists()


def test_metrics_without_a_predictor_are_refused_by_name(study, tmp_path):
    lines = [
        line
        for line in study.metrics.read_text(encoding="utf-8").splitlines()
        if "image_boosting" not in line
    ]
    (tmp_path / "metrics.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"metrics\.csv has no image_boosting for the split random"):
        parity.save(study.predictions["random"], tmp_path / "metrics.csv", [tmp_path / "out.png"])


def of_one_structure(mean, sd, target_prefix="se_stress"):
    """Prediction of one structure whose truth is as given [MPa], predicted without error."""
    values = 1e6 * np.array([mean, sd])
    columns = {name: ("target", values) for name in ("truth", "prediction")}
    columns |= {"low": ("target", 0.9 * values), "high": ("target", 1.1 * values)}
    return xr.Dataset(columns, {"target": [f"{target_prefix}_mean", f"{target_prefix}_sd"]})


def quantiles(stress):
    """Of stresses [MPa], as response.nc has them."""
    level = np.linspace(0, 1, 101)
    return xr.DataArray(1e6 * np.quantile(stress, level), {"level": level}, "level")


def test_distribution_shows_density_and_gaussians(axes):
    stress = np.random.default_rng(1).normal(100, 20, 4000)
    stress_distribution.draw_distribution(
        axes, quantiles(stress), of_one_structure(100, 20), "SE", stress.size
    )
    bars = axes.patches[0].get_data()
    assert np.sum(bars.values * np.diff(bars.edges)) == pytest.approx(1), "a density"
    assert bars.edges[0] == pytest.approx(stress.min()) and bars.edges[-1] == pytest.approx(stress.max())
    own, predicted = axes.lines
    peak = 1 / (20 * np.sqrt(2 * np.pi))
    for line in (own, predicted):
        assert line.get_ydata().max() == pytest.approx(peak, rel=1e-3)
        assert line.get_xdata()[line.get_ydata().argmax()] == pytest.approx(100, abs=1)


def test_a_predicted_sd_below_zero_is_said_not_drawn(axes):
    predicted = of_one_structure(100, 20)
    for name in ("prediction", "low", "high"):
        predicted[name][1] = -1e6
    stress_distribution.draw_distribution(axes, quantiles(np.arange(60.0, 140.0)), predicted, "SE", 80)
    assert len(axes.lines) == 1 and axes.texts[0].get_text() == "predicted SD below 0"


def test_quantiles_of_a_gaussian_lie_on_the_line(axes):
    stress = np.random.default_rng(2).normal(100, 20, (5, 100_000))
    quantile = xr.concat([quantiles(row) for row in stress], "sample")
    stress_distribution.draw_quantiles(axes, quantile, np.full(5, 1e8), np.full(5, 2e7), np.zeros(5), "SE")
    middle = axes.lines[-1]
    np.testing.assert_allclose(middle.get_xdata(), middle.get_ydata(), atol=0.03)


def test_few_test_structures_are_drawn_once_and_the_rest_said(study, response, monkeypatch, tmp_path):
    seen = []
    monkeypatch.setattr(style, "save_figure", lambda figure, outputs: seen.append(figure))
    stress_distribution.save(response, study.predictions["random"], [])
    panels = seen[0].axes
    titles = [axes.get_title(loc="left").split(") ")[1] for axes in panels[:4]]
    assert len(set(titles) - {""}) == len([title for title in titles if title]), "none twice"
    assert "2 test structures" in panels[2].texts[0].get_text()


def test_coverage_is_the_share_of_truths_inside(axes):
    truth = np.arange(10.0)[:, None]
    predictions = xr.Dataset(
        {
            name: (("sample", "target"), truth + shift)
            for name, shift in (("truth", 0), ("low", -1), ("high", 1))
        },
        {"target": ["reaction_area"]},
    )
    predictions["low"][:3] += 5  # the truth of three lies below
    uncertainty.draw_coverage(axes, predictions)
    assert axes.collections[0].get_offsets()[0, 0] == pytest.approx(0.7)


def test_errors_outside_their_interval_are_marked(study, axes):
    test = style.test_part(xr.load_dataset(study.predictions["random"]))
    uncertainty.draw_errors(axes, test, "reaction_area")
    area = test.sel(target="reaction_area")
    outside = (np.abs(area["prediction"] - area["truth"]) > 0.5 * (area["high"] - area["low"])).sum()
    assert len(axes.collections[1].get_offsets()) == int(outside)


def test_curves_end_at_the_structures_at_rest(response, axes):
    curves = xr.load_dataset(response)
    compression_curves.draw_curves(axes, curves, "porosity", {0.7: (0, 0, 0)})
    thin, thick = axes.collections
    assert len(thin.get_segments()) == 8 and len(thick.get_segments()) == 2
    ends = sorted(segment[-1, 1] for segment in thin.get_segments())
    np.testing.assert_allclose(ends, np.sort(curves["porosity"][:, -1]))


def test_too_few_structures_for_a_trend_are_named(study, axes):
    with xr.open_dataset(study.dataset) as opened:
        few = opened.load().isel(sample=[0, 1, 4, 5])
    reaction_area.draw_slopes(axes, few, few["label"].sel(target="reaction_area").values, 0)
    assert "too few structures at 10, 11 µm" in axes.texts[0].get_text()


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
