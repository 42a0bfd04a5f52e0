"""A block of threads, which advances one structure: how its threads work together.

No sum of numbers with a fraction depends on how many threads there are: it is taken in an order that the
structure alone decides.
"""

from __future__ import annotations

import numpy as np
from numba import cuda


def work(batch, law, friction, structure, thread, threads):
    """What each thread of a block does; a kernel is given the function for its geometry."""


def kernel(batch, law, friction):
    """One block per structure of a batch."""
    work(batch, law, friction, cuda.blockIdx.x, cuda.threadIdx.x, cuda.blockDim.x)


def wait():
    """Go on when all threads have come here: what they wrote is there for all."""
    cuda.syncthreads()


def any_thread(flag):
    """Whether a flag is true in any thread; all wait."""
    return cuda.syncthreads_or(np.int32(flag)) != 0


def take_number(numbers, place):
    """Raise a whole number by one, whichever thread comes first; gives the number before."""
    return cuda.atomic.add(numbers, place, 1)


def sum_up(counts, size, scratch, thread, threads):
    """Make counts [size] the places where each begins, in place; ``counts[size]`` becomes their sum.

    `scratch` has a place per thread.
    """
    share = (size + threads - 1) // threads
    begin, end = min(thread * share, size), min((thread + 1) * share, size)
    total = 0
    for k in range(begin, end):
        total += counts[k]
    scratch[thread] = total
    wait()
    if thread == 0:
        before = 0
        for t in range(threads):
            total = scratch[t]
            scratch[t] = before
            before += total
        counts[size] = before
    wait()
    before = scratch[thread]
    for k in range(begin, end):
        total = counts[k]
        counts[k] = before
        before += total
    wait()


def sort(numbers, begin, end):
    """Sort ``numbers[begin:end]`` in place, by one thread: a heap, for a few by insertion."""
    size = end - begin
    if size <= 16:
        for k in range(begin + 1, end):
            value, into = numbers[k], k
            while into > begin and numbers[into - 1] > value:
                numbers[into] = numbers[into - 1]
                into -= 1
            numbers[into] = value
        return
    root, left = size // 2, size
    while True:
        if root > 0:
            root -= 1
            value = numbers[begin + root]
        else:
            left -= 1
            if left == 0:
                return
            value = numbers[begin + left]
            numbers[begin + left] = numbers[begin]
        hole = root
        while 2 * hole + 1 < left:
            child = 2 * hole + 1
            if child + 1 < left and numbers[begin + child] < numbers[begin + child + 1]:
                child += 1
            if numbers[begin + child] <= value:
                break
            numbers[begin + hole] = numbers[begin + child]
            hole = child
        numbers[begin + hole] = value
