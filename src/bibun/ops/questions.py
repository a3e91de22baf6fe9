"""Questions about arrays: whether they are close, of which kind, and arrays of the same type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..array import Array, Duck, implements, innermost, lift
from ..graph import Type
from ..recording import Trace
from .alignment import filled
from .structure import array_of, cast, expand_to

# ------------------------------------------------------------ close and equal


@implements(np.isclose)
def isclose(a: Any, b: Any, rtol: Any = 1e-5, atol: Any = 1e-8, equal_nan: bool = False) -> Array:
    """|a - b| <= atol + rtol |b| where b is finite, and a = b elsewhere."""
    b = lift(b)
    b = cast(b, np.result_type(b.dtype, 1.0))
    y = (np.less_equal(np.abs(lift(a) - b), atol + rtol * np.abs(b)) & np.isfinite(b)) | (a == b)
    return y | (np.isnan(lift(a)) & np.isnan(b)) if equal_nan else y


@implements(np.allclose)
def allclose(
    a: Any, b: Any, rtol: Any = 1e-5, atol: Any = 1e-8, equal_nan: bool = False
) -> bool:  # fmt: skip
    return bool(np.all(isclose(a, b, rtol, atol, equal_nan).numpy()))


@implements(np.array_equal)
def array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> bool:
    return np.array_equal(lift(a1).numpy(), lift(a2).numpy(), equal_nan)


@implements(np.array_equiv)
def array_equiv(a1: Any, a2: Any) -> bool:
    return np.array_equiv(lift(a1).numpy(), lift(a2).numpy())


# ------------------------------------------------------------ kinds and dtypes


def plain(x: Any) -> Any:
    """What NumPy's promotion needs to know of x: the dtype of an array, anything else as it is."""
    return x.dtype if isinstance(x, Duck) else x


@implements(np.result_type)
def result_type(*arrays_and_dtypes: Any) -> np.dtype:
    return np.result_type(*map(plain, arrays_and_dtypes))


@implements(np.can_cast)
def can_cast(from_: Any, to: Any, casting: Any = "safe") -> bool:
    return np.can_cast(plain(from_), to, casting)


@implements(np.common_type)
def common_type(*arrays: Any) -> type:
    return np.common_type(*(np.empty(0, lift(a).dtype) for a in arrays))


@implements(np.min_scalar_type)
def min_scalar_type(a: Any, /) -> np.dtype:
    return np.min_scalar_type(lift(a).numpy())


@implements(np.iscomplexobj)
def iscomplexobj(x: Any) -> bool:
    return lift(x).dtype.kind == "c"


@implements(np.isrealobj)
def isrealobj(x: Any) -> bool:
    return lift(x).dtype.kind != "c"


@implements(np.isreal)
def isreal(x: Any) -> Array:
    return np.imag(lift(x)) == 0


@implements(np.iscomplex)
def iscomplex(x: Any) -> Array:
    return np.imag(lift(x)) != 0


def _real(name: str, x: Any) -> Array:
    x = lift(x)
    if x.dtype.kind == "c":
        raise TypeError(f"{name}: complex numbers have no order: take the real part first")
    return x


@implements(np.isposinf)
def isposinf(x: Any, out: None = None) -> Array:
    return np.equal(_real("isposinf", x), np.inf, out=out)


@implements(np.isneginf)
def isneginf(x: Any, out: None = None) -> Array:
    return np.equal(_real("isneginf", x), -np.inf, out=out)


# ------------------------------------------------------------ arrays like others


def alike(name: str, a: Any, number: Any, dtype: Any, shape: Any, options: dict[str, Any]) -> Array:
    """An array of equal numbers, with the dtype and the shape of a, and recorded where a is."""
    wrong = [k for k, v in options.items() if k not in ("order", "subok", "device")]
    if wrong:
        raise TypeError(f"{name}() got an unexpected keyword argument {wrong[0]!r}")
    a = lift(a)
    of = Type(
        a.dtype if dtype is None else np.dtype(dtype), a.shape if shape is None else _lengths(shape)
    )
    trace = innermost([a])
    if trace is None:
        return Array(None, -1, np.full(of.shape, number, of.dtype))
    return array_of(Array(trace, filled(trace, number, of), _filled_value(trace, a, number, of)))


def _filled_value(trace: Trace, a: Array, number: Any, of: Type) -> Any:
    """The value of such an array; only its type where that of `a` is unknown."""
    return (
        of if type(a.raw) is Type else np.broadcast_to(np.asarray(number, of.dtype), of.shape)[()]
    )


def _lengths(shape: Any) -> tuple[int, ...]:
    return (int(shape),) if isinstance(shape, int | np.integer) else tuple(map(int, shape))


def _filled_like(function: Any, number: float) -> Callable[..., Array]:
    """A function that makes an array of one number."""

    @implements(function)
    def like(
        a: Any,
        dtype: Any = None,
        order: str = "K",
        subok: bool = True,
        shape: Any = None,
        **options: Any,
    ) -> Array:
        return alike(function.__name__, a, number, dtype, shape, options)

    return like


zeros_like = _filled_like(np.zeros_like, 0)
ones_like = _filled_like(np.ones_like, 1)
# Zeros as well: what stands in memory by chance is not a function of anything.
empty_like = _filled_like(np.empty_like, 0)


@implements(np.full_like)
def full_like(
    a: Any,
    fill_value: Any,
    dtype: Any = None,
    order: str = "K",
    subok: bool = True,
    shape: Any = None,
    **options: Any,
) -> Array:
    like = alike("full_like", a, 0, dtype, shape, options)
    if isinstance(fill_value, bool | int | float | complex):
        return alike("full_like", a, fill_value, dtype, shape, options)
    return array_of(expand_to(cast(fill_value, like.dtype), like.shape))
