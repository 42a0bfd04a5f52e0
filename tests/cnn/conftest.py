"""Class images that tests of pictures were written for, whatever ensembles the repository holds."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

HERE = Path(__file__).parent


def class_images(folder):
    """All images of a folder [N, rows, columns]: 0 void, 1 SE, 2 AM."""
    gray = np.array([np.asarray(Image.open(path)) for path in sorted((HERE / folder).glob("*.png"))])
    return (gray == 255) * np.uint8(1) + (gray == 128) * np.uint8(2)


@pytest.fixture(scope="session")
def structures():
    """Two structures of the paper's study, the first porous."""
    return class_images("structures")


@pytest.fixture(scope="session")
def sections():
    """Two planes of 14.4 µm through a packing of spheres, half of them AM, under 100 MPa: pores are small."""
    return class_images("sections")
