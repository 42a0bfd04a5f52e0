import pytest
import xarray as xr

from analysis.figures import style
from assb.figure import draw_stress


@pytest.mark.parametrize(("sd", "curves", "told"), [(20.0, 1, []), (-1.0, 0, ["predicted SD below 0"])])
def test_a_predicted_sd_below_zero_is_said_not_drawn(sd, curves, told):
    values = {"prediction": ("target", [1e8, 1e6 * sd]), "high": ("target", [1.1e8, 1e6 * (sd + 5)])}
    result = xr.Dataset(values, {"target": ["am_stress_mean", "am_stress_sd"]})
    axes = style.new_figure(3, 3).subplots()
    draw_stress(axes, result, "AM")
    assert len(axes.lines) == curves and [text.get_text() for text in axes.texts] == told
