"""What commands share: terminals, names, outputs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import analysis.__main__
import cnn.__main__
import dem.__main__
from provenance.command import check_output, check_output_folder, readable

CODE_PAGES = ("cp932", "gbk", "cp1251", "euc_jp", "latin-1")


@pytest.mark.parametrize("code_page", CODE_PAGES)
def test_terminals_of_any_code_page(code_page):
    code = "from provenance.command import any_terminal; any_terminal(); any_terminal();"
    code += "print('µm² R² ± δ é 名 \\udcff')"
    environment = {**os.environ, "PYTHONIOENCODING": code_page}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True)
    assert done.returncode == 0 and not done.stderr
    shown = done.stdout.decode(code_page)
    assert shown.startswith(("µm² ", "µm2 ", "um2 ")) and shown.endswith("\\xff\n")
    assert "R2" in shown or "R²" in shown


@pytest.mark.parametrize(
    "command", ["", "predict", "simulate", "transport", "design", "serve", "study init", "report"]
)
def test_help_on_a_terminal_of_another_code_page(command):
    environment = {**os.environ, "PYTHONIOENCODING": "gbk"}
    arguments = [sys.executable, "-m", "assb", *command.split(), "--help"]
    done = subprocess.run(arguments, env=environment, capture_output=True)
    assert done.returncode == 0 and not done.stderr and b"Usage" in done.stdout


def test_names_that_are_no_utf_8_are_readable():
    assert readable(Path("µ.png")) == "µ.png"
    assert readable(Path(os.fsdecode(b"bad\xff.png"))) == "bad\\xff.png"


def test_an_output_replaces_none_but_its_kind(tmp_path):
    (tmp_path / "old.csv").touch()
    check_output(tmp_path / "old.csv", [tmp_path / "a.csv"], [".csv"])
    check_output(tmp_path / "new", [], [".csv"])
    check_output_folder(tmp_path, [tmp_path / "old.csv"])
    (tmp_path / "notes.txt").touch()
    (tmp_path / "link.csv").symlink_to("old.csv")
    for output, inputs, problem in (
        ("old.csv", ["old.csv"], "old.csv is an input"),
        ("link.csv", ["old.csv"], "old.csv is an input"),
        ("missing.csv", ["missing.csv"], "missing.csv is an input"),
        ("notes.txt", [], "notes.txt is to be written, but exists and is no .csv file"),
        ("new.PNG", [], "has the name of a picture"),
        (".", [], "is a folder; name a file, such as"),
    ):
        with pytest.raises(ValueError, match=problem):
            check_output(tmp_path / output, [tmp_path / name for name in inputs], [".csv"])
    with pytest.raises(ValueError, match="is an input; name another folder"):
        check_output_folder(tmp_path, [tmp_path])
    with pytest.raises(ValueError, match="is a file; name a folder"):
        check_output_folder(tmp_path / "old.csv", [])


@pytest.mark.parametrize(
    "main, arguments",
    [
        (dem.__main__.main, "compress --structure p.csv --width-um 8 --config c.yaml --output p.csv"),
        (dem.__main__.main, "compress --structure p.csv --width-um 8 --config c.yaml --output c.yaml"),
        (dem.__main__.main, "generate --width-um 8 --uncovered-fraction 1 --config c.yaml --output c.yaml"),
        (analysis.__main__.main, "export p.csv p.csv"),
        (cnn.__main__.main, "bundle study study"),
    ],
)
def test_commands_do_not_overwrite_their_inputs(main, arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name in ("p.csv", "c.yaml"):
        Path(name).write_text("mine", encoding="utf-8")
    Path("study").mkdir()
    assert main(arguments.split()) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and "input; name another" in error
    assert Path("p.csv").read_text(encoding="utf-8") == Path("c.yaml").read_text(encoding="utf-8") == "mine"
