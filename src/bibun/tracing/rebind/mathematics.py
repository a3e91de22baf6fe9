"""The modules math and cmath on traced numbers: NumPy's and SciPy's functions, math's errors."""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from ...array import Duck
from ...ops.joining import array_like
from ...recording import is_abstract
from .callee import means
from .conversions import FLOAT, converted, is_traced, number, whole
from .numbers import as_python, form_of


def _scipy(name: str) -> Callable[..., Any]:
    """A function of scipy.special, which is imported when it is needed."""
    return lambda x: getattr(import_module("scipy.special"), name)(x)


def log(x: Any, *base: Any) -> Any:
    return np.log(x) / np.log(base[0]) if base else np.log(x)


def hypot(*x: Any) -> Any:
    return np.hypot(*x) if len(x) == 2 else np.linalg.norm(array_like(list(x)))


def remainder(x: Any, y: Any) -> Any:
    return x - y * np.rint(x / y)


def to_whole(rounding: Callable[..., Any]) -> Callable[..., Any]:
    """A whole number, as math gives it."""
    return lambda x: np.astype(whole(rounding(x)), np.dtype(int))


# fmt: off
SAME: dict[str, Callable[..., Any]] = {name: getattr(np, ours) for name, ours in {
    "sin": "sin", "cos": "cos", "tan": "tan", "asin": "arcsin", "acos": "arccos", "atan": "arctan",
    "sinh": "sinh", "cosh": "cosh", "tanh": "tanh", "asinh": "arcsinh", "acosh": "arccosh",
    "atanh": "arctanh", "atan2": "arctan2", "exp": "exp", "exp2": "exp2", "expm1": "expm1",
    "log2": "log2", "log10": "log10", "log1p": "log1p", "sqrt": "sqrt", "cbrt": "cbrt",
    "pow": "power", "fabs": "fabs", "fmod": "fmod", "copysign": "copysign", "ldexp": "ldexp",
    "degrees": "degrees", "radians": "radians", "isnan": "isnan", "isinf": "isinf",
    "isfinite": "isfinite", "frexp": "frexp", "nextafter": "nextafter",
}.items()}
OWN: dict[str, Callable[..., Any]] = {
    "log": log, "hypot": hypot, "remainder": remainder,
    "floor": to_whole(np.floor), "ceil": to_whole(np.ceil), "trunc": to_whole(np.trunc),
    "modf": lambda x: np.modf(x), "ulp": lambda x: np.spacing(np.abs(x)),
    "erf": _scipy("erf"), "erfc": _scipy("erfc"),
    "gamma": _scipy("gamma"), "lgamma": _scipy("gammaln"),
}
# fmt: on
LIMITED = {"log", "log2", "log10", "log1p", "sqrt", "asin", "acos", "acosh", "atanh"}
LIMITED |= {"pow", "fmod", "remainder", "gamma", "lgamma"}


def _of_numbers(plain: Any, ours: Callable[..., Any], dtype: Any = FLOAT) -> None:
    name = f"{plain.__module__}.{plain.__name__}"
    method = "__float__" if plain.__module__ == "math" else "__complex__"
    limited = plain.__module__ == "math" and plain.__name__ in LIMITED

    @means(plain)
    def traced(*args: Any) -> Any:
        for a in args:
            if isinstance(a, Duck):
                break
        else:
            args = tuple([converted(a, method) for a in args])
        if not any(map(is_traced, args)):
            return plain(*args)
        xs = [number(x, dtype, name) if is_traced(x) else x for x in args]
        values = [x.raw if is_traced(x) else x for x in xs]
        if not any(map(is_abstract, values)):
            found = plain(*values)  # ValueError and OverflowError as ever
            return found if isinstance(found, int) else _numbers(ours(*xs))
        y = ours(*xs)
        # Where math would raise there is no derivative either: not 1 / x, but nan.
        return _numbers(y * np.where(np.isnan(y), np.nan, 1.0) if limited else y)


def _numbers(y: Any) -> Any:
    return tuple(map(as_python, y)) if type(y) is tuple else as_python(y)


for _name, _ours in (*SAME.items(), *OWN.items()):
    if hasattr(math, _name):
        _of_numbers(getattr(math, _name), _ours)


# ------------------------------------------------------------ cmath


def polar(z: Any) -> tuple[Any, Any]:
    return np.abs(z), np.angle(z)


def rect(r: Any, angle: Any) -> Any:
    return r * np.cos(angle) + 1j * (r * np.sin(angle))


COMPLEX: dict[str, Callable[..., Any]] = {"log": log, "phase": np.angle, "polar": polar}
for _name in [n for n in (*SAME, "phase", "polar", "log") if hasattr(cmath, n)]:
    _of_numbers(getattr(cmath, _name), COMPLEX.get(_name) or SAME[_name], np.dtype(complex))
_of_numbers(cmath.rect, rect)


# ------------------------------------------------------------ lists, tolerances


def _of_lists(plain: Any, ours: Callable[..., Any]) -> None:
    @means(plain)
    def traced(*args: Any, **options: Any) -> Any:
        lists = [a if is_traced(a) else list(a) for a in args]
        if not any(is_traced(a) or any(map(is_traced, a)) for a in lists):
            return plain(*lists, **options)
        y = ours(*map(array_like, lists), **options)
        # math.prod only multiplies; the others compute with numbers of Python's.
        multiplies = plain.__name__ == "prod"
        return y if multiplies and not all(map(form_of, lists[0])) else as_python(y)


def product(x: Any, start: Any = 1) -> Any:
    return np.prod(x) if type(start) is int and start == 1 else start * np.prod(x)


_of_lists(math.fsum, np.sum)
_of_lists(math.prod, product)
_of_lists(math.dist, lambda p, q: np.linalg.norm(p - q))
if hasattr(math, "sumprod"):
    _of_lists(math.sumprod, lambda p, q: np.sum(p * q))


def _of_tolerances(plain: Any) -> None:
    @means(plain)
    def is_close(a: Any, b: Any, *, rel_tol: float = 1e-09, abs_tol: float = 0.0) -> Any:
        if not (is_traced(a) or is_traced(b)):
            return plain(a, b, rel_tol=rel_tol, abs_tol=abs_tol)
        size = np.maximum(np.abs(a), np.abs(b))
        return (a == b) | (np.abs(a - b) <= np.maximum(rel_tol * size, abs_tol))


_of_tolerances(math.isclose)
_of_tolerances(cmath.isclose)
