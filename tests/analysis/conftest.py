import copy

import pytest
import yaml

from analysis.dataset import build_dataset
from dem.study import compress_cell


@pytest.fixture(scope="session")
def pressed(yielding_kernels, paper_config, root, made_once):
    """Trajectories and dataset of the study of tests/pressure.yaml."""
    config = copy.deepcopy(paper_config)
    for name in ("tiny", "pressure"):
        for section, values in yaml.safe_load(
            (root / f"tests/{name}.yaml").read_text(encoding="utf-8")
        ).items():
            config[section] = config[section] | values if isinstance(values, dict) else values

    def fill(folder):
        paths = []
        for pressure in config["grid"]["pressures_MPa"]:
            paths.append(folder / f"{pressure}.h5")
            compress_cell(paths[-1], config, 14, 0.7, range(5), "code", 1, pressure)
        settings = config["image"], config["split"], config["seed"]
        build_dataset(paths, folder / "dataset.nc", *settings, "pressure", "code")

    folder = made_once("pressure", fill)
    paths = [folder / f"{pressure}.h5" for pressure in config["grid"]["pressures_MPa"]]
    return config, paths, folder / "dataset.nc"
