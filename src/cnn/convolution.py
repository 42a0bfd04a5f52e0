"""Convolution and pooling of one image in NumPy, with the numbers of Keras."""

from __future__ import annotations

import numpy as np


def patches(x: np.ndarray, height: int, width: int, stride: int = 1) -> np.ndarray:
    """Patches under a convolution with 'same' padding [rows, columns, height * width * channels]."""
    rows, columns, channels = x.shape
    shape = [-(-length // stride) for length in (rows, columns)]
    missing = [
        max((n - 1) * stride + side - length, 0)
        for n, side, length in zip(shape, (height, width), (rows, columns), strict=True)
    ]
    before = [length // 2 for length in missing]
    padded = np.zeros((rows + missing[0], columns + missing[1], channels), np.float32)
    padded[before[0] : before[0] + rows, before[1] : before[1] + columns] = x
    # A row of a patch lies in one piece.
    down, right, _ = padded.strides
    strides = (stride * down, stride * right, down, padded.itemsize)
    windows = np.lib.stride_tricks.as_strided(
        padded, (*shape, height, width * channels), strides, writeable=False
    )
    return windows.reshape(*shape, height * width * channels)


def product(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Patches times kernel, as one product: NumPy would make one of each row."""
    columns = kernel.shape[-1]
    return (x.reshape(-1, x.shape[-1]) @ kernel.reshape(-1, columns)).reshape(*x.shape[:-1], columns)


def convolve(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Convolution with 'same' padding [rows, columns, out], of a kernel with odd sides.

    One product for each row of the kernel, all of the same patches one pixel high: a third of the memory that
    whole patches take, which costs more time than the sums.
    """
    wide = patches(x, 1, kernel.shape[1])
    middle = len(kernel) // 2
    result = product(wide, kernel[middle])
    for shift in range(1, middle + 1):
        result[shift:] += product(wide[:-shift], kernel[middle - shift])
        result[:-shift] += product(wide[shift:], kernel[middle + shift])
    return result


def halve(x: np.ndarray) -> np.ndarray:
    """2x2 max pooling [rows // 2, columns // 2, channels]."""
    rows, columns = (length // 2 * 2 for length in x.shape[:2])
    pairs = np.maximum(x[:rows:2, :columns], x[1:rows:2, :columns])
    return np.maximum(pairs[:, ::2], pairs[:, 1::2])


def gradient_before_halving(gradient: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Gradient before 2x2 max pooling: it goes to the largest of four, in equal parts where several are."""
    rows, columns = (2 * length for length in gradient.shape[:2])
    chosen = before[:rows, :columns] == halve(before).repeat(2, axis=0).repeat(2, axis=1)
    count = chosen.reshape(rows // 2, 2, columns // 2, 2, -1).sum(axis=(1, 3))
    back = np.zeros_like(before)
    back[:rows, :columns] = chosen * (gradient / count).repeat(2, axis=0).repeat(2, axis=1)
    return back
