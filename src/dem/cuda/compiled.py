"""Plain Python functions, and those that the CPU compiles, made functions of a GPU with all that they call.

The code of a thread is written as functions that call each other by name. Here they become device functions:
copies that see, under the same names, device functions in place of plain ones and of those of Numba's CPU
target. So laws and kinematics are written once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import CellType, CodeType, FunctionType
from typing import Any

from numba.core.dispatcher import Dispatcher


class Compiler:
    """Makes device functions, each once.

    Parameters
    ----------
    jit
        Makes a device function of a function whose callees are device functions.
    instead
        Functions to be taken in place of others.
    """

    def __init__(self, jit: Callable[[FunctionType], Any], instead: Mapping[Any, Any]):
        self._jit = jit
        self._instead = instead
        self._made: dict[Any, Any] = {}
        # By the names of their module: functions of one module go on to share theirs.
        self._names: dict[int, dict[str, Any]] = {}

    def device_function(self, function: Any) -> Any:
        """Device function of a plain one, or of one that the CPU compiles."""
        if function not in self._made:
            self._made[function] = self._jit(self.linked(self._instead.get(function, function)))
        return self._made[function]

    def linked(self, function: Any) -> FunctionType:
        """Copy of a function that calls device functions."""
        plain: FunctionType = function.py_func if isinstance(function, Dispatcher) else function
        known = plain.__globals__
        names = self._names.setdefault(id(known), dict(known))
        for name in _names_in(plain.__code__) & set(known):
            names[name] = self._linked_value(known[name])
        closure = tuple(CellType(self._linked_value(cell.cell_contents)) for cell in plain.__closure__ or ())
        return FunctionType(plain.__code__, names, plain.__name__, plain.__defaults__, closure or None)

    def _linked_value(self, value: Any) -> Any:
        return self.device_function(value) if isinstance(value, FunctionType | Dispatcher) else value


def _names_in(code: CodeType) -> set[str]:
    """Names that a function, or one within it, may look up in its module."""
    inner = (constant for constant in code.co_consts if isinstance(constant, CodeType))
    return set(code.co_names).union(*map(_names_in, inner))
