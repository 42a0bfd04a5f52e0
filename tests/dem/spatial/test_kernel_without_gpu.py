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


@pytest.mark.parametrize(
    ("law", "friction", "capability"), [("hertz_mindlin", 0.0, 80), ("elastoplastic", 0.5, 90)]
)
def test_kernels_are_compiled_for_gpus_that_are_not_there(law, friction, capability, tmp_path):
    environment = {name: value for name, value in os.environ.items() if name != "NUMBA_ENABLE_CUDASIM"}
    done = subprocess.run(
        [sys.executable, SCRIPT, law, str(friction), str(capability)],
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    if "DynamicLibNotFoundError" in done.stderr:
        pytest.skip("needs NVIDIA's compiler libraries: pip install -c constraints.txt -e '.[cuda]'")
    assert done.returncode == 0, done.stderr
    assert f".target sm_{capability}" in done.stdout and ".entry" in done.stdout
    # All is inlined, and sums of numbers with a fraction are no atomic ones.
    assert not re.search(r"\bcall\b", done.stdout)
    assert set(re.findall(r"\batom\.\S+", done.stdout)) <= {"atom.global.add.u64", "atom.add.u64"}
    ptxas = shutil.which("ptxas")
    if ptxas is None:
        pytest.skip("registers are told by NVIDIA's assembler ptxas, which is not installed")
    source = tmp_path / "kernel.ptx"
    source.write_text(done.stdout, encoding="utf-8")
    told = subprocess.run(
        [ptxas, "-v", f"-arch=sm_{capability}", f"--maxrregcount={REGISTERS}", source, "-o", os.devnull],
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    if "Unsupported .version" in told.stderr:
        pytest.skip(f"this ptxas is older than the compiler: {told.stderr.splitlines()[0]}")
    assert told.returncode == 0, told.stderr
    assert int(re.search(r"Used (\d+) registers", told.stderr)[1]) <= REGISTERS
    assert int(re.search(r"(\d+) bytes spill stores", told.stderr)[1]) <= MOST_SPILLED
