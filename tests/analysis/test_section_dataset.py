"""Dataset of sections: truths of packings, folds, and what is refused."""

import numpy as np
import pytest

from analysis.images import section_window
from analysis.press_dataset import build_dataset, open_dataset
from analysis.section_dataset import (
    OF_SAMPLES,
    UNDER_LOAD,
    VARIABLES,
    build_sections,
    open_sections,
)
from dem.press_study import press_cell
from transport.study import write_transport

SHARES = {"train": 0.5, "validation": 0.2, "test": 0.3}


@pytest.fixture(scope="module")
def made(tmp_path_factory, spatial_config):
    """Trajectories, samples and sections of three packings of two AM shares."""
    folder = tmp_path_factory.mktemp("sections")
    paths = []
    for am in (0.3, 0.5):
        paths.append(folder / f"am-{am:g}.h5")
        press_cell(paths[-1], spatial_config, am, [50, 200], range(3), "a1b2")
    write_transport(paths, folder / "transport.nc", spatial_config["transport"], "mine", "e5f6")
    build_dataset(paths, folder / "dataset.nc", SHARES, 3, "mine", "c3d4", folder / "transport.nc")
    settings = dict(spatial_config["sections"], targets=["se_stress_mean", "relative_density"])
    build_sections(folder / "dataset.nc", paths, folder / "sections.nc", settings, SHARES, 3, "f7a8")
    return folder, paths, settings


@pytest.fixture(scope="module")
def sections(made):
    return open_sections(made[0] / "sections.nc")


def test_every_variable_is_declared(sections):
    assert set(map(str, sections.variables)) == set(VARIABLES)
    assert sections.attrs["region"] == "packing" and sections.attrs["um_per_pixel"] == 0.05
    assert sections.attrs["code_digest"] == "f7a8 c3d4 a1b2"


def test_sections_know_their_sample(sections, made):
    samples = open_dataset(made[0] / "dataset.nc")
    assert sections.sizes["sample"] == 2 * samples.sizes["sample"]
    assert sections["image"].shape[1:] == (32, 32) and sections["stress_map"].shape[1:] == (2, 8, 8)
    for k in (0, 5, 17, 46):
        section = sections.isel(sample=k)
        sample = samples.sel(sample=str(section["pressed"].item()))
        for name in OF_SAMPLES:
            np.testing.assert_array_equal(section[name].values, sample[name].values)
        np.testing.assert_array_equal(section["split"].sel(fold="random"), sample["split"].sel(fold="random"))
        assert section["label"].sel(target="relative_density") == sample["relative_density"]
        floor, piston = 0.0, float(sample["height"])
        if section["orientation"] == "across":
            assert floor + 1e-7 <= section["depth"] <= piston - 1e-7


def test_stress_is_known_under_load_only(sections):
    loaded = np.isnan(sections["unloaded_to"].values)
    stress = sections["label"].sel(target="se_stress_mean").values
    assert "se_stress_mean" in UNDER_LOAD and 0 < loaded.sum() < loaded.size
    np.testing.assert_array_equal(np.isfinite(stress), loaded)
    assert np.isfinite(sections["label"].sel(target="relative_density")).all()


def test_the_stress_map_is_that_of_the_spheres_shown(sections):
    """Where a phase is shown there is stress under load, elsewhere none."""
    section = sections.isel(sample=int(np.flatnonzero(np.isnan(sections["unloaded_to"].values))[-1]))
    blocks = section["image"].values.reshape(8, 4, 8, 4)
    for number, phase in ((1, "SE"), (2, "AM")):
        shown = (blocks == number).any(axis=(1, 3))
        stress = section["stress_map"].sel(phase=phase).values
        assert (stress[~shown] == 0).all() and (stress >= 0).all()


def test_the_same_sections_come_again(sections, made, tmp_path):
    folder, paths, settings = made
    build_sections(folder / "dataset.nc", paths[::-1], tmp_path / "again.nc", settings, SHARES, 3, "f7a8")
    again = open_sections(tmp_path / "again.nc").sel(sample=sections["sample"])
    np.testing.assert_array_equal(again["image"], sections["image"])


def test_targets_that_cannot_be_learnt_are_refused(made, tmp_path):
    folder, paths, settings = made
    for name, problem in (("se_percolates", "must differ between samples"),):
        wrong = dict(settings, targets=[name])
        with pytest.raises(ValueError, match=f"sections.targets: {name} {problem}"):
            build_sections(folder / "dataset.nc", paths, tmp_path / "no.nc", wrong, SHARES, 3, "x")
    assert not list(tmp_path.iterdir())


def test_a_section_that_does_not_fit_leaves_nothing(made, tmp_path):
    folder, paths, settings = made
    with pytest.raises(ValueError, match=r"sections.side_um must leave sections.margin_um = 0.1 um"):
        build_sections(
            folder / "dataset.nc", paths, tmp_path / "no.nc", dict(settings, side_um=4.8), SHARES, 3, "x"
        )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            {"side_um": 1.5},
            "sections.side_um must be a whole number of cells of sections.stress_cell_um = 0.2",
        ),
        ({"stress_cell_um": 0.12}, "sections.stress_cell_um must be a whole number of pixels"),
    ],
)
def test_frames_are_whole_cells(wrong, message):
    settings = {"side_um": 1.6, "um_per_pixel": 0.05, "stress_cell_um": 0.2}
    assert section_window(settings).cell == 4
    with pytest.raises(ValueError, match=message):
        section_window(settings | wrong)


def test_a_file_of_another_kind_is_refused(made):
    with pytest.raises(ValueError, match=r"dataset.nc cannot be read as a dataset of sections"):
        open_sections(made[0] / "dataset.nc")
