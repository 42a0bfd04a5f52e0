"""``assb study init``: folders of studies without a clone."""

import pytest
import yaml
from click.testing import CliRunner

from assb.cli import main
from assb.study_folder import LIKE
from provenance.repository import REPOSITORY


def init(folder, *options):
    return CliRunner().invoke(main, ["study", "init", str(folder), *options])


@pytest.mark.parametrize("like", LIKE)
def test_a_study_sets_what_its_model_sets_under_its_own_name(tmp_path, like):
    assert init(tmp_path / "mine", "--like", like).exit_code == 0
    ours, theirs = (
        yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in (tmp_path / "mine/config.yaml", REPOSITORY / "config" / LIKE[like])
    )
    assert ours == {**theirs, "study": "mine"}
    header = (tmp_path / "mine/config.yaml").read_text(encoding="utf-8")
    assert f"{'spatial' if 'spatial' in like else 'config'}.yaml.\n" in header
    assert (tmp_path / "mine/profiles/slurm/config.yaml").exists()


def test_nothing_is_replaced(tmp_path):
    (tmp_path / "config.yaml").write_text("mine", encoding="utf-8")
    done = init(tmp_path)
    assert done.exit_code == 2 and f"error: {tmp_path}/config.yaml exists already" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["config.yaml"]


@pytest.mark.parametrize("name", ["with space", "-dash", "é", "a" * 65])
def test_a_folder_that_no_study_can_be_named_as_is_refused(tmp_path, name):
    done = init(tmp_path / name)
    assert done.exit_code == 2 and f"got {name!r}" in done.stderr and not list(tmp_path.iterdir())


def test_report_runs_the_study_of_the_folder(monkeypatch, root, tmp_path):
    class Done:
        returncode = 0

    folders = []
    monkeypatch.setattr("subprocess.run", lambda command, cwd: folders.append(cwd) or Done())
    init(tmp_path / "mine")
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs/Snakefile").write_text("rule all:\n    input: []\n", encoding="utf-8")
    for name in ("mine", "theirs"):
        monkeypatch.chdir(tmp_path / name)
        assert CliRunner().invoke(main, ["report"]).exit_code == 0
    assert folders == [tmp_path / "mine", root], "another workflow is none of ours"
    monkeypatch.setattr("assb.repository.REPOSITORY", tmp_path)
    done = CliRunner().invoke(main, ["report"])
    assert done.exit_code == 2 and "error: there is no study in this folder" in done.stderr
