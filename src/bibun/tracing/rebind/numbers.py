"""Numbers of Python's under a trace: what the operators make of two of them, and their errors.

`float(x)` gives a traced number whose form is float. As long as it meets only numbers of Python's
it stays one: 1 / x at 0 raises, and no numbers of NumPy's come out.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ...array import FUNCTIONS, NUMBERS, Array, Duck
from ...recording import is_abstract

FORMS = {"f": float, "i": int, "c": complex, "b": bool}
# fmt: off
REFUSING: dict[np.ufunc, Callable[..., Any]] = {  # operators of Python's that may raise
    np.divide: operator.truediv, np.floor_divide: operator.floordiv, np.remainder: operator.mod,
    np.power: operator.pow, np.divmod: divmod,
}
# fmt: on


def form_of(x: Any) -> type | None:
    """Which of Python's numbers this is, or stands for; None for everything else."""
    if type(x) in NUMBERS:
        return type(x)
    return x.form if type(x) is Array and x.form in NUMBERS else None


def as_python(x: Any) -> Any:
    """An array of one element as the number of Python's that float(x), x.item() gives."""
    if type(x) is not Array:
        x = x._read()
    raw = x.raw
    if type(raw) is np.ndarray:
        raw = raw[()]
    return Array(x.scope, x.index, raw, FORMS.get(raw.dtype.kind))


def plain(x: Any) -> Any:
    """The number itself, as Python has it."""
    return x.raw.item() if isinstance(x, Duck) else x


def of_numbers(ufunc: np.ufunc, y: Any, *operands: Any) -> Any:
    """What Python's operator gives, given what NumPy's does."""
    new = True  # whether nobody else has y yet
    for x in operands:
        if (x.form if type(x) is Array else type(x)) not in NUMBERS:
            return y
        new = new and x is not y
    known = ufunc in REFUSING and not any(
        isinstance(x, Duck) and is_abstract(x.raw) for x in operands
    )
    if known:
        result = REFUSING[ufunc](*map(plain, operands))  # ZeroDivisionError, OverflowError
        if type(result) is complex and y.dtype.kind == "f":  # (-8.0) ** (1 / 3)
            a, b = operands
            y = ufunc(np.astype(a, np.dtype(complex)) if isinstance(a, Duck) else complex(a), b)
    if type(y) is tuple:
        return tuple(map(as_python, y))
    if not new or type(y.raw) is np.ndarray:
        return as_python(y)
    y.form = FORMS.get(y.raw.dtype.kind)
    return y


FUNCTIONS["of numbers"] = of_numbers
FUNCTIONS["as python"] = as_python
