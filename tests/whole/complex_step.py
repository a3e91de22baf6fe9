"""The derivative of a program by the complex step, with its source as it is.

f'(x) v = Im f(x + i h v) / h to the last digit (Squire and Trapp, SIAM Review 40 (1998), 110-112),
if f does with complex numbers what it does with their real parts. Not all of NumPy does: the
program runs a second time, with names bound to functions that are analytic along the real axis.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import optree
import scipy
from scipy import special

STEP = 1e-30  # its square is nothing beside any number of a program


class Number(np.complex128):
    """A complex number of which Python's number is itself."""

    def item(self, *index: Any) -> Any:
        return self


class Arguments(np.ndarray):
    """A complex array that consists of such numbers."""

    def __iter__(self) -> Any:
        return map(Number, np.asarray(self)) if self.ndim == 1 else super().__iter__()


def is_complex(x: Any) -> bool:
    return isinstance(x, complex | np.ndarray) and np.iscomplexobj(x)


def real(x: Any) -> Any:
    return x.real if is_complex(x) else x


class Float(float):
    """The programs' float: it leaves complex numbers as they are."""

    def __new__(cls, x: Any = 0.0) -> Any:
        return x if is_complex(x) else float(x)


# ------------------------------------------------------------ NumPy


def creator(f: Callable) -> Callable:
    """A function that makes an array: of floats it makes one that complex numbers fit into."""

    def create(*args: Any, **options: Any) -> Any:
        args = tuple(complex if a is Float else a for a in args)
        if options.get("dtype") is Float:
            options["dtype"] = complex
        y = f(*args, **options)
        return y.astype(complex) if y.dtype == np.float64 else y

    return create


def absolute(x: Any) -> Any:
    return np.where(real(x) < 0, -x, x)[()] if is_complex(x) else np.abs(x)


def norm(x: Any, axis: Any = None) -> Any:
    x = np.asarray(x)
    return np.sqrt(np.sum(x * x, axis=axis))


def variance(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    moved = x - np.mean(x, axis=axis, keepdims=True)
    return np.mean(moved * moved, axis=axis, keepdims=keepdims)


def correlations(a: Any, b: Any) -> Any:
    rows = np.stack([a - np.mean(a), b - np.mean(b)])
    c = rows @ rows.T
    d = np.sqrt(np.diag(c))
    return c / np.outer(d, d)


def cholesky(a: Any) -> Any:
    y = np.zeros_like(a)
    for j in range(len(a)):
        y[j, j] = np.sqrt(a[j, j] - y[j, :j] @ y[j, :j])
        y[j + 1 :, j] = (a[j + 1 :, j] - y[j + 1 :, :j] @ y[j, :j]) / y[j, j]
    return y


def slogdet(a: Any) -> Any:
    d = np.linalg.det(a)
    return np.sign(d.real), np.log(d * np.sign(d.real))


def logsumexp(x: Any, axis: Any = None) -> Any:
    top = np.max(real(x), axis=axis, keepdims=True)
    return np.log(np.sum(np.exp(x - top), axis=axis)) + np.squeeze(top, axis)


def of_real_part(f: Callable) -> Callable:
    return lambda x, *rest: f(real(x), *rest)


def stand_in(module: Any, **own: Any) -> ModuleType:
    """The module with some functions replaced."""
    made = ModuleType(module.__name__)
    vars(made).update(vars(module) | own)
    return made


# fmt: off
CREATORS = ["zeros", "ones", "empty", "eye", "full", "zeros_like", "ones_like", "empty_like",
            "array", "linspace", "atleast_1d", "atleast_2d"]
NUMPY = stand_in(
    np, **{name: creator(getattr(np, name)) for name in CREATORS},
    asarray=creator(np.asanyarray), abs=absolute, floor=of_real_part(np.floor),
    var=variance, corrcoef=correlations,
    std=lambda x: np.sqrt(variance(x)),
    vdot=lambda a, b: np.dot(np.ravel(a), np.ravel(b)),
    logaddexp=lambda a, b: np.log(np.exp(a) + np.exp(b)),
    linalg=stand_in(np.linalg, norm=norm, cholesky=cholesky, slogdet=slogdet),
)
MATH = stand_in(
    math,
    **{name: getattr(np, name) for name in ("exp", "log", "log1p", "sin", "cos", "sqrt")},
    acos=np.arccos, hypot=lambda x, y: np.sqrt(x * x + y * y),
    **{name: of_real_part(getattr(math, name)) for name in ("floor", "log2")},
    isclose=lambda a, b, **options: math.isclose(real(a), real(b), **options),
)
SPECIAL = stand_in(
    special, gammaln=special.loggamma, expit=lambda x: 1 / (1 + np.exp(-x)), logsumexp=logsumexp,
)
BUILTINS = vars(builtins) | {
    "__import__": lambda *args: imported(*args),
    "abs": lambda x: absolute(x) if is_complex(x) else abs(x),
    "float": Float,
    "round": of_real_part(round),
}
MODULES = {"numpy": NUMPY, "math": MATH, "scipy.special": SPECIAL,
           "scipy": stand_in(scipy, special=SPECIAL)}
# fmt: on


def imported(name: str, *rest: Any) -> Any:
    return MODULES[name] if name in MODULES else builtins.__import__(name, *rest)


def analytic(module: ModuleType) -> Callable:
    """The objective of the program in this file, executed with these names."""
    path = str(module.__file__)
    names: dict[str, Any] = {"__name__": module.__name__, "__builtins__": BUILTINS}
    exec(compile(Path(path).read_text("utf-8"), path, "exec"), names)
    return names["objective"]


def shifted(x: Any, v: Any) -> Any:
    """x + i h v: an array, or a number."""
    z = np.asarray(x + 1j * STEP * np.asarray(v))
    return z.view(Arguments) if z.ndim else z[()]


def derivative(f: Callable, x: Any, v: Any) -> tuple[float, float]:
    """The value of an analytic f at x, and its derivative along v."""
    y = f(optree.tree_map(shifted, x, v))
    return float(y.real), float(y.imag / STEP)
