import hashlib
import json
import shutil

import pytest

from analysis.__main__ import main
from analysis.manifest import write_manifest


@pytest.fixture
def manifest(study, tmp_path):
    """Of a copy of the tiny study, which a test may spoil."""
    for path in (study.dataset, *study.trajectories):
        shutil.copy(path, tmp_path)
    trajectories = [tmp_path / path.name for path in study.trajectories]
    write_manifest(tmp_path / "dataset.nc", trajectories, tmp_path / "manifest.json")
    return tmp_path / "manifest.json"


def test_manifest_names_seeds_code_versions_and_checksums(manifest, study):
    content = json.loads(manifest.read_text(encoding="utf-8"))
    assert content["structures"] == 8 and content["dataset"]["code_digest"] == "code code"
    assert content["dataset"]["sha256"] == hashlib.sha256(study.dataset.read_bytes()).hexdigest()
    assert [entry["file"] for entry in content["sources"]] == sorted(p.name for p in study.trajectories)
    assert {entry["seed"] for entry in content["sources"]} == {str(study.config["seed"])}
    assert {"python", "numpy", "h5py", "xarray"} <= set(content["versions_of_this_job"])


def test_verify_accepts_what_was_written(manifest, study, capsys):
    assert main(["verify", str(manifest)]) == 0
    assert f"{1 + len(study.trajectories)} files as written" in capsys.readouterr().out


def test_verify_names_every_file_that_is_missing_or_changed(manifest, study, capsys):
    missing, changed = (manifest.parent / path.name for path in study.trajectories[:2])
    missing.unlink()
    content = bytearray(changed.read_bytes())
    content[len(content) // 2] ^= 1
    changed.write_bytes(content)
    assert main(["verify", str(manifest)]) == 2
    told = capsys.readouterr().err
    assert f"{missing} is missing" in told and f"{changed} has SHA-256" in told


def test_verify_refuses_what_is_no_manifest(tmp_path, capsys):
    (tmp_path / "manifest.json").write_text("[1]", encoding="utf-8")
    assert main(["verify", str(tmp_path / "manifest.json")]) == 2
    assert "manifest.json cannot be read as a manifest" in capsys.readouterr().err
