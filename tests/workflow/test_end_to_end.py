import base64
import csv
import json
import re
import shutil

import h5py
import numpy as np
import xarray as xr
from PIL import Image

from analysis.manifest import verify_manifest

FIGURES = (
    "pipeline",
    "structure",
    "images",
    "hertz",
    "compression_curves",
    "parity",
    "predictors",
    "uncertainty",
    "stress_distribution",
    "gradcam",
    "reaction_area",
)


def results(project):
    return project.folder / "results/tiny"


def test_every_result_is_there_and_real(finished):
    folder = results(finished)
    for name in FIGURES:
        assert (folder / f"figures/{name}.png").stat().st_size > 20_000
        assert (folder / f"figures/{name}.pdf").read_bytes().startswith(b"%PDF")
        assert f"results/tiny/figures/{name}.png" in finished.log, "the run says where the figures are"
    assert (folder / "figures/animation.gif").read_bytes().startswith(b"GIF")
    assert verify_manifest(folder / "manifest.json") == 1 + 4
    with open(folder / "metrics.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * 5 * 6 and {row["n"] for row in rows} == {"2", "8"}
    assert len(list((folder / "trajectories").glob("*.h5"))) == 4
    with xr.open_dataset(folder / "dataset.nc") as dataset:
        assert dataset.sizes["sample"] == 8
    assert (
        json.loads((folder / "cnn/random/member-0.json").read_text(encoding="utf-8"))["training"]["epochs"]
        == 2
    )


def test_files_know_the_code_that_made_them(finished):
    settings = json.loads((results(finished) / "cnn/random/member-0.json").read_text(encoding="utf-8"))
    with h5py.File(next((results(finished) / "trajectories").glob("*.h5"))) as file:
        digests = file["parameters"].attrs["code_digest"], settings["code_digest"]
    assert all(re.fullmatch("[0-9a-f]{16}", digest) for digest in digests) and len(set(digests)) == 2


def test_logs_show_progress_with_counts(finished):
    logs = "".join(path.read_text(encoding="utf-8") for path in (results(finished) / "logs").rglob("*.log"))
    assert "2 of 2 structures compressed" in logs
    assert "4 of 4 trajectories read" in logs
    assert "epoch 2 of 2: loss" in logs
    assert "epoch 2 of 2: loss" in finished.log, "on the screen too"


def test_nothing_is_left_to_do(finished):
    assert finished.due() == {}


def test_results_of_another_study_are_not_made(edited):
    """Without the overlay, the inputs would be those of the paper's study."""
    (results(edited) / "dataset.nc").unlink()
    done = edited.snakemake("-n", "--", "results/tiny/dataset.nc", check=False)
    assert done.returncode != 0 and "results/tiny/dataset.nc" in done.stdout


def test_truncated_trajectory_is_one_screen_and_nothing_is_made_of_it(edited):
    (results(edited) / "dataset.nc").unlink()
    path = next((results(edited) / "trajectories").glob("*.h5"))
    path.write_bytes(path.read_bytes()[:-100])
    done = edited.snakemake(
        "--cores", "1", "--configfile", "tests/tiny.yaml", "--", "results/tiny/dataset.nc", check=False
    )
    assert done.returncode != 0
    assert f"error: results/tiny/trajectories/{path.name} cannot be read as a trajectory" in done.stdout
    # The first step that reads it is the last that runs; what it had made before is gone.
    assert not (results(edited) / "transport.nc").exists() and not (results(edited) / "dataset.nc").exists()
    error = done.stdout[done.stdout.index("error: ") :]
    assert "Traceback" not in error.split("Logfile")[0]


def test_interrupted_compilation_does_not_hide_missing_trajectories(edited):
    """With the kernels as ancient() input, Snakemake would do nothing but compile, and report success."""
    kernels = results(edited) / "kernels.json"
    content = kernels.read_text(encoding="utf-8")
    shutil.rmtree(results(edited))
    kernels.parent.mkdir()
    kernels.write_text(content, encoding="utf-8")
    # What Snakemake leaves behind when it is killed in the middle of a job.
    marker = base64.b64encode(b"results/tiny/kernels.json").decode()
    (edited.folder / ".snakemake/incomplete").mkdir(exist_ok=True)
    (edited.folder / ".snakemake/incomplete" / marker).write_text("", encoding="utf-8")
    due = edited.due()
    assert due["compile_kernels"] == 1 and due["compress"] == 4 and "figure_parity" in due


def test_report_holds_every_figure_and_the_metrics(finished):
    finished.snakemake("--configfile", "tests/tiny.yaml", "--report", "report.html")
    html = (finished.folder / "report.html").read_text(encoding="utf-8")
    for name in (*(f"{name}.png" for name in FIGURES), "metrics.csv"):
        assert name in html
    assert len(re.findall("data:image/png[^,]*;base64,iVBOR", html)) == len(FIGURES)


def test_images_of_the_configuration_are_in_the_report(edited):
    image = np.array([0, 255, 128], np.uint8)
    with xr.open_dataset(edited.folder / "results/tiny/dataset.nc") as dataset:
        Image.fromarray(image[dataset["image"].values[0]]).save(edited.folder / "mine.png")
    config = edited.folder / "images.yaml"
    config.write_text("prediction: {images: [mine.png], um_per_pixel: 0.125}\n", encoding="utf-8")
    arguments = ("--configfile", "tests/tiny.yaml", "images.yaml")
    edited.snakemake("--cores", "2", *arguments)
    with open(edited.folder / "results/tiny/images.csv", encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["image"] == "mine.png" and float(row["reaction_area_um2"]) > 0
    page = (edited.folder / "results/tiny/report.html").read_text(encoding="utf-8")
    assert 'id="mine_prediction"' in page and "Your images" in page
    config.write_text("prediction: {images: [mine.png, mine.yaml], um_per_pixel: 0.125}\n", encoding="utf-8")
    (edited.folder / "mine.yaml").write_text("no image", encoding="utf-8")
    failed = edited.snakemake("--cores", "2", *arguments, check=False)
    assert failed.returncode == 1 and "error: mine.yaml: it is no PNG, TIFF or JPEG image" in failed.stdout
