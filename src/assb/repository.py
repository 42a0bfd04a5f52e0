"""The clone of the repository: it has the models, the configuration and the workflow that commands need."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
SHIPPED_ENSEMBLES = ("robust", "paper", "spatial")


def check_clone() -> None:
    """Raise FileNotFoundError where the package was installed without its repository."""
    if not (REPOSITORY / "Snakefile").is_file():
        raise FileNotFoundError(
            "the models, the configuration and the workflow are in the repository, beside which this package "
            "is not installed: clone it, and there pip install -c constraints.txt -e '.[cpu,web]'"
        )


def ensemble_folder(model: Path) -> Path:
    """Folder of an ensemble; those of the repository go by their names.

    Raises
    ------
    FileNotFoundError
        If it is one of the repository, which is not there.
    """
    from cnn.image import MODELS

    if str(model) not in SHIPPED_ENSEMBLES:
        return model
    check_clone()
    return MODELS / model


def run_workflow(configurations: Iterable[Path], cores: str, others: Iterable[str]) -> int:
    """Run the workflow in the clone.

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
    """
    # What Snakemake itself reads is UTF-8 too.
    os.environ.setdefault("PYTHONUTF8", "1")
    if not _home_has_cache():
        os.environ["XDG_CACHE_HOME"] = str(REPOSITORY / ".snakemake/cache")
    files = [str(path.resolve()) for path in configurations]
    command = [sys.executable, "-m", "snakemake", "--cores", cores]
    command += ["--configfile", *files] if files else []
    return subprocess.run([*command, *others], cwd=REPOSITORY).returncode


def _home_has_cache() -> bool:
    """Whether the user's cache can be written: Snakemake does not start without one."""
    try:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        folder.mkdir(parents=True, exist_ok=True)
    # Without HOME and an entry in passwd there is no home.
    except (OSError, RuntimeError):
        return False
    return os.access(folder, os.W_OK)
