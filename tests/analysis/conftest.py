import copy

import pytest
import yaml

from analysis.dataset import build_dataset
from analysis.trajectories import read_trajectories
from dem.study import compress_cell


@pytest.fixture
def trajectory(study):
    """First structure of the tiny study."""
    return next(read_trajectories(study.trajectories[0]))


@pytest.fixture(scope="session")
def pressed(paper_config, root, tmp_path_factory):
    """Trajectories and dataset of the study of tests/pressure.yaml."""
    config = copy.deepcopy(paper_config)
    for name in ("tiny", "pressure"):
        for section, values in yaml.safe_load((root / f"tests/{name}.yaml").read_text()).items():
            config[section] = config[section] | values if isinstance(values, dict) else values
    folder = tmp_path_factory.mktemp("pressure")
    paths = []
    for pressure in config["grid"]["pressures_MPa"]:
        paths.append(folder / f"{pressure}.h5")
        compress_cell(paths[-1], config, 14, 0.7, range(5), "code", 1, pressure)
    dataset = folder / "dataset.nc"
    build_dataset(paths, dataset, config["image"], config["split"], config["seed"], "pressure", "code")
    return config, paths, dataset
