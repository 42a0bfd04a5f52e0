"""The stress on every AM particle, as readers get it: a table, a picture, circles on the page."""

import csv

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr
from PIL import Image

from assb.coloured import COLOURS, UNKNOWN, mark, save_particles
from assb.particles import COLUMNS, write_particles
from assb.prediction import predict_files


@pytest.fixture
def result():
    """Two AM particles in an image of 40 x 60 pixels of 0.1 µm; the second is cut by the right border."""
    image = np.ones((40, 60), np.uint8)
    rows, columns = np.mgrid[:40, :60] + 0.5
    x, y, radius = np.array([15.0, 55.0]), np.array([10.0, 30.0]), np.array([8.0, 9.0])
    for at, down, size in zip(x, y, radius, strict=True):
        image[np.hypot(columns - at, rows - down) <= size] = 2
    columns = {
        "x": x * 1e-7,
        "y": y * 1e-7,
        "diameter": 2 * radius * 1e-7,
        "cut": [False, True],
        "stress": [50e6, 200e6],
        "low": [20e6, 150e6],
        "high": [80e6, 262e6],
    }
    values = {f"particle_{name}": ("particle", value) for name, value in columns.items()}
    return xr.Dataset(
        {"class_image": (("y", "x"), image), **values}, attrs={"um_per_pixel": 0.1, "withheld": 0}
    )


def test_table_has_a_row_per_particle_in_readers_units(result, tmp_path):
    write_particles(result, tmp_path / "a.csv")
    with open(tmp_path / "a.csv", encoding="utf-8", newline="") as file:
        first, second = csv.DictReader(file)
    assert tuple(first) == COLUMNS
    assert tuple(first.values()) == ("1", "1.5", "1", "1.6", "50", "20", "80", "0")
    assert tuple(second.values()) == ("2", "5.5", "3", "1.8", "200", "150", "262", "1")


def test_page_draws_them_where_they_are_and_tells_their_numbers(result):
    first, second = mark(result)
    assert (first.x, first.y, first.radius) == (15, 10, 8)
    assert second.text == "200 MPa (150 to 262), diameter 1.8 µm, cut by the border"
    assert first.colour == mpl.colors.to_hex(COLOURS(0.25)) and second.colour == mpl.colors.to_hex(
        COLOURS(1.0)
    )


def test_picture_colours_each_at_its_place(result, tmp_path):
    save_particles(result, "an electrode", tmp_path / "a.png")
    picture = np.asarray(Image.open(tmp_path / "a.png").convert("RGB")).astype(int)
    # The strongest colour fills the second particle, below on the right; the first lies above on the left.
    places = []
    for share in (0.25, 1.0):
        wanted = np.round(255 * np.array(COLOURS(share)[:3]))
        hits = np.argwhere(np.abs(picture - wanted).max(axis=-1) <= 2)
        hits = hits[hits[:, 1] < 0.7 * picture.shape[1]]  # not those of the colour bar
        assert len(hits) > 1000
        places.append(np.median(hits, axis=0))
    assert places[0][0] < places[1][0] and places[0][1] < places[1][1]


def test_an_image_without_particles_is_a_table_without_rows(result, tmp_path):
    none = result.isel(particle=[])
    write_particles(none, tmp_path / "a.csv")
    save_particles(none, "void", tmp_path / "a.png")
    assert (tmp_path / "a.csv").read_text(encoding="utf-8").split() == [",".join(COLUMNS)]
    assert (tmp_path / "a.png").exists() and mark(none) == []


def test_a_table_that_would_be_two_is_refused_before_any_work(tmp_path):
    with pytest.raises(ValueError, match=r"a_particles\.csv would be the table of all images and that of"):
        predict_files([tmp_path / "a.png"], tmp_path / "a_particles.csv", None, None)


def test_particles_whose_stress_is_withheld_are_shown_and_say_so(result, tmp_path):
    nothing = {f"particle_{name}": result["particle_stress"] * np.nan for name in ("stress", "low", "high")}
    unread = result.assign(nothing).assign_attrs(withheld=1)
    write_particles(unread, tmp_path / "a.csv")
    with open(tmp_path / "a.csv", encoding="utf-8", newline="") as file:
        first, _ = csv.DictReader(file)
    assert tuple(first.values()) == ("1", "1.5", "1", "1.6", "", "", "", "0")
    assert mark(unread)[1].text == "stress withheld, diameter 1.8 µm, cut by the border"
    assert mark(unread)[0].colour == mpl.colors.to_hex(UNKNOWN)
    save_particles(unread, "an electrode", tmp_path / "a.png")
    picture = np.asarray(Image.open(tmp_path / "a.png").convert("RGB")).astype(int)
    gray = np.array([255 * c for c in mpl.colors.to_rgb(UNKNOWN)])
    assert (np.abs(picture - gray).max(axis=-1) < 3).mean() > 0.05
