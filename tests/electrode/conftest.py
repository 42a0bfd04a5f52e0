import numpy as np
import pytest

from electrode.species import AM


@pytest.fixture(scope="session")
def image_of():
    """Makes the class image of discs (x, y, radius) [pixels]."""

    def make(discs, shape=(200, 240)):
        image = np.zeros(shape, np.uint8)
        rows, columns = np.mgrid[: shape[0], : shape[1]] + 0.5
        for x, y, radius in discs:
            image[np.hypot(columns - x, rows - y) <= radius] = AM
        return image

    return make
