"""Figures of a packing and its export, on a trajectory made by hand."""

from itertools import pairwise

import h5py
import numpy as np
import pytest
import yaml
from matplotlib.colors import Normalize, to_rgb
from matplotlib.image import imread
from PIL import Image

from analysis.__main__ import main
from analysis.figures import packing, press, spheres, style
from analysis.view import read_scenes
from dem.filling.spatial import Packing
from dem.measure.stress import ContactList
from dem.press_study import sample_name
from dem.state import SpatialFrame
from dem.trajectory import Compressed, open_trajectory, write_structure
from electrode.species import AM, SE
from electrode.structures import presses, read_packings, read_structures

WIDTH, HEIGHT = 6e-6, 8e-6
RADIUS = np.array([1.5, 1.5, 0.5, 0.5, 0.5]) * 1e-6
SPECIES = np.array([AM, AM, SE, SE, SE], np.int8)
# Two AM that touch, an SE on the first, two SE that touch through the periodic faces x.
START = np.array([[3, 3, 1.5], [3, 3, 4.4], [3, 1.05, 1.5], [0.3, 5, 1], [5.8, 5, 1]]) * 1e-6
# i, j, normal force [N]: the last is the piston.
CONTACTS = ((0, 1, 8e-3), (0, 2, 4e-3), (3, 4, 5e-3), (2, 3, 1e-4), (1, -2, 9e-3))
PACKING = "am-0.5_replicate-000"
# Pressure, let back to [MPa], time [us] of each frame, and piston there [um].
SAMPLES = (
    (50, None, (0.0, 1.0, 2.0), (8.0, 7.0, 6.5)),
    (50, 0, (2.5,), (6.7,)),
    (200, None, (3.0, 4.0), (6.2, 6.0)),
    (200, 0, (5.0,), (6.3,)),
)


def frame_at(time, piston, pressure):
    """All spheres sink as the piston does; contact pressure is pressure x (1, 2, 3, 4, 5)."""
    position = START * [1, 1, piston / 8]
    loads = np.arange(1.0, 6) * pressure
    return SpatialFrame(
        step=round(1e3 * time),
        time=1e-6 * time,
        position=position,
        contact_pressure=loads,
        stress_tensor=loads[:, None, None] * np.eye(3),
        wall_position=np.array([0, 1e-6 * piston]),
        wall_force=pressure * WIDTH**2 * np.array([-1.0, 1]),
        wall_work=0.0,
        kinetic_energy=0.0,
        elastic_energy=0.0,
        dissipated_work=0.0,
        pressure=pressure,
        relative_density=3.2 / piston,
        solid_volume_fraction=3.2 / piston,
        coordination_number=np.ones((2, 2)),
        specific_interface_area=0.0,
        am_coverage=0.0,
    )


@pytest.fixture(scope="module")
def trajectory_file(tmp_path_factory, root):
    config = yaml.safe_load((root / "config/config.yaml").read_text(encoding="utf-8"))
    config["geometry"] = "spatial"
    i, j, force = (np.array(column) for column in zip(*CONTACTS, strict=True))
    nothing = np.zeros(len(CONTACTS))
    contacts = ContactList(
        i.astype(np.int32),
        j.astype(np.int32),
        nothing,
        force,
        nothing,
        nothing,
        nothing,
        nothing,
        np.zeros((len(CONTACTS), 3)),
    )
    filled = Packing(START, RADIUS, SPECIES, WIDTH, HEIGHT, True)
    path = tmp_path_factory.mktemp("packings") / "example.h5"
    with open_trajectory(path, config, "code") as file:
        for pressure, back, times, pistons in SAMPLES:
            drawn = {"packing": PACKING, "pressure_Pa": 1e6 * pressure}
            unloaded = None if back is None else 1e6 * back
            if back is not None:
                drawn["unloaded_to_Pa"] = unloaded
            frames = [
                frame_at(time, piston, 1e6 * pressure * (k + 1) / len(times) if back is None else 0.0)
                for k, (time, piston) in enumerate(zip(times, pistons, strict=True))
            ]
            name = sample_name(PACKING, 1e6 * pressure, unloaded)
            write_structure(file, Compressed(name, drawn, filled, frames, contacts))
    return path


@pytest.fixture
def samples(trajectory_file):
    return presses(read_packings(trajectory_file))[PACKING]


def test_a_press_is_the_loaded_samples_in_order_of_time(samples):
    assert [sample.drawn["pressure_Pa"] for sample in samples] == [50e6, 200e6], "not that of their names"


@pytest.fixture
def axes():
    return style.new_figure(3, 3).subplots()


def test_chains_are_the_strong_contacts_within_the_box(samples, axes):
    """Mean of the four between spheres: 4.275 mN; the one of 5 mN goes through the periodic faces."""
    ends, force = packing.chain_links(samples[-1])
    np.testing.assert_allclose(force, [8e-3])
    np.testing.assert_allclose(ends[0], samples[-1].position[-1][:2])
    lines = packing.draw_chains(axes, samples[-1])
    expected = 1e6 * spheres.Camera().project(ends)
    np.testing.assert_allclose(lines.get_segments(), expected)
    np.testing.assert_allclose(lines.get_array(), [8.0])
    assert lines.get_linewidths() == [packing.STRONGEST_WIDTH]


def test_width_and_colour_of_chains_tell_the_force(samples, axes):
    forces = np.array([8e-3, 6e-3, 5e-3, 1e-4, 9e-3])
    samples[-1].contacts["normal_force"][:] = forces
    lines = packing.draw_chains(axes, samples[-1])
    np.testing.assert_allclose(lines.get_array(), [6, 8], err_msg="the strongest last, so on top")
    np.testing.assert_allclose(lines.get_linewidths(), packing.STRONGEST_WIDTH * np.array([0.75, 1]))


def test_a_packing_without_contacts_has_no_chains(samples, axes):
    for column in samples[-1].contacts:
        samples[-1].contacts[column] = samples[-1].contacts[column][:0]
    assert packing.draw_chains(axes, samples[-1]).get_segments() == []


def test_block_and_piston_stand_where_they_are(samples, axes):
    packing.draw_spheres(axes, samples[0], 0, packing.of_species(samples[0]))
    floor_front, floor_back, piston_front, _ = (line.get_xydata() for line in axes.lines)
    np.testing.assert_allclose(floor_front[0], [0, 0], atol=1e-9)
    rise = np.cos(np.radians(spheres.Camera().elevation))
    np.testing.assert_allclose(piston_front - floor_front, np.tile([0, 8 * rise], (3, 1)), atol=1e-9)
    left, right, bottom, _ = axes.images[0].get_extent()
    assert left == pytest.approx(min(floor_front[:, 0].min(), floor_back[:, 0].min()))
    assert right >= floor_front[:, 0].max() and bottom == pytest.approx(floor_front[:, 1].min())


def test_panels_share_the_frame_of_the_filled_box(samples, axes):
    shape = packing.frame_box([axes], samples[0])
    corners = 1e6 * spheres.Camera().project(np.array([[0, 0, 0], [WIDTH, WIDTH, HEIGHT]]))
    (low, high), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    assert low < corners[:, 0].min() and high > corners[:, 0].max()
    assert bottom < corners[:, 1].min() and top > corners[1, 1]
    assert shape == pytest.approx((top - bottom) / (high - low))
    (bar,) = axes.lines
    assert np.ptp(bar.get_xdata()) == pytest.approx(1.0) and axes.texts[0].get_text() == "1 µm"


@pytest.mark.parametrize(("side", "length"), [(12, 2), (6, 1), (40, 10), (20, 5), (0.5, 0.1)])
def test_scale_bars_are_round(side, length):
    assert packing.bar_length(side) == pytest.approx(length)


def test_the_figure_of_a_packing_is_drawn_the_same_each_time(trajectory_file, tmp_path, monkeypatch):
    monkeypatch.setattr(packing, "PIXELS", 150)
    first, second = ([tmp_path / f"{k}.png", tmp_path / f"{k}.pdf"] for k in "ab")
    packing.save(trajectory_file, first)
    packing.save(trajectory_file, second)
    for drawn, redrawn in zip(first, second, strict=True):
        assert drawn.read_bytes() == redrawn.read_bytes()
    picture = imread(first[0])
    assert picture.shape[1] == 2100
    for wanted in (style.SE_COLOUR, style.AM_COLOUR):
        # The colour in full light of a face, in the two panels of all spheres.
        hue = np.array(to_rgb(wanted))
        shade = picture[..., :3].mean(axis=-1) / hue.mean()
        near = np.abs(picture[..., :3] - shade[..., None] * hue).max(axis=-1) < 0.01
        lit = near & (shade > spheres.AMBIENT) & (shade < 0.99)
        assert lit[:, :700].sum() > 5000 and lit[:, 700:1400].sum() > 5000


def test_every_instant_is_shown_or_evenly_thinned(samples):
    shown = press.instants(samples)
    assert [(sample.drawn["pressure_Pa"], frame) for sample, frame in shown] == [
        (50e6, 0),
        (50e6, 1),
        (50e6, 2),
        (200e6, 0),
        (200e6, 1),
    ]
    few = press.instants(samples, most=3)
    assert [(sample.drawn["pressure_Pa"], frame) for sample, frame in few] == [
        (50e6, 0),
        (50e6, 2),
        (200e6, 1),
    ]


def test_am_has_the_colour_of_its_stress(samples):
    colours = press.of_stress(samples[-1], -1, AM, Normalize(0, 400e6))
    np.testing.assert_allclose(colours[0], press.COLOURS(0.5)[:3])
    np.testing.assert_allclose(colours[1], press.COLOURS(1.0)[:3])
    np.testing.assert_allclose(colours[2:], np.tile(to_rgb(style.SE_COLOUR), (3, 1)))


def test_the_press_moves_and_is_small(trajectory_file, tmp_path):
    press.save(trajectory_file, [tmp_path / "press.gif"])
    with Image.open(tmp_path / "press.gif") as moving:
        pictures = []
        for frame in range(moving.n_frames):
            moving.seek(frame)
            pictures.append(np.asarray(moving.convert("RGB"), int))
    assert len(pictures) == 5, "one per instant, the last held"
    # The orange piston sinks.
    orange = np.array(to_rgb(style.WALL_COLOUR)) * 255
    tops = []
    for picture in pictures:
        piston = (np.abs(picture - orange).max(axis=-1) < 40)[30:, : picture.shape[1] // 2 - 60]
        tops.append(np.flatnonzero(piston.any(axis=1))[0])
    assert all(after > before for before, after in pairwise(tops)), tops
    assert (tmp_path / "press.gif").stat().st_size < 5e6


def test_scenes_hold_the_loaded_samples_in_micrometres(trajectory_file):
    (scene,) = read_scenes(trajectory_file)
    assert scene.name == PACKING and scene.periodic == (True, True, False)
    np.testing.assert_allclose(scene.time, [0, 1e-6, 2e-6, 3e-6, 4e-6])
    np.testing.assert_allclose(scene.position[0], 1e6 * START)
    np.testing.assert_allclose(scene.radius, 1e6 * RADIUS)
    np.testing.assert_allclose(scene.contact_pressure[-1], 200 * np.arange(1, 6))
    np.testing.assert_allclose(scene.box[2], [[0, 0, 0], [6, 6, 6.5]])


def test_extended_xyz_is_read_by_another_reader(trajectory_file, tmp_path, capsys):
    io = pytest.importorskip("ase.io", reason="ase is not installed: an independent reader")
    assert main(["view", str(trajectory_file), str(tmp_path)]) == 0
    path = tmp_path / f"{PACKING}.xyz"
    assert capsys.readouterr().out.split() == [str(path)]
    frames = io.read(path, index=":")
    (scene,) = read_scenes(trajectory_file)
    assert len(frames) == 5
    for k, frame in enumerate(frames):
        np.testing.assert_allclose(frame.positions, scene.position[k], rtol=1e-6)
        np.testing.assert_allclose(frame.arrays["radius"], scene.radius, rtol=1e-5)
        np.testing.assert_allclose(frame.arrays["contact_pressure_MPa"], scene.contact_pressure[k], rtol=1e-5)
        np.testing.assert_allclose(frame.cell.lengths(), scene.box[k, 1])
        assert frame.pbc.tolist() == [True, True, False]
        assert frame.info["Time"] == pytest.approx(1e6 * scene.time[k])
    assert "um" in frames[0].info["units"]
    # For a reader of atoms AM and SE are americium and selenium.
    assert [str(symbol).upper() for symbol in frames[0].symbols] == ["AM", "AM", "SE", "SE", "SE"]


def step_of(root, k):
    """Points and point data of a step, as the VTKHDF specification says where they are (one part each)."""
    steps = root["Steps"]
    assert steps["NumberOfParts"][k] == 1
    count = root["NumberOfPoints"][steps["PartOffsets"][k]]
    first = steps["PointOffsets"][k]
    data = {}
    for name, offsets in steps["PointDataOffsets"].items():
        data[name] = root["PointData"][name][offsets[k] : offsets[k] + count]
        assert len(data[name]) == count
    return root["Points"][first : first + count], data


def test_vtkhdf_is_as_its_specification_says(trajectory_file, tmp_path):
    assert main(["view", str(trajectory_file), str(tmp_path), "--format", "vtkhdf"]) == 0
    (scene,) = read_scenes(trajectory_file)
    with h5py.File(tmp_path / f"{PACKING}.vtkhdf") as file:
        root = file["VTKHDF"]
        assert root.attrs["Version"].tolist() == [2, 0]
        kind = h5py.h5a.open(root.id, b"Type").get_type()
        assert root.attrs["Type"] == b"PolyData" and not kind.is_variable_str(), "of fixed length"
        assert root["Steps"].attrs["NSteps"] == 5
        np.testing.assert_allclose(root["Steps/Values"][:], [0, 1, 2, 3, 4])
        for k in range(5):
            points, data = step_of(root, k)
            np.testing.assert_allclose(points, scene.position[k], rtol=1e-6)
            np.testing.assert_allclose(data["contact_pressure_MPa"], scene.contact_pressure[k], rtol=1e-6)
            np.testing.assert_allclose(data["radius"], scene.radius, rtol=1e-6)
            np.testing.assert_array_equal(data["species"], SPECIES)
        for kind, count in (("Vertices", 5), ("Lines", 0), ("Polygons", 0), ("Strips", 0)):
            cells = root[kind]
            assert (
                cells["NumberOfCells"][:].tolist() == cells["NumberOfConnectivityIds"][:].tolist() == [count]
            )
            assert cells["Offsets"][:].tolist() == list(range(count + 1))
            assert cells["Connectivity"][:].tolist() == list(range(count))
        for offsets in ("CellOffsets", "ConnectivityIdOffsets"):
            assert root["Steps"][offsets].shape == (5, 4) and not root["Steps"][offsets][:].any()


def test_a_structure_of_the_plane_is_a_scene_at_z_0(study):
    first, *_, last = read_scenes(study.trajectories[0])
    structure = next(iter(read_structures(study.trajectories[0])))
    assert first.name == structure.name != last.name
    np.testing.assert_allclose(first.position[..., :2], 1e6 * structure.position)
    assert (first.position[..., 2] == 0).all() and first.periodic == (False, False, False)
    deep = 1e6 * structure.radius.max()
    np.testing.assert_allclose(first.box[-1], [[0, 0, -deep], [8, 9, deep]])
    assert np.all(np.diff(first.time) > 0)


def test_a_file_that_is_no_trajectory_is_not_viewed(tmp_path, capsys):
    (tmp_path / "no.h5").write_bytes(b"not this")
    assert main(["view", str(tmp_path / "no.h5"), str(tmp_path / "out")]) == 2
    assert "no.h5 cannot be read as a trajectory" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
