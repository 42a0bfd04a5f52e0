"""Kernels are compiled for GPUs from A100 on, without one; how many registers they take."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dem.cuda.spatial.batch import REGISTERS

SCRIPT = Path(__file__).with_name("kernel_without_gpu.py")
# What does not fit into the registers: places of arrays, in the rebuild of the list [bytes].
MOST_SPILLED = 2000


def compiled(*arguments):
    """Assembler texts of a kernel, by name of the kind of GPU."""
    environment = {name: value for name, value in os.environ.items() if name != "NUMBA_ENABLE_CUDASIM"}
    done = subprocess.run(
        [sys.executable, SCRIPT, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    if "DynamicLibNotFoundError" in done.stderr:
        pytest.skip("needs NVIDIA's compiler libraries: pip install -c constraints.txt -e '.[cuda]'")
    assert done.returncode == 0, done.stderr
    texts = [f".version{text}" for text in done.stdout.split("\n.version")[1:]]
    for text in texts:
        # All is inlined, and sums of numbers with a fraction are no atomic ones.
        assert ".entry" in text and not re.search(r"\bcall\b", text)
        assert set(re.findall(r"\batom\.\S+", text)) <= {"atom.global.add.u64", "atom.add.u64"}
    return {re.search(r"\.target (sm_\d+)", text)[1]: text for text in texts}


def test_the_other_law_is_compiled_too():
    assert list(compiled("law", "hertz_mindlin", "0.0", "80")) == ["sm_80"]


def test_looks_are_compiled():
    assert list(compiled("look", "elastoplastic", "0.5", "90")) == ["sm_90"]


def test_kernels_are_compiled_for_gpus_that_are_not_there(tmp_path):
    texts = compiled("advance", "elastoplastic", "0.5", "90", "80")
    assert list(texts) == ["sm_90", "sm_80"]
    ptxas = shutil.which("ptxas")
    if ptxas is None:
        pytest.skip("registers are told by NVIDIA's assembler ptxas, which is not installed")
    source = tmp_path / "kernel.ptx"
    source.write_text(texts["sm_90"], encoding="utf-8")
    told = subprocess.run(
        [ptxas, "-v", "-arch=sm_90", f"--maxrregcount={REGISTERS}", source, "-o", os.devnull],
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    if "Unsupported .version" in told.stderr:
        pytest.skip(f"this ptxas is older than the compiler: {told.stderr.splitlines()[0]}")
    assert told.returncode == 0, told.stderr
    assert int(re.search(r"Used (\d+) registers", told.stderr)[1]) <= REGISTERS
    assert int(re.search(r"(\d+) bytes spill stores", told.stderr)[1]) <= MOST_SPILLED
