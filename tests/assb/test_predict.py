"""``assb predict``, from files to a table, pictures and an exit status."""

import csv
import importlib.metadata
import itertools
import os
import runpy
import subprocess
import sys
import tomllib
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr
from click.testing import CliRunner
from PIL import Image

from assb.cli import main
from cnn import predict
from cnn.image import SHIPPED

GRAY = np.array([0, 255, 128], np.uint8)  # void, SE, AM


@pytest.fixture(scope="module")
def samples(root):
    with xr.open_dataset(root / "models/paper/samples.nc") as opened:
        return opened.load()


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Function that runs the command in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(main, list(map(str, arguments)))


@pytest.fixture
def electrode(tmp_path, samples):
    path = tmp_path / "electrode.png"
    Image.fromarray(GRAY[samples["image"].values[3]]).save(path)
    return path


def rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_table_figure_and_segmented_picture(run, electrode, samples, tmp_path):
    done = run("predict", "electrode.png", "--um-per-pixel", 0.1, "--model", "paper")
    assert done.exit_code == 0, done.output
    (row,) = rows("predictions.csv")
    assert list(row)[:10] == [
        "image",
        "am_stress_mean_MPa",
        "am_stress_mean_low_MPa",
        "am_stress_mean_high_MPa",
        "am_stress_sd_MPa",
        "am_stress_sd_low_MPa",
        "am_stress_sd_high_MPa",
        "se_stress_mean_MPa",
        "se_stress_mean_low_MPa",
        "se_stress_mean_high_MPa",
    ]
    known = samples.isel(sample=3)
    assert row["image"] == "electrode.png"
    assert float(row["reaction_area_um2"]) == pytest.approx(1e12 * float(known["prediction"][4]), rel=1e-3)
    assert float(row["se_stress_mean_high_MPa"]) == pytest.approx(1e-6 * float(known["high"][2]), rel=1e-3)
    shares = [float(row[f"{phase}_fraction"]) for phase in ("void", "se", "am")]
    assert shares == pytest.approx([np.mean(known["image"].values == k) for k in range(3)], abs=1e-4)
    assert row["verdict"] == "like the training images" and row["windows"] == "1"
    segmented = Image.open("predictions/electrode_segmented.png")
    np.testing.assert_array_equal(np.asarray(segmented), GRAY[known["image"].values])
    assert segmented.info["dpi"][0] == pytest.approx(254_000, rel=1e-4)
    particles = rows("predictions/electrode_particles.csv")
    assert len(particles) > 5
    inside = [p for p in particles if 0 <= float(p["x_um"]) < 36 and 0 <= float(p["y_um"]) < 36]
    mean = np.mean([float(particle["stress_MPa"]) for particle in inside])
    assert float(row["am_stress_mean_MPa"]) == pytest.approx(mean, rel=1e-4)
    with Image.open("predictions/electrode_particles.png") as coloured:
        assert coloured.size[0] == 1400
    figure = np.asarray(Image.open("predictions/electrode_prediction.png").convert("RGB"))
    assert figure.shape[1] == 2200 and len(np.unique(figure.reshape(-1, 3), axis=0)) > 1000
    assert "like the training images; AM 48 %, SE 47 %, void 5 %" in done.output
    assert not [path for path in tmp_path.rglob(".*")], "nothing half-written"


def test_scale_in_the_file_order_and_thresholds(run, samples, tmp_path):
    image = samples["image"].values[3]
    noisy = np.array([20, 120, 220])[image] + np.random.default_rng(1).normal(0, 3, image.shape)
    Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save("bse.tif", dpi=(254_000, 254_000))
    told = ("--brightness", "void,SE,AM", "--no-figures", "--model", "paper")
    done = run("predict", "bse.tif", *told, "-o", "out/table.csv")
    assert done.exit_code == 0, done.output
    (row,) = rows("out/table.csv")
    expected = 1e12 * float(samples["prediction"][3, 4])
    assert float(row["reaction_area_um2"]) == pytest.approx(expected, rel=0.03)
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert written == ["bse_particles.csv", "bse_segmented.png", "table.csv"]
    options = ("bse.tif", *told, "--thresholds")
    assert run("predict", *options, 70, 170).exit_code == 0
    assert float(rows("predictions.csv")[0]["reaction_area_um2"]) == pytest.approx(expected, rel=0.03)
    refused = run("predict", *options, 70, 235)
    assert refused.exit_code == 2 and "error: bse.tif: its segmentation shows no AM" in refused.stderr


def test_numbers_of_what_is_no_pressed_composite_are_withheld_unless_asked_for(run, samples):
    swapped = np.array([0, 2, 1])[samples["image"].values[3]]
    Image.fromarray(GRAY[swapped]).save("swapped.png", dpi=(254_000, 254_000))
    done = run("predict", "swapped.png")
    assert done.exit_code == 0 and "--anyway gives them" in done.output and "MPa" not in done.output
    (row,) = rows("predictions.csv")
    numbers = [name for name in row if name.startswith(("am_stress", "se_stress", "reaction_area"))]
    assert len(numbers) == 20 and not any(row[name] for name in numbers)
    assert row["verdict"] == "unlike the training images" and float(row["distance"]) > 0
    assert Path("predictions/swapped_prediction.png").is_file()
    withheld = np.asarray(Image.open("predictions/swapped_prediction.png"))
    done = run("predict", "swapped.png", "--anyway")
    assert done.exit_code == 0 and "MPa" in done.output and "do not rely" not in done.output
    (row,) = rows("predictions.csv")
    assert float(row["se_stress_mean_MPa"]) and float(row["reaction_area_low_um2"]) >= 0
    assert (np.asarray(Image.open("predictions/swapped_prediction.png")) != withheld).any()


def test_ensembles_of_the_repository_go_by_their_names(run, electrode, root):
    values = {}
    for name in ("robust", "paper", root / "models/paper"):
        options = ("--um-per-pixel", 0.1, "--no-figures", "--model", name)
        assert run("predict", "electrode.png", *options).exit_code == 0
        values[str(name)] = rows("predictions.csv")
    assert run("predict", "electrode.png", "--um-per-pixel", 0.1, "--no-figures").exit_code == 0
    assert rows("predictions.csv") == values["robust"] != values["paper"]
    assert values["paper"] == values[str(root / "models/paper")]


def test_bad_files_are_named_and_the_others_predicted(run, electrode, samples):
    image = GRAY[samples["image"].values[3]]
    Path("text.png").write_text("no image", encoding="utf-8")
    Image.fromarray(np.full((400, 400), 7, np.uint8)).save("flat.png")
    Image.fromarray(np.zeros((1, 1), np.uint8)).save("dot.png")
    Image.fromarray(image[:300]).save("small.png")
    Image.fromarray(np.where(image == 0, 255, image)).save("dense.png")
    bad = {
        "text.png": "it is no PNG, TIFF or JPEG image",
        "flat.png": "it shows a single gray level; AM, SE and void make three",
        "dot.png": "its field of view is 0.1 x 0.1 um, at least 36 x 36 um are needed",
        "small.png": "its field of view is 36 x 30 um, at least 36 x 36 um are needed",
        "dense.png": "it shows two gray levels only",
        "gone.png": "there is no such file",
    }
    done = run("predict", *bad, "electrode.png", "--um-per-pixel", 0.1, "--no-figures")
    assert done.exit_code == 2
    for name, problem in bad.items():
        assert f"error: {name}: {problem}" in done.stderr
    assert [row["image"] for row in rows("predictions.csv")] == ["electrode.png"]
    assert "Traceback" not in done.output


def test_a_file_that_vanishes_while_others_are_predicted(run, electrode, samples, monkeypatch):
    Path("second.png").write_bytes(electrode.read_bytes())
    import assb.prediction

    def reading(*given):
        Path("second.png").unlink(missing_ok=True)
        return read(*given)

    read = assb.prediction.read_picture
    monkeypatch.setattr(assb.prediction, "read_picture", reading)
    done = run("predict", "electrode.png", "second.png", "--um-per-pixel", 0.1, "--no-figures")
    assert done.exit_code == 2 and "error: second.png: there is no such file" in done.stderr
    assert len(rows("predictions.csv")) == 1


def test_nothing_is_written_if_nothing_is_predicted(run, electrode):
    done = run("predict", "electrode.png")
    assert done.exit_code == 2
    assert "error: electrode.png: it does not state its pixel size: give it in um per pixel" in done.stderr
    assert [path.name for path in Path().iterdir()] == ["electrode.png"]


@pytest.mark.parametrize(
    "options, message",
    [
        (["--um-per-pixel", "0"], r"um_per_pixel must be in [0.001, 0.5] um"),
        (["--um-per-pixel", "wide"], "'wide' is not a valid float"),
        (["--um-per-pixel", "0.1", "--brightness", "AM,SE"], "brightness must name void, SE, AM"),
        (["--um-per-pixel", "0.1", "--thresholds", "9", "3"], "thresholds must be two that ascend, got 9, 3"),
        (["--um-per-pixel", "0.1", "--model", "nowhere"], "nowhere cannot be read as a trained ensemble"),
    ],
)
def test_bad_options_are_refused(run, samples, options, message):
    gray = GRAY[samples["image"].values[3]].astype(float) + np.arange(360)
    Image.fromarray(gray.astype(np.uint16)).save("electrode.png")
    done = run("predict", "electrode.png", "--no-figures", *options)
    assert done.exit_code == 2 and message in done.stderr
    assert not Path("predictions.csv").exists()


def test_output_that_cannot_be_written_is_an_error(run, electrode):
    Path("file").touch()
    done = run("predict", "electrode.png", "--um-per-pixel", 0.1, "-o", "file/table.csv", "--no-figures")
    assert done.exit_code == 2 and "error:" in done.stderr and "Traceback" not in done.output


@pytest.mark.parametrize(
    "output, problem",
    [
        ("electrode.png", "electrode.png is an input"),
        ("other.png", "other.png is to be written, but has the name of a picture"),
        ("folder", "folder is to be written, but is a folder"),
        ("notes.txt", "notes.txt is to be written, but exists and is no .csv file"),
        ("results", "results would name the table and the folder of the figures; name the table results.csv"),
        ("notes.csv", "notes is to be written to, but is a file"),
    ],
)
def test_an_output_overwrites_nothing(run, electrode, output, problem):
    Path("folder").mkdir()
    for name in ("notes", "notes.txt"):
        Path(name).write_text("mine", encoding="utf-8")
    Path("other.png").write_bytes(electrode.read_bytes())
    before = {path: path.read_bytes() for path in Path().iterdir() if path.is_file()}
    done = run("predict", "electrode.png", "--um-per-pixel", 0.1, "-o", output)
    assert done.exit_code == 2 and problem in done.stderr and "Traceback" not in done.output
    assert before == {path: path.read_bytes() for path in Path().iterdir() if path.is_file()}


def test_pictures_overwrite_no_input(run, electrode):
    Path("electrode_segmented.png").write_bytes(electrode.read_bytes())
    images = ("electrode.png", "electrode_segmented.png")
    done = run("predict", *images, "--um-per-pixel", 0.1, "--no-figures")
    assert done.exit_code == 2 and "electrode_segmented.png is to be written, but is an input" in done.stderr
    assert Path("electrode_segmented.png").read_bytes() == electrode.read_bytes()
    assert not Path("predictions.csv").exists()


def test_a_name_that_is_no_utf_8_is_a_row_like_others(run, electrode):
    name = os.fsdecode(b"bad\xff.png")
    Path(name).write_bytes(electrode.read_bytes())
    done = run("predict", name, "electrode.png", os.fsdecode(b"gone\xff.png"), "--um-per-pixel", 0.1)
    assert done.exit_code == 2 and "bad\\xff.png: like the training" in done.stdout
    assert "error: gone\\xff.png: there is no such file" in done.stderr
    assert [row["image"] for row in rows("predictions.csv")] == ["bad\\xff.png", "electrode.png"]
    assert Path(os.fsdecode(b"predictions/bad\xff_prediction.png")).exists()


def test_rows_before_an_interruption_are_kept(run, electrode, monkeypatch):
    import assb.prediction

    def interrupted(path, *others):
        if path.name == "second.png":
            raise KeyboardInterrupt
        return predicted(path, *others)

    predicted = assb.prediction.predict_file
    monkeypatch.setattr(assb.prediction, "predict_file", interrupted)
    Path("second.png").write_bytes(electrode.read_bytes())
    done = run("predict", "electrode.png", "second.png", "--um-per-pixel", 0.1, "--no-figures")
    assert done.exit_code != 0 and len(rows("predictions.csv")) == 1


def test_the_api_gives_what_the_command_writes(run, electrode):
    assert run("predict", "electrode.png", "--um-per-pixel", 0.1, "--no-figures").exit_code == 0
    result = predict(np.asarray(Image.open(electrode)), 0.1)
    (row,) = rows("predictions.csv")
    assert float(row["am_stress_sd_MPa"]) == pytest.approx(1e-6 * float(result["prediction"][1]), rel=1e-5)


def test_help_and_completion(root):
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    entry = importlib.metadata.EntryPoint("assb", project["scripts"]["assb"], "console_scripts")
    assert entry.load() is main
    environment = {**os.environ, "PYTHONPATH": str(root / "src"), "_ASSB_COMPLETE": "bash_complete"}
    environment |= {"COMP_WORDS": "assb pre", "COMP_CWORD": "1"}
    code = "import sys; sys.argv[0] = 'assb'; from assb.cli import main; main(prog_name='assb')"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, encoding="utf-8"
    )
    assert done.stdout.strip() == "plain,predict"
    shown = CliRunner().invoke(main, ["--help"]).output
    assert "assb predict electrode.png --um-per-pixel 0.05" in shown and "Exit status" in shown


def test_help_loads_nothing_heavy(root):
    code = "import sys; from assb.cli import main; print({'numpy', 'keras', 'numba'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, encoding="utf-8"
    )
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("levels", [(0, 1, 2), (0, 100, 200)])
def test_files_of_three_levels_obey_brightness_and_thresholds(run, samples, levels):
    """Arrays of 0, 1, 2 are classes, files are not."""
    image = samples["image"].values[3]
    Image.fromarray(np.array(levels, np.uint8)[image]).save("x.png")
    between = [(low + high) / 2 for low, high in itertools.pairwise(levels)]
    shares = {phase: np.mean(image == k) for k, phase in enumerate(("void", "se", "am"))}
    swapped = {"void": shares["void"], "se": shares["am"], "am": shares["se"]}
    plain = ("predict", "x.png", "--um-per-pixel", 0.1, "--no-figures")
    for options, expected in (
        (["--brightness", "void,SE,AM"], shares),
        (["--brightness", "void,SE,AM", "--thresholds", *between], shares),
        ([], swapped),
        (["--thresholds", *between], swapped),
    ):
        done = run(*plain, *options)
        assert done.exit_code == 0, done.output
        (row,) = rows("predictions.csv")
        assert {phase: float(row[f"{phase}_fraction"]) for phase in shares} == pytest.approx(
            expected, abs=1e-4
        )
        told = "its levels 0, 1, 2 were taken for void, AM, SE (brightness)" in row["reasons"]
        assert told == (levels == (0, 1, 2) and expected is swapped)
    refused = run(*plain, "--thresholds", levels[2] + 1, levels[2] + 2)
    assert refused.exit_code == 2 and "its segmentation shows no" in refused.stderr


def test_the_page_of_a_configuration_is_chosen_and_named(root, tmp_path, monkeypatch, samples):
    """What the rule predict_images does, with the shipped ensemble."""
    monkeypatch.setitem(sys.modules, "step", SimpleNamespace(step=nullcontext))
    gray = np.array([0, 255, 128], np.uint8)[samples["image"].values[3]]
    stack = tmp_path / "stack.tif"
    Image.new("L", gray.shape[::-1]).save(stack, save_all=True, append_images=[Image.fromarray(gray)])
    acquisition = {"um_per_pixel": 0.1, "brightness": ["void", "AM", "SE"], "page": None}
    snakemake = SimpleNamespace(
        log=[str(tmp_path / "log")],
        input=SimpleNamespace(images=[str(stack)], bundle=str(SHIPPED)),
        output=SimpleNamespace(table=tmp_path / "images.csv", figures=[tmp_path / "images/stack.png"]),
        params=SimpleNamespace(acquisition=acquisition),
    )
    script = str(root / "workflow/scripts/predict_images.py")
    with pytest.raises(ValueError, match=r"it holds 2 pictures.*choose its page \(prediction\.page\)"):
        runpy.run_path(script, {"snakemake": snakemake})
    acquisition["page"] = 2
    runpy.run_path(script, {"snakemake": snakemake})
    (row,) = rows(tmp_path / "images.csv")
    assert row["verdict"] == "like the training images"


def test_a_page_is_chosen_and_a_data_bar_is_told_of(run, samples):
    image = np.array([20, 220, 120])[samples["image"].values[3]]
    noisy = (image + np.random.default_rng(2).normal(0, 4, image.shape)).clip(1, 254).astype(np.uint8)
    barred = np.vstack([noisy, np.zeros((30, image.shape[1]), np.uint8)])
    Image.fromarray(barred[::-1]).save("x.tif", save_all=True, append_images=[Image.fromarray(barred)])
    plain = ("predict", "x.tif", "--um-per-pixel", 0.1)
    refused = run(*plain)
    assert refused.exit_code == 2
    assert "x.tif: it holds 2 pictures, one per file is read: choose its page (--page)" in refused.stderr
    refused = run(*plain, "--page", 3)
    assert refused.exit_code == 2
    assert "page must be in [1, 2], the pictures that it holds, got 3" in refused.stderr
    done = run(*plain, "--page", 2)
    assert done.exit_code == 0, done.output
    (row,) = rows("predictions.csv")
    note = f"its lowest 30 of {len(barred)} rows were cut off as a data bar"
    assert note in row["reasons"] and note in done.output
    with Image.open("predictions/x_segmented.png") as segmented:
        assert segmented.size == image.shape[::-1]
