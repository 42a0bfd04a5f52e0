"""A dataset for other tools: one PNG per structure and one table of labels."""

from __future__ import annotations

import csv
from pathlib import Path

from PIL import Image

from analysis.dataset import open_dataset
from electrode.phases import GRAY_VALUES
from provenance import FilePath, atomic_output


def export_dataset(dataset: FilePath, folder: FilePath) -> int:
    """Write the images and ``labels.csv``, whose columns carry their unit; gives the number of structures.

    Parameters
    ----------
    dataset
        NetCDF file of a study.
    folder
        To write to: ``images/<sample>.png`` (top row first, as viewers expect), ``labels.csv``.
    """
    opened, folder = open_dataset(dataset), Path(folder)
    (folder / "images").mkdir(parents=True, exist_ok=True)
    targets = [
        f"{target}_{units}"
        for target, units in zip(opened["target"].values, opened["target_units"].values, strict=True)
    ]
    # PNG states its scale in dots per inch.
    dots = 25_400 / opened.attrs["um_per_pixel"]
    split = opened["split"].sel(fold="random").values
    with (
        atomic_output(folder / "labels.csv") as temporary,
        open(temporary, "w", encoding="utf-8", newline="") as file,
    ):
        table = csv.writer(file)
        table.writerow(["image", "split", "width_m", "uncovered_fraction", "um_per_pixel", *targets])
        for k, name in enumerate(opened["sample"].values):
            relative = f"images/{name}.png"
            with atomic_output(folder / relative) as image:
                picture = Image.fromarray(GRAY_VALUES[opened["image"][k, ::-1].values])
                picture.save(image, format="PNG", dpi=(dots, dots))
            settings = (float(opened[key].values[k]) for key in ("width", "uncovered_fraction"))
            labels = (f"{value:.8g}" for value in opened["label"].values[k])
            table.writerow([relative, split[k], *settings, opened.attrs["um_per_pixel"], *labels])
    return opened.sizes["sample"]
