"""Laws and friction on a GPU: what stands in for the functions that the CPU leaves to their types.

Numba's CPU target chooses by the type of a law (`dem.cpu.law`); here a kernel is made for one law and one
kind of friction.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dem.cpu import law as seam
from dem.laws.friction import Coulomb


def write_constants(columns, first, stride, values):
    """Write down the constants of a contact; a kernel is given the function for its law."""


def write_history(columns, first, stride, values):
    """Write down what a contact remembers; a kernel is given the function for its law."""


def seams(kind: Any, friction: Any) -> dict[Any, Callable[..., Any]]:
    """Functions that a kernel takes in place of others, under types of law and friction."""
    constants, history = len(kind.Constants._fields), len(kind.HISTORY)
    return {
        seam.response: kind.response,
        seam.pair_constants: kind.constants,
        seam.energy: kind.energy,
        seam.rubs: _rubs if friction is Coulomb else _slips,
        seam.constants_at: _constants_reader(kind.Constants, _reader(constants)),
        seam.history_at: _history_reader(_reader(history)),
        write_constants: _writer(constants),
        write_history: _writer(history),
    }


def _rubs(friction):
    return True


def _slips(friction):
    return False


def _constants_reader(kind: type, read: Callable[..., Any]) -> Callable[..., Any]:
    def constants_at(law, columns, first, stride):
        return kind(*read(columns, first, stride))

    return constants_at


def _history_reader(read: Callable[..., Any]) -> Callable[..., Any]:
    def history_at(law, columns, first, stride):
        return read(columns, first, stride)

    return history_at


# Tuples grow and shrink by one number from function to function: in each their length is a constant.


def _reader(count: int) -> Callable[..., Any]:
    """Function that takes so many numbers, `stride` apart, as a tuple."""
    if not count:
        return _read_nothing
    others = _reader(count - 1)

    def read(columns, first, stride):
        return (columns[first],) + others(columns, first + stride, stride)  # noqa: RUF005  # as Numba has it

    return read


def _read_nothing(columns, first, stride):
    return ()


def _writer(count: int) -> Callable[..., Any]:
    """Function that writes down a tuple of so many numbers, `stride` apart."""
    if not count:
        return _write_nothing
    others = _writer(count - 1)

    def write(columns, first, stride, values):
        columns[first] = values[0]
        others(columns, first + stride, stride, values[1:])

    return write


def _write_nothing(columns, first, stride, values):
    pass
