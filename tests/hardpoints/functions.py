"""The functions that random programs are made of, on mpmath's numbers.

Those of one element, of two, choices, and those of a whole array, as lists of its numbers. They are
written here, and nowhere else: bibun's own exact numbers are not asked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flint
import mpmath as mp


class OutsideError(ArithmeticError):
    """A number for which a function has no real value, or one that is too large to go on with."""


def inside(condition: Any) -> None:
    if not condition:
        raise OutsideError


def _log(x: Any) -> Any:
    inside(x >= 0)
    return mp.log(x) if x else -mp.inf


def _sqrt(x: Any) -> Any:
    inside(x >= 0)
    return mp.sqrt(x)


def _divide(a: Any, b: Any) -> Any:
    inside(b != 0)
    return a / b


def _power(a: Any, b: Any) -> Any:
    whole = mp.isint(b)
    inside(a > 0 or (whole and (a != 0 or b >= 0)) or (a == 0 and b > 0))
    inside(abs(b) < LARGE)
    return mp.mpf(1) if b == 0 else mp.power(a, int(b) if whole else b)


def _within(f: Callable, low: float, high: float) -> Callable:
    """A function on a closed interval."""

    def on(x: Any) -> Any:
        inside(low <= x <= high)
        return f(x)

    return on


def _open(f: Callable, low: float, high: float) -> Callable:
    def on(x: Any) -> Any:
        inside(low < x < high)
        return f(x)

    return on


LARGE = 1e200
"""Numbers up to which functions are asked: beyond any that programs begin with."""


def _up_to(most: float) -> Callable[[Callable], Callable]:
    return lambda f: _open(f, -most, most)


BOUNDED, MODERATE, SHORT = _up_to(LARGE), _up_to(1e5), _up_to(200)
WHOLE = _up_to(2.0**53)
"""Beyond, every float is whole: what has jumps at whole numbers is the identity to floats."""
WAVES = _up_to(1e10)
"""Steps of 1e-80 have to be small beside a wave, also as 1 / x makes them."""


def _sign(x: Any) -> Any:
    return mp.mpf(mp.sign(x))


def _xlogy(a: Any, b: Any) -> Any:
    return mp.mpf(0) if a == 0 else a * _log(b)


def _entr(x: Any) -> Any:
    return -mp.inf if x < 0 else -_xlogy(x, x)  # as SciPy continues it, and the next one


def _rel_entr(a: Any, b: Any) -> Any:
    if a < 0 or b < 0 or (a > 0 and b == 0):
        return mp.inf
    return mp.mpf(0) if a == 0 else a * mp.log(a / b)


def _logaddexp(a: Any, b: Any) -> Any:
    return max(a, b) + mp.log1p(mp.exp(-abs(a - b)))


def _log_ndtr(x: Any) -> Any:
    inside(abs(x) < LARGE)
    return mp.log(NCDF(x))


def _arctan2(a: Any, b: Any) -> Any:
    inside(a != 0 or b > 0)
    return mp.atan2(a, b)


def _copysign(a: Any, b: Any) -> Any:
    inside(a == 0 or b != 0)  # there is no -0 here
    return abs(a) if b >= 0 else -abs(a)


def _floor_of(a: Any, b: Any) -> Any:
    inside(b != 0 and abs(a) < abs(b) * 2.0**53)
    return mp.floor(a / b)


def _remainder(a: Any, b: Any) -> Any:
    return a - b * _floor_of(a, b)


def _fmod(a: Any, b: Any) -> Any:
    return mp.sign(a) * (abs(a) - abs(b) * _floor_of(abs(a), abs(b)))


def _ndtri(x: Any) -> Any:
    return mp.sqrt(2) * ERFINV(2 * x - 1)


def _ndtri_exp(x: Any) -> Any:
    with mp.extradps(10 + int(-x)):  # of 2 exp(x) - 1
        return _ndtri(mp.exp(x))


def _log_gamma(x: Any) -> Any:
    return x.lgamma() if x > 0 else abs(x.gamma()).log()


def _one(x: Any) -> Any:
    return x


def by_balls(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose series take mpmath long, by Arb's balls, proven to as many digits.

    test_hardpoints.py compares them with mpmath.
    """

    def on(*args: Any) -> Any:
        wanted = mp.mp.prec
        for bits in (wanted + 100, 2 * wanted, 8 * wanted):
            with flint.ctx.workprec(bits):
                y = f(*map(_ball, args))
                if y.is_finite() and (y.is_exact() or y.rel_accuracy_bits() >= wanted):
                    man, exp = y.mid().man_exp()
                    return mp.ldexp(mp.mpf(int(man)), int(exp))
        raise OutsideError

    return on


def _ball(x: Any) -> Any:
    inside(mp.isfinite(x))
    sign, man, exp, _ = x._mpf_
    return flint.arb(-int(man) if sign else int(man)) * flint.arb(2) ** int(exp)


def _both(f: Callable, first: tuple[float, float], second: tuple[float, float]) -> Callable:
    """A function of two numbers in open intervals."""

    def on(a: Any, b: Any) -> Any:
        inside(first[0] < a < first[1] and second[0] < b < second[1])
        return f(a, b)

    return on


def _boxcox(x: Any, p: Any) -> Any:
    return mp.expm1(p * _log(x)) / p if p else _log(x)


def _inv_boxcox(y: Any, p: Any) -> Any:
    return mp.exp(_log(1 + p * y) / p if p else y)


def _huber(d: Any, r: Any) -> Any:
    inside(d >= 0)
    return r * r / 2 if abs(r) <= d else d * (abs(r) - d / 2)


def _pseudo_huber(d: Any, r: Any) -> Any:
    inside(d > 0 and abs(r) < d * 1e150)  # SciPy squares r / d
    return d * r * r / (mp.sqrt(d * d + r * r) + d)


def _student(x: Any) -> Any:
    """With three degrees of freedom."""
    s = x / mp.sqrt(3)
    return mp.mpf(1) / 2 + (mp.atan(s) + s / (1 + s * s)) / mp.pi


def _binom(n: Any, k: Any) -> Any:
    return (n + 1).gamma() * (k + 1).rgamma() * (n - k + 1).rgamma()


def _agm(x: Any) -> Any:
    """K(m) from 1 - m."""
    return flint.arb.pi() / (2 * flint.arb(1).agm(x.sqrt()))


ERF, ERFC, ERFI = (by_balls(lambda x, n=n: getattr(x, n)()) for n in ("erf", "erfc", "erfi"))
ERFINV = by_balls(lambda x: x.erfinv())
NCDF = by_balls(lambda x: (-x / flint.arb(2).sqrt()).erfc() / 2)
BESSEL = {
    f"{kind}{n}": by_balls(lambda x, kind=kind, n=n: getattr(x, f"bessel_{kind}")(n))
    for kind in "ijky"
    for n in (0, 1)
}
GAMMA = lambda x: x.gamma()  # noqa: E731
POSITIVE = 1e-200, LARGE  # but for k0 and k1, which take minutes at 700
GAMMAS = (1e-100, 100), (1e-100, 100)
"""Beyond, SciPy's values of beta and binom are off by thousands of eps, and those of binom near
n = 0 by up to 1e-5; slopes are not."""
FIRST: dict[str, tuple[float, ...]] = {
    "gammainc": (2.0,),
    "gammaincc": (2.0,),
    "chdtr": (4.0,),
    "stdtr": (3.0,),
    "expn": (2,),
    "betainc": (2.0, 3.0),
    "eval_legendre": (3,),
    "eval_hermite": (3,),
    **{name: (2.0,) for name in ("jv", "yv", "iv", "kv", "ive", "kve")},
}
FIXED = {"ldexp": 3, "roll": 1}
"""Arguments that there is no derivative by: the order, before x; how far, after it."""
ORDER = FIRST["gammainc"][0]
# fmt: off
UNARY: dict[str, Callable] = {
    "negative": lambda x: -x, "positive": _one, "reciprocal": lambda x: _divide(mp.mpf(1), x),
    "square": lambda x: x * x, "sqrt": _sqrt, "cbrt": lambda x: mp.sign(x) * mp.cbrt(abs(x)),
    "absolute": abs, "fabs": abs, "sign": _sign, "conjugate": _one, "exp": mp.exp,
    "exp2": lambda x: mp.power(2, x), "exp10": lambda x: mp.power(10, x), "expm1": mp.expm1,
    "log": _log, "log2": lambda x: _log(x) / mp.log(2), "log10": lambda x: _log(x) / mp.log(10),
    "log1p": lambda x: _log(1 + x),
    "sin": WAVES(mp.sin), "cos": WAVES(mp.cos), "tan": WAVES(mp.tan),
    "cosm1": WAVES(lambda x: mp.cos(x) - 1), "sindg": WAVES(lambda x: mp.sin(mp.radians(x))),
    "cosdg": WAVES(lambda x: mp.cos(mp.radians(x))),
    "arcsin": _within(mp.asin, -1, 1), "arccos": _within(mp.acos, -1, 1),
    "arctan": mp.atan, "sinh": mp.sinh, "cosh": mp.cosh, "tanh": mp.tanh, "arcsinh": mp.asinh,
    "arccosh": _within(mp.acosh, 1, mp.inf), "arctanh": _open(mp.atanh, -1, 1),
    "deg2rad": mp.radians, "rad2deg": mp.degrees, "radians": mp.radians, "degrees": mp.degrees,
    "sinc": WAVES(lambda x: mp.sincpi(x)), "i0": BOUNDED(BESSEL["i0"]),
    "expit": lambda x: 1 / (1 + mp.exp(-x)), "log_expit": lambda x: -_logaddexp(mp.mpf(0), -x),
    "erf": BOUNDED(ERF), "erfc": BOUNDED(ERFC), "ndtr": BOUNDED(NCDF),
    "erfcx": BOUNDED(lambda x: mp.exp(x * x) * ERFC(x)), "erfi": BOUNDED(ERFI),
    "erfinv": _open(ERFINV, -1, 1), "erfcinv": _open(lambda x: ERFINV(1 - x), 0, 2),
    "ndtri": _open(_ndtri, 0, 1), "log_ndtr": _log_ndtr,
    "ndtri_exp": _open(_ndtri_exp, -1e4, 0), "ldexp": lambda x: 8 * x,
    "gammainc": _open(by_balls(lambda x: x.gamma_lower(ORDER, 1)), 0, LARGE),
    "gammaincc": _open(by_balls(lambda x: x.gamma_upper(ORDER, 1)), 0, LARGE),
    "gammaln": BOUNDED(by_balls(_log_gamma)), "gamma": _open(by_balls(GAMMA), -1e3, 1e3),
    "psi": BOUNDED(by_balls(lambda x: x.digamma())),
    "exp1": _open(by_balls(lambda x: x.expint(1)), *POSITIVE),
    "expi": BOUNDED(by_balls(lambda x: x.ei())),
    "i0e": BOUNDED(lambda x: mp.exp(-abs(x)) * BESSEL["i0"](x)),
    "i1": BOUNDED(BESSEL["i1"]), "j0": WAVES(BESSEL["j0"]),
    "i1e": BOUNDED(lambda x: mp.exp(-abs(x)) * BESSEL["i1"](x)),
    "j1": WAVES(BESSEL["j1"]), "k0": _open(BESSEL["k0"], 1e-200, 200),
    "k1": _open(BESSEL["k1"], 1e-200, 200),
    "y0": _open(BESSEL["y0"], 1e-200, 1e10),
    "y1": _open(BESSEL["y1"], 1e-200, 1e10),
    "logit": lambda x: _log(x) - _log(1 - x), "entr": _entr,
    "rgamma": _up_to(150)(by_balls(lambda x: x.rgamma())),
    "loggamma": _open(by_balls(_log_gamma), *POSITIVE),
    "exprel": _up_to(1e5)(lambda x: mp.expm1(x) / x if x else mp.mpf(1)),
    "dawsn": SHORT(lambda x: mp.sqrt(mp.pi) / 2 * mp.exp(-x * x) * ERFI(x)),
    "spence": _open(by_balls(lambda x: (1 - x).polylog(2)), 0, 2),
    "ellipk": _open(lambda m: by_balls(_agm)(1 - m), -1e5, 1),
    "ellipkm1": _open(by_balls(_agm), 0, 1e5),
    "tandg": WAVES(lambda x: mp.tan(mp.radians(x))),
    "k0e": _open(lambda x: mp.exp(x) * BESSEL["k0"](x), 1e-100, 200),
    "k1e": _open(lambda x: mp.exp(x) * BESSEL["k1"](x), 1e-100, 200),
    "jv": SHORT(by_balls(lambda x: x.bessel_j(2))),
    "iv": SHORT(by_balls(lambda x: x.bessel_i(2))),
    "yv": _open(by_balls(lambda x: x.bessel_y(2)), 1e-60, 200),
    "kv": _open(by_balls(lambda x: x.bessel_k(2)), 1e-60, 200),
    "ive": SHORT(lambda x: mp.exp(-abs(x)) * by_balls(lambda x: x.bessel_i(2))(x)),
    "kve": _open(lambda x: mp.exp(x) * by_balls(lambda x: x.bessel_k(2))(x), 1e-60, 200),
    "expn": _open(by_balls(lambda x: x.expint(2)), 1e-200, 200),
    "chdtr": _open(by_balls(lambda x: (x / 2).gamma_lower(2, 1)), 0, 1e5),
    "betainc": _open(lambda x: x * x * (6 - 8 * x + 3 * x * x), 0, 1),
    "stdtr": MODERATE(_student),
    "eval_legendre": lambda x: x * (5 * x * x - 3) / 2,
    "eval_hermite": lambda x: x * (8 * x * x - 12),
    "floor": WHOLE(mp.floor), "ceil": WHOLE(mp.ceil), "rint": WHOLE(mp.nint),
    "trunc": WHOLE(lambda x: mp.sign(x) * mp.floor(abs(x))),
}
BINARY: dict[str, Callable] = {
    "add": lambda a, b: a + b, "subtract": lambda a, b: a - b, "multiply": lambda a, b: a * b,
    "divide": _divide, "power": _power, "float_power": _power,
    "hypot": lambda a, b: mp.sqrt(a * a + b * b), "maximum": max, "minimum": min, "fmax": max,
    "fmin": min, "logaddexp": _logaddexp, "arctan2": _arctan2,
    "logaddexp2": lambda a, b: _logaddexp(a * mp.log(2), b * mp.log(2)) / mp.log(2),
    "copysign": _copysign, "xlogy": _xlogy,
    "xlog1py": lambda a, b: _xlogy(a, 1 + b), "rel_entr": _rel_entr,
    "kl_div": lambda a, b: _rel_entr(a, b) - a + b,
    "heaviside": lambda a, b: b if a == 0 else mp.mpf(a > 0),
    "remainder": _remainder, "fmod": _fmod, "huber": _huber, "pseudo_huber": _pseudo_huber,
    "boxcox": _both(_boxcox, (0, 1e200), (-20, 20)),
    "boxcox1p": _both(lambda x, p: _boxcox(1 + x, p), (-1, 1e200), (-20, 20)),
    "inv_boxcox": _both(_inv_boxcox, (-1e200, 1e200), (-20, 20)),
    "beta": _both(by_balls(lambda a, b: a.gamma() * b.gamma() / (a + b).gamma()), *GAMMAS),
    "betaln": _both(by_balls(lambda a, b: a.lgamma() + b.lgamma() - (a + b).lgamma()), *GAMMAS),
    "binom": _both(by_balls(_binom), (1, 100), (-30, 100)),
}
CHOICES: dict[str, Callable] = {
    "greater": lambda a, b: a > b, "less_equal": lambda a, b: a <= b, "equal": lambda a, b: a == b,
    "not_equal": lambda a, b: a != b, "less": lambda a, b: a < b,
    "greater_equal": lambda a, b: a >= b,
}


def _mean(v: list) -> Any:
    return mp.fsum(v) / len(v)


def _var(v: list) -> Any:
    return _mean([(x - _mean(v)) ** 2 for x in v])


def _logsumexp(v: list) -> Any:
    return max(v) + mp.log(mp.fsum(mp.exp(x - max(v)) for x in v))


def _median(v: list) -> Any:
    low, high = sorted(v)[(len(v) - 1) // 2], sorted(v)[len(v) // 2]
    return (low + high) / 2


def _running(f: Callable) -> Callable:
    def on(v: list) -> list:
        found = v[:1]
        for x in v[1:]:
            found.append(f(found[-1], x))
        return found

    return on


ARRAYS: dict[str, Callable] = {  # of a list of numbers: a list of one, or of as many
    "sum": lambda v: [mp.fsum(v)], "mean": lambda v: [_mean(v)], "prod": lambda v: [mp.fprod(v)],
    "max": lambda v: [max(v)], "min": lambda v: [min(v)], "ptp": lambda v: [max(v) - min(v)],
    "var": lambda v: [_var(v)], "std": lambda v: [mp.sqrt(_var(v))],
    "median": lambda v: [_median(v)], "norm": lambda v: [mp.sqrt(mp.fsum(x * x for x in v))],
    "logsumexp": lambda v: [_logsumexp(v)], "sort": sorted,
    "softmax": lambda v: [mp.exp(x - _logsumexp(v)) for x in v],
    "log_softmax": lambda v: [x - _logsumexp(v) for x in v],
    "cumsum": _running(lambda a, b: a + b), "cumprod": _running(lambda a, b: a * b),
    "flip": lambda v: v[::-1], "roll": lambda v: v[-1:] + v[:-1],
}
# fmt: on
# fmt: off
ROUNDS_INSIDE = {
    "sum", "mean", "var", "std", "cumsum", "sinc", "ndtr", "kl_div", "gammainc", "gammaincc",
    "gammaln", "loggamma", "betaln", "beta", "psi", "expi", "j0", "j1", "jv", "y0", "y1",
    "yv", "cosm1",
}
# fmt: on
"""What rounds on the way, so that errors are relative to the arguments and not to the result: sums,
NumPy's sinc pi x, SciPy's ndtr x / sqrt(2), its kl_div the terms that it adds up, its incomplete
gamma functions the exponent of x^a exp(-x), its beta a + b, and its functions with zeros
have few digits there.
Slopes may be more exact than values: they do not move with these."""
# fmt: off
OFF = {
    "erfi": 82, "dawsn": 82, "spence": 21, "expn": 17, "exp1": 11, "i1": 11, "i1e": 11, "iv": 11,
    "ive": 11, "chdtr": 10, "k0": 8, "k0e": 8, "k1": 5, "k1e": 5, "kve": 5,
}
# fmt: on
"""How many eps the values of SciPy 1.17 are off, of these functions, somewhere in [1e-3, 8]: of all
that are off by more than 4 there, but for those with zeros, tails, or roundings inside."""
