"""Convolution and pooling in NumPy against those of Keras."""

import keras
import numpy as np
import pytest

from cnn.convolution import convolve, halve, patches


def test_patches_of_a_stride_are_those_of_a_convolution_with_same_padding():
    x = np.random.default_rng(1).normal(size=(20, 15, 3)).astype(np.float32)
    kernel = np.random.default_rng(2).normal(size=(7, 7, 3, 4)).astype(np.float32)
    expected = keras.ops.conv(x[None], kernel, strides=5, padding="same", data_format="channels_last")
    convolved = patches(x, 7, 7, 5) @ kernel.reshape(-1, 4)
    np.testing.assert_allclose(convolved, np.asarray(expected)[0], atol=1e-4)


def test_an_odd_row_is_left_by_pooling():
    x = np.arange(15.0).reshape(5, 3, 1)
    np.testing.assert_array_equal(halve(x)[..., 0], [[4], [10]])


@pytest.mark.parametrize("side", [1, 3, 5])
def test_convolution_is_that_of_keras(side):
    x = np.random.default_rng(1).normal(size=(9, 7, 2)).astype(np.float32)
    kernel = np.random.default_rng(2).normal(size=(side, side, 2, 3)).astype(np.float32)
    expected = keras.ops.conv(x[None], kernel, padding="same", data_format="channels_last")
    np.testing.assert_allclose(convolve(x, kernel), np.asarray(expected)[0], atol=1e-5)
