"""Elementary functions run natively, as an array each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bibun.array import bind
from bibun.graph import Type
from bibun.native.program import NativeProgram
from bibun.ops import special  # noqa: F401 (its rows)
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


def numpy(name: str, args: Sequence[np.ndarray]) -> np.ndarray:
    """NumPy's or SciPy's values."""
    with np.errstate(all="ignore"):
        return np.asarray(TABLE[name].f(*args)).astype(args[0].dtype)
