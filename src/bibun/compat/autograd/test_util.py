"""Numerical checks of derivatives, as autograd's tests make them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

from .core import make_jvp, make_vjp, vspace
from .wrap_util import get_name, unary_to_nary

Function = Callable[..., Any]
TOL = RTOL = 1e-6  # half of the digits that central differences with this step have
EPS = 1e-6


def scalar_close(a: Any, b: Any) -> bool:
    """Whether two numbers agree to 1e-6, absolutely or relative to their sum."""
    return bool(abs(a - b) < TOL or abs(a - b) / abs(a + b) < RTOL)


def make_numerical_jvp(f: Function, x: Any) -> Function:
    """v -> (f(x + v h/2) - f(x - v h/2)) / h."""
    xs, ys = vspace(x), vspace(f(x))

    def jvp(v: Any) -> Any:
        up, down = (f(xs.add(x, xs.scalar_mul(v, s * EPS / 2))) for s in (1.0, -1.0))
        return ys.scalar_mul(ys.add(up, ys.scalar_mul(down, -1.0)), 1 / EPS)

    return jvp


def check_vjp(f: Function, x: Any) -> None:
    """Raise AssertionError unless g f'(x) v is right for a random g and v, in reverse mode."""
    vjp, y = make_vjp(f, x)
    xs, ys = vspace(x), vspace(y)
    v, g = xs.randn(), ys.randn()
    pulled = xs.covector(vjp(ys.covector(g)))
    assert vspace(pulled) == xs, f"the cotangent of {get_name(f)} is in {vspace(pulled)}, not {xs}"
    exact, numeric = xs.inner_prod(v, pulled), ys.inner_prod(g, make_numerical_jvp(f, x)(v))
    assert scalar_close(numeric, exact), (
        f"Derivative (VJP) check of {get_name(f)} failed with arg {x}:\n"
        f"analytic: {exact}\nnumeric:  {numeric}"
    )


def check_jvp(f: Function, x: Any) -> None:
    """Raise AssertionError unless f'(x) v is right for a random v, in forward mode."""
    v = vspace(x).randn()
    check_equivalent(make_jvp(f, x)(v)[1], make_numerical_jvp(f, x)(v))


def check_equivalent(x: Any, y: Any) -> None:
    """Raise AssertionError unless x and y are of one vector space, and equal along a random v."""
    xs, ys = vspace(x), vspace(y)
    assert xs == ys, f"VSpace mismatch:\nx: {xs}\ny: {ys}"
    v = xs.randn()
    close = scalar_close(xs.inner_prod(x, v), xs.inner_prod(y, v))
    assert close, f"Value mismatch:\nx: {x}\ny: {y}"


@unary_to_nary
def check_grads(f: Function, x: Any, modes: Sequence[str] | None = None, order: int = 2) -> None:
    """Raise AssertionError unless the derivatives of f up to `order` agree with differences.

    `modes` are among "fwd" and "rev"; both by default.
    """
    modes = ["fwd", "rev"] if modes is None else modes
    assert all(m in ("fwd", "rev") for m in modes), f"modes are 'fwd' and 'rev', not {modes}"
    if "fwd" in modes:
        check_jvp(f, x)
        if order > 1:
            v = vspace(x).randn()
            _check_again("jvp", f, lambda x, v: make_jvp(f, x)(v)[1], x, v, modes, order)
    if "rev" in modes:
        check_vjp(f, x)
        if order > 1:
            v = vspace(f(x)).randn()
            _check_again("vjp", f, lambda x, v: make_vjp(f, x)[0](v), x, v, modes, order)


def _check_again(
    kind: str, f: Function, along: Any, x: Any, v: Any, modes: Sequence[str], order: int
) -> None:
    along.__name__ = f"{kind}_{get_name(f)}"
    check_grads(along, (0, 1), modes, order=order - 1)(x, v)


def combo_check(fun: Function, *options: Any, **named: Any) -> Function:
    """check_grads for all combinations of the arguments in these lists."""

    def check(*args: Any, **kwargs: Any) -> None:
        for values in product(*args):
            for chosen in product(*kwargs.values()):
                given = dict(zip(kwargs, chosen, strict=True))
                check_grads(fun, *options, **named)(*values, **given)

    return check


def quick_grad_check(
    fun: Function, arg0: Any, extra_args: tuple = (), kwargs: Any = None, *_: Any, **__: Any
) -> None:
    """check_grads of the first argument, as autograd had it before version 1.2."""
    warnings.warn("quick_grad_check is deprecated: use check_grads", stacklevel=2)
    check_grads(lambda x: fun(x, *extra_args, **(kwargs or {})), modes=["rev"], order=1)(arg0)
