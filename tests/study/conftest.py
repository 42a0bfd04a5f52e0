"""Studies from configurations: the paper's with overlays, as the workflow puts them together."""

import copy

import pytest
import yaml

from study.jobs import Study
from study.pressing import PressingStudy


def merge(base, overlay):
    for key, value in overlay.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            merge(base[key], value)
        else:
            base[key] = value


@pytest.fixture
def overlaid(root):
    """Function that gives the configuration of the paper's study with overlays, texts of YAML."""
    base = yaml.safe_load((root / "config/config.yaml").read_text(encoding="utf-8"))

    def make(*overlays):
        config = copy.deepcopy(base)
        for overlay in overlays:
            merge(config, yaml.safe_load(overlay))
        return config

    return make


@pytest.fixture
def study_of(root, overlaid):
    """Function that gives the study of overlays: a name of config/, or text of YAML."""

    def make(*overlays):
        texts = [
            overlay if ":" in overlay else (root / f"{overlay}.yaml").read_text(encoding="utf-8")
            for overlay in overlays
        ]
        return Study(overlaid(*texts))

    return make


@pytest.fixture
def study_in_space(root):
    """The study of config/spatial.yaml."""
    return PressingStudy(yaml.safe_load((root / "config/spatial.yaml").read_text(encoding="utf-8")))
