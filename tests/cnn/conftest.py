"""Class images that tests of pictures were written for, whatever ensembles the repository holds."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

STRUCTURES = Path(__file__).parent / "structures"


@pytest.fixture(scope="session")
def structures():
    """Two structures of the paper's study, the first porous [2, rows, columns]: 0 void, 1 SE, 2 AM."""
    gray = np.array([np.asarray(Image.open(path)) for path in sorted(STRUCTURES.glob("*.png"))])
    return (gray == 255) * np.uint8(1) + (gray == 128) * np.uint8(2)
