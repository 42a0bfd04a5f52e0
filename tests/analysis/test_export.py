import csv

import numpy as np
import pytest
from PIL import Image

from analysis.__main__ import main
from analysis.dataset import open_dataset


def test_images_and_labels_are_those_of_the_dataset(study, tmp_path, capsys):
    assert main(["export", str(study.dataset), str(tmp_path / "out")]) == 0
    assert "8 images and labels.csv" in capsys.readouterr().out
    dataset = open_dataset(study.dataset)
    with open(tmp_path / "out/labels.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 8
    for k, row in enumerate(rows):
        picture = Image.open(tmp_path / "out" / row["image"])
        assert 25_400 / picture.info["dpi"][0] == pytest.approx(0.125, rel=1e-4), "the file states its scale"
        pixels = np.asarray(picture)
        expected = np.array([0, 255, 128])[dataset["image"].values[k]]
        np.testing.assert_array_equal(pixels[::-1], expected, "the top row comes first")
        label = dataset["label"].values[k]
        np.testing.assert_allclose(float(row["am_stress_mean_Pa"]), label[0], rtol=1e-6)
        np.testing.assert_allclose(float(row["reaction_area_m2"]), label[4], rtol=1e-6)
        assert row["split"] == dataset["split"].sel(fold="random").values[k]


def test_a_file_that_is_no_dataset_is_refused(tmp_path, capsys):
    (tmp_path / "no.nc").write_bytes(b"not this")
    assert main(["export", str(tmp_path / "no.nc"), str(tmp_path / "out")]) == 2
    assert "no.nc cannot be read as a dataset" in capsys.readouterr().err
