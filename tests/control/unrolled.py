"""What the functions of control flow mean: Python's own loops, branches and stacks of results."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import optree


def rows(xs, n):
    return [optree.tree_map(lambda x, i=i: x[i], xs) for i in range(n)]


def stacked(ys):
    return optree.tree_map(lambda *y: np.stack(y), *ys)


def scan(f, init, xs=None, length=None, reverse=False):
    n = length if length is not None else len(optree.tree_leaves(xs)[0])
    carry, ys = init, [None] * n
    for i in reversed(range(n)) if reverse else range(n):
        carry, ys[i] = f(carry, None if xs is None else rows(xs, n)[i])
    return carry, stacked(ys)


def fori_loop(lower, upper, body, x):
    for i in range(int(np.real(lower)), int(np.real(upper))):
        x = body(i, x)
    return x


def while_loop(cond, body, x):
    while cond(x):
        x = body(x)
    return x


def cond(pred, true_fun, false_fun, *operands):
    return (true_fun if pred else false_fun)(*operands)


def switch(index, branches, *operands):
    return branches[max(0, min(int(np.real(index)), len(branches) - 1))](*operands)


def map_rows(f, xs):
    return stacked([f(x) for x in rows(xs, len(optree.tree_leaves(xs)[0]))])


def associative_scan(fn, elems, reverse=False, axis=0):
    xs = optree.tree_map(lambda x: np.moveaxis(x, axis, 0), elems)
    n = len(optree.tree_leaves(xs)[0])
    order = rows(xs, n)[:: -1 if reverse else 1]
    found = order[:1]
    for x in order[1:]:
        found.append(fn(found[-1], x))
    return optree.tree_map(
        lambda y: np.moveaxis(y, 0, axis), stacked(found[:: -1 if reverse else 1])
    )


PYTHON = SimpleNamespace(
    scan=scan,
    fori_loop=fori_loop,
    while_loop=while_loop,
    cond=cond,
    switch=switch,
    map=map_rows,
    associative_scan=associative_scan,
)


def complex_step(f, x, step=1e-30):
    """The gradient of a real f by a vector: Im f(x + ih) / h, exact up to rounding."""
    units = np.eye(x.size).reshape((x.size, *x.shape))
    return np.array([np.imag(f(x + 1j * step * e)) / step for e in units]).reshape(x.shape)
