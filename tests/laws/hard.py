"""Laws at hard points: zeros of both signs, ties, subnormal and huge numbers, infinities and nan.

Wherever one-sided differences in a wider format converge, the derivative is finite and agrees with
them: with their common value where the function is smooth, and between them at a kink.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from . import laws, truth
from .cases import Case, frozen, generator

LEVELS = 14
STEP = 1 / 64
CONVERGED = 1e-6  # relative to dy/dx or y/x: what one-sided differences reach for smooth functions
CLOSE = 1e-5  # relative: ten times what converges; a wrong formula is off by far more


def numbers(dtype: np.dtype) -> np.ndarray:
    """Hard numbers of a format, from its limits."""
    f = np.finfo(dtype)
    log, root = np.log(float(f.max)), float(f.max) ** 0.5
    plain = [0.0, 0.5, 1.0, 1.5, 2.0, np.pi, 20.0, log / 2.5, 1.01 * log, 4 * log, root / 1.1, root * 1.1]
    limits = [f.smallest_subnormal, f.tiny, f.eps, f.eps**0.5, float(f.max) ** 0.97, f.max, np.inf]
    positive = np.array([*map(float, plain), *map(float, limits)]).astype(dtype)
    return np.concatenate([positive, -positive, [np.nan]]).astype(dtype)


class OneSided(NamedTuple):
    """The derivative from one side, how far it may be off, and what a derivative that is not zero compares to."""

    value: np.ndarray
    error: np.ndarray
    scale: np.ndarray

    @property
    def known(self) -> np.ndarray:
        return self.error <= CONVERGED * (abs(self.value) + self.scale)


def one_sided(f: Callable[[Any], np.ndarray], x: Any, scales: Sequence[Any], sign: int) -> OneSided:
    """The limit of (f(x + sh) - f(x)) / sh for h from above, by the smallest of the scales of h that converges."""
    start = np.asarray(f(x))
    size = np.minimum(abs(start) / (abs(x) + 1), 1)
    smaller, larger = (_at_scale(f, x, start, sign * s, size) for s in (np.minimum(*scales), np.maximum(*scales)))
    known = OneSided(*smaller, size).known
    return OneSided(*(np.where(known, a, b) for a, b in zip(smaller, larger, strict=True)), size)


def _at_scale(
    f: Callable[[Any], np.ndarray], x: Any, start: np.ndarray, scale: np.ndarray, size: np.ndarray
) -> truth.Derivative:
    format = np.finfo(start.dtype)
    slopes, noises = [], []
    for level in range(LEVELS):
        moved = x + scale * truth.RATIO**level
        h = np.asarray(moved - x, truth.WIDE)  # what is left of the step after rounding
        y = np.asarray(f(moved))
        slopes.append((np.asarray(y, truth.WIDE) - start) / h)
        noises.append(4 * (format.eps * np.maximum(abs(y), abs(start)) + format.smallest_subnormal) / abs(h))
    return truth.extrapolate(slopes, noises, 1, size)  # one-sided differences have errors h, h², h³, ...


def points(case: Case, dtype: np.dtype) -> Case:
    """An element-wise case at all combinations of hard numbers."""
    grid = np.meshgrid(*(numbers(dtype) for _ in case.args), indexing="ij")
    return case._replace(label=f"{case.label} hard {dtype}", args=tuple(frozen(g.ravel()) for g in grid))


def element_wise(case: Case) -> None:
    """At hard numbers a scalar function's rules raise nothing, agree with each other and with one-sided limits."""
    if not laws.differentiable(case) or laws.decreed(case):
        return
    for k in range(len(case.args)):
        t = tuple(np.ones_like(a) if i == k else None for i, a in enumerate(case.args))
        only = tuple(i == k for i in range(len(t)))
        (p,) = laws.pushed(case, case.args, t)
        q = laws.pulled(case, case.args, (np.ones(case.args[0].shape, laws.result_types(case)[0].dtype),), only)[k]
        laws.typed([p, q], [laws.result_types(case)[0], case.types[k]], "push and pull")
        assert p is None and q is None or np.array_equal(p, q, equal_nan=True), f"push of ones {p} is not pull of ones {q}"
        if p is not None and np.any(p != p[0]):  # a constant is right here if it is right elsewhere
            with np.errstate(all="ignore"):
                limits(case, k, p)


def limits(case: Case, k: int, found: np.ndarray) -> None:
    """The partial with respect to argument k against one-sided differences."""
    args = truth.precise(lambda *xs: list(laws.value(case, xs)), case.args)
    x = args[k]

    def f(x: Any) -> np.ndarray:
        return laws.value(case, [*args[:k], x, *args[k + 1 :]])[0]

    scales = [abs(x) * STEP, np.full_like(x, STEP)]
    right, left = one_sided(f, x, scales, 1), one_sided(f, x, scales, -1)
    inside = np.isfinite(f(x)) & np.isfinite(np.stack(case.args)).all(axis=0)
    only_right, only_left = (~np.isfinite(f(x - s * 1e-3 * (abs(x) + 1e-3))) for s in (1, -1))  # edges of the domain
    low = np.where(right.known & left.known, np.minimum(right.value, left.value), np.where(right.known, right.value, left.value))
    high = np.where(right.known & left.known, np.maximum(right.value, left.value), low)
    known = inside & (right.known & left.known | right.known & only_right | left.known & only_left)
    error = np.maximum(np.where(right.known, right.error, 0), np.where(left.known, left.error, 0))
    format = np.finfo(found.dtype)
    y, wide = laws.value(case)[0], f(x)
    # A result that underflowed or overflowed has lost what its rule goes on with.
    known &= np.isfinite(y) & ((y != 0) | (wide == 0))
    lost = np.where(y == 0, 0, format.smallest_subnormal / abs(y))
    relative = np.maximum(CLOSE, 8 * np.maximum(format.eps, lost))
    slack = 10 * error + relative * np.maximum(abs(low), abs(high)) + format.tiny  # subnormals may be flushed
    wrong = known & ~((found >= (low - slack).astype(found.dtype)) & (found <= (high + slack).astype(found.dtype)))
    if wrong.any():
        i = int(np.argmax(wrong))
        at = ", ".join(str(a[i]) for a in case.args)
        raise AssertionError(
            f"partial {k} at ({at}) is {found[i]}, but one-sided differences give {low[i]:.6g} to {high[i]:.6g}"
            f" ({wrong.sum()} of {known.sum()} points are wrong)"
        )


def degenerate(case: Case) -> Iterator[Case]:
    """The floats of a case replaced by zeros, by ties, by half zeros, by huge numbers, by infinities and nan."""

    def variant(label: str, f: Callable[[np.ndarray], np.ndarray]) -> Case:
        args = tuple(frozen(f(a)) if a.dtype.kind == "f" else a for a in case.args)
        return case._replace(label=f"{case.label} {label}", args=args)

    yield variant("zeros", np.zeros_like)
    yield variant("ones", np.ones_like)
    yield variant("half zeros", lambda a: np.where(np.arange(a.size).reshape(a.shape) % 2, a, 0))
    for label, number in (("huge", 1e300), ("inf", np.inf), ("nan", np.nan)):
        yield variant(label, lambda a, x=number: np.where(np.arange(a.size).reshape(a.shape) == 0, x, a))


def rules_survive(case: Case) -> None:
    """At degenerate arguments the rules raise nothing that the value does not, and keep their types.

    Where one-sided differences along a direction converge, the derivative is finite. Warnings are welcome.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _survive(case)


def _survive(case: Case) -> None:
    try:
        laws.value(case)
    except (ValueError, np.linalg.LinAlgError):
        return
    if not laws.differentiable(case) or laws.decreed(case):
        return
    rng = generator(f"{case.label} directions")
    t, g = laws.directions(case.types, rng), laws.directions(laws.result_types(case), rng)
    moved, back = laws.pushed(case, case.args, t), laws.pulled(case, case.args, g, case.wanted)
    laws.typed(moved, laws.result_types(case), "push")
    laws.typed(back, case.types, "pull")
    if not all(np.isfinite(a).all() for a in case.args):
        return
    with np.errstate(all="ignore"):
        finite = [has_limit(case, t, k) for k in range(len(moved))]
    for m, ok in zip(moved, finite, strict=True):
        assert m is None or not ok.any() or np.isfinite(m[ok]).all(), f"push is {m}, but one-sided differences converge"
    if all(ok.all() for ok in finite):
        assert all(b is None or np.isfinite(b).all() for b in back), f"pull is {back}, but one-sided differences converge"


def has_limit(case: Case, t: tuple, k: int) -> np.ndarray:
    """Where the differences of result k along t converge from both sides."""
    args = truth.precise(lambda *xs: list(laws.value(case, xs)), case.args)

    def f(h: Any) -> np.ndarray:
        moved = [a if s is None else a + a.dtype.type(h) * s for a, s in zip(args, t, strict=True)]
        return np.asarray(laws.value(case, moved)[k])

    here = f(0)
    if here.dtype.kind != "f":
        return np.zeros(here.shape, bool)
    right, left = (one_sided(f, np.float64(0), [case.step, case.step], sign) for sign in (1, -1))
    return np.isfinite(here) & right.known & left.known
