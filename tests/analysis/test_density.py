import itertools

import numpy as np
import pytest
import xarray as xr

from analysis.figures import density, style
from analysis.figures.density import PUBLISHED, curve, draw_variable

NAN = float("nan")


def packings(shares=(0.0, 0.5), pressures=(100e6, 600e6), back=(NAN, 0.0)):
    """Two packings per setting that differ by 0.02; let back each is 0.05 less dense."""
    rows = []
    for share, pressure, unloaded, replicate in itertools.product(shares, pressures, back, (0, 1)):
        dense = 0.6 + 0.05 * np.log2(pressure / 100e6) - 0.1 * share + 0.02 * replicate
        covered = 0.4 * pressure / 600e6 if share else NAN
        rows.append(
            {
                "am_volume_fraction": share,
                "pressure": pressure,
                "unloaded_to": unloaded,
                "relative_density": dense - (0 if np.isnan(unloaded) else 0.05),
                "am_coverage": covered,
                "specific_interface_area": 1e5 * share,
            }
        )
    return xr.Dataset({name: ("sample", [row[name] for row in rows]) for name in rows[0]})


@pytest.fixture
def axes():
    return style.new_figure(3, 3).subplots()


def drawn(axes, linestyle):
    """Lines through the means, in the order of drawing."""
    return [
        bars[0]
        for bars in axes.containers
        if bars[0].get_linestyle() == linestyle and bars[0].get_xdata().size > 1
    ]


def test_a_curve_is_mean_and_deviation_over_the_packings():
    loaded = curve(packings(), "relative_density", 0.5, None)
    np.testing.assert_allclose(loaded.pressure, [100, 600])
    np.testing.assert_allclose(loaded.mean, [0.56, 0.56 + 0.05 * np.log2(6)])
    np.testing.assert_allclose(loaded.deviation, 0.01)
    let_back = curve(packings(), "relative_density", 0.5, 0.0)
    np.testing.assert_allclose(let_back.mean, loaded.mean - 0.05)


def test_a_line_per_am_share_under_load_and_let_back(axes):
    draw_variable(axes, packings(), "relative_density")
    full, dashed = drawn(axes, "-"), drawn(axes, "--")
    assert len(full) == len(dashed) == 2
    for under_load, let_back in zip(full, dashed, strict=True):
        np.testing.assert_allclose(under_load.get_ydata() - let_back.get_ydata(), 0.05)
        assert under_load.get_color() == let_back.get_color()
    assert full[0].get_color() != full[1].get_color()


def test_published_points_are_those_of_the_shares_of_the_study(axes):
    draw_variable(axes, packings(), "relative_density")
    points = {
        (float(bars[0].get_xdata()[0]), float(bars[0].get_ydata()[0]), bars[0].get_color())
        for bars in axes.containers
        if bars[0].get_xdata().size == 1
    }
    colours = [line.get_color() for line in drawn(axes, "-")]
    expected = {
        (point.pressure, point.value, colours[[0, 0.5].index(point.am_volume_fraction)])
        for point in PUBLISHED
        if point.variable == "relative_density" and point.am_volume_fraction in (0, 0.5)
    }
    assert points == expected and len(expected) == 9


def test_pure_electrolyte_has_no_coverage(axes):
    draw_variable(axes, packings(), "am_coverage")
    assert len(drawn(axes, "-")) == 1, "that of the composite"
    bare = style.new_figure(3, 3).subplots()
    draw_variable(bare, packings(shares=(0.0,)), "am_coverage")
    assert not bare.containers and "no AM" in bare.texts[0].get_text()


def test_a_study_that_does_not_unload_has_no_dashed_lines(axes):
    draw_variable(axes, packings(back=(NAN,)), "relative_density")
    assert len(drawn(axes, "-")) == 2 and not drawn(axes, "--")


def test_of_several_states_let_back_the_least_is_drawn(axes):
    dataset = packings(back=(NAN, 5e6, 50e6))
    draw_variable(axes, dataset, "relative_density")
    assert len(drawn(axes, "--")) == 2
    expected = curve(dataset, "relative_density", 0.0, 5e6)
    np.testing.assert_allclose(drawn(axes, "--")[0].get_ydata(), expected.mean)


def test_the_interface_is_told_per_micrometre(axes):
    draw_variable(axes, packings(), "specific_interface_area")
    np.testing.assert_allclose(drawn(axes, "-")[1].get_ydata(), 0.05)


def test_the_figure_is_drawn_the_same_each_time_and_names_what_is_in_it(tmp_path, monkeypatch):
    packings().to_netcdf(tmp_path / "dataset.nc", engine="h5netcdf")
    first, second = ([tmp_path / f"{k}.png", tmp_path / f"{k}.pdf"] for k in "ab")
    density.save(tmp_path / "dataset.nc", first)
    density.save(tmp_path / "dataset.nc", second)
    for once, again in zip(first, second, strict=True):
        assert once.read_bytes() == again.read_bytes()
    figures = []
    monkeypatch.setattr(style, "save_figure", lambda figure, outputs: figures.append(figure))
    density.save(tmp_path / "dataset.nc", [])
    (legend,) = figures[0].legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "AM 0 % of the solids",
        "AM 50 % of the solids",
        "let back to 0 MPa",
        density.SAKUDA,
        density.SO_2021,
        density.SO_2022,
    ]


@pytest.mark.parametrize("missing", ["unloaded_to", "am_coverage"])
def test_missing_variables_are_named_with_their_file(tmp_path, missing):
    packings().drop_vars(missing).to_netcdf(tmp_path / "dataset.nc", engine="h5netcdf")
    with pytest.raises(ValueError, match=rf"dataset\.nc.*{missing}"):
        density.save(tmp_path / "dataset.nc", [tmp_path / "out.png"])
    assert not (tmp_path / "out.png").exists()
