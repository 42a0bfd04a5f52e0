import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr

from analysis.figures import style
from assb.figure import _draw_input, draw_stress
from assb.picture import Picture


@pytest.mark.parametrize(("sd", "curves", "told"), [(20.0, 1, []), (-1.0, 0, ["predicted SD below 0"])])
def test_a_predicted_sd_below_zero_is_said_not_drawn(sd, curves, told):
    values = {"prediction": ("target", [1e8, 1e6 * sd]), "high": ("target", [1.1e8, 1e6 * (sd + 5)])}
    result = xr.Dataset(values, {"target": ["am_stress_mean", "am_stress_sd"]})
    axes = style.new_figure(3, 3).subplots()
    draw_stress(axes, result, "AM")
    assert len(axes.lines) == curves and [text.get_text() for text in axes.texts] == told


def test_the_matplotlibrc_of_a_user_changes_no_figure(tmp_path):
    picture = Picture(np.arange(12.0).reshape(3, 4), 0.1)

    def draw(path):
        with style.in_style():
            figure = style.new_figure(3, 2)
            axes = figure.subplots()
            _draw_input(axes, picture)
            style.save_figure(figure, [path])

    draw(tmp_path / "a.png")
    mine = {"text.usetex": True, "image.origin": "lower", "axes.grid": True, "savefig.facecolor": "red"}
    with mpl.rc_context(mine):
        draw(tmp_path / "b.png")
        assert mpl.rcParams["text.usetex"], "outside it is the user's again"
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
