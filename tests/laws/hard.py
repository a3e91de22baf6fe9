"""Laws at hard points: zeros of both signs, ties, subnormal and huge numbers, infinities and nan.

Wherever one-sided differences in a wider format converge, the derivative is finite and agrees with
them: with their common value where the function is smooth, and between them at a kink.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from bibun.ops.elementwise import Elementwise

from . import rules, truth
from .cases import Case, frozen
from .compare import typed

LEVELS = 14
STEP = 1 / 64
HUGE = 1e6
FEW = 3
CONVERGED = 1e-6  # relative to dy/dx or y/x: what one-sided differences reach for smooth functions
CLOSE = 1e-5  # relative: ten times what converges; a wrong formula is off by far more

# ------------------------------------------------------------ the truth from one side


class OneSided(NamedTuple):
    """The derivative from one side, how far it may be off, and what it has to compare with."""

    value: np.ndarray
    error: np.ndarray
    scale: np.ndarray

    @property
    def known(self) -> np.ndarray:
        """Where the differences converge."""
        return self.error <= CONVERGED * (abs(self.value) + self.scale)


def one_sided(
    f: Callable[[Any], Any], x: Any, scales: Sequence[Any], sign: int, visible: Any = True
) -> OneSided:
    """The limit of (f(x + sh) - f(x)) / sh for h > 0, by the smaller of two scales if it can.

    `visible` says where the larger scale may be used.
    """
    start = np.asarray(f(x))
    size = np.minimum(abs(start) / (abs(x) + 1), 1)
    small, large = (sign * choose(*scales) for choose in (np.minimum, np.maximum))
    near, far = (_at(f, x, start, scale, size) for scale in (small, large))
    far = truth.Derivative(far.value, np.where(visible, far.error, np.inf))
    known = OneSided(*near, size).known
    return OneSided(*(np.where(known, a, b) for a, b in zip(near, far, strict=True)), size)


def _at(f: Callable, x: Any, start: np.ndarray, scale: Any, size: np.ndarray) -> truth.Derivative:
    format = np.finfo(start.dtype)
    slopes, noises = [], []
    for level in range(LEVELS):
        moved = x + scale * truth.RATIO**level
        h = np.asarray(moved - x, truth.WIDE)  # what is left of the step after rounding
        y = np.asarray(f(moved))
        noise = format.eps * np.maximum(abs(y), abs(start)) + format.smallest_subnormal
        slopes.append((np.asarray(y, truth.WIDE) - start) / h)
        noises.append(4 * noise / abs(h))
    return truth.extrapolate(slopes, noises, 1, size)  # errors are a series in h, h², h³, ...


# ------------------------------------------------------------ functions of one element


def numbers(dtype: np.dtype) -> np.ndarray:
    """Hard numbers of a format, from its limits."""
    f = np.finfo(dtype)
    log, root = np.log(float(f.max)), float(f.max) ** 0.5
    plain = [0.0, 0.5, 1.0, 1.5, 2.0, np.pi, 20.0]
    edges = [log / 2.5, 1.01 * log, 4 * log, root / 1.1, root * 1.1]
    limits = [f.smallest_subnormal, f.tiny, f.eps, f.eps**0.5, float(f.max) ** 0.97, f.max, np.inf]
    positive = np.array([*plain, *edges, *map(float, limits)]).astype(dtype)
    return np.concatenate([positive, -positive, [np.nan]]).astype(dtype)


def points(case: Case, dtype: np.dtype) -> Case:
    """An element-wise case at all combinations of hard numbers, and of some that have no slope.

    Of arguments without a derivative by them, the first few of the example are enough: parameters.
    """
    pairs = zip(case.args, case.wanted, strict=True)
    every = slice(None, None, 1 if sum(case.wanted) < 3 else 3)
    some = [numbers(dtype)[every] if wanted else a.ravel()[:FEW] for a, wanted in pairs]
    grid = np.meshgrid(*some, indexing="ij")
    args = tuple(frozen(g.ravel()) for g in grid)
    return case._replace(label=f"{case.label} hard {dtype}", args=args)


def element_wise(case: Case) -> None:
    """At hard numbers rules raise nothing, agree with each other and with one-sided limits."""
    if not rules.differentiable(case) or rules.decreed(case):
        return
    (y,) = rules.result_types(case)
    for k in np.flatnonzero(case.wanted):
        only = tuple(i == k for i in range(len(case.args)))
        t = tuple(np.ones_like(a) if w else None for a, w in zip(case.args, only, strict=True))
        (p,) = rules.pushed(case, case.args, t)
        q = rules.pulled(case, case.args, (np.ones(y.shape, y.dtype),), only)[k]
        typed([p, q], [y, case.types[k]], "push and pull")
        same = (p is None and q is None) or np.array_equal(p, q, equal_nan=True)
        assert same, f"push of ones {p} is not pull of ones {q}"
        if p is not None and np.any(p != p[0]):  # a constant is right here if it is right elsewhere
            with np.errstate(all="ignore"):
                limits(case, k, p)


def limits(case: Case, k: int, found: np.ndarray) -> None:
    """The partial with respect to argument k against one-sided differences."""
    args = truth.precise(lambda *xs: list(rules.value(case, xs)), case.args)

    def f(x: Any) -> np.ndarray:
        return rules.value(case, [*args[:k], x, *args[k + 1 :]])[0]

    low, high, error, known = interval(f, args[k])
    y, wide = rules.value(case)[0], f(args[k])
    # A result that underflowed or overflowed has lost what its rule goes on with.
    others = np.abs([a for j, a in enumerate(args) if j != k])
    op = case.op if isinstance(case.op, Elementwise) else None
    if op and op.waves:
        known &= (abs(args[k]) < HUGE) & (others < HUGE).all(axis=0)
    # Beside such numbers a function may have bent within the smallest step, or be flat by rounding.
    bent = ((others > HUGE) | ((others < 1 / HUGE) & (others > 0))).any(axis=0)
    known &= ~bent | (np.maximum(abs(low), abs(high)) > np.finfo(found.dtype).tiny)
    known &= np.isfinite(y) & ((y != 0) | (wide == 0)) & np.isfinite(case.args).all(axis=0)
    format = np.finfo(found.dtype)
    lost = np.where(y == 0, 0, format.smallest_subnormal / abs(y))  # digits of a subnormal result
    relative = np.maximum(max(CLOSE, op.off if op else 0), 8 * np.maximum(format.eps, lost))
    slack = 10 * error + relative * np.maximum(abs(low), abs(high))
    slack += format.tiny  # subnormals may be flushed
    bottom, top = ((x + s).astype(found.dtype) for x, s in ((low, -slack), (high, slack)))
    wrong = known & ~((found >= bottom) & (found <= top))
    if wrong.any():
        i = int(np.argmax(wrong))
        raise AssertionError(
            f"partial {k} at ({', '.join(str(a[i]) for a in case.args)}) is {found[i]}, "
            f"but one-sided differences give {low[i]:.6g} to {high[i]:.6g} "
            f"({wrong.sum()} of {known.sum()} points are wrong)"
        )


def interval(f: Callable[[Any], Any], x: Any) -> tuple[np.ndarray, ...]:
    """The derivatives from both sides, in order, their error, and where they are known.

    At an edge of the domain, where f is not finite on one side, that of the other side is both.
    """
    scales = [abs(x) * STEP, np.full_like(x, STEP)]
    seen = visible(f, x, np.maximum(*scales))
    right, left = (one_sided(f, x, scales, sign, seen) for sign in (1, -1))
    both = right.known & left.known
    first = np.where(right.known, right.value, left.value)
    low = np.where(both, np.minimum(right.value, left.value), first)
    high = np.where(both, np.maximum(right.value, left.value), first)
    edges = [~np.isfinite(f(x - s * 1e-3 * (abs(x) + 1e-3))) for s in (1, -1)]
    known = both | (right.known & edges[0]) | (left.known & edges[1])
    errors = [np.where(side.known, side.error, 0) for side in (right, left)]
    return low, high, np.maximum(*errors), known & np.isfinite(f(x))


def visible(f: Callable[[Any], Any], x: Any, reach: Any) -> np.ndarray:
    """Where values from afar tell what f does at x.

    It must go on to both sides: x**p near 0 does not. And huge floats are whole numbers, where
    (-0.5)**p and its kin are defined, and only there.
    """
    around = np.isfinite(f(x - reach)) & np.isfinite(f(x + reach))
    moderate = np.isfinite(f(np.copysign(37.21, x)))
    return ((x == 0) | around) & ((abs(x) < HUGE) | moderate)


# ------------------------------------------------------------ whole arrays


def degenerate(case: Case) -> Iterator[Case]:
    """The floats of a case replaced by zeros, ties, half zeros, huge numbers, infinities, nan."""

    def variant(label: str, f: Callable[[np.ndarray], np.ndarray]) -> Case:
        args = tuple(frozen(f(a)) if a.dtype.kind == "f" else a for a in case.args)
        return case._replace(label=f"{case.label} {label}", args=args)

    def places(a: np.ndarray) -> np.ndarray:
        return np.arange(a.size).reshape(a.shape)

    yield variant("zeros", np.zeros_like)
    yield variant("ones", np.ones_like)
    yield variant("half zeros", lambda a: np.where(places(a) % 2, a, 0))
    for label, number in (("huge", 1e300), ("inf", np.inf), ("nan", np.nan)):
        if label == "huge" and case.op.kind == "call":
            continue  # factors are precise to rounding of the largest entry: the rest is noise
        yield variant(label, lambda a, x=number: np.where(places(a) == 0, x, a))


def rules_survive(case: Case) -> None:
    """At degenerate arguments the rules raise nothing that the value does not; types stay.

    Where one-sided differences along a direction converge, the derivative is finite. Warnings are
    welcome.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _survive(case)


def _survive(case: Case) -> None:
    try:
        rules.value(case)
    except (ValueError, np.linalg.LinAlgError):
        return
    if not rules.differentiable(case) or rules.decreed(case):
        return
    _, t, g = rules.both(case)
    moved = rules.pushed(case, case.args, t)
    back = rules.pulled(case, case.args, g, case.wanted)
    typed(moved, rules.result_types(case), "push")
    typed(back, case.types, "pull")
    if not all(np.isfinite(a).all() for a in case.args):
        return
    with np.errstate(all="ignore"):
        finite = [has_limit(case, t, k) for k in range(len(moved))]
    why = "but one-sided differences converge"
    for m, ok in zip(moved, finite, strict=True):
        assert m is None or not ok.any() or np.isfinite(m[ok]).all(), f"push is {m}, {why}"
    if all(ok.all() for ok in finite):
        assert all(np.isfinite(b).all() for b in rules.given(back)), f"pull is {back}, {why}"


def has_limit(case: Case, t: tuple, k: int) -> np.ndarray:
    """Where the differences of result k along t converge from both sides."""
    args = truth.precise(lambda *xs: list(rules.value(case, xs)), case.args)

    def f(h: Any) -> np.ndarray:
        pairs = zip(args, t, strict=True)
        moved = [a if s is None else a + a.dtype.type(h) * s for a, s in pairs]
        return np.asarray(rules.value(case, moved)[k])

    here = f(0)
    if here.dtype.kind != "f":
        return np.zeros(here.shape, bool)
    steps = [case.step, case.step]
    right, left = (one_sided(f, np.float64(0), steps, sign) for sign in (1, -1))
    return np.isfinite(here) & right.known & left.known
