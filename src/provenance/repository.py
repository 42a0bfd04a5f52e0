"""Where the files of the repository are that packages need beside their sources: models, rules."""

from pathlib import Path

# `pip install` lays them here (setup.py); an editable installation reads those of the clone itself.
_INSTALLED = Path(__file__).resolve().parent / "clone"
CLONE = Path(__file__).resolve().parents[2]
# Paths below it are those of a clone, such as models/robust.
REPOSITORY = _INSTALLED if _INSTALLED.is_dir() else CLONE
