"""What elementary functions are, by mpmath, and at which points they are tried.

Truth has 50 digits. To be quick at a million points, the function in a wider float of NumPy's says
first where the error may be large at all, and mpmath decides there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import mpmath as mp
import numpy as np

from bibun.ops.elementwise import TABLE

Number = Any


class Function(NamedTuple):
    """A function by mpmath, the ranges of its arguments, and how many ulp its error may be."""

    exact: Callable[..., Number]
    ranges: tuple[tuple[float, float], ...]
    ulp: float = 2.0


def _sum_of_exponentials(a: Number, b: Number) -> Number:
    return mp.log(mp.exp(a) + mp.exp(b))


def _gamma_density(a: Number, x: Number) -> Number:
    return x ** (a - 1) * mp.exp(-x) / mp.gamma(a)


ANY, WIDE, UNIT, POSITIVE = (-1e30, 1e30), (-700.0, 700.0), (-1.0, 1.0), (1e-30, 1e30)
# fmt: off
FUNCTIONS: dict[str, Function] = {
    "exp":        Function(mp.exp,                                   ((-745.0, 709.7),)),
    "exp2":       Function(lambda x: mp.mpf(2) ** x,                 ((-1074.0, 1023.9),)),
    "expm1":      Function(mp.expm1,                                 ((-50.0, 709.7),)),
    "sigmoid":    Function(lambda x: 1 / (1 + mp.exp(-x)),           (WIDE,), 2.5),
    "sech":       Function(mp.sech,                                  (WIDE,), 2.5),
    "log":        Function(mp.log,                                   ((1e-310, 1e300),)),
    "log2":       Function(lambda x: mp.log(x, 2),                   ((1e-310, 1e300),)),
    "log10":      Function(mp.log10,                                 ((1e-310, 1e300),)),
    "log1p":      Function(mp.log1p,                                 ((-1.0, 1e300),)),
    "sin":        Function(mp.sin,                                   ((-1e300, 1e300),)),
    "cos":        Function(mp.cos,                                   ((-1e300, 1e300),)),
    "tan":        Function(mp.tan,                                   ((-1e300, 1e300),)),
    "arctan":     Function(mp.atan,                                  (ANY,)),
    "arcsin":     Function(mp.asin,                                  (UNIT,)),
    "arccos":     Function(mp.acos,                                  (UNIT,)),
    "sinh":       Function(mp.sinh,                                  ((-710.0, 710.0),)),
    "cosh":       Function(mp.cosh,                                  ((-710.0, 710.0),)),
    "tanh":       Function(mp.tanh,                                  ((-20.0, 20.0),)),
    "arcsinh":    Function(mp.asinh,                                 (ANY,)),
    "arccosh":    Function(mp.acosh,                                 ((1.0, 1e30),)),
    "arctanh":    Function(mp.atanh,                                 (UNIT,)),
    "erf":        Function(mp.erf,                                   ((-7.0, 7.0),)),
    "cbrt":       Function(lambda x: mp.sign(x) * mp.cbrt(abs(x)),   ((-1e300, 1e300),)),
    "arctan2":    Function(mp.atan2,                                 (ANY, ANY)),
    "hypot":      Function(mp.hypot,                                 (ANY, ANY)),
    "power":      Function(mp.power,                                 ((1e-3, 1e3), (-99.0, 99.0))),
    "direction":  Function(lambda a, b: a / mp.hypot(a, b),          (ANY, ANY)),
    "xlogy":      Function(lambda a, b: a * mp.log(b),               (ANY, POSITIVE)),
    "xlog1py":    Function(lambda a, b: a * mp.log1p(b),             (ANY, POSITIVE)),
    "entr":       Function(lambda x: -x * mp.log(x),                 ((1e-30, 1e30),)),
    "log_expit":  Function(lambda x: -mp.log1p(mp.exp(-x)),          (WIDE,)),
    # Sums that may cancel: the error is that of the larger term.
    "logaddexp":  Function(_sum_of_exponentials,                     ((0.0, 30.0), (0.0, 30.0))),
    "logaddexp2": Function(lambda a, b: mp.log(mp.mpf(2)**a + mp.mpf(2)**b, 2),
                           ((0.0, 30.0), (0.0, 30.0))),
    # Of these SciPy's own errors are larger: see docs/mathematics.md.
    "erfc":       Function(mp.erfc,                                  ((-6.0, 26.0),), 4.0),
    "erfcx":      Function(lambda x: mp.exp(x * x) * mp.erfc(x),     ((-26.0, 1e30),), 3.0),
    "ndtr":       Function(mp.ncdf,                                  ((-37.0, 9.0),), 5.0),
    "log_ndtr":   Function(lambda x: mp.log(mp.ncdf(x)),             ((-1e4, 9.0),), 8.0),
    "gamma_density": Function(_gamma_density,            ((0.1, 160.0), (1e-3, 500.0)), 9.0),
    "mills":      Function(lambda x: mp.npdf(x) / mp.ncdf(x),        ((-1e4, 37.0),), 5.0),
}
# fmt: on
SPECIAL = (
    0.0,
    1.0,
    np.inf,
    0.5,
    2.0,
    3.0,
    30.0,
    1e-3,
    1e17,
    1e300,
    1e-310,
    5e-324,
    0.3,
    1e38,
    1e-40,
)


def points(f: Function, count: int, dtype: np.dtype, seed: int = 0) -> list[np.ndarray]:
    """Arguments: a half uniform in the range, a third in all magnitudes, the rest near 1."""
    rng = np.random.default_rng(seed)
    largest, smallest = float(np.finfo(dtype).max), float(np.finfo(dtype).smallest_subnormal)
    found = []
    for low, high in f.ranges:
        low, high = max(low, -largest), min(high, largest)
        uniform = rng.uniform(low, high, count // 2)
        top = max(abs(low), abs(high))
        sizes = np.exp(rng.uniform(np.log(smallest), np.log(top), count // 3))
        signs = rng.choice([-1, 1], sizes.shape) if low < 0 else 1
        near = rng.uniform(max(low, -3), min(high, 3), count - count // 2 - count // 3)
        x = np.concatenate([uniform, np.clip(sizes * signs, low, high), near])
        found.append(rng.permutation(x).astype(dtype))
    return found


def specials(count: int, dtype: np.dtype) -> list[np.ndarray]:
    """Zeros, infinities, nan, subnormal and huge numbers of both signs, in all combinations."""
    with np.errstate(all="ignore"):
        x = np.array([*SPECIAL, *(-s for s in SPECIAL), np.nan], dtype)
    return [a.ravel() for a in np.meshgrid(*[x] * count)]


def error(f: Function, args: list[np.ndarray], y: np.ndarray) -> tuple[float, tuple]:
    """The largest error of results in ulp, and where."""
    worst, where = 0.0, ()
    ulps = np.spacing(np.abs(y))
    with mp.workdps(50):
        for k, found in enumerate(y.tolist()):
            xs = [float(a[k]) for a in args]
            exact = f.exact(*map(mp.mpf, xs))
            if not np.isfinite(found):
                largest = float(np.finfo(y.dtype).max)
                off = 0.0 if abs(exact) > largest or not mp.isfinite(exact) else np.inf
            else:
                off = float(abs(found - exact) / float(ulps[k]))
            if off > worst:
                worst, where = off, (*xs, found)
    return worst, where


SUSPECTS = 300


def suspects(name: str, args: list[np.ndarray], y: np.ndarray) -> np.ndarray | None:
    """The places where a wider float sees the largest errors; None if there is no wider one."""
    wide = np.float64 if y.dtype == np.float32 else np.longdouble
    try:
        with np.errstate(all="ignore"):
            truth = np.asarray(TABLE[name].f(*(a.astype(wide) for a in args)))
            off = np.abs(y - truth) / np.spacing(np.abs(y))
    except TypeError:
        return None
    if truth.dtype != wide:
        return None
    off = np.where(np.isnan(off) | ~np.isfinite(truth.astype(y.dtype)), 0, off)
    return np.argsort(off)[-SUSPECTS:]
