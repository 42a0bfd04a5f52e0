import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.image import imread

from analysis.figures import gradcam, images, parity, predictors, reaction_area, structure, style


def saved(name, study, outputs):
    image = study.config["image"]
    trajectory = study.trajectories[0]
    {
        "structure": lambda: structure.save(trajectory, outputs),
        "images": lambda: images.save(trajectory, study.dataset, image, outputs),
        "parity": lambda: parity.save(study.predictions["random"], study.metrics, outputs),
        "predictors": lambda: predictors.save(study.metrics, outputs),
        "gradcam": lambda: gradcam.save(study.gradcam, outputs),
        "reaction_area": lambda: reaction_area.save(study.dataset, study.predictions["random"], outputs),
    }[name]()


@pytest.mark.parametrize("name", ["structure", "images", "parity", "predictors", "gradcam", "reaction_area"])
def test_figure_is_drawn_the_same_each_time_and_leaves_the_style_alone(study, tmp_path, name):
    assert mpl.rcParams["backend"]  # resolved when first asked for
    before = mpl.rcParams.copy()
    first, second = ([tmp_path / f"{k}.png", tmp_path / f"{k}.pdf"] for k in "ab")
    saved(name, study, first)
    saved(name, study, second)
    assert mpl.rcParams == before
    pixels = imread(first[0])
    assert pixels.shape[1] >= 9 * style.DPI and pixels.std() > 0.05, "not an empty sheet"
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes()


@pytest.fixture
def axes():
    return style.new_figure(3, 3).subplots()


def test_line_widths_are_proportional_to_force(trajectory, axes):
    reference = structure.draw_forces(axes, trajectory)
    widths = np.array(axes.collections[0].get_linewidths())
    force = np.maximum(trajectory.contacts["normal_force"], 0)
    np.testing.assert_allclose(widths / structure.REFERENCE_WIDTH, force / reference, rtol=1e-6)


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
