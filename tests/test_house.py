"""The rules of ARCHITECTURE.md that a machine can check."""

import ast
import re
import subprocess
import sys
import tomllib

import pytest
import yaml

from dem import KERNEL_MODULES
from provenance.digest import PACKAGES, code_files
from study.consistency import ENVIRONMENTS

# Package -> project packages it may import.
MAY_IMPORT = {
    "provenance": set(),
    "electrode": {"provenance"},
    "dem": {"electrode", "provenance"},
    "analysis": {"electrode", "provenance"},
    "transport": {"electrode", "provenance"},
    "cnn": {"electrode", "provenance"},
    # Lists only: what runs them is in workflow/.
    "study": {"analysis", "dem", "electrode", "provenance"},
    # The front door: nothing imports it.
    "assb": {"analysis", "cnn", "dem", "electrode", "provenance", "study", "transport"},
}


def imported_modules(path):
    """Dotted names that a file imports, whether as ``import a.b`` or as ``from a import b``."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports say where they come from"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imported_packages(path):
    return (name.split(".")[0] for name in imported_modules(path))


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_go_one_way(root, package):
    for path in (root / "src" / package).rglob("*.py"):
        others = (set(imported_packages(path)) & set(MAY_IMPORT)) - {package}
        assert others <= MAY_IMPORT[package], f"{path} imports {others}"


def test_every_package_is_known_and_typed(root):
    assert (
        sorted(PACKAGES)
        == sorted(MAY_IMPORT)
        == sorted(path.parent.name for path in root.glob("src/*/__init__.py"))
    )
    assert all((root / "src" / package / "py.typed").exists() for package in PACKAGES)


# Rooms of dem, each of which imports only those before it; a room is a module or a folder of them.
ROOMS_OF_DEM = (
    *("configured", "configuration_file", "laws", "parameters", "schema", "geometry", "state", "cpu"),
    *(
        "measure",
        "protocol",
        "engine",
        "cuda",
        "structure",
        "filling",
        "compress",
        "press",
        "trajectory",
        "simulation",
        "parts",
        "study",
        "press_study",
        "batch",
        "compress_batch",
        "press_batch",
    ),
)


def test_modules_of_dem_import_one_way(root):
    for path in (root / "src/dem").rglob("*.py"):
        room = path.relative_to(root / "src/dem").with_suffix("").parts[0]
        if room not in ROOMS_OF_DEM:
            assert room in ("__init__", "__main__", "commands", "packing"), f"{path} stands in no room"
            continue
        parts = (name.split(".") for name in imported_modules(path))
        imported = {name[1] for name in parts if name[0] == "dem" and len(name) > 1}
        later = imported & set(ROOMS_OF_DEM[ROOMS_OF_DEM.index(room) + 1 :])
        assert not later, f"{path} imports {later}"


def test_the_cache_of_kernels_is_keyed_on_all_that_hold_kernels(root):
    """Numba does not notice an edit of a kernel that the cached one calls."""
    keyed = set(code_files(*KERNEL_MODULES))
    for path in (root / "src").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert path in keyed or not re.search(r"^@(njit|overload|intrinsic)\b", text, re.M), path
    assert set((root / "src/dem/laws").glob("*.py")) <= keyed


def test_protocols_and_laws_know_no_engine(root):
    for folder in ("protocol", "laws"):
        for path in (root / "src/dem" / folder).glob("*.py"):
            engines = [name for name in imported_modules(path) if name.startswith(("dem.cpu", "dem.engine"))]
            assert not engines and "numba" not in path.read_text(encoding="utf-8"), path


def test_sources_do_not_know_the_workflow(root):
    # `assb report` starts it, `assb study init` writes its file, and where it is missing that is told.
    starters = {root / f"src/assb/{name}.py" for name in ("cli", "repository", "study_folder")}
    starters.add(root / "src/provenance/installation.py")
    for path in set((root / "src").rglob("*.py")) - starters:
        assert "snakemake" not in path.read_text(encoding="utf-8").lower(), path


def test_scripts_are_short_glue(root):
    for path in (root / "workflow/scripts").glob("*.py"):
        if path.name != "step.py":
            tree = ast.parse(path.read_text(encoding="utf-8"))
            statements = [line for node in tree.body[1:] for line in range(node.lineno, node.end_lineno + 1)]
            assert len(statements) <= 15, path


def _requirements(lines):
    """Names of distributions, but for the project's own, which has extras of its own."""
    names = {re.split(r"[ <>=\[;]", line)[0].lower().replace("_", "-") for line in lines if line}
    return names - {"solid-state-electrode"}


def test_every_dependency_is_pinned(root):
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = _requirements(project["dependencies"])
    for extra in ("test", "study", "cpu", "cuda", "jax-cuda", "web", "docs"):
        wanted |= _requirements(project["optional-dependencies"][extra])
    lines = (root / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[^ ;@]+( ?;.*)?", pin) for pin in pins)
    assert wanted <= _requirements(pins)


@pytest.mark.parametrize(
    ("package", "environment"),
    [("dem", "dem"), ("transport", "analysis"), ("analysis", "analysis"), ("cnn", "cnn")],
)
def test_conda_environments_have_what_their_package_imports(root, package, environment):
    # The command lines of packages are no jobs of the workflow.
    sources = (
        path
        for path in (root / "src" / package).rglob("*.py")
        if path.name not in ("__main__.py", "commands.py")
    )
    text = "".join(path.read_text(encoding="utf-8") for path in sources)
    imported = set(re.findall(r"^\s*(?:from|import) (\w+)", text, re.M))
    names = {
        "sklearn": "scikit-learn",
        "skimage": "scikit-image",
        "matplotlib": "matplotlib-base",
        "PIL": "pillow",
    }
    packages = {"h5py", "keras", "numba", "numpy", "scipy", "threadpoolctl", "xarray", *names}
    listed = yaml.safe_load((root / f"workflow/envs/{environment}.yaml").read_text(encoding="utf-8"))[
        "dependencies"
    ]
    have = {entry.split(" >=")[0] for entry in listed}
    needed = {names.get(name, name) for name in imported & packages}
    assert needed <= have, f"workflow/envs/{environment}.yaml lacks {needed - have}"


def test_predictions_of_images_need_no_simulation():
    """The rule predict_images runs in the conda environment of cnn, which has no Numba."""
    code = "import sys, assb.figure, assb.prediction; print({'dem', 'numba'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, encoding="utf-8"
    )
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("environment", ["dem", "dem-gpu", "analysis", "cnn", "cnn-gpu", "cnn-jax"])
def test_conda_environments_agree_with_the_project(root, environment):
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    lines = [*project["dependencies"], *extras["study"], *extras["gpu"], *extras["cuda"], *extras["jax-cuda"]]
    bounds = dict(found.groups() for line in lines if (found := re.match(r"([\w.-]+).*?>=([\d.]+)", line)))
    bounds["python"] = project["requires-python"].removeprefix(">=").split(",")[0]
    conda_names = {"matplotlib-base": "matplotlib", "tensorflow-gpu": "tensorflow", "jaxlib": "jax"}
    listed = yaml.safe_load((root / f"workflow/envs/{environment}.yaml").read_text(encoding="utf-8"))[
        "dependencies"
    ]
    for entry in listed:
        name, bound = entry.removesuffix(" *cuda*").split(" >=")
        assert bounds[conda_names.get(name, name)] == bound, entry


def test_the_environments_of_a_backend_have_it(root):
    choices = yaml.safe_load((root / "workflow/schemas/config.schema.yaml").read_text(encoding="utf-8"))
    choices = choices["properties"]["training"]["properties"]
    assert sorted(ENVIRONMENTS) == sorted(choices["backend"]["enum"])
    assert sorted(sum(ENVIRONMENTS.values(), ())) == sorted(choices["environment"]["enum"])
    for backend, environments in ENVIRONMENTS.items():
        for name in environments:
            listed = (root / f"workflow/envs/{name}.yaml").read_text(encoding="utf-8")
            assert re.search(rf"- {backend}(-gpu)? >=", listed), name


def test_the_environments_of_the_networks_differ_in_backend_and_cuda_alone(root):
    plain, gpu, jax = (
        (root / f"workflow/envs/{name}.yaml").read_text(encoding="utf-8")
        for name in ("cnn", "cnn-gpu", "cnn-jax")
    )
    assert gpu == plain.replace("- tensorflow >=", "- tensorflow-gpu >=") != plain
    others = re.sub(r"  - (jax|jaxlib|tensorflow) >=.*\n", "", jax)
    assert others == re.sub(r"  - tensorflow >=.*\n", "", plain) and "- jaxlib >=0.7 *cuda*" in jax


def test_nothing_runs_what_data_say(root):
    """No pickles, no evaluation of text, no shell: data and configuration are never code."""
    forbidden = r"\b(pickle|marshal|shelve|dill)\b|\b(eval|exec)\(|allow_pickle=True|safe_mode=False"
    forbidden += r"|joblib\.(load|dump)|from joblib import.*\b(load|dump)\b"
    forbidden += r"|shell=True|os\.(system|popen)|yaml\.(load|unsafe_load|full_load)\("
    for path in (*(root / "src").rglob("*.py"), *(root / "workflow").rglob("*.py")):
        assert not re.search(forbidden, path.read_text(encoding="utf-8")), path
    for path in (root / "Snakefile", *(root / "workflow/rules").glob("*.smk")):
        rules = path.read_text(encoding="utf-8")
        assert not re.search(forbidden, rules), path
        assert not re.search(r"^\s+(shell|run):", rules, re.M), f"{path}: steps are scripts"


def _texts_without_encoding(tree):
    """Calls that read or write text in the encoding of the locale."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        given = {keyword.arg for keyword in node.keywords}
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        text = name in ("read_text", "write_text")
        if isinstance(node.func, ast.Name) and name == "open":
            mode = node.args[1].value if len(node.args) > 1 else "r"
            text = "b" not in mode
        if name in ("run", "Popen", "check_output"):
            text = bool(given & {"text", "universal_newlines"})
        text = text or name == "FileHandler"
        if text and "encoding" not in given:
            yield node


def test_texts_are_utf_8_in_every_locale(root):
    for folder in ("src", "workflow", "tests", "benchmarks"):
        for path in (root / folder).rglob("*.py"):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            lines = [node.lineno for node in _texts_without_encoding(tree)]
            assert not lines, f"{path}, lines {lines}: say encoding"
