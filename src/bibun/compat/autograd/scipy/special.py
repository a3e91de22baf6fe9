"""The names of autograd.scipy.special: SciPy's functions, and rules for those bibun has none for.

Orders of Bessel functions and the parameters of incomplete integrals have no derivative, as in
autograd.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special as sc

from ....scipy import special as _ours
from ....scipy.special import log_softmax, logsumexp, softmax
from ..numpy.numpy_vjps import summed_to
from ..primitives import primitive
from ..rules import defvjp

Function = Callable[..., Any]


def _elementwise(function: Function, **partials: Function) -> Function:
    """A function of numbers with partial derivatives: partials[`_k`](y, *args) is dy / darg k."""
    f = primitive(function)
    places = tuple(int(name.removeprefix("_")) for name in partials)
    rules = [_rule(k, partial) for k, partial in zip(places, partials.values(), strict=True)]
    defvjp(f, *rules, argnums=places)
    return f


def _rule(k: int, partial: Function) -> Function:
    def rule(y: Any, *args: Any) -> Function:
        return lambda g: summed_to(np.shape(args[k]), g * partial(y, *args))

    return rule


polygamma: Function
jv: Function
yv: Function
yn: Function
iv: Function
ive: Function

# fmt: off
betaln = _elementwise(sc.betaln,
    _0=lambda y, a, b: sc.psi(a) - sc.psi(a + b),
    _1=lambda y, a, b: sc.psi(b) - sc.psi(a + b))
beta = _elementwise(sc.beta,
    _0=lambda y, a, b: y * (sc.psi(a) - sc.psi(a + b)),
    _1=lambda y, a, b: y * (sc.psi(b) - sc.psi(a + b)))
betainc = _elementwise(sc.betainc,
    _2=lambda y, a, b, x: np.exp(sc.xlogy(a - 1, x) + sc.xlog1py(b - 1, -x) - betaln(a, b)))
stdtr = _elementwise(sc.stdtr,
    _1=lambda y, df, x: np.exp(-(df + 1) / 2 * np.log1p(x**2 / df) - betaln(df / 2, 0.5))
        / np.sqrt(df))
polygamma    = _elementwise(sc.polygamma,    _1=lambda y, n, x: polygamma(n + 1, x))
rgamma       = _elementwise(sc.rgamma,       _0=lambda y, x: -sc.psi(x) * y)
multigammaln = _elementwise(sc.multigammaln, _0=lambda y, a, d:
    np.sum(sc.psi(a[..., None] - np.arange(d) / 2), axis=-1))
jv           = _elementwise(sc.jv,           _1=lambda y, n, x: (jv(n - 1, x) - jv(n + 1, x)) / 2)
yv           = _elementwise(sc.yv,           _1=lambda y, n, x: (yv(n - 1, x) - yv(n + 1, x)) / 2)
yn           = _elementwise(sc.yn,           _1=lambda y, n, x: (yn(n - 1, x) - yn(n + 1, x)) / 2)
iv           = _elementwise(sc.iv,           _1=lambda y, n, x: (iv(n - 1, x) + iv(n + 1, x)) / 2)
ive          = _elementwise(sc.ive,
    _1=lambda y, n, x: (ive(n - 1, x) + ive(n + 1, x)) / 2 - np.sign(x) * y)
# fmt: on
jn = jv


def __getattr__(name: str) -> Any:
    return getattr(_ours, name)


__all__ = [
    "beta",
    "betainc",
    "betaln",
    "iv",
    "ive",
    "jn",
    "jv",
    "log_softmax",
    "logsumexp",
    "multigammaln",
    "polygamma",
    "rgamma",
    "softmax",
    "stdtr",
    "yn",
    "yv",
]
