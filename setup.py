"""What pyproject.toml cannot say: the wheel has files of the repository too, at their paths in it.

`provenance.repository` finds them there. An editable installation takes them from the clone.
"""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

SHIPPED = (
    "Snakefile",
    "config",
    "models",
    "profiles",
    "workflow",
    "docs/images/electrode.png",
    "docs/spatial/dataset.nc",
)


class BuildWithFiles(build_py):
    """Packages, and what they need of the repository."""

    def run(self):
        """Build."""
        super().run()
        if self.editable_mode:
            return
        clone = Path(self.build_lib, "provenance/clone")
        for name in SHIPPED:
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            if Path(name).is_dir():
                leave = shutil.ignore_patterns("__pycache__", ".*")
                shutil.copytree(name, clone / name, ignore=leave, dirs_exist_ok=True)
            else:
                shutil.copy(name, clone / name)


setup(cmdclass={"build_py": BuildWithFiles})
