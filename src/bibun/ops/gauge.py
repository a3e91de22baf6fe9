"""Quotients 0/0 of equal eigenvalues and of equal singular values: their limits, or nan.

The vectors of equal values are arbitrary up to a rotation. A function in which they take part has
a derivative all the same if every choice gives the same number, as v diag(h(w)) v^T does and the
projector onto the space that they span. Derivatives then have quotients of numerators that vanish
and of gaps that are zero, and the limit of such a quotient is the quotient of how both change when
the values move apart and the vectors stay (l'Hopital). This is known here since the numerators are
an expression of the graph that is being built.

It is checked that the numerators vanish, and that they go on to do so when the vectors of equal
values rotate and when anything else changes on which they depend. Otherwise the result is nan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from ..array import Array, bind
from ..graph import Example, Graph, Op, Type, operation
from ..walk import build, evaluate, outputs, push
from ..zeros import select, zeros_like
from .calls import program, stacked
from .matmul import mT, product
from .structure import expand_to, reshape_to

Moves = Callable[[Sequence[Array]], tuple[Sequence[Any], Sequence[Any]]]
GOLDEN = 0.6180339887498949


@operation
class Scattered(Op):
    """Numbers between -1/2 and 1/2 without any pattern, the same for all leading axes of x."""

    kind = "call"
    shape: tuple[int, ...]

    def type(self, x):
        return x

    def value(self, x):
        count = np.arange(1, int(np.prod(self.shape)) + 1)
        numbers = ((count * GOLDEN) % 1 - 0.5).astype(x.dtype).reshape(self.shape)
        return np.array(np.broadcast_to(numbers, x.shape))[()]

    def d(self, y, x):
        return (None,)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example(cls((2, 3)), ((2, 3),))


class ArbitraryError(TypeError):
    """Something has no exact numbers, since it is arbitrary: the text says what."""


@operation
class Seldom(Op):
    """A graph that is run where its condition holds; elsewhere its result is zero.

    The condition has the leading axes of the results. No derivative is known where it holds: nan.
    """

    kind = "control"
    graph: Graph

    def type(self, condition, *args):
        return self.graph.output_types

    def value(self, condition, *args):
        if not condition.any():
            return tuple(np.zeros(t.shape, t.dtype) for t in self.graph.output_types)
        with np.errstate(all="ignore"):
            results = program(self.graph)(*args)
        lead = condition.ndim
        return tuple(
            np.where(
                condition.reshape(condition.shape + (1,) * (y.ndim - lead)), y, y.dtype.type(0)
            )
            for y in results
        )

    def exactly(self, lib, condition, *args):
        if condition.any():  # what is close in floats is different in exact numbers, or arbitrary
            raise ArbitraryError("vectors of (nearly) equal eigenvalues or singular values")
        return tuple(lib.elements(np.zeros(t.shape, t.dtype)) for t in self.graph.output_types)

    def push(self, y, args, tangents):
        return tuple(_unknown(args[0], x) for x in y)

    def pull(self, y, args, g, wanted):
        bad = np.any(args[0])
        return tuple(_unknown(bad, x) if w else None for x, w in zip(args, wanted, strict=True))

    def batched(self, n):
        return Seldom(stacked(self.graph, n))

    @classmethod
    def examples(cls) -> Iterator[Example]:
        x = Type(np.dtype(float), (2, 3))
        yield Example(cls(build([x], lambda x: [x, np.sin(x)])), (_never, (2, 3)))


def _never(rng: np.random.Generator) -> np.ndarray:
    return np.zeros(2, bool)


def _unknown(condition: Any, x: Any) -> Any:
    """nan where the condition holds, 0 elsewhere, in the type of x."""
    wide = reshape_to(condition, condition.shape + (1,) * (x.ndim - condition.ndim))
    return np.where(expand_to(wide, x.shape), x.dtype.type(np.nan), x.dtype.type(0))


# ------------------------------------------------------------ the limit


class Path(NamedTuple):
    """What changes when equal values move apart: entries of the graph that is being built.

    `moves` gives for these entries their tangents on this path, and those by which only the
    vectors of equal values rotate.
    """

    entries: tuple[Array, ...]
    values: int  # which of them has the values
    moves: Moves


def quotient(m: Any, g: Any, part: Any, gaps: Any, steps: Any, path: Path) -> Any:
    """part(m) / gaps for a linear part, with its limit where a gap is 0.

    m is made of the cotangent g: rounding of m is to be compared with g. `steps` is how the gaps
    change along the path. Where a gap is small, rounding of m spoils the quotient, and the limit is
    taken as well if it is within what rounding may have done.
    """
    equal, x = gaps == 0, part(m)
    plain = np.where(equal, np.nan, x / (gaps + np.astype(equal, gaps.dtype)))
    close = np.abs(gaps) <= _largest(path.entries[path.values], gaps.shape, half=True)
    moved = slopes(m, g, close, path)
    if moved is None:
        return plain
    along, probe, other = moved
    limit = part(along) / steps
    error = _largest(path.entries[path.values], gaps.shape)
    noise = expand_to(_noise(g), x.shape) + error * expand_to(_sum(limit), x.shape)
    known = np.abs(x - np.where(equal, 0, gaps) * limit) <= noise
    known = known & (~equal | (np.abs(part(probe)) <= noise + expand_to(_noise(other), x.shape)))
    return np.where(close & known, limit, plain)


def guarded(x: Any, gaps: Any, size: Any) -> Any:
    """x / gaps; where a gap is 0, 0 if x is 0 compared with `size`, and nan otherwise."""
    equal = gaps == 0
    zero = equal & _small(x, _noise(size))
    plain = np.where(equal, np.nan, x / (gaps + np.astype(equal, gaps.dtype)))
    return select(~zero, plain)


def slopes(m: Array, g: Array, close: Any, path: Path) -> tuple[Any, ...] | None:
    """How m changes along the path where some gap is small, and how m and g by anything else.

    None if this cannot be known, since they are no expressions of what is on the path.
    """
    trace = m.scope
    if trace is None or any(x.scope is not trace for x in (g, *path.entries)):
        return None
    inner, order = trace.close([x.index for x in path.entries], [m.index, g.index])
    if any(type(t) is not Type for t in inner.input_types):
        return None
    args = [Array(trace, i, trace.values[i]) for i in order[: inner.arity]]
    return bind(Seldom(_moved(inner, path.moves)), np.any(close, axis=(-2, -1)), *args)


@lru_cache(maxsize=512)
def _moved(inner: Graph, moves: Moves) -> Graph:
    """From the inputs of a graph to the tangents of m along the path, and of m and g off it."""

    def both(*args: Array) -> list[Any]:
        along, turning = moves(args)
        rest = args[len(along) :]
        others = [bind(Scattered(x.shape), x) if x.dtype.kind == "f" else None for x in rest]
        env = evaluate(inner, args)
        m, g = outputs(inner, env)
        on_path, _ = push(inner, env, [*along, *(None for _ in rest)])
        off_path = push(inner, env, [*turning, *others])
        tangents = zip((m, m, g), (on_path, *off_path), strict=True)
        return [zeros_like(y) if t is None else t for y, t in tangents]

    return build(inner.input_types, both)


def _sum(x: Any) -> Any:
    """The sum of |x| over each matrix."""
    return np.sum(np.abs(x), axis=(-2, -1), keepdims=True)


def _noise(g: Any) -> Any:
    """How large rounding errors of sums with the entries of g may be."""
    return _sum(g) * (8 * float(np.finfo(g.dtype).eps))


def _small(x: Any, noise: Any) -> Any:
    return np.abs(x) <= expand_to(noise, x.shape)


# ------------------------------------------------------------ gaps between values


def ramp(w: Any) -> Any:
    """n, n - 1, ... 1 for each n values: different from each other and from 0."""
    n = w.shape[-1]
    return expand_to(np.arange(n, 0, -1).astype(w.dtype), w.shape)


def columns(w: Any) -> Any:
    """w_j as a matrix with indices i, j."""
    return expand_to(reshape_to(w, (*w.shape[:-1], 1, w.shape[-1])), (*w.shape, w.shape[-1]))


def differences(w: Any) -> Any:
    """w_j - w_i; 1 on the diagonal."""
    return columns(w) - mT(columns(w)) + unit(w)


def sums(w: Any) -> Any:
    """w_i + w_j; 1 on the diagonal."""
    return (columns(w) + mT(columns(w))) * (1 - unit(w)) + unit(w)


def settled(gaps: Any, w: Any) -> Any:
    """Gaps that are 0 as far as rounding of the largest value tells, as 0."""
    return np.where(np.abs(gaps) <= _largest(w, gaps.shape), 0, gaps)


def _largest(w: Any, shape: tuple[int, ...], half: bool = False) -> Any:
    """What is nothing beside the largest of w: 8 n eps times it. With `half`, half of the digits.

    LAPACK's eigenvalues are right to a small multiple of n eps |a| (Anderson et al., LAPACK users'
    guide, 1999, section 4.7).
    """
    eps = float(np.finfo(w.dtype).eps)
    size = np.max(np.abs(w), axis=-1, initial=0) * (eps**0.5 if half else 8 * w.shape[-1] * eps)
    return expand_to(reshape_to(size, (*size.shape, 1, 1)), shape)


def between(w: Any) -> Any:
    """w_j - w_i, 0 where these are equal as far as rounding tells; 1 on the diagonal."""
    return settled(columns(w) - mT(columns(w)), w) + unit(w)


def mirrored(w: Any) -> Any:
    """w_i + w_j, 0 where both are so as far as rounding tells; 1 on the diagonal."""
    return settled(sums(w) - unit(w), w) + unit(w)


def unit(w: Any) -> Any:
    """The unit matrix of the size and type of the values w."""
    n = w.shape[-1]
    return expand_to(np.eye(n, dtype=w.dtype), (*w.shape, n))


def skew(m: Any) -> Any:
    """(m - m^T) / 2."""
    return (m - mT(m)) / 2


def rotation(gaps: Any) -> Any:
    """A skew matrix that mixes the vectors of equal values, without any pattern."""
    x = bind(Scattered(gaps.shape), gaps)
    return np.where(gaps == 0, x - mT(x), 0)


# ------------------------------------------------------------ bases of what is left


def completed(basis: Any, rest: Any, g: Any, given: Any) -> Any:
    """The cotangent of a basis, with what it gets from that of the basis of all that is left.

    When u turns by du, the rest follows by -u du^T rest, and how it turns in itself is arbitrary:
    a function that depends on this has no derivative, and the result is nan.
    """
    x = skew(product(mT(rest), given))
    wrong = np.sum(np.where(_small(x, _noise(given)), 0 * x, np.nan), axis=(-2, -1), keepdims=True)
    back = -product(rest, product(mT(given), basis)) + expand_to(wrong, basis.shape)
    return back if g is None else g + back
