"""Windows that cover an image."""

import numpy as np
import pytest

from cnn.windows import window_starts


@pytest.mark.parametrize("length", [360, 361, 380, 700, 1000, 4001])
def test_windows_cover_the_image_and_overlap(length):
    starts = window_starts(length, 360, 20)
    assert starts[0] == 0 and 0 <= length - (starts[-1] + 360) < 20
    assert all(start % 20 == 0 for start in starts)
    assert all(0 < step <= 280 for step in np.diff(starts))
