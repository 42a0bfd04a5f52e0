"""Discrete element method: fill a box with active material and solid electrolyte, and compress it.

Imports run one way: configured -> configuration_file -> laws -> parameters -> schema -> geometry -> state ->
cpu -> measure -> protocol -> engine -> cuda -> structure -> filling -> compress -> press -> trajectory ->
simulation -> parts -> study -> press_study -> batch -> compress_batch -> press_batch; packing, commands and
__main__ serve users' own packings.
"""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from provenance import code_digest

# With all they import they hold every kernel.
KERNEL_MODULES = ("dem.engine", "dem.structure", "dem.filling.spatial")


def _kernel_cache() -> str:
    """Folder for compiled kernels, one per state of their sources.

    Numba notices an edit of the file that holds a kernel but not of the kernels it calls: after an
    edit of a law a cached ``integrate.py`` would go on with the old law. Laws from outside the package
    have folders of their own in it (`dem.cpu.cache`).
    """
    bases = [Path(tempfile.gettempdir())]
    # Without HOME and an entry in passwd there is no home.
    with suppress(RuntimeError):
        bases.insert(0, Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"))
    for base in bases:
        folder = base / f"solid-state-electrode-{os.getuid()}" / f"kernels-{code_digest(*KERNEL_MODULES)}"
        try:
            # Compiled code is loaded from here: nobody else may write it.
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK) and folder.stat().st_uid == os.getuid():
            return str(folder)
    return ""


# Jobs of a workflow inherit it, and need not read all sources for it.
if "NUMBA_CACHE_DIR" not in os.environ:
    os.environ["NUMBA_CACHE_DIR"] = _kernel_cache()
