"""What commands take from the repository: ensembles, configurations, and the workflow, which starts here."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from assb.study_folder import is_study_folder
from provenance.repository import CLONE, REPOSITORY

SHIPPED_ENSEMBLES = ("robust", "paper", "spatial")


def ensemble_folder(model: Path) -> Path:
    """Folder of an ensemble; those of the repository go by their names."""
    from cnn.image import MODELS

    return MODELS / model if str(model) in SHIPPED_ENSEMBLES else model


def workflow_folder() -> Path:
    """Folder to run the workflow in: a study's where the user stands in one, else the clone.

    Raises
    ------
    FileNotFoundError
        If there is neither.
    """
    here = Path.cwd()
    if is_study_folder(here):
        return here
    if REPOSITORY == CLONE:
        return CLONE
    raise FileNotFoundError("there is no study in this folder; make one: assb study init FOLDER")


def run_workflow(configurations: Iterable[Path], cores: str, others: Iterable[str]) -> int:
    """Run the workflow in the `workflow_folder`.

    Parameters
    ----------
    configurations
        YAML files, each of which overrides those before it.
    cores
        How many to use, or ``all``.
    others
        Further arguments of Snakemake.

    Returns
    -------
    int
        Its exit status.

    Raises
    ------
    FileNotFoundError
        Of `workflow_folder`.
    """
    folder = workflow_folder()
    # What Snakemake itself reads is UTF-8 too.
    os.environ.setdefault("PYTHONUTF8", "1")
    if not _home_has_cache():
        os.environ["XDG_CACHE_HOME"] = str(folder / ".snakemake/cache")
    files = [str(path.resolve()) for path in configurations]
    command = [sys.executable, "-m", "snakemake", "--cores", cores]
    command += ["--configfile", *files] if files else []
    return subprocess.run([*command, *others], cwd=folder).returncode


def _home_has_cache() -> bool:
    """Whether the user's cache can be written: Snakemake does not start without one."""
    try:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        folder.mkdir(parents=True, exist_ok=True)
    # Without HOME and an entry in passwd there is no home.
    except (OSError, RuntimeError):
        return False
    return os.access(folder, os.W_OK)
