"""What a round of a loop may call, if it is to stand for all rounds: what changes nothing.

Functions of the user's are read; of others there is a list. While a round is traced, every call in
the user's code is looked at before it happens (`CHECKS` in callee.py).
"""

from __future__ import annotations

import cmath
import math
import operator
from functools import partial
from threading import get_ident
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any, NoReturn

import numpy as np

from ...array import Duck
from ...errors import user_position
from . import marks
from .callee import CHECKS, MARKS
from .owners import of_bibun, of_user
from .rounds import PURE, USE, is_pure
from .source import functions_at, has_source

# fmt: off
BUILTINS = {
    abs, all, any, divmod, isinstance, issubclass, len, max, min, pow, round, sum, callable, repr,
    float, int, bool, complex, tuple, list, dict, set, frozenset, range, zip, enumerate, reversed,
    slice, str, np.dtype, type,
}
CHANGING = {  # functions of NumPy that write, or call what they are given
    "copyto", "put", "place", "putmask", "put_along_axis", "fill_diagonal", "seterr", "seterrcall",
    "save", "savez", "savez_compressed", "savetxt", "setbufsize", "set_printoptions", "load",
    "loadtxt", "genfromtxt", "fromfile", "apply_along_axis", "apply_over_axes", "piecewise",
    "fromfunction", "frompyfunc", "vectorize", "fromiter", "memmap", "test", "errstate", "nditer",
}
WRITING = {  # methods of arrays
    "fill", "sort", "partition", "put", "itemset", "resize", "setflags", "setfield", "byteswap",
    "assign", "assign_add", "assign_sub", "tofile", "dump",
}
MODULES = ("numpy.", "scipy.special", "scipy.linalg")
OURS = (
    "bibun.derivative.", "bibun.numpy", "bibun.scipy", "bibun.ops.", "bibun.interface",
    "bibun.array", "bibun.tracing.",
)
PLAIN = (str, tuple, list, dict, set, frozenset, float, int, complex, bytes)
OPERATORS = (
    "add", "and", "floordiv", "lshift", "matmul", "mod", "mul", "or", "pow", "rshift", "sub",
    "truediv", "xor",
)
# fmt: on


INPLACE = {"setitem", "delitem", "iconcat", *(f"i{op}" for op in OPERATORS)}
_read: dict[CodeType, bool] = {}


class Use:
    """The hook in front of what is gone through, outside of calls."""

    def __matmul__(self, x: Any) -> Any:
        if CHECKS and hasattr(type(x), "__next__") and any(t == get_ident() for t, _ in CHECKS):
            fail(f"it uses up a {type(x).__name__}")
        return x


MARKS[USE] = Use()


class RoundError(Exception):
    """A round that cannot stand for others: they run one by one."""


def watch() -> tuple[int, Any]:
    """Look at all that this thread calls from now on; gives what ends it."""
    entry = get_ident(), refuse
    CHECKS.append(entry)
    return entry


def unwatch(entry: tuple[int, Any]) -> None:
    """Look no more."""
    CHECKS.remove(entry)


def refuse(f: Any) -> None:
    """Raise unless calls of f change nothing."""
    if not changes_nothing(f):
        fail(f"it calls {getattr(f, '__qualname__', None) or type(f).__name__}")


def fail(reason: str) -> NoReturn:
    """Let the rounds run one by one."""
    where = user_position()
    raise RoundError(f"{reason} ({where})" if where else reason)


def changes_nothing(f: Any) -> bool:
    """Whether calls of f depend on arguments and on what no call changes, and change nothing."""
    kind = type(f)
    if kind is np.ufunc:
        return True
    if kind is FunctionType:
        return _of_function(f)
    if kind is MethodType:
        own = isinstance(f.__self__, Duck | np.ndarray)
        return f.__name__ not in WRITING if own else _of_function(f.__func__)
    if kind is BuiltinFunctionType or kind is type(np.zeros):
        return _of_builtin(f)
    if kind is partial:
        return changes_nothing(f.func)
    if isinstance(f, type):
        named = issubclass(f, tuple) and hasattr(f, "_fields") and "__new__" in vars(f)
        return f in BUILTINS or issubclass(f, np.generic) or named
    module = str(getattr(f, "__module__", None))
    return hasattr(f, "__wrapped__") and _of_library(module, f.__name__)


def _of_function(f: Any) -> bool:
    code, module = f.__code__, str(f.__module__)
    if of_bibun(code.co_filename):
        return module.startswith(OURS) and f.__name__ not in WRITING
    if not of_user(code.co_filename):
        return _of_library(module, f.__name__)
    if code not in _read:
        known = _hooked(code) or has_source(code, MARKS)
        nodes = functions_at(code) if known else []
        _read[code] = bool(nodes) and all(map(is_pure, nodes))
    return _read[code]


def _hooked(code: CodeType) -> bool:
    hooks = {id(h) for h in MARKS.values()}
    return any(id(c) in hooks for inner in marks.nested(code) for c in inner.co_consts)


def _of_library(module: str, name: str) -> bool:
    known = module == "numpy" or module.startswith(MODULES)
    return known and "random" not in module and name not in CHANGING


def _of_builtin(f: Any) -> bool:
    owner = getattr(f, "__self__", None)
    if owner is None or isinstance(owner, ModuleType):
        if f in BUILTINS or owner in (math, cmath, operator):
            return owner is not operator or f.__name__ not in INPLACE
        return _of_library(str(f.__module__), f.__name__)
    if isinstance(owner, np.ndarray | np.generic):
        return f.__name__ not in WRITING
    return isinstance(owner, PLAIN) and f.__name__ in PURE
