"""What users are told whose installation lacks an extra."""

import ast
import subprocess
import sys
import tomllib

import pytest

import analysis.__main__
import cnn.__main__
from provenance.digest import PACKAGES
from provenance.installation import EXTRAS, extras_named, installation, need

# Modules -> the distributions that bring them, where these have another name.
DISTRIBUTIONS = {
    **{"yaml": "pyyaml", "sklearn": "scikit-learn", "skimage": "scikit-image", "PIL": "pillow"},
    "werkzeug": "flask",
}


@pytest.fixture(scope="module")
def project(root):
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def brought_by(project, extra):
    """Names of the distributions of an extra, and of those it names in turn."""
    names = set()
    for line in project["optional-dependencies"][extra]:
        name, _, more = line.partition("[")
        if name == "solid-state-electrode":
            names |= brought_by(project, more.rstrip("]"))
        else:
            names.add(name.split(">=")[0].split(";")[0])
    return names


def test_extras_bring_what_they_are_named_for(project):
    for module, extra in EXTRAS.items():
        name = DISTRIBUTIONS.get(module, module).replace("_", "-")
        assert name in brought_by(project, extra), module


def test_a_package_that_lacks_a_part_is_not_called_missing():
    with pytest.raises(ModuleNotFoundError, match="rich"), extras_named():
        import rich.no_such_part  # noqa: F401


def test_all_that_is_imported_is_of_the_core_or_of_an_extra(root, project):
    core = {line.split(">=")[0] for line in project["dependencies"]}
    for path in (root / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) else []
            for module in {name.split(".")[0] for name in names} - set(PACKAGES) - sys.stdlib_module_names:
                known = DISTRIBUTIONS.get(module, module) in core or module in EXTRAS
                assert known, f"{path} imports {module}"


@pytest.mark.parametrize("module", ["numba", "rich", "yaml"])
@pytest.mark.parametrize(
    "command",
    ["compress --structure p.csv --config c.yaml --output p.h5", "generate --config c.yaml --output p.csv"],
)
def test_packings_of_ones_own_name_the_extra_that_they_lack(tmp_path, module, command):
    code = (
        f"import sys; sys.modules[{module!r}] = None; from dem.__main__ import main; main({command.split()})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, encoding="utf-8"
    )
    assert done.stderr == f"error: {module} is missing: pip install -c constraints.txt -e '.[study]'\n"
    assert done.returncode == 2


@pytest.mark.parametrize(
    ("command", "step", "arguments"),
    [
        (cnn.__main__, "write_bundle", ["bundle", "study", "folder"]),
        (analysis.__main__, "export_dataset", ["export", "dataset.nc", "folder"]),
    ],
)
def test_a_step_names_the_extra_that_it_lacks(monkeypatch, capsys, tmp_path, command, step, arguments):
    def lacking(*_):
        import sklearn.linear_model  # noqa: F401

    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.delitem(sys.modules, "sklearn.linear_model", raising=False)
    monkeypatch.setattr(command, step, lacking)
    with pytest.raises(SystemExit) as ended:
        command.main(arguments)
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert told == "error: sklearn is missing: pip install -c constraints.txt -e '.[study]'\n"


def test_an_extra_of_an_installed_package_needs_no_clone(monkeypatch, tmp_path):
    monkeypatch.setattr("provenance.installation.REPOSITORY", tmp_path)
    assert installation("cpu", "web") == "pip install 'solid-state-electrode[cpu,web]'"


def test_what_no_extra_brings_stays_an_error():
    with pytest.raises(ModuleNotFoundError, match="no_such_module"), extras_named():
        need("no_such_module")
    need("json")
