"""The schedule: one pass up the graph, and little is computed twice."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

import bibun
from bibun.native.nests import Nest
from bibun.native.nodes import Nodes
from bibun.native.prepared import prepared
from bibun.native.schedule import Schedule
from bibun.native.ways import Ways

from .test_native import AMPLIFIED, graph_of, same


def chain(x: Any, rounds: int) -> Any:
    """No operation is like another, and the reverse sweep needs them all."""
    for k in range(rounds):
        x = np.sqrt(x * x + (1.0 + 0.001 * k)) - 0.5 * x
    return np.sum(x)


def steps_of(rounds: int, monkeypatch: pytest.MonkeyPatch) -> tuple[Schedule, int]:
    """The schedule of the gradient of a chain, and how many steps on ways it took to make it."""
    taken, walk = [], Ways.walk

    def counted(self: Any, starts: Any, root: Any, reads: Any) -> Any:
        found = walk(self, starts, root, reads)
        taken.append(len(found) + len(reads))
        return found

    graph, _ = graph_of(bibun.value_and_grad(lambda x: chain(x, rounds)), np.ones(1_000))
    with monkeypatch.context() as patch:
        patch.setattr(Ways, "walk", counted)
        return Schedule(Nodes(prepared(graph))), sum(taken)


def test_work_grows_like_the_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    _, few = steps_of(25, monkeypatch)
    _, many = steps_of(200, monkeypatch)
    assert many < 1.3 * 8 * few  # the first and the last nests are not like those between


def test_near_work_is_done_once(monkeypatch: pytest.MonkeyPatch) -> None:
    schedule, _ = steps_of(50, monkeypatch)
    nests = [step for step in schedule.steps if isinstance(step, Nest)]
    assert len(nests) > 2
    done: Counter[int] = Counter()
    for nest in nests:
        for stage in range(max(nest.stages.values()) + 1):
            here = [r for r in nest.roots if nest.stages[r.node] == stage]
            done.update({i for r in here for i, _ in r.computed})
    assert max(done.values()) == 1


# What a nest computes on its way is needed elsewhere, at other places or before it.
TWICE = {
    "turned": lambda x: np.exp(x) @ np.exp(x).T + np.sum(np.exp(x)) + np.exp(x).T,
    "spread": lambda x: np.sin(x[0]) * x + np.sum(np.sin(x[0])) + np.cumsum(x, 0),
    "shifted": lambda x: np.tanh(x)[1:, 1:] - np.tanh(x)[:-1, 1:] * np.max(np.tanh(x)),
    "later": lambda x: np.exp(x) / np.sum(np.exp(x), 1, keepdims=True) * np.exp(x - x.max()),
}


@pytest.mark.parametrize("name", TWICE)
@pytest.mark.parametrize("size", [6, 80])
def test_stored_on_the_way(name: str, size: int) -> None:
    x = np.random.default_rng(0).standard_normal((size, size))
    derived = bibun.value_and_grad(lambda x: np.sum(TWICE[name](x) ** 2))
    graph, captured = graph_of(derived, x)
    same(graph, [x, *captured], AMPLIFIED)
