"""Gaussian processes over samples of packings: what they find again, where they end, and what is proposed."""

import numpy as np
import pytest
from matplotlib.image import imread
from scipy.optimize import check_grad
from sklearn.gaussian_process.kernels import ConstantKernel

from analysis.dataset import write_netcdf
from analysis.design import Design, Setting, read_samples
from analysis.design.packing_noise import OfSettings, PackingNoise
from analysis.design.process import Process
from analysis.design.proposal import _told_apart, candidates, check_quantity, parse_constraint, propose
from analysis.design.samples import (
    LOGARITHM,
    LOGIT,
    PLAIN,
    QUANTITIES,
    Quantity,
    Samples,
    deal_packings,
    quantities_of,
)
from analysis.design.scores import held_out, score
from analysis.design.settings import SETTINGS, Region
from analysis.figures import design as maps
from analysis.figures import pareto, style
from analysis.press_dataset import open_dataset
from electrode.targets import Target

SHARES, PRESSURES = (0.3, 0.4, 0.5, 0.6, 0.7), (25e6, 100e6, 400e6)


def settings_of(packings, rng, shares=SHARES):
    """Settings and numbers of packings, each under all pressures."""
    share = np.repeat(shares, packings)
    size = rng.uniform(3e-6, 4.5e-6, share.size)
    # Corners, so that all sizes lie between samples.
    size[::packings], size[1::packings] = 3e-6, 4.5e-6
    settings = [[a, d, p] for a, d in zip(share, size, strict=True) for p in PRESSURES]
    return np.array(settings), np.repeat(np.arange(share.size), len(PRESSURES))


def truth(settings):
    """Smooth, rising with pressure, highest inside of the AM shares."""
    share, size, pressure = settings.T
    return 2 - 20 * (share - 0.55) ** 2 - 0.2 * (1e6 * size - 3) + 0.3 * np.log(pressure / 1e8)


def measured(rng, packings=14, spread=0.1, shared=0.7):
    """Samples of the truth; packings differ by `spread`, of which a part is common to their samples."""
    settings, packing = settings_of(packings, rng)
    common = rng.normal(size=packing.max() + 1)[packing]
    noise = np.sqrt(shared) * common + np.sqrt(1 - shared) * rng.normal(size=packing.size)
    return settings, packing, truth(settings) + spread * noise


def samples_of(settings, packing, **values):
    return Samples(settings, packing, values, None)


@pytest.fixture(scope="module")
def known():
    """A process of the truth, and its samples."""
    settings, packing, values = measured(np.random.default_rng(4))
    samples = samples_of(settings, packing, y=values)
    quantity = Quantity(Target("1", "y", lowest=-np.inf), PLAIN, None)
    return Process(quantity, samples, values), samples


def test_a_known_function_is_found_again_with_its_intervals(known):
    process, _ = known
    rng = np.random.default_rng(5)
    asked = np.stack(
        [rng.uniform(0.3, 0.7, 300), rng.uniform(3e-6, 4.5e-6, 300), np.exp(rng.uniform(17.1, 19.7, 300))],
        axis=1,
    )
    predicted = process(asked)
    assert score(truth(asked), predicted.value, *predicted.mean_interval).r2 > 0.95
    # Errors of one fit are alike all over the map.
    error = (predicted.value - truth(asked)) / predicted.of_mean
    assert 0.4 < np.sqrt(np.mean(error**2)) < 2
    fresh = truth(asked) + 0.1 * rng.normal(size=300)
    low, high = predicted.interval
    assert 0.84 < np.mean((low <= fresh) & (fresh <= high)) < 0.97
    assert np.median(high - low) == pytest.approx(2 * 1.645 * 0.1, rel=0.25)


def test_what_samples_of_a_packing_share_is_told_from_the_rest(known):
    process, samples = known
    assert process.noise.shared == pytest.approx(0.7, abs=0.2)
    # Taken as independent, the same samples would seem to know the mean better than they do.
    values = samples.values["y"]
    alone = Process(process.quantity, samples._replace(packing=np.arange(values.size)), values)
    middle = np.array([[0.5, 3.7e-6, 1e8]])
    assert alone(middle).of_mean < 0.95 * process(middle).of_mean
    assert alone(middle).value == pytest.approx(process(middle).value, abs=0.1)


def test_the_length_scale_tells_what_matters():
    settings, packing = settings_of(6, np.random.default_rng(1))
    values = np.sin(8 * settings[:, 0]) + 0.01 * np.random.default_rng(2).normal(size=packing.size)
    process = Process(
        Quantity(Target("1", "y", lowest=-2), PLAIN, None), samples_of(settings, packing), values
    )
    share, size, pressure = process.length_scales
    assert share < size / 3 and share < pressure / 3


def test_gradients_of_the_kernels_are_those_of_differences(known):
    settings, packing = settings_of(3, np.random.default_rng(3), shares=(0.3, 0.5))
    rows = np.column_stack([Region(settings).scaled(settings), np.full(packing.size, 0.3), packing])
    kernel = ConstantKernel(2.0) * OfSettings([0.5, 1.0, 2.0], nu=2.5) + PackingNoise(0.8, 0.4)
    some = np.random.default_rng(0).normal(size=packing.size)

    def value(theta):
        return some @ kernel.clone_with_theta(theta)(rows) @ some

    def gradient(theta):
        _, found = kernel.clone_with_theta(theta)(rows, eval_gradient=True)
        return np.einsum("i,ijk,j->k", some, found, some)

    assert check_grad(value, gradient, kernel.theta) < 1e-4 * abs(value(kernel.theta))
    np.testing.assert_allclose(kernel.diag(rows), np.diag(kernel(rows)))
    assert not PackingNoise().is_stationary()


def test_all_samples_of_a_packing_are_in_one_fold_and_shares_are_dealt_evenly():
    settings, packing = settings_of(10, np.random.default_rng(0))
    folds = deal_packings(samples_of(settings, packing), 5, seed=1)
    assert all(np.unique(folds[packing == one]).size == 1 for one in np.unique(packing))
    for share in SHARES:
        assert np.bincount(folds[settings[:, 0] == share]).tolist() == [2 * len(PRESSURES)] * 5


def test_packings_left_out_lie_in_their_intervals(monkeypatch):
    rng = np.random.default_rng(8)
    settings, packing, values = measured(rng, packings=10)
    monkeypatch.setitem(QUANTITIES, "y", Quantity(Target("1", "y"), LOGARITHM, None))
    samples = samples_of(settings, packing, y=np.where(values > 1, values, 0))
    number, *columns = held_out(samples, "y", deal_packings(samples, 3, seed=0), range(3))
    found = score(*columns)
    # What is 0 has no logarithm: it is not judged.
    assert found.samples == np.count_nonzero(values > 1) == np.unique(number).size
    assert found.coverage > 0.85 and found.r2 > 0.6


def test_shares_near_their_ends_are_not_told_apart():
    settings, packing = settings_of(6, np.random.default_rng(1))
    values = np.where(settings[:, 0] > 0.45, 1.0, 0.6) - 0.02 * np.random.default_rng(2).random(packing.size)
    values[settings[:, 0] > 0.55] = 1.0
    process = Process(QUANTITIES["am_utilisation"], samples_of(settings, packing), values)
    full, partial = process(np.array([[0.65, 3.5e-6, 1e8], [0.35, 3.5e-6, 1e8]])).interval
    assert full[0] < 1 and partial[0] == 1
    assert full[1] < 0.59 < partial[1] < 1
    assert LOGIT.along(1.0) == LOGIT.along(0.999) and LOGIT.back(LOGIT.along(0.6)) == pytest.approx(0.6)


def test_outside_of_the_samples_nothing_is_told():
    settings, _packing = settings_of(3, np.random.default_rng(0), shares=(0.3, 0.7))
    region = Region(settings)
    region.check(Setting(0.5, 3.7e-6, 1e8))
    for setting, problem in (
        (
            Setting(0.75, 3.7e-6, 1e8),
            r"am_volume_fraction must be in \[0.3, 0.7\], where there are samples, got 0.75",
        ),
        (Setting(0.5, 5e-6, 1e8), r"am_mean_diameter must be in \[3 µm, 4.5 µm\].*got 5 µm"),
        (Setting(0.5, 3.7e-6, 1e9), r"pressure must be in \[25 MPa, 400 MPa\].*got 1000 MPa"),
    ):
        with pytest.raises(ValueError, match=problem):
            region.check(setting)
    slim = Region(
        np.array([[a, d, p] for a, d in ((0.3, 3e-6), (0.7, 4e-6), (0.5, 3.4e-6)) for p in PRESSURES])
    )
    with pytest.raises(
        ValueError, match="no samples around AM 30 % of the solids, 4 µm in the mean, 100 MPa"
    ):
        slim.check(Setting(0.3, 4e-6, 1e8))
    with pytest.raises(ValueError, match="two values of pressure at least, all samples have 100 MPa"):
        Region(settings[settings[:, 2] == 1e8])
    with pytest.raises(ValueError, match="needs samples of AM with SE, there are none"):
        Region(settings[:0])
    flat = settings.copy()
    flat[:, 1] = 1e-6 * (3 + flat[:, 0])
    with pytest.raises(ValueError, match="AM of several sizes in two AM shares"):
        Region(flat)


def test_too_few_packings_are_refused():
    settings, packing = settings_of(2, np.random.default_rng(0))
    with pytest.raises(ValueError, match="needs four packings of an AM share"):
        Process(QUANTITIES["relative_density"], samples_of(settings, packing), truth(settings))


@pytest.fixture(scope="module")
def few(root, tmp_path_factory):
    """Four packings of three AM shares of the study in space, as many as the demo has."""
    dataset = open_dataset(root / "docs/spatial/dataset.nc")
    chosen = dataset["am_volume_fraction"].isin([0.3, 0.5, 0.7]) & (dataset["replicate"] < 4)
    path = tmp_path_factory.mktemp("few") / "dataset.nc"
    write_netcdf(dataset.isel(sample=np.flatnonzero(chosen)), path)
    return path


@pytest.fixture(scope="module")
def design(few):
    return Design(read_samples(few))


def test_samples_are_those_of_one_state(few):
    samples = read_samples(few)
    assert samples.settings.shape == (3 * 4 * 6, 3) and samples.let_go_to is None
    capacity = samples.values["reachable_capacity"]
    assert capacity.min() > 0 and capacity.max() < 0.7
    expected = samples.settings[:, 0] * samples.values["relative_density"] * samples.values["am_utilisation"]
    np.testing.assert_allclose(capacity, expected)
    let_go = read_samples(few, let_go=True)
    assert let_go.let_go_to == 0 and set(let_go.settings[:, 2]) == {400e6, 600e6}


def test_shares_are_not_above_one_by_rounding():
    found = quantities_of({name: np.array([1 + 3e-16]) for name in (*QUANTITIES, "am_volume_fraction")})
    assert found["am_utilisation"] == 1 == found["reachable_capacity"] and found["relative_density"] > 1


def test_datasets_without_conduction_or_unloading_are_refused(few, tmp_path):
    dataset = open_dataset(few)
    write_netcdf(dataset.isel(sample=np.isnan(dataset["unloaded_to"].values)), tmp_path / "loaded.nc")
    with pytest.raises(ValueError, match=r"loaded.nc holds no samples that are let go"):
        read_samples(tmp_path / "loaded.nc", let_go=True)
    lacking = dataset.drop_vars([name for name in dataset if "conduct" in str(name)])
    write_netcdf(lacking, tmp_path / "none.nc")
    with pytest.raises(ValueError, match="it needs the step transport"):
        read_samples(tmp_path / "none.nc")


def test_what_does_not_percolate_is_left_out_and_counted(few):
    samples = read_samples(few)
    samples.values["ionic_conductivity"][samples.packing == samples.packing[-1]] = 0
    design = Design(samples, ["ionic_conductivity"])
    assert design.not_percolating(Setting(0.7, 3.7e-6, 400e6))[0] > 0
    assert design.not_percolating(Setting(0.3, 3.7e-6, 400e6)) == (0, 20)
    (predicted,) = design(Setting(0.7, 3.7e-6, 400e6)).values()
    assert predicted.interval[0][0] > 0


@pytest.mark.parametrize(
    ("text", "name", "at_least", "value"),
    [
        ("am_utilisation >= 0.9", "am_utilisation", True, 0.9),
        ("pressure<=400", "pressure", False, 400e6),
        ("pressure ≤ 4e2 MPa", "pressure", False, 400e6),
        ("specific_interface_area >= 0.2 1/um", "specific_interface_area", True, 0.2e6),
        ("ionic_conductivity >= 0.05 mS/cm", "ionic_conductivity", True, 0.005),
    ],
)
def test_constraints_are_read_in_shown_units(text, name, at_least, value):
    found = parse_constraint(text)
    assert found[:2] == (name, at_least) and found.value == pytest.approx(value)
    assert parse_constraint(str(found)) == pytest.approx(found) or parse_constraint(str(found)) == found


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "am_utilisation = 0.9",
            "reads 'QUANTITY >= VALUE' or 'QUANTITY <= VALUE', got 'am_utilisation = 0.9'",
        ),
        ("utilisation >= 0.9", "no quantity 'utilisation'; those known are specific_interface_area"),
        ("pressure <= 4 GPa", r"pressure is in \[MPa\], got 'GPa'"),
        ("pressure <= high", "must be a finite number, got 'high'"),
        ("pressure <= nan", "must be a finite number, got 'nan'"),
    ],
)
def test_constraints_that_cannot_be_read_are_refused(text, problem):
    with pytest.raises(ValueError, match=problem):
        parse_constraint(text)


def test_what_is_maximised_is_a_quantity():
    assert check_quantity("am_utilisation") == "am_utilisation"
    with pytest.raises(ValueError, match=r"no quantity 'pressure'; those known are .*relative_density \[1\]"):
        check_quantity("pressure")


def test_the_proposal_is_the_best_that_meets_the_constraints(design):
    bounds = [parse_constraint("ionic_conductivity >= 0.05"), parse_constraint("pressure <= 333")]
    found = propose(design, "reachable_capacity", bounds)
    assert found.setting.pressure == pytest.approx(333e6)
    tried = candidates(design, bounds)
    conducts = design.processes["ionic_conductivity"](tried).value
    reached = design.processes["reachable_capacity"](tried).value
    best = reached[(conducts >= 0.005) & (tried[:, 2] <= 333e6)].max()
    assert found.predicted["reachable_capacity"].value[0] == pytest.approx(best)
    assert found.predicted["ionic_conductivity"].value[0] >= 0.005
    assert list(found.chances) == bounds[:1] and found.chances[bounds[0]] >= 0.5
    surely = propose(design, "reachable_capacity", bounds, probability=0.95)
    assert surely.chances[bounds[0]] >= 0.95
    assert surely.predicted["reachable_capacity"].value[0] < best
    loose = parse_constraint("relative_density <= 0.85")
    at_most = propose(design, "ionic_conductivity", [loose], 0.9)
    assert at_most.chances[loose] >= 0.9 and at_most.predicted["relative_density"].value[0] < 0.85


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("am_utilisation >= 1", 0.997),
        ("am_utilisation <= 0", 0.003),
        ("am_utilisation >= 0.9", 0.9),
        ("relative_density >= 1", 1.0),
        ("am_volume_fraction >= 0.7", 0.7),
    ],
)
def test_bounds_are_no_nearer_to_an_end_than_values_are_told_apart(text, value):
    assert _told_apart(parse_constraint(text)) == pytest.approx(value)


def test_constraints_that_cannot_be_met_say_what_comes_nearest(design):
    ask = [parse_constraint("ionic_conductivity >= 5")]
    with pytest.raises(
        ValueError,
        match=r"no setting has ionic_conductivity >= 5 mS/cm; the nearest is 0\.1\d+ mS/cm, of AM 3",
    ):
        propose(design, "am_utilisation", ask)
    ask = [parse_constraint("ionic_conductivity >= 0.1"), parse_constraint("reachable_capacity >= 0.6")]
    with pytest.raises(
        ValueError, match=r">= 0.6 together with a probability of 0.9; the nearest has ionic_cond"
    ):
        propose(design, "am_utilisation", ask, 0.9)
    with pytest.raises(ValueError, match=r"the probability must be in \(0, 1\), got 1"):
        propose(design, "am_utilisation", ask, 1.0)


def test_the_front_holds_what_nothing_exceeds_in_both():
    across, up = np.array([1, 2, 2, 3, 0.5]), np.array([5, 4, 3, 1, 5])
    assert pareto.front_of(across, up).tolist() == [0, 1, 3]


def test_maps_are_drawn_of_few_packings(few, tmp_path):
    maps.save(few, [tmp_path / "maps.png"])
    pixels = imread(tmp_path / "maps.png")
    assert pixels.shape[1] >= 9 * style.DPI and pixels.std() > 0.05, "not an empty sheet"


@pytest.mark.parametrize(("upward", "held"), [("pressure", 3.7e-6), ("am_mean_diameter", 400e6)])
def test_labels_of_lines_are_whole_and_where_there_are_samples(design, upward, held):
    drawn = maps.Map(design, upward, held)
    axes = style.new_figure(3, 3).subplots()
    # It falls from the left to the right, where the last line is along the edge.
    falling = np.tile(np.linspace(7.0, 0.98, maps.RESOLUTION), (maps.RESOLUTION, 1))
    maps.draw_map(axes, drawn, falling, "viridis")
    labels = axes.texts
    highest = max(patch.get_zorder() for patch in axes.collections)
    assert "1" in [label.get_text() for label in labels]
    for label in labels:
        assert not label.get_clip_on() and label.get_zorder() > highest
        assert drawn.has_samples_at(*label.get_position())
    low, high = design.region.lowest, design.region.highest
    unit = SETTINGS[upward].display
    middle = unit.factor * (low[drawn.row] + high[drawn.row]) / 2
    assert drawn.has_samples_at((low[0] + high[0]) / 2, middle)
    assert not drawn.has_samples_at(low[0] - 0.01, middle)


def test_fronts_are_drawn_the_same_each_time(few, tmp_path):
    for name in "ab":
        pareto.save(few, [tmp_path / f"{name}.png"])
    drawn = (tmp_path / "a.png").read_bytes()
    assert imread(tmp_path / "a.png").std() > 0.05 and drawn == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize("figure", [maps, pareto])
def test_figures_of_too_few_samples_say_so(few, tmp_path, figure, monkeypatch):
    dataset = open_dataset(few)
    write_netcdf(dataset.isel(sample=dataset["am_volume_fraction"].values == 0.5), tmp_path / "one.nc")
    told = []
    monkeypatch.setattr("analysis.figures.style.no_data", lambda axes, what: told.append(what))
    figure.save(tmp_path / "one.nc", [tmp_path / "one.png"])
    assert told == ["a design map needs two values of am_volume_fraction at least, all samples have 0.5"]
