"""Compiled kernels of laws from outside the package: kept apart from those that all processes share."""

from __future__ import annotations

import hashlib
import inspect
import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache
from numbers import Number
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from types import FunctionType
from typing import Any

from numba import config
from numba.core.dispatcher import Dispatcher

from dem.cpu.law import COMPILED, callees
from dem.laws import Law

PACKAGE = __name__.partition(".")[0]
# Where Numba keeps what is compiled for the package's own laws; without a folder for it beside the sources.
SHARED = Path(config.CACHE_DIR or Path(__file__).parent / "__pycache__")  # type: ignore[attr-defined]
_outside: set[type] = set()
_lock = Lock()


def keep_apart(law: Law) -> None:
    """Have kernels that are compiled for a law from outside the package kept in a folder of their own.

    An entry of Numba's cache names the class of its law, and who looks anything up imports all that the
    entries of a kernel name: in the shared folder, laws that other processes do not have. Nor does Numba
    notice an edit of the law. So the name of the folder is a digest of such laws, all that this process has
    used: their entries may stand side by side in it.

    Parameters
    ----------
    law
        That kernels are going to be called with.
    """
    kind = type(law)
    if kind.__module__.partition(".")[0] == PACKAGE:
        return
    with _lock:
        if kind in _outside:
            return
        _outside.add(kind)
        config.CACHE_DIR = str(cache_folder(_outside))  # type: ignore[attr-defined]
        for name, module in tuple(sys.modules.items()):
            if name.partition(".")[0] == PACKAGE:
                for kernel in vars(module).values():
                    if isinstance(kernel, Dispatcher):
                        kernel.enable_caching()


def cache_folder(kinds: Iterable[type]) -> Path:
    """Folder of what is compiled for some laws; a temporary one if there is a law without a source file."""
    try:
        digests = {hashlib.sha256("\0".join(_sources(kind)).encode()).hexdigest()[:16] for kind in kinds}
    except (OSError, TypeError):
        return Path(_temporary().name)
    return SHARED / "-".join(["laws", *sorted(digests)])


@lru_cache
def _temporary() -> TemporaryDirectory[str]:
    """It is removed when the process ends."""
    return TemporaryDirectory(prefix="kernels-")


def _sources(kind: Any) -> Iterator[str]:
    """Texts that say what kernels are under a law: of its module, and of all that it calls."""
    yield f"{kind.__module__}.{kind.__qualname__}"
    yield inspect.getsource(inspect.getmodule(kind) or kind)
    for name in COMPILED:
        yield from _sources_of_function(getattr(kind, name))


def _sources_of_function(function: FunctionType) -> Iterator[str]:
    yield inspect.getsource(function)
    for name in function.__code__.co_names:
        if isinstance(value := function.__globals__.get(name), Number):
            yield f"{name} = {value!r}"
    for callee in callees(function):
        yield from _sources_of_function(callee)
