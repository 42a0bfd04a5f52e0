"""Which extra of this project brings a package that is missing, and what a user types to have it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from provenance.repository import CLONE, REPOSITORY

# Modules that not every installation has -> the extra that brings what they are needed for.
EXTRAS = {
    **dict.fromkeys(("jinja2", "joblib", "jsonschema", "numba", "rich", "sklearn", "yaml"), "study"),
    # Who trains or runs a whole study needs a backend too.
    **dict.fromkeys(("keras", "snakemake", "tensorflow"), "cpu"),
    **dict.fromkeys(("flask", "waitress", "werkzeug"), "web"),
    "jax": "jax-cuda",
    "numba_cuda": "cuda",
}


def installation(*extras: str) -> str:
    """What a user types to have extras of this project too."""
    listed = ",".join(extras)
    if REPOSITORY == CLONE:
        return f"pip install -c constraints.txt -e '.[{listed}]'"
    return f"pip install 'solid-state-electrode[{listed}]'"


def need(module: str) -> None:
    """Raise ModuleNotFoundError if a module is not installed, without importing it."""
    if find_spec(module) is None:
        raise ModuleNotFoundError(f"No module named {module!r}", name=module)


@contextmanager
def extras_named() -> Iterator[None]:
    """End a command with one sentence, and 2, where it lacks a package that an extra brings.

    Raises
    ------
    SystemExit
        With the exit status.
    ModuleNotFoundError
        If no extra brings the module, or it is there and lacks a part: of a broken installation the traceback
        tells more.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        name = (error.name or "").partition(".")[0]
        if name not in EXTRAS or find_spec(name) is not None:
            raise
        print(f"error: {name} is missing: {installation(EXTRAS[name])}", file=sys.stderr)
        sys.exit(2)
