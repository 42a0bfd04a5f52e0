"""Small real data shared by the tests, made once: configuration -> trajectories -> dataset -> model."""

import copy
import ctypes
import fcntl
import os
import shutil
import subprocess
import sys
import traceback
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from numba import config as numba_config

from dem.cpu.integrate import make_system
from dem.cpu.spatial.integrate import make_system as make_system_in_space
from dem.geometry.spatial import FACES, FLOOR_AND_PISTON
from dem.laws.elastic import pair_table
from dem.parameters import Contacts, read_parameters
from dem.state import Particles, Spheres, box_across, no_box, walls_at
from electrode.species import AM, PAIRS, SE


def _has_gpu():
    """Whether a driver finds one."""
    try:
        return ctypes.CDLL("libcuda.so.1").cuInit(0) == 0
    except OSError:
        return False


# Without a GPU its kernels run in Numba's simulator; with one, few structures are no reason to warn.
os.environ["NUMBA_CUDA_LOW_OCCUPANCY_WARNINGS"] = "0"
if not _has_gpu():
    os.environ["NUMBA_ENABLE_CUDASIM"] = "1"
    numba_config.reload_config()

ROOT = Path(__file__).resolve().parent.parent
# What begins first when workers run side by side: the two that wait for clusters, then what needs no kernels
# while these are compiled, then what others wait for. The rest follows in the order of the folders.
FIRST = ("test_slurm", "test_faults", "test_dry_run", "test_end_to_end", "test_reruns", "test_train")


def pytest_xdist_auto_num_workers():
    """Workers of ``-n auto``: two more than cores, as two wait for clusters; more have nothing to do."""
    return min(len(os.sched_getaffinity(0)), 6) + 2


def pytest_collection_modifyitems(items):
    """Put what takes longest first: it would end last."""
    items.sort(key=lambda item: FIRST.index(item.path.stem) if item.path.stem in FIRST else len(FIRST))


def _merge(base, overlay):
    for key, value in overlay.items():
        if isinstance(value, dict):
            _merge(base[key], value)
        else:
            base[key] = value
    return base


@pytest.fixture(scope="session")
def root():
    """Top of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def made_once(tmp_path_factory):
    """Function that fills a folder once for all workers: the first that asks does it, the others wait."""
    top = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        top = top.parent

    def once(name, fill):
        folder, outcome = top / name, top / f"{name}.outcome"
        with open(top / f"{name}.lock", "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not outcome.exists():
                folder.mkdir()
                try:
                    fill(folder)
                except BaseException:
                    outcome.write_text(traceback.format_exc(), encoding="utf-8")
                    raise
                outcome.touch()
        if failure := outcome.read_text(encoding="utf-8"):
            pytest.fail(f"{name} failed in another worker:\n{failure}", pytrace=False)
        return folder

    return once


def _compile_kernels(folder, law, geometry="planar"):
    """Compile for a law in a process of its own, which the measurement of coverage does not slow down."""
    code = (
        "import sys, yaml; from dem.study import compile_kernels;"
        "contacts = yaml.safe_load(open('config/config.yaml'))['contacts'];"
        "compile_kernels(sys.argv[3], sys.argv[1], contacts.get(sys.argv[1]), sys.argv[2])"
    )
    command = [sys.executable, "-c", code, law, geometry, folder / "kernels.json"]
    subprocess.run(command, check=True, cwd=ROOT)


@pytest.fixture(scope="session")
def kernels(made_once):
    """The kernels are compiled: half a minute of work that each worker would do for itself."""
    made_once("kernels", lambda folder: _compile_kernels(folder, "hertz_mindlin"))


@pytest.fixture(scope="session")
def yielding_kernels(made_once):
    """Those of the elasto-plastic law too."""
    made_once("yielding_kernels", lambda folder: _compile_kernels(folder, "elastoplastic"))


@pytest.fixture(scope="session")
def paper_config(kernels):
    """``config/config.yaml`` as it is; who asks for it is going to simulate."""
    return yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def tiny_config():
    """Configuration of the tiny study."""
    base, overlay = (
        yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))
        for path in ("config/config.yaml", "tests/tiny.yaml")
    )
    return _merge(base, overlay)


@pytest.fixture
def config(kernels, tiny_config):
    """Configuration of the tiny study; a test may change its copy."""
    return copy.deepcopy(tiny_config)


@pytest.fixture(scope="session")
def spatial_kernels(made_once):
    """Those of the elasto-plastic law in space."""
    made_once("spatial_kernels", lambda folder: _compile_kernels(folder, "elastoplastic", "spatial"))


@pytest.fixture(scope="session")
def spatial_config(spatial_kernels):
    """Configuration of the tiny study in space."""
    base, overlay = (
        yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))
        for path in ("config/spatial.yaml", "tests/tiny_space.yaml")
    )
    return _merge(base, overlay)


@pytest.fixture
def spatial_file(spatial_config, tmp_path):
    """The same as a file of its own."""
    path = tmp_path / "space.yaml"
    path.write_text(yaml.safe_dump(spatial_config), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def study(kernels, tiny_config, made_once):
    """Files of the tiny study, made by the functions that the workflow calls."""
    folder = made_once("study", lambda folder: _run_study(_files(folder, tiny_config)))
    return _files(folder, tiny_config)


def _files(folder, config):
    """Names of the files of the tiny study."""
    names = ("dataset.nc", "gradcam.nc")
    members = range(config["training"]["members"])
    return SimpleNamespace(
        folder=folder,
        config=config,
        trajectories=[folder / f"width-{width}.h5" for width in config["grid"]["widths_um"]],
        metrics=folder / "metrics.csv",
        particles=folder / "particles.csv",
        models={
            fold: [folder / fold / f"member-{k}.keras" for k in members] for fold in ("random", "width-10")
        },
        settings={
            fold: [folder / fold / f"member-{k}.json" for k in members] for fold in ("random", "width-10")
        },
        predictions={fold: folder / f"predictions-{fold}.nc" for fold in ("random", "width-10")},
        **{name.split(".")[0]: folder / name for name in names},
    )


def _run_study(files):
    """Make the files of the tiny study."""
    from analysis.dataset import build_dataset
    from analysis.metrics import write_metrics
    from analysis.particles import write_particle_metrics
    from cnn.ensemble import predict_dataset
    from cnn.gradcam import gradcam_dataset
    from cnn.train import train
    from dem.study import compress_cell

    config = files.config
    for path, width in zip(files.trajectories, config["grid"]["widths_um"], strict=True):
        compress_cell(path, config, width, 0.7, range(config["grid"]["replicates"]), "code", threads=2)
    settings = config["image"], config["split"], config["seed"]
    build_dataset(files.trajectories, files.dataset, *settings, "tiny", "code")
    for fold, models in files.models.items():
        for member, model in enumerate(models):
            train(
                files.dataset,
                model,
                model.with_suffix(".csv"),
                model.with_suffix(".json"),
                config["network"],
                config["training"],
                config["seed"],
                "code",
                fold,
                member,
            )
        settings = files.settings[fold]
        predict_dataset(files.dataset, models, settings, files.predictions[fold], fold)
    gradcam_dataset(files.dataset, files.models["random"], files.gradcam, 2)
    judged = files.dataset, list(files.predictions.values())
    write_metrics(*judged, files.metrics, 100, config["seed"])
    write_particle_metrics(*judged, files.particles, 100, config["seed"])


@pytest.fixture
def trajectory(study):
    """First structure of the tiny study."""
    from electrode.structures import read_trajectories

    return next(read_trajectories(study.trajectories[0]))


@pytest.fixture(scope="session")
def browser():
    """A real Chromium without a window."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and driver):
        pytest.skip("needs Debian's chromium and chromium-driver: a real browser")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options, webdriver.ChromeService(driver))
    yield browser
    browser.quit()


@pytest.fixture
def open_page(browser):
    """Function that opens an address at a width [pixels], as on a desk or on a phone."""

    def open_at(address, width):
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        browser.get(address)
        browser.get_log("browser")
        browser.refresh()
        return browser

    return open_at


@pytest.fixture
def parameters(paper_config):
    """Parameters of the paper's study, in SI."""
    return read_parameters(paper_config)


@pytest.fixture
def scene(parameters):
    """Function that puts particles [um] between walls and gives the system."""

    def make(
        x,
        y,
        radius=0.5,
        species=SE,
        walls=(-1000, 1000, -1000, 1000),
        contacts=parameters.contacts,
        vx=0,
        vy=0,
        omega=0,
    ):
        x, y, radius, species, vx, vy, omega = np.broadcast_arrays(
            *(np.atleast_1d(value) for value in (x, y, radius, species, vx, vy, omega))
        )
        radius = radius * 1e-6
        density = np.where(species == AM, 5000.0, 2000.0)
        mass = 4 / 3 * np.pi * radius**3 * density
        zeros = {name: np.zeros(radius.size) for name in ("fx", "fy", "torque")}
        particles = Particles(
            x=x * 1e-6,
            y=y * 1e-6,
            radius=radius,
            mass=mass,
            inertia=0.4 * mass * radius**2,
            species=species.astype(np.int8),
            vx=vx.astype(float),
            vy=vy.astype(float),
            omega=omega.astype(float),
            **zeros,
        )
        law = contacts.law_of(parameters.materials)
        friction = pair_table(contacts.friction.__getitem__)
        return make_system(particles, walls_at(np.array(walls) * 1e-6), law, friction)

    return make


@pytest.fixture
def alike():
    """Function that gives contacts with the same constants for all pairs."""

    def make(law="hertz_mindlin", friction=0.5, restitution=0.5, own=None):
        return Contacts(law, dict.fromkeys(PAIRS, friction), dict.fromkeys(PAIRS, restitution), own or {})

    return make


@pytest.fixture
def space(parameters):
    """Function that puts spheres [um] between floor and piston, in a box that repeats itself or a die."""

    def make(
        position,
        radius=0.5,
        species=SE,
        width=None,
        walls=(-1000, 1000),
        contacts=parameters.contacts,
        velocity=0.0,
        spin=0.0,
        materials=parameters.materials,
    ):
        position = np.atleast_2d(np.asarray(position, float)) * 1e-6
        n = len(position)
        radius = np.broadcast_to(radius, n) * 1e-6
        species = np.broadcast_to(species, n).astype(np.int8)
        mass = 4 / 3 * np.pi * radius**3 * np.where(species == AM, 5000.0, 2000.0)
        motion = np.zeros((n, 10))
        motion[:, :3], motion[:, 3:6], motion[:, 6:9], motion[:, 9] = position, velocity, spin, radius
        particles = Spheres(motion, np.zeros((n, 6)), mass, 0.4 * mass * radius**2, species)
        ends = np.array(walls) * 1e-6
        if width is None:
            box, faces, places = no_box(), FACES, [*ends, -1e-3, 1e-3, -1e-3, 1e-3]
        else:
            box, faces, places = box_across(width * 1e-6), FLOOR_AND_PISTON, ends
        law, friction = contacts.law_of(materials), pair_table(contacts.friction.__getitem__)
        return make_system_in_space(particles, walls_at(places, faces), box, law, friction)

    return make
