"""One rendering for the table, the command, the figure and the page, of any number of targets."""

import numpy as np
import pytest
import xarray as xr
from PIL import Image

from assb.figure import mapped_targets, save_prediction
from assb.picture import Picture
from assb.rendering import render, summary, table_row
from cnn import predict
from electrode.targets import DISPLAY_UNITS, TARGETS


@pytest.fixture(scope="module")
def picture(root):
    with xr.open_dataset(root / "models/paper/samples.nc") as samples:
        return Picture(np.array([0, 255, 128], np.uint8)[samples["image"].values[3]], 0.1)


@pytest.fixture(scope="module")
def result(picture):
    return predict(*picture)


@pytest.fixture(scope="module")
def many(result):
    """The five targets and seven more, one without unit, as of an ensemble that learnt them."""
    parts = [result]
    for k, unit in enumerate(("Pa", "m", "1", "m2", "m", "Pa", "m")):
        size = 12.3 / DISPLAY_UNITS[unit].factor
        part = result.isel(target=[0])
        values = {name: part[name] * 0 + size for name in ("prediction", "low", "high", "between_windows")}
        named = {"target": [f"another_target_{k}"], "target_units": ("target", [unit])}
        parts.append(part.assign(values).assign_coords(named))
    alike = [name for name, variable in result.data_vars.items() if "target" not in variable.dims]
    joined = xr.concat([part.drop_vars(alike) for part in parts], "target")
    return joined.assign({name: result[name] for name in alike})


def test_values_are_shown_in_the_unit_of_the_table_of_targets(result):
    shown = render(result)
    assert [row.name for row in shown.rows] == list(TARGETS)
    for row, value in zip(shown.rows, result["prediction"].values, strict=True):
        target = TARGETS[row.name]
        assert (row.title, row.unit) == (target.title, target.display)
        assert row.values["prediction"] == target.display.factor * value
        assert row.texts["prediction"] == f"{target.display.factor * value:.3g}"
        assert row.inside is None and "truth" not in row.values


def test_truth_is_shown_where_it_is_known_and_held_against_the_interval(result):
    shown = render(result.assign(truth=result["high"] * xr.DataArray([1, 1.01, 1, 1, 0], dims="target")))
    assert [row.inside for row in shown.rows] == [True, False, True, True, False]
    row = table_row(shown)
    assert list(row)[:4] == [f"am_stress_mean{end}_MPa" for end in ("_dem", "", "_low", "_high")]
    assert row["reaction_area_dem_um2"] == "0"


def test_table_and_command_take_any_number_of_targets(many):
    shown = render(many)
    row = table_row(shown)
    for column in ("another_target_1{}_um", "another_target_2{}_1"):
        assert {column.format(end) for end in ("", "_low", "_high", "_between_windows")} <= set(row)
    lines = summary(shown).splitlines()
    assert len(lines) == 1 + 12 and lines[-1].split()[0] == "another_target_6"
    assert len({line.index("[") for line in lines[1:]}) == 1, "one below the other"


def test_figure_takes_any_number_of_targets(picture, many, result, tmp_path):
    few = result.isel(target=[1])
    for name, prediction in (("many", many), ("five", result), ("one", few)):
        save_prediction(picture, prediction, name, tmp_path / f"{name}.png")
    sizes = {}
    for path in tmp_path.iterdir():
        with Image.open(path) as image:
            sizes[path.stem] = image.size
    assert sizes["five"] == sizes["one"] == (2200, 1160)
    assert sizes["many"][1] > sizes["five"][1], "room for its lines"


def test_maps_shown_are_the_usual_ones_or_others():
    assert mapped_targets(TARGETS) == ["reaction_area", "se_stress_mean"]
    assert mapped_targets(["a", "se_stress_mean", "b"]) == ["se_stress_mean", "a"]
    assert mapped_targets(["a"]) == ["a"]
