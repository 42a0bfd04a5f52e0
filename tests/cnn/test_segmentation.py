import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from cnn.segmentation import noise, segment

GRAY = np.array([0, 255, 128], np.uint8)  # of void, SE and AM


@pytest.fixture(scope="module")
def image(structures):
    """Class image of a compressed electrode; one part in ten of it is void, in pores of few pixels."""
    return structures[0]


def test_three_gray_levels_are_three_phases(image):
    np.testing.assert_array_equal(segment(GRAY[image]), image)
    np.testing.assert_array_equal(segment(GRAY.astype(np.uint16)[image] * 200 + 7), image)


@pytest.mark.parametrize("order", [("void", "AM", "SE"), ("void", "SE", "AM"), ("AM", "SE", "void")])
def test_order_of_brightness_is_an_option(image, order):
    level = {name: 50 * place for place, name in enumerate(order)}
    gray = np.array([level["void"], level["SE"], level["AM"]])[image]
    np.testing.assert_array_equal(segment(gray, order), image)


@pytest.mark.parametrize("sd, right", [(5, 0.999), (20, 0.99), (40, 0.95)])
def test_noise_is_smoothed_as_far_as_there_is_any(image, sd, right):
    gray = GRAY[image] + np.random.default_rng(1).normal(0, sd, image.shape)
    assert (segment(gray) == image).mean() > right


def test_rare_void_is_found_under_blur(image):
    """Otsu's thresholds of the plain histogram part AM in two here: void comes out at 38 %."""
    parted = segment(gaussian_filter(GRAY[image].astype(float), 2))
    assert (parted == image).mean() > 0.8
    assert abs((parted == 0).mean() - (image == 0).mean()) < 0.08


def test_brightness_and_contrast_do_not_matter(image):
    gray = GRAY[image] + np.random.default_rng(1).normal(0, 10, image.shape)
    hot = 1000 + 3 * gray
    hot[5, 5] = 65535
    assert (segment(hot) == segment(gray)).mean() > 0.999


def test_thresholds_can_be_given(image):
    gray = GRAY[image] + np.random.default_rng(1).normal(0, 3, image.shape)
    assert (segment(gray, thresholds=(64, 192)) == image).mean() > 0.999
    ramp = np.tile(np.arange(256.0), (20, 1))
    parts = segment(ramp, thresholds=(100, 200))[10]
    assert parts.tolist() == [0] * 100 + [2] * 100 + [1] * 56


@pytest.mark.parametrize("sd", [0, 4, 16])
def test_noise_is_measured(sd):
    ramp = np.add.outer(np.arange(200.0), np.arange(200.0))
    assert noise(ramp + np.random.default_rng(1).normal(0, sd, ramp.shape)) == pytest.approx(sd, rel=0.05)


@pytest.mark.parametrize(
    "gray, options, message",
    [
        (np.full((50, 50), 7), {}, "it shows a single gray level"),
        (np.eye(50), {}, "it shows two gray levels only; AM, SE and void make three"),
        (np.zeros((2, 2, 2)), {}, r"must be real numbers \[rows, columns\], got float64 \(2, 2, 2\)"),
        (np.full((5, 5), np.nan), {}, "gray values must be finite"),
        (
            np.eye(5),
            {"brightness": ("void", "AM")},
            "must name void, SE, AM from dark to bright, got void, AM",
        ),
        (
            np.arange(25.0).reshape(5, 5),
            {"thresholds": (9, 3)},
            "thresholds must be two that ascend, got 9, 3",
        ),
        (np.arange(25.0).reshape(5, 5), {"thresholds": (3,)}, "thresholds must be two that ascend, got 3"),
        (np.arange(25.0).reshape(5, 5), {"thresholds": (-9, 3)}, "its segmentation shows no void"),
    ],
)
def test_what_does_not_part_in_three_is_refused(gray, options, message):
    with pytest.raises(ValueError, match=message):
        segment(gray, **options)


@pytest.mark.parametrize(
    "dtype, step", [("uint32", 2**24), ("int64", 2**54), ("uint64", 2**56), ("float64", 1e30)]
)
def test_gray_values_of_any_size_are_parted_alike(dtype, step):
    """Values that differ by less than single floats of their size do."""
    plain = np.repeat([10, 11, 100, 101, 200, 201], 600).reshape(60, 60)
    gray = (plain.astype(dtype) * np.dtype(dtype).type(step)).astype(dtype)
    np.testing.assert_array_equal(segment(gray), segment(plain))
    thresholds = 50.5 * float(step), 150.5 * float(step)
    np.testing.assert_array_equal(
        segment(gray, thresholds=thresholds), segment(plain, thresholds=(50.5, 150.5))
    )
    far = plain.astype(np.uint32) + np.uint32(2**31)
    np.testing.assert_array_equal(segment(far), segment(plain))
    for half in (np.float16, np.int16):
        np.testing.assert_array_equal(segment(plain.astype(half)), segment(plain))
