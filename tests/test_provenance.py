import json
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import pytest

from provenance import atomic_output, check_seal, code_digest
from provenance.digest import SOURCES, code_files


@pytest.fixture
def sources(tmp_path):
    files = {
        "one/__init__.py": "",
        "one/a.py": "from one.b import f\nimport json\n",
        "one/b.py": "from . import c\n",
        "one/c.py": "",
        "one/alone.py": "",
        "two/__init__.py": "import one.a\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("edited", ["one/__init__.py", "one/a.py", "one/b.py", "one/c.py"])
def test_digest_changes_with_every_module_imported(sources, edited):
    before = code_digest("one.a", sources=sources), code_digest("two", sources=sources)
    with open(sources / edited, "a", encoding="utf-8") as file:
        file.write("edited = 1\n")
    after = code_digest("one.a", sources=sources), code_digest("two", sources=sources)
    assert before[0] != after[0] and before[1] != after[1]


def test_digest_ignores_comments_docstrings_and_empty_lines(sources):
    module = sources / "one/c.py"
    module.write_text('"""Old."""\nx = "#no"\n\n\ndef f():\n    """Old."""\n    return x\n', encoding="utf-8")
    before = code_digest("one.a", sources=sources)
    module.write_text(
        '"""New.\n\nLonger."""\n# Why.\nx = "#no"  # text\ndef f():\n    """New."""\n    return x\n',
        encoding="utf-8",
    )
    assert code_digest("one.a", sources=sources) == before
    module.write_text(module.read_text(encoding="utf-8").replace('"#no"', '"#other"'), encoding="utf-8")
    assert code_digest("one.a", sources=sources) != before


def test_digest_is_the_same_in_every_version_of_python(sources):
    """Written down: strings in strings are printed differently by the versions of `ast.unparse`."""
    text = "name = 'b'\nx = f\"{', '.join(name)} {name!r:>4}\"  # comment\n"
    (sources / "one/alone.py").write_text(text, encoding="utf-8")
    assert code_digest("one.alone", sources=sources) == "f9790a197fda7c9d"


def test_digest_of_broken_code_names_the_file(sources):
    (sources / "one/c.py").write_text("x = (\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"c\.py is no Python"):
        code_digest("one.a", sources=sources)


def test_digest_ignores_modules_not_imported(sources):
    before = code_digest("one.a", sources=sources)
    (sources / "one/alone.py").write_text("x = 1\n", encoding="utf-8")
    assert code_digest("one.a", sources=sources) == before


def test_digest_of_unknown_module_is_refused(sources):
    with pytest.raises(ValueError, match=r"'one\.nothing' has no source file"):
        code_digest("one.nothing", sources=sources)


def test_digest_reads_sources_as_utf_8_whatever_the_locale(sources):
    (sources / "one/c.py").write_text("unit = 'µm'\n", encoding="utf-8")
    code = "from pathlib import Path; from provenance import code_digest; print(code_digest('one.c', "
    code += f"sources=Path({str(sources)!r})))"
    environment = {"PYTHONPATH": str(SOURCES), "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        encoding="utf-8",
    )
    assert done.stdout.strip() == code_digest("one.c", sources=sources)


@pytest.fixture
def copied(tmp_path):
    """A copy of the project's sources."""
    shutil.copytree(SOURCES, tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    return tmp_path / "src"


def modules(sources):
    """Dotted names of all modules but those of `provenance`."""
    names = (path.relative_to(sources).with_suffix("") for path in sorted(sources.rglob("*.py")))
    return [".".join(name.parts).removesuffix(".__init__") for name in names if name.parts[0] != "provenance"]


def changed(sources, *edited):
    """Modules whose digest changes with an edit of some files."""
    before = {module: code_digest(module, sources=sources) for module in modules(sources)}
    for path in edited:
        with open(path, "a", encoding="utf-8") as file:
            file.write("\nEDITED = 1\n")
    return {module for module, digest in before.items() if code_digest(module, sources=sources) != digest}


def test_an_edit_of_predictions_without_keras_neither_degrades_nor_trains(copied):
    due = changed(copied, copied / "cnn/light.py")
    assert {"cnn.light", "cnn.image", "cnn.bundle", "assb.prediction"} <= due
    assert not {"cnn.degrade", "cnn.train", "cnn.ensemble", "cnn.gradcam", "analysis.dataset"} & due


def test_an_edit_of_provenance_changes_no_digest(copied):
    assert len(modules(copied)) > 50
    assert not changed(copied, *(copied / "provenance").glob("*.py"))


LOADING = """
import importlib, json, sys
from unittest.mock import MagicMock

sys.modules["keras"] = MagicMock()  # takes seconds to load, and is none of ours
loaded = {}
for name in sys.argv[1:]:
    for module in [module for module in sys.modules if module.split(".")[0] in OURS]:
        del sys.modules[module]
    importlib.import_module(name)
    files = [getattr(sys.modules[module], "__file__", None) for module in list(sys.modules)]
    loaded[name] = [file for file in files if file]
print(json.dumps(loaded))
"""


def test_digests_cover_all_that_python_loads():
    """Of every module, so of every rule's: an edit of what it runs is never overlooked."""
    names = modules(SOURCES)
    packages = {name.split(".")[0] for name in names} | {"provenance"}
    command = [sys.executable, "-c", f"OURS = {packages}\n{LOADING}", *names]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    for name, files in json.loads(done.stdout).items():
        loaded = {Path(file) for file in files if Path(file).is_relative_to(SOURCES)}
        assert len(loaded) >= len(name.split(".")), name
        assert {file for file in loaded if file.parent.name != "provenance"} <= set(code_files(name)), name


def test_digest_changes_with_imports_inside_functions(sources):
    (sources / "one/c.py").write_text("def f():\n    from one import alone\n", encoding="utf-8")
    before = code_digest("one.a", sources=sources)
    (sources / "one/alone.py").write_text("x = 1\n", encoding="utf-8")
    assert code_digest("one.a", sources=sources) != before


def test_atomic_output_leaves_the_old_file_and_no_other_when_writing_fails(tmp_path):
    target = tmp_path / "result.txt"
    target.write_text("old", encoding="utf-8")
    with pytest.raises(OSError, match="disk full"), atomic_output(target) as temporary:
        temporary.write_text("half", encoding="utf-8")
        raise OSError("disk full")
    assert target.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_atomic_output_replaces_makes_folders_and_keeps_the_suffix(tmp_path):
    target = tmp_path / "new/folder/result.txt"
    with atomic_output(target) as temporary:
        assert temporary.suffix == ".txt" and not target.exists()
        temporary.write_text("whole", encoding="utf-8")
    assert target.read_text(encoding="utf-8") == "whole"
    assert target.stat().st_mode & 0o044, "readable like any new file"


def test_a_sealed_file_is_refused_once_a_bit_of_it_has_changed(tmp_path):
    path = tmp_path / "sealed"
    with atomic_output(path, seal=True) as temporary:
        temporary.write_bytes(b"content")
    check_seal(path)
    content = path.read_bytes()
    assert content.startswith(b"content")
    for place in (0, 6, len(content) - 1):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.raises(ValueError, match="damaged"):
            check_seal(path)


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 1000])
def test_a_file_without_a_seal_passes(tmp_path, content):
    path = tmp_path / "plain"
    path.write_bytes(content)
    check_seal(path)


def test_hdf5_reads_past_a_seal_and_cuts_it_off_when_it_writes(tmp_path):
    path = tmp_path / "sealed.h5"
    with atomic_output(path, seal=True) as temporary, h5py.File(temporary, "w") as file:
        file["numbers"] = range(5)
    sealed = path.read_bytes()
    with h5py.File(path, "a") as file:
        assert file["numbers"][:].tolist() == list(range(5))
        file["more"] = 1
    assert sealed[-40:] not in path.read_bytes()
    check_seal(path)


@pytest.mark.parametrize("libver", ["earliest", "v110"])
def test_hdf5_without_a_seal_must_end_where_its_header_says(tmp_path, libver):
    path = tmp_path / "plain.h5"
    with h5py.File(path, "w", libver=(libver, "latest")) as file:
        file["numbers"] = range(500)
    content = path.read_bytes()
    check_seal(path)
    for damaged in (content + b"\0", content[:1500] + content[1400:], content[:-8]):
        path.write_bytes(damaged)
        with pytest.raises(
            ValueError, match=f"damaged: it has {len(damaged)} bytes, its header says {len(content)}"
        ):
            check_seal(path)
