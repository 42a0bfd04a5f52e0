"""Is it a pressed composite? What the verdict learns from, and what it answers."""

import numpy as np
import pytest
import xarray as xr

from cnn.composite import EDGE, LIKE, UNLIKE, make_composite, other_pictures, scores, strange_shapes, verdict
from cnn.image import MODELS, predict, shipped_bundle
from cnn.negatives import KINDS, negative
from cnn.shape import SHAPES, roundness, shapes

SHAPE, UM_PER_PIXEL = (360, 360), 0.1


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_of_a_kind_show_three_phases_and_are_drawn_again_from_their_seed(kind):
    first, again, other = (negative(kind, np.random.default_rng(k), SHAPE, UM_PER_PIXEL) for k in (1, 1, 2))
    assert first.shape == SHAPE and first.dtype == np.uint8 and set(np.unique(first)) == {0, 1, 2}
    np.testing.assert_array_equal(first, again)
    assert np.mean(first != other) > 0.05


@pytest.mark.parametrize("model", ["paper", "robust"])
@pytest.mark.parametrize("kind", KINDS)
def test_shipped_verdicts_notice_pictures_of_seeds_that_they_did_not_learn_from(model, kind):
    bundle = shipped_bundle(MODELS / model)
    (image,) = other_pictures(SHAPE, UM_PER_PIXEL, [kind], 1, seed=3)
    assert predict(image, UM_PER_PIXEL, model=bundle, heat=False).attrs["verdict"] == UNLIKE


@pytest.mark.parametrize("model", ["paper", "robust"])
def test_shipped_verdicts_know_the_structures_of_the_study(root, model):
    with xr.open_dataset(root / "models" / model / "samples.nc") as samples:
        images = samples["image"].values[::2]
    bundle = shipped_bundle(MODELS / model)
    words = [predict(image, UM_PER_PIXEL, model=bundle, heat=False).attrs["verdict"] for image in images]
    assert UNLIKE not in words and words.count(LIKE) >= 0.7 * len(words)


def test_discs_are_round_and_bars_are_not():
    y, x = np.mgrid[:200, :200]
    apart = np.zeros((200, 200), bool)
    for row, column in ((50, 50), (50, 150), (150, 100)):
        apart |= (y - row) ** 2 + (x - column) ** 2 < 30**2
    assert roundness(apart) == pytest.approx(1, abs=0.05)
    touching = (y - 100) ** 2 + (x - 70) ** 2 < 30**2
    touching |= (y - 100) ** 2 + (x - 129) ** 2 < 30**2
    assert roundness(touching) == pytest.approx(1, abs=0.1), "parted where they touch"
    bars = np.zeros((200, 200), bool)
    bars[20:30, 20:180] = bars[60:180, 60:70] = True
    assert roundness(bars) < 0.3
    assert roundness(np.zeros((20, 20), bool)) == 0


def test_shapes_are_those_of_stripes():
    """Vertical stripes of AM (30 pixels), SE (20), void (10) in 120 columns of 0.1 um."""
    image = np.tile(np.repeat(np.array([2, 1, 0], np.uint8), [30, 20, 10]), (120, 2))
    shown = dict(zip(SHAPES, shapes(image, 0.1), strict=True))
    assert np.exp(shown["share of AM"]) == pytest.approx(0.5)
    # Along 120 rows two chords of 3 um, along 60 columns one of 12 um.
    assert np.exp(shown["mean chord of AM"]) == pytest.approx((240 * 3 + 60 * 12) / 300)
    assert np.exp(shown["direction of AM"]) - 0.02 == pytest.approx(np.log(12 / 3))
    # AM meets SE twice in 12 um of width, and void once.
    assert np.exp(shown["interface of AM and SE"]) - 1e-3 == pytest.approx(2 / 12)
    assert np.exp(shown["interface of AM and void"]) - 1e-3 == pytest.approx(1 / 12)
    turned = dict(zip(SHAPES, shapes(image.T.copy(), 0.1), strict=True))
    assert {name: pytest.approx(value) for name, value in shown.items()} == turned


def test_what_is_far_in_one_respect_is_not_called_near_for_another():
    """Others are far in the features only: what is far in its shapes alone, never seen, is unlike too."""
    generator = np.random.default_rng(1)
    learnt = generator.normal(size=(400, len(SHAPES)))
    near = generator.lognormal(-0.5, 0.2, 100), generator.normal(size=(100, len(SHAPES)))
    far = generator.lognormal(1, 0.2, 100), generator.normal(size=(100, len(SHAPES)))
    known = make_composite(learnt, near, far)
    assert (known.weights[1:] >= 0).all()
    assert np.mean(scores(known, *near) > 0) < 0.02 and np.mean(scores(known, *far) > 0) > 0.98
    words = [verdict(known, score[None]) for score in scores(known, *near)]
    assert words.count(LIKE) == 95
    strange = learnt[:1].copy()
    strange[0, 3] = 60
    both = make_composite(learnt, near, (far[0], far[1] + 9))
    assert scores(both, np.array([0.6]), strange)[0] > 0
    assert strange_shapes(both, strange) == [SHAPES[3]]


def test_the_window_in_the_middle_counts():
    generator = np.random.default_rng(1)
    learnt = generator.normal(size=(50, len(SHAPES)))
    near = np.full(10, 0.5), learnt[:10]
    known = make_composite(learnt, near, (np.full(10, 5.0), learnt[10:20] + 9))._replace(usual=-3.0)
    assert [verdict(known, np.array(at)) for at in ([-4.0], [-1.0], [1.0])] == [LIKE, EDGE, UNLIKE]
    assert verdict(known, np.array([-4.0, -4.0, 99.0])) == LIKE
