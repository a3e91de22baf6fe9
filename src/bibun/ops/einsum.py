"""Einstein sums: a contraction of many arrays as products of two, in a good order."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from string import ascii_letters
from typing import Any, NamedTuple

import numpy as np

from ..array import FUNCTIONS, Array, Duck, bind, implements, lift
from ..errors import ShapeError, UnsupportedError
from ..graph import Graph, Type, type_of
from ..memory import share
from ..walk import build, evaluate
from .matmul import arranged, dot, folded
from .reduction import Sum
from .structure import cast, reshape_to

Labels = tuple[Any, ...]
"""The name of each axis: a letter, a number, or `Ellipsis` for axes without a name."""
UNLIMITED = 1 << 62  # elements of an intermediate result: we never fall back to one loop over all


class Term(NamedTuple):
    """An array with a label for each axis."""

    labels: Labels
    array: Array


# ------------------------------------------------------------ reading the subscripts


def parse(text: str, count: int) -> tuple[list[Labels], Labels | None]:
    """The labels of each operand, and those of the result if they are given."""
    left, arrow, right = text.replace(" ", "").partition("->")
    terms = [_letters(t, f"operand {k}", text) for k, t in enumerate(left.split(","))]
    if len(terms) != count:
        raise ShapeError(
            f"einsum: {text!r} has subscripts for {len(terms)} operands, {count} were given"
        )
    return terms, _letters(right, "the result", text) if arrow else None


def _letters(term: str, what: str, text: str) -> Labels:
    head, dots, tail = term.partition("...")
    wrong = [c for c in head + tail if c not in ascii_letters]
    if wrong:
        raise ShapeError(
            f"einsum: {wrong[0]!r} in the subscripts of {what} in {text!r}: "
            "only letters and one ellipsis '...' are allowed"
        )
    return (*head, *((Ellipsis,) if dots else ()), *tail)


def interleaved(operands: Sequence[Any]) -> tuple[list[Any], list[Labels], Labels | None]:
    """The arrays and labels of einsum(a, [0, 1], b, [1, 2], [0, 2])."""
    count = len(operands) // 2
    arrays, labels = list(operands[: 2 * count : 2]), list(operands[1 : 2 * count : 2])
    result = [operands[-1]] if len(operands) % 2 else []
    numbered = [tuple(x if x is Ellipsis else int(x) for x in term) for term in labels + result]
    if any(x is not Ellipsis and not 0 <= x < len(ascii_letters) for t in numbered for x in t):
        raise ShapeError(
            f"einsum: the labels {numbered} must be between 0 and {len(ascii_letters)}"
        )
    return arrays, numbered[:count], numbered[count] if result else None


def spelled_out(labels: Labels, ndim: int, what: str) -> Labels:
    """Labels with the ellipsis replaced by the numbers ..., -2, -1 of its axes."""
    named = len(labels) - labels.count(Ellipsis)
    if ndim < named or (ndim > named and Ellipsis not in labels):
        raise ShapeError(
            f"einsum: {what} has {ndim} axes and {named} subscripts: "
            "one for each axis is needed, or an ellipsis '...' for the others"
        )
    if Ellipsis not in labels:
        return labels
    k = labels.index(Ellipsis)
    # Axes under an ellipsis broadcast: they are told from named ones by being pairs.
    dots = tuple(("", i) for i in range(named - ndim, 0))
    return (*labels[:k], *dots, *labels[k + 1 :])


def result_labels(inputs: Sequence[Labels], given: Labels | None) -> Labels:
    """The labels of the result: the axes of the ellipsis come first if it is not said otherwise."""
    every = [x for labels in inputs for x in labels]
    dots = tuple(sorted({x for x in every if type(x) is tuple}))
    if given is None:
        once = sorted(x for x in set(every) if type(x) is not tuple and every.count(x) == 1)
        return (*dots, *once)
    if dots and Ellipsis not in given:
        raise ShapeError("einsum: the result needs an ellipsis '...', since an operand has one")
    k = given.index(Ellipsis) if Ellipsis in given else len(given)
    result = (*given[:k], *dots, *given[k + 1 :])
    for x in result:
        if x not in every:
            raise ShapeError(f"einsum: the subscript {x!r} of the result appears in no operand")
        if result.count(x) > 1:
            raise ShapeError(f"einsum: the subscript {x!r} stands twice in the result")
    return result


def lengths(inputs: Sequence[Labels], shapes: Sequence[tuple[int, ...]]) -> dict[Any, int]:
    """The length of each label; axes of length 1 broadcast."""
    found: dict[Any, int] = {}
    for labels, shape in zip(inputs, shapes, strict=True):
        for x, n in zip(labels, shape, strict=True):
            if 1 != n != found.get(x, 1) != 1:
                raise ShapeError(
                    f"einsum: the subscript {x!r} stands for lengths {found[x]} and {n} "
                    f"in operands of shapes {', '.join(map(str, shapes))}"
                )
            found[x] = n if found.get(x, 1) == 1 else found[x]
    return found


# ------------------------------------------------------------ contracting


@lru_cache(maxsize=1024)
def plan(
    inputs: tuple[Labels, ...], given: Labels | None, types: tuple[Type, ...], path: Any
) -> Graph:
    """The contraction as a graph of sums, products and transposes."""
    each = [
        spelled_out(labels, len(t.shape), f"operand {k}")
        for k, (labels, t) in enumerate(zip(inputs, types, strict=True))
    ]
    result = result_labels(each, given)
    sizes = lengths(each, [t.shape for t in types])
    return build(types, lambda *arrays: [contracted(each, arrays, result, sizes, path)])


def contracted(
    inputs: list[Labels], arrays: Sequence[Array], result: Labels, sizes: dict[Any, int], path: Any
) -> Array:
    """The terms of the sum, contracted two by two."""
    terms = [prepared(x, t, sizes) for x, t in zip(inputs, arrays, strict=True)]
    for group in path or order([t.labels for t in terms], result, sizes):
        rest = [t for k, t in enumerate(terms) if k not in group]
        terms = [*rest, merged([terms[k] for k in group], rest, result)]
    last = summed(merged(terms, [], result), set(result))
    return arranged(last.array, [last.labels.index(x) - len(result) for x in result])


def merged(terms: list[Term], rest: list[Term], result: Labels) -> Term:
    """One term for several, from left to right; `rest` are those that come later."""
    first, *others = terms
    for k, other in enumerate(others):
        later = (x for t in (*others[k + 1 :], *rest) for x in t.labels)
        first = pair(first, other, {*result, *later}, result)
    return first


def prepared(labels: Labels, x: Array, sizes: dict[Any, int]) -> Term:
    """The diagonals of repeated labels, without the axes of length 1 that broadcast."""
    for label in dict.fromkeys(labels):
        while labels.count(label) > 1:
            i = labels.index(label)
            j = labels.index(label, i + 1)
            if x.shape[i] != x.shape[j]:
                raise ShapeError(
                    f"einsum: the subscript {label!r} stands for axes of lengths {x.shape[i]} and "
                    f"{x.shape[j]} of one operand of shape {x.shape}"
                )
            x = FUNCTIONS[np.diagonal](x, axis1=i, axis2=j)
            labels = (*labels[:i], *labels[i + 1 : j], *labels[j + 1 :], label)
    kept = [
        k for k, (label, n) in enumerate(zip(labels, x.shape, strict=True)) if n == sizes[label]
    ]
    return Term(tuple(labels[k] for k in kept), reshape_to(x, tuple(x.shape[k] for k in kept)))


def order(inputs: list[Labels], result: Labels, sizes: dict[Any, int]) -> list[Any]:
    """Which terms to contract first: the cheapest order for up to five, greedy for more."""
    letters = dict(zip(dict.fromkeys(x for t in inputs for x in t), ascii_letters, strict=False))
    if len(inputs) < 3 or any(x not in letters for t in inputs for x in t):
        return []
    text = [[letters[x] for x in t] for t in (*inputs, result)]
    subscripts = ",".join("".join(t) for t in text[:-1]) + "->" + "".join(text[-1])
    dummies = [np.broadcast_to(0.0, [sizes[x] for x in t]) for t in inputs]
    how = "optimal" if len(inputs) <= 5 else "greedy"
    path, _ = np.einsum_path(subscripts, *dummies, optimize=(how, UNLIMITED))
    return path[1:]


def pair(x: Term, y: Term, keep: set, result: Labels) -> Term:
    """The product of two terms, summed over the labels that nobody needs any more."""
    x, y = summed(x, keep | set(y.labels)), summed(y, keep | set(x.labels))
    both = [a for a in x.labels if a in y.labels]
    batch = sorted((a for a in both if a in keep), key=lambda a: _place(a, result))
    k = [a for a in both if a not in keep]
    i, j = ([a for a in t.labels if a not in both] for t in (x, y))
    if i and j and _place(i[0], result) > _place(j[0], result):
        x, y, i, j = y, x, j, i  # then the result need not be transposed at the end
    a = arranged(x.array, [x.labels.index(a) - len(x.labels) for a in batch + i + k])
    b = arranged(y.array, [y.labels.index(a) - len(y.labels) for a in batch + k + j])
    return Term((*batch, *i, *j), folded(a, b, len(batch), len(i), len(j)))


def _place(label: Any, result: Labels) -> int:
    return result.index(label) if label in result else len(result)


def summed(t: Term, keep: set) -> Term:
    """A term summed over the labels that are not kept."""
    axes = tuple(k - len(t.labels) for k, a in enumerate(t.labels) if a not in keep)
    if not axes:
        return t
    return Term(tuple(a for a in t.labels if a in keep), bind(Sum(axes), t.array))


# ------------------------------------------------------------ NumPy's functions


@implements(np.einsum)
def einsum(*operands: Any, out: None = None, optimize: Any = False, **options: Any) -> Array:
    dtype, casting = options.pop("dtype", None), options.pop("casting", "safe")
    options.pop("order", None)
    if out is not None or options:
        name = "out" if out is not None else next(iter(options))
        raise UnsupportedError(f"np.einsum of a traced array does not take {name}")
    given, inputs, result = _read(operands)
    arrays = [lift(x) for x in given]
    common = np.result_type(*(x.dtype for x in arrays))
    if dtype is not None:
        if not np.can_cast(common, dtype, casting):
            raise TypeError(f"einsum: {common} is not cast to {np.dtype(dtype)} ({casting!r})")
        common = np.dtype(dtype)
    arrays = [cast(x, common) for x in arrays]
    path = None
    if isinstance(optimize, list | tuple) and optimize and optimize[0] == "einsum_path":
        path = tuple(map(tuple, optimize[1:]))
    types = tuple(Type(x.dtype, x.shape) for x in arrays)
    graph = plan(tuple(inputs), result, types, path)
    y = evaluate(graph, arrays)[graph.outputs[0]]
    views = len(arrays) == 1 and all(n.op.kind == "view" for _, n in graph.body())
    return share(Array(y.scope, y.index, y.raw), arrays[0]) if views else y


def _read(operands: Sequence[Any]) -> tuple[list[Any], list[Labels], Labels | None]:
    """The arrays, their labels, and those of the result, from any of the forms of the call."""
    if not operands or (len(operands) == 1 and not isinstance(operands[0], str)):
        raise ShapeError("einsum: subscripts and at least one operand are needed")
    if isinstance(operands[0], str):
        return list(operands[1:]), *parse(operands[0], len(operands) - 1)
    return interleaved(operands)


@implements(np.einsum_path)
def einsum_path(*operands: Any, optimize: Any = "greedy", einsum_call: Any = False) -> Any:
    arrays = [
        np.broadcast_to(np.zeros((), x.dtype), x.shape) if isinstance(x, Duck) else x
        for x in operands
    ]
    return np.einsum_path(*arrays, optimize=optimize, einsum_call=einsum_call)


# ------------------------------------------------------------ chains of matrices


@implements(np.linalg.multi_dot)
def multi_dot(arrays: Sequence[Any], *, out: None = None) -> Array:
    if out is not None:
        raise UnsupportedError("np.linalg.multi_dot of a traced array does not take out")
    chain = [lift(x) for x in arrays]
    if len(chain) < 2:
        raise ShapeError("multi_dot: at least two arrays are needed")
    if any(x.ndim != 2 for x in chain[1:-1]) or not {chain[0].ndim, chain[-1].ndim} <= {1, 2}:
        types = ", ".join(str(type_of(x)) for x in chain)
        raise ShapeError(f"multi_dot: matrices (and vectors at the ends) are needed, not {types}")
    # Each matrix has the lengths n[k] and n[k + 1]; those of vectors at the ends are 1.
    ends = 1 if chain[0].ndim == 1 else chain[0].shape[0], (*chain[-1].shape, 1)[1]
    n = (ends[0], *(x.shape[0] for x in chain[1:]), ends[1])
    return _chained(chain, 0, len(chain), _cheapest(n))


@lru_cache(maxsize=256)
def _cheapest(n: tuple[int, ...]) -> dict[tuple[int, int], int]:
    """Where to split the product of the matrices i...j-1, of sizes n[k] x n[k + 1], for all i, j.

    Dynamic programming: Cormen et al., Introduction to Algorithms, section 14.2.
    """
    cost = {(i, i + 1): 0 for i in range(len(n) - 1)}
    split = {}
    for length in range(2, len(n)):
        for i in range(len(n) - length):
            j = i + length
            costs = {k: cost[i, k] + cost[k, j] + n[i] * n[k] * n[j] for k in range(i + 1, j)}
            split[i, j] = min(costs, key=costs.__getitem__)
            cost[i, j] = costs[split[i, j]]
    return split


def _chained(chain: list[Array], i: int, j: int, split: dict[tuple[int, int], int]) -> Array:
    if j == i + 1:
        return chain[i]
    k = split[i, j]
    return dot(_chained(chain, i, k, split), _chained(chain, k, j, split))
