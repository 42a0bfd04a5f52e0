"""Laws in kernels: plain Python functions of the law whose type a kernel is given, compiled into it.

Numba chooses them when it types the kernel, as it does with any argument. A kernel stands at module level, so
that its compiled code is kept for the next process, one entry per law; only what is used is compiled.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from types import FunctionType
from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload, register_jitable

from dem.laws.friction import Coulomb

OPTIONS: Any = {"error_model": "numpy", "nogil": True}
# Left to itself the compiler finds laws too long to inline, and a loop with a call in it is no vector loop.
INLINED: Any = {**OPTIONS, "forceinline": True}
# Functions of a law that are compiled into kernels.
COMPILED = ("response", "constants", "energy")


def callees(function: FunctionType) -> Iterator[FunctionType]:
    """Plain functions that a plain function calls by their name in its module."""
    for name in function.__code__.co_names:
        if isinstance(callee := function.__globals__.get(name), FunctionType):
            yield callee


@lru_cache
def jitable(function: FunctionType) -> FunctionType:
    """Let kernels call a plain function, and so all plain functions that it calls."""
    for callee in callees(function):
        jitable(callee)
    return register_jitable(**INLINED)(function)


def response(law, constants, history, overlap, opening, time_step):
    """`dem.laws.Law.response` in kernels."""
    return law.response(constants, history, overlap, opening, time_step)


@overload(response, strict=False, jit_options=INLINED)
def _response(law, constants, history, overlap, opening, time_step):
    return jitable(law.instance_class.response)


def pair_constants(law, species_i, species_j, radius, mass):
    """`dem.laws.Law.constants` in kernels."""
    return law.constants(species_i, species_j, radius, mass)


@overload(pair_constants, strict=False, jit_options=OPTIONS)
def _pair_constants(law, species_i, species_j, radius, mass):
    return jitable(law.instance_class.constants)


def energy(law, constants, history, overlap, displacement):
    """`dem.laws.Law.energy` in kernels."""
    return law.energy(constants, history, overlap, displacement)


@overload(energy, strict=False, jit_options=OPTIONS)
def _energy(law, constants, history, overlap, displacement):
    return jitable(law.instance_class.energy)


def rubs(friction):
    """Whether contacts in space have a tangential force: in kernels a constant, so that no branch is left."""
    return isinstance(friction, Coulomb)


@overload(rubs, jit_options=INLINED)
def _rubs(friction):
    return (lambda friction: True) if friction.instance_class is Coulomb else (lambda friction: False)


# The columns of a contact as the tuple that laws take, by intrinsics, whose first argument Numba adds. They
# lie `stride` apart in a flat array, so that a loop over contacts reads each column in sequence; see
# `dem.state.Contacts`.


def constants_at(law, columns, first, stride):
    """The constants of a contact, a named tuple of its law."""
    count = len(law.Constants._fields)
    return law.Constants(*columns[first : first + count * stride : stride][:count])


@overload(constants_at, jit_options=INLINED)
def _constants_at(law, columns, first, stride):
    kind = law.instance_class.Constants
    result = types.NamedUniTuple(types.float64, len(kind._fields), kind)
    return _reader(result)


def history_at(law, columns, first, stride):
    """What a contact remembers, a tuple."""
    return tuple(columns[first + row * stride] for row in range(len(law.HISTORY)))


@overload(history_at, jit_options=INLINED)
def _history_at(law, columns, first, stride):
    return _reader(_history_type(law))


def write(columns, first, stride, values):
    """Write down a tuple of constants, or of what a contact remembers."""
    for row, value in enumerate(values):
        columns[first + row * stride] = value


@overload(write, jit_options=INLINED)
def _write(columns, first, stride, values):
    return lambda columns, first, stride, values: _write_all(columns, first, stride, values)  # type: ignore[call-arg]


def _history_type(law):
    return types.BaseTuple.from_types((types.float64,) * len(law.instance_class.HISTORY))


def _reader(result):
    """Function for kernels that reads a tuple of the type `result`."""

    @intrinsic
    def read(typing_context, columns, first, stride):
        def generate(context, builder, signature, arguments):
            places = _places(context, builder, signature, arguments, result.count)
            return context.make_tuple(builder, result, [builder.load(place) for place in places])

        return result(columns, types.intp, types.intp), generate

    return lambda law, columns, first, stride: read(columns, first, stride)  # type: ignore[call-arg]


@intrinsic
def _write_all(typing_context, columns, first, stride, values):
    def generate(context, builder, signature, arguments):
        places = _places(context, builder, signature, arguments, values.count)
        for place, value in zip(
            places, cgutils.unpack_tuple(builder, arguments[3], values.count), strict=True
        ):
            builder.store(value, place)
        return context.get_dummy_value()

    return types.none(columns, types.intp, types.intp, values), generate


def _places(context, builder, signature, arguments, count):
    """Pointers to `count` numbers of a flat array."""
    columns, place, stride = arguments[:3]
    data = context.make_array(signature.args[0])(context, builder, columns).data
    for _ in range(count):
        yield builder.gep(data, [place])
        place = builder.add(place, stride)
