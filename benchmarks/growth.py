"""How costs grow with the length of a program: rewriting, first and later calls, checkpoint.

Each measurement runs in a fresh process, so that none meets the garbage or the caches of another.
"""

from __future__ import annotations

import multiprocessing
import tracemalloc
from collections.abc import Callable, Sequence
from functools import partial
from math import isqrt
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

import bibun
from bibun.array import Array
from bibun.graph import Graph
from bibun.recording import Trace, recording
from bibun.rewrite import STABILISE, rewrite

from .resident import peak
from .systems import forget


def fresh(f: Callable[..., Any], *args: Any) -> Any:
    """f(*args) in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(f, args)


def least(f: Callable[[], Any], repeats: int) -> float:
    """Seconds of the quickest of several calls: nothing takes turns here, so the rest is noise."""
    found = []
    for _ in range(repeats):
        start = perf_counter()
        f()
        found.append(perf_counter() - start)
    return min(found)


# ------------------------------------------------------------ chains of many operations


class Length(NamedTuple):
    """A chain of operations on a number: microseconds, and bytes, for each operation of it."""

    operations: int
    rewriting: float
    first: float
    later: float
    memory: float


def chain(x: Any, operations: int) -> Any:
    """A chain in which rewrite rules find their root again and again, but seldom the rest."""
    for _ in range(operations // 8):
        x = np.tanh(np.exp(-x) + 1.5 * x) - np.log(2.0 + x * x)
    return x


def lengths(operations: Sequence[int], repeats: int) -> list[Length]:
    """The costs of one operation in chains of these lengths: the least of several runs."""
    return [Length(n, fresh(rewriting, n, repeats), *fresh(calls, n, repeats)) for n in operations]


def rewriting(operations: int, repeats: int) -> float:
    """Microseconds for each node of the graph of a chain."""
    graph = traced(operations)
    return 1e6 * least(lambda: rewrite(graph, STABILISE), repeats) / len(graph)


def traced(operations: int) -> Graph:
    """The graph of a chain."""
    start, trace = np.float64(0.5), Trace()
    with recording(trace):
        i = trace.input(start)
        y = chain(Array(trace, i, start), operations)
    return trace.close([i], [y.index])[0]


def calls(operations: int, repeats: int) -> tuple[float, float, float]:
    """Microseconds of a first and a later gradient, and bytes at the peak, for each operation."""
    gradient = bibun.value_and_grad(partial(chain, operations=operations))
    bibun.grad(lambda x: x * x)(0.5)  # what is set up only once
    before = peak()
    gradient(0.5)
    memory = peak() - before
    later = least(lambda: gradient(0.5), repeats)
    first = least(lambda: (forget(), gradient(0.5)), min(repeats, 3))
    return 1e6 * first / operations, 1e6 * later / operations, memory / operations


# ------------------------------------------------------------ memory of deep networks


class Depth(NamedTuple):
    """A network of tanh layers: MiB at the peak of a gradient, without and with checkpoint."""

    layers: int
    plain: float
    checkpointed: float


BATCH, WIDTH = 2000, 100


def depths(layers: Sequence[int]) -> list[Depth]:
    """The memory of networks of these depths."""
    return [Depth(n, fresh(memory, n, False), fresh(memory, n, True)) for n in layers]


def memory(layers: int, checkpointed: bool) -> float:
    """Mebibytes at the peak of the first gradient, beyond data and weights."""
    rng = np.random.default_rng(0)
    weights = rng.normal(scale=WIDTH**-0.5, size=(layers, WIDTH, WIDTH))
    gradient = bibun.value_and_grad(partial(network, checkpointed=checkpointed))
    x = rng.normal(size=(BATCH, WIDTH))
    tracemalloc.start()
    gradient(list(weights), x)
    return tracemalloc.get_traced_memory()[1] / 2**20


def network(weights: list[Any], x: Any, checkpointed: bool) -> Any:
    """Layers in about sqrt(depth) segments of as many layers each."""
    size = isqrt(len(weights))
    for k in range(0, len(weights), size):
        x = (bibun.checkpoint(segment) if checkpointed else segment)(x, weights[k : k + size])
    return np.sum(x)


def segment(x: Any, weights: list[Any]) -> Any:
    for w in weights:
        x = np.tanh(x @ w)
    return x


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """p for which the costs grow like sizes^p: the slope of a line through the logarithms."""
    return float(np.polyfit(np.log(sizes), np.log(costs), 1)[0])
