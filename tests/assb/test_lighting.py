import numpy as np
import pytest
import xarray as xr
from scipy.ndimage import binary_erosion, gaussian_filter

from assb.lighting import lighting_notes
from cnn.segmentation import segment

LEVELS = np.array([40.0, 200.0, 120.0])


@pytest.fixture(scope="module")
def images(root):
    with xr.open_dataset(root / "models/paper/samples.nc") as samples:
        return samples["image"].values[[0, 8]]


def notes(gray, pixels=1):
    return lighting_notes(gray, segment(gray)[::pixels, ::pixels], pixels)


@pytest.mark.parametrize("blur, spread", [(0, 0), (0, 6), (0.5, 6), (1, 6), (1, 20)])
def test_even_pictures_are_not_warned_of(images, blur, spread):
    for image in images:
        gray = gaussian_filter(LEVELS[image], blur) + np.random.default_rng(1).normal(0, spread, image.shape)
        assert notes(gray) == []


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("pixels", [1, 2])
def test_an_uneven_background_is_named(images, axis, pixels):
    gray = LEVELS[images[0]].repeat(pixels, 0).repeat(pixels, 1)
    gray += np.random.default_rng(1).normal(0, 4, gray.shape)
    ramp = np.expand_dims(np.linspace(0, 48, len(gray)), axis)
    (note,) = notes(gray + ramp, pixels)
    # 48 of 160 gray levels.
    assert 27 <= int(note.split(" by ")[1].split(" %")[0]) <= 33 and "its background is uneven" in note


def test_bright_edges_are_named(images):
    for image in images:
        solid = image > 0
        rim = gaussian_filter(np.where(solid & ~binary_erosion(solid, iterations=1), 70.0, 0.0), 0.5)
        gray = LEVELS[image] + rim + np.random.default_rng(1).normal(0, 4, image.shape)
        assert any("its edges are bright by" in note for note in notes(gray))
