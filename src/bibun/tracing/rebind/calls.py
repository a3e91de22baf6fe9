"""What a round of a loop may call, if it is to stand for all rounds: what changes nothing.

Functions of the user's are read; of others there is a list. While a round is traced, every call in
the user's code is looked at before it happens (`CHECKS` in callee.py), and so is all of the user's
code that begins without one: `len(x)`, `x in y` and f"{x}" run methods of the user's classes, and
libraries call what they are given.
"""

from __future__ import annotations

import cmath
import math
import operator
import sys
from functools import partial
from threading import get_ident
from types import (
    BuiltinFunctionType,
    CodeType,
    FrameType,
    FunctionType,
    MethodType,
    ModuleType,
)
from typing import Any, NoReturn

import numpy as np

from ...array import Duck
from ...errors import user_position
from .callee import CHECKS, MARKS, TABLE, built_in, has_hooks
from .owners import of_bibun, of_user
from .rolling import INTO, USE
from .rounds import PURE, is_pure
from .source import functions_at, has_source, is_generated

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
_marked: dict[CodeType, bool] = {}


class Use:
    """The hook in front of what is gone through, outside of calls."""

    def __matmul__(self, x: Any) -> Any:
        if CHECKS and hasattr(type(x), "__next__") and _watching():
            fail(f"it uses up a {type(x).__name__}")
        return x


class Into:
    """The hook in front of x in x[i] += v: what stands in a list is changed, and others have it."""

    def __matmul__(self, x: Any) -> Any:
        if CHECKS and not isinstance(x, Duck | np.ndarray) and _watching() and not _carried(x):
            fail(f"it changes what stands in a {type(x).__name__}")
        return x


MARKS[USE], MARKS[INTO] = Use(), Into()


def _watching() -> bool:
    """Whether this thread traces a round; others may begin and end theirs meanwhile."""
    return any(thread == get_ident() for thread, _ in tuple(CHECKS))


def _carried(x: Any) -> bool:
    """Whether this is a dict that the rounds of a loop carry along, and nobody else has."""
    watch = getattr(sys.getprofile(), "__self__", None)
    return isinstance(watch, Watch) and id(x) in watch.carried


class RoundError(Exception):
    """A round that cannot stand for others: they run one by one."""


class Watch:
    """Looks at all that this thread calls, until it is closed."""

    def __init__(self) -> None:
        self.entry = get_ident(), refuse
        self.carried = set[int]()  # dicts that may be changed
        self.reason = ""  # why the round stands for no other, should a library hide the error
        self.before = sys.getprofile()
        frame: Any = sys._getframe(1)
        while of_bibun(frame.f_code.co_filename):
            frame = frame.f_back
        self.loop = id(frame)  # of the function with the loop
        CHECKS.append(self.entry)
        sys.setprofile(self._look)

    def close(self) -> None:
        """Look no more."""
        sys.setprofile(self.before)
        CHECKS.remove(self.entry)

    def _look(self, frame: FrameType, event: str, what: Any) -> None:
        """Raise before code begins that may change something."""
        begins = event == "call" and (_is_own(frame) or _is_unmarked(frame.f_back))
        if not begins and not (event == "c_call" and _is_unmarked(frame)):
            return
        if self._imports(frame):
            return
        try:
            if begins:
                _begins(frame)
            else:
                refuse(what)
        except RoundError as error:
            self.reason = str(error)
            raise

    def _imports(self, frame: Any) -> bool:
        """Whether this belongs to the body of a module, which runs once, whoever imports it."""
        while id(frame) != self.loop:
            if frame.f_code.co_name == "<module>":
                return True
            frame = frame.f_back
        return False


def profiled() -> bool:
    """Whether somebody else is told of all calls, as cProfile before Python 3.12."""
    look = sys.getprofile()
    return look is not None and getattr(look, "__func__", None) is not Watch._look


INSIDE = {"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"}  # of functions that are read


def _begins(frame: FrameType) -> None:
    """Look at a function that begins, whoever has called it."""
    code = frame.f_code
    if _is_own(frame):
        if code.co_name not in INSIDE and not _is_read(code):
            fail(f"it runs {code.co_qualname}")
        return
    module = str(frame.f_globals.get("__name__"))
    if not of_bibun(code.co_filename) and not _of_library(module, code.co_name):
        fail(f"it calls {code.co_qualname}")


def _is_own(frame: FrameType) -> bool:
    """Whether this is code that the user has written, and no finaliser: nobody knows when it runs.

    Classes of data and named tuples have methods that were written for them.
    """
    code, file = frame.f_code, frame.f_code.co_filename
    if not of_user(file) or code.co_name == "__del__" or is_generated(code):
        return False
    return not str(frame.f_globals.get("__name__")).startswith("namedtuple_")


def _is_unmarked(frame: FrameType | None) -> bool:
    """Whether this is code of the user's whose calls have no hooks, since no call began it."""
    if frame is None or not _is_own(frame):
        return False
    code = frame.f_code
    if code not in _marked:
        _marked[code] = has_hooks(code)
    return not _marked[code]


def refuse(f: Any) -> Any:
    """Raise unless calls of f change nothing; a ufunc may be called without an array to write."""
    if type(f) is np.ufunc:
        return partial(_without_out, f)
    if not changes_nothing(f):
        fail(f"it calls {getattr(f, '__qualname__', None) or type(f).__name__}")


def _without_out(f: np.ufunc, *args: Any, **options: Any) -> Any:
    """f(*args), unless it writes into the last of them."""
    if len(args) > f.nin:
        fail(f"{f.__name__} writes into an argument")
    return (TABLE.get(f) or built_in(f, np.ufunc))(*args, **options)


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
    call = getattr(kind, "__call__", None)  # noqa: B004
    if type(call) is FunctionType and of_user(call.__code__.co_filename):
        return _of_function(call)
    module = str(getattr(f, "__module__", None))
    return hasattr(f, "__wrapped__") and _of_library(module, f.__name__)


def _of_function(f: Any) -> bool:
    code, module = f.__code__, str(f.__module__)
    if of_bibun(code.co_filename):
        return module.startswith(OURS) and f.__name__ not in WRITING
    if not of_user(code.co_filename):
        return _of_library(module, f.__name__)
    return _is_read(code)


def _is_read(code: CodeType) -> bool:
    """Whether the source of a function of the user's shows that it changes nothing."""
    if code not in _read:
        known = has_hooks(code) or has_source(code, MARKS)
        nodes = functions_at(code) if known else []
        _read[code] = bool(nodes) and all(map(is_pure, nodes))
    return _read[code]


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
