"""NumPy's functions in code that is traced: lists of traced numbers, and new arrays.

NumPy's protocols look for traced arrays among the arguments, but not inside lists; and an array
of zeros has none. So lists are looked through, and what makes a new array of floating-point
numbers gives an Array without history, into which traced numbers can be written.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from types import FunctionType, MethodType
from typing import Any

import numpy as np

from ...array import Array, Duck
from ...errors import UnsupportedError
from ...interface import FUNCTIONS, LATER, UFUNCS
from ...ops import softmax as ours_of_scipy
from ...ops.joining import array_like, traced
from ...recording import is_abstract, threads
from .callee import CALL, FINDERS, MAKERS, METHODS, TABLE, TABLED, means
from .operators import SUBSCRIPTED

DISPATCHED = type(np.sum)
# fmt: off
NEW = ["zeros", "ones", "empty", "full", "array", "arange", "linspace", "logspace", "geomspace",
       "eye", "identity", "tri", "zeros_like", "ones_like", "empty_like", "full_like", "copy",
       "fromiter", "diag", "diagflat", "tile"]
VIEWS = ["asarray", "asanyarray", "ascontiguousarray", "asfortranarray", "asarray_chkfinite",
         "require"]
LENGTHS = ["zeros", "ones", "empty", "eye", "identity", "tri"]  # whose arguments are lengths
SEQUENCES = ["concatenate", "stack", "hstack", "vstack", "dstack", "column_stack", "select",
             "choose", "lexsort", "multi_dot"]  # which take lists of arrays
CALLERS = ["apply_along_axis", "apply_over_axes", "piecewise", "fromfunction"]
# fmt: on
SEARCHED = {list, tuple}  # in which traced arrays are looked for
USUAL = {"axis", "keepdims"}  # options that hold no arrays


def rule(f: Any) -> Any:
    """bibun's own version of a function of NumPy or SciPy, or None."""
    table = UFUNCS if isinstance(f, np.ufunc) else FUNCTIONS
    for load in tuple(LATER):
        if f not in table:
            load(f)
    return table.get(f)


def new(y: Any) -> Any:
    """A new array of the user's while something is traced: one that can be written to."""
    if not threads.open or not isinstance(y, np.ndarray) or y.dtype.kind not in "fc":
        return y
    return Array(None, -1, y)


def _has_arrays(args: Iterable[Any]) -> bool:
    """Whether some argument is, or holds in lists, an array of bibun's."""
    for a in args:
        of = type(a)
        if of is Array or (of in SEARCHED and traced(list(a))) or isinstance(a, Duck):
            return True
    return False


def _listed(a: Any) -> Any:
    return array_like(a) if type(a) in SEARCHED and traced(list(a)) else a


# ------------------------------------------------------------ functions of arrays


def ufunc(f: Any) -> Callable[..., Any]:
    def call(*args: Any, **options: Any) -> Any:
        if len(args) == 1 and type(args[0]) is Array and not options:
            ours = UFUNCS.get(f)  # whom NumPy would ask, after some time
            if ours is not None:
                return ours(args[0])
        for a in args:
            if type(a) in SEARCHED:
                args = tuple(map(_listed, args))
                break
        return f(*args, **options)

    return call


def dispatched(f: Any) -> Callable[..., Any]:
    """A function that NumPy offers to bibun, but not if the traced arrays are in lists."""
    sequences = getattr(f, "__name__", "") in SEQUENCES
    if f is np.block:  # looks into nested lists itself
        return f

    def call(*args: Any, **options: Any) -> Any:
        if len(args) == 1 and type(args[0]) is Array and options.keys() <= USUAL:
            ours = FUNCTIONS.get(f)  # whom NumPy would ask, after some time
            if ours is not None:
                return ours(*args, **options)
        for a in args:
            if type(a) in SEARCHED and traced(list(a)):
                break
        else:
            unseen = f is np.take and _has_arrays((*args, *options.values()))
            # NumPy asks the array alone, not its indices, whose function this is.
            return (rule(f) if unseen else f)(*args, **options)
        inner = [list(map(_listed, a)) if sequences and type(a) in SEARCHED else _listed(a)
                 for a in args]  # fmt: skip
        # A list of arrays is nothing that NumPy looks through for all of them.
        return ((rule(f) if sequences else None) or f)(*inner, **options)

    return call


def creator(f: Any, name: str) -> Callable[..., Any]:
    """A function that makes a new array."""
    lengths, view = name in LENGTHS, name in VIEWS

    def call(*args: Any, **options: Any) -> Any:
        if name == "fromiter" and args:
            args = (list(args[0]), *args[1:])
        if not lengths and _has_arrays((*args, *options.values())):
            ours = rule(f)
            return f(*args, **options) if ours is None else ours(*args, **options)
        y = f(*args, **options)
        return y if view and args and y is args[0] else new(y)

    return call


def caller(f: Any) -> Callable[..., Any]:
    """A function that calls functions of the user."""

    def call(*args: Any, **options: Any) -> Any:
        return f(*map(_with_hooks, args), **{k: _with_hooks(v) for k, v in options.items()})

    return call


def _with_hooks(a: Any) -> Any:
    """An argument that is a function of the user's, or holds some in a list, with hooks."""
    if type(a) in SEARCHED:
        return type(a)(map(_with_hooks, a)) if any(map(callable, a)) else a
    return CALL @ a if isinstance(a, FunctionType | MethodType) else a


for _name in (*NEW, *VIEWS):
    TABLE[getattr(np, _name)] = creator(getattr(np, _name), _name)
for _name in CALLERS:
    TABLE[getattr(np, _name)] = caller(getattr(np, _name))
TABLED.update({np.ufunc, DISPATCHED})
MAKERS.update({np.ufunc: ufunc, DISPATCHED: dispatched})


# ------------------------------------------------------------ methods of plain arrays


ARGUMENTS = ("dot", "take", "clip", "searchsorted", "choose", "compress")


def _method(x: Any, name: str, plain: Any) -> Any:
    """x.dot(traced) is np.dot(x, traced); x.copy() is a new array."""
    if name in ("copy", "astype"):
        return lambda *args, **options: new(plain(*args, **options))
    if name not in ARGUMENTS:
        return plain

    def call(*args: Any, **options: Any) -> Any:
        f = getattr(np, name) if _has_arrays((*args, *options.values())) else None
        return plain(*args, **options) if f is None else (CALL @ f)(x, *args, **options)

    return call


METHODS[np.ndarray] = _method
METHODS[np.ufunc] = lambda _, name, plain: ufunc(plain)


# ------------------------------------------------------------ np.r_[x, y], np.c_[x, y]


def row(*parts: Any) -> Any:
    return np.concatenate([np.atleast_1d(array_like(p)) for p in parts])


def columns(*parts: Any) -> Any:
    arrays = [np.atleast_1d(array_like(p)) for p in parts]
    return np.concatenate([a[:, None] if a.ndim == 1 else a for a in arrays], axis=-1)


SUBSCRIPTED.update({id(np.r_): row, id(np.c_): columns})


# ------------------------------------------------------------ loops over elements


@means(np.ndenumerate)
def enumerated(x: Any) -> Any:
    if not isinstance(x, Duck):
        return np.ndenumerate(x)
    return zip(np.ndindex(x.shape), np.ravel(x), strict=True)


@means(np.nditer)
def iterated(x: Any, *args: Any, **options: Any) -> Any:
    """The elements in their order, if nothing else is asked for."""
    plain = args or options or not isinstance(x, Duck)
    return np.nditer(x, *args, **options) if plain else iter(np.ravel(x))


# ------------------------------------------------------------ SciPy


def trimmed(seq: Any) -> Any:
    """Coefficients without zeros at the end; if they have no values, all: the same polynomial."""
    known = not (isinstance(seq, Duck) and is_abstract(seq._read().raw))
    zeros = 0
    while known and zeros < len(seq) - 1 and seq[-1 - zeros] == 0:
        zeros += 1
    return seq[: len(seq) - zeros]


OF_PAIRS = ("cho_solve",)  # which take what another function gives, and no list of arrays
OF_SCIPY = ("logsumexp", "softmax", "log_softmax")
LIBRARIES = ("numpy", "scipy")  # ours are loaded late, and only if a function of theirs is met
ROOTS = ("bisect", "brenth", "brentq", "ridder")


def scipy_function(f: Any) -> Any:
    """bibun's version of a Python function of SciPy, or None."""
    if f.__name__ in ROOTS and f.__module__.startswith("scipy.optimize"):
        return functools.partial(_root, f)
    if not str(f.__module__).startswith(LIBRARIES):
        return None
    if f.__name__ == "trimseq" and f.__module__ == "numpy.polynomial.polyutils":
        return trimmed
    special = f.__name__ in OF_SCIPY and f.__module__.startswith("scipy.special")
    ours = getattr(ours_of_scipy, f.__name__) if special else rule(f)
    if ours is None:
        return None

    def call(*args: Any, **options: Any) -> Any:
        if not _has_arrays((*args, *options.values())):
            return f(*args, **options)
        given = args if f.__name__ in OF_PAIRS else map(_listed, args)
        return ours(*given, **options)

    return call


def _root(find: Any, f: Any, *args: Any, **options: Any) -> Any:
    """A root, found by compiled code, which takes plain numbers only and would not say so."""

    def plain(*x: Any) -> Any:
        y = f(*x)
        if traced([y]):
            raise UnsupportedError(
                f"scipy.optimize.{find.__name__} of a function of traced arrays would lose the "
                "derivative: find the root y of a function of x.numpy(), and continue with "
                "y - f(y) / slope, a step of Newton's method with the traced x"
            )
        return y

    return find(plain, *args, **options)


FINDERS.append(scipy_function)
