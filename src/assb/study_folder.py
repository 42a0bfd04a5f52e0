"""Folder of a study that needs no clone: its configuration, and a Snakefile that runs our workflow."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from provenance.repository import REPOSITORY

# Studies to begin from -> their configurations; those that join others need these first.
LIKE = {
    "demo": "demo.yaml",
    "paper": "config.yaml",
    "elastoplastic": "elastoplastic.yaml",
    "spatial_demo": "spatial_demo.yaml",
    "spatial": "spatial.yaml",
    "spatial_large": "spatial_large.yaml",
}
CONFIGURATION = "config.yaml"
# As in the schema of configurations.
NAME = r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}"
# How a study's Snakefile is known from those of other workflows.
MARK = "from provenance.repository import REPOSITORY"
SNAKEFILE = f"""\
# The workflow of the installed package solid-state-electrode, on the configuration beside this file.
#   snakemake --cores all
from pathlib import Path

{MARK}


configfile: Path(workflow.basedir, "{CONFIGURATION}")


include: str(REPOSITORY / "Snakefile")


localrules:
    study,


# Rules of your own stand below, and what they make in this list.
rule study:
    default_target: True
    input:
        rules.all.input,
"""
HEADER = """\
# What this study sets; every other key is as in {base}.
# Every key is explained in {manual}.
#   snakemake --cores all

"""


def is_study_folder(folder: Path) -> bool:
    """Whether a folder is one of `make_study_folder`."""
    snakefile = folder / "Snakefile"
    return snakefile.is_file() and MARK in snakefile.read_text(encoding="utf-8", errors="replace")


def make_study_folder(folder: Path, like: str) -> None:
    """Make the folder of a study, named as the folder is.

    Parameters
    ----------
    folder
        New, or with nothing in it that would be replaced.
    like
        One of `LIKE`, whose configuration is copied.

    Raises
    ------
    FileExistsError
        If one of the files is there already.
    OSError
        If it cannot be written.
    ValueError
        If the folder's name is no name of a study.
    """
    name = folder.resolve().name
    if not re.fullmatch(NAME, name):
        raise ValueError(
            f"a study is named as its folder: 1 to 64 letters, digits, underscores and hyphens, got {name!r}"
        )
    for file in ("Snakefile", CONFIGURATION, "profiles"):
        if (folder / file).exists():
            raise FileExistsError(f"{folder / file} exists already; name another folder")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Snakefile").write_text(SNAKEFILE, encoding="utf-8")
    (folder / CONFIGURATION).write_text(_configuration(name, like), encoding="utf-8")
    shutil.copytree(REPOSITORY / "profiles", folder / "profiles")


def _configuration(name: str, like: str) -> str:
    """That of the study to begin from, under another name."""
    configurations = REPOSITORY / "config"
    text = (configurations / LIKE[like]).read_text(encoding="utf-8")
    keys = text[text.index("\nstudy: ") + 1 :]
    base = "spatial.yaml" if "\ngeometry: spatial" in keys else "config.yaml"
    header = HEADER.format(base=configurations / base, manual=configurations / "README.md")
    return header + re.sub(r"^study: \S+", f"study: {name}", keys)
