"""Elementary functions run natively, as an array each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import bibun
from bibun.array import bind
from bibun.graph import Type
from bibun.native.program import NativeProgram
from bibun.ops import distributions, special  # noqa: F401 (their rows)
from bibun.ops.elementwise import TABLE
from bibun.walk import build


def program(name: str, dtype: np.dtype, size: int) -> NativeProgram:
    """One operation on arrays of this size; no call of NumPy's is in it."""
    op = TABLE[name]
    graph = build([Type(dtype, (size,))] * op.ufunc.nin, lambda *args: [bind(op, *args)])
    made = NativeProgram(graph)
    assert not made.interpreted, f"{name} has no native code for {dtype}"
    return made


def native(name: str, args: Sequence[np.ndarray]) -> np.ndarray:
    """The values of an operation."""
    with np.errstate(all="ignore"):
        return program(name, args[0].dtype, args[0].size)(*args)[0]


def in_rounds(name: str, args: Sequence[np.ndarray], width: int = 8) -> np.ndarray:
    """The values of an operation in rounds that wait for each other, so many in each."""
    size, dtype = args[0].size, args[0].dtype
    rows = [np.resize(a, (-(-size // width), width)) for a in args]

    def step(state: Any, row: Any) -> Any:  # the state is always 0, which compilers do not know
        y = TABLE[name].ufunc(*(np.where(state == 0, x, state) for x in row))
        return np.where(y == 7, y, dtype.type(0)), y

    f = bibun.jit(lambda zero, rows: bibun.scan(step, zero, rows)[1])
    with np.errstate(all="ignore"):
        return f(np.zeros(width, dtype), tuple(rows)).ravel()[:size]


def numpy(name: str, args: Sequence[np.ndarray]) -> np.ndarray:
    """NumPy's or SciPy's values."""
    with np.errstate(all="ignore"):
        return np.asarray(TABLE[name].f(*args)).astype(args[0].dtype)
