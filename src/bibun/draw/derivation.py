"""A derivation in plain text: the function as a graph, the chain rule, its parts, the formula."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ..array import Duck
from ..derivative.conventions import check_scalar
from ..derivative.gradient import Arguments
from ..errors import NotDifferentiableError, UnsupportedError
from ..graph import Graph
from ..notation import ATOM, SUBSCRIPTS, Text
from ..recording import threads
from ..rewrite import STABILISE, rewrite
from ..tracing.containers import flatten
from ..tracing.functional import record
from ..variable import Variable
from .flow import Flow, steps
from .formula import formula, table
from .names import assigned, captured, leaves, parameters, result

MOST_STEPS = 300
MOST_PATHS = 3  # of the chain rule that are written as one sum


@dataclass(frozen=True)
class Derivation:
    """What `derivation` returns: it prints as text; `formulas` has each gradient under its name."""

    sections: tuple[tuple[str, tuple[str, ...]], ...]
    formulas: dict[str, str]

    def __str__(self) -> str:
        return "\n\n".join("\n".join([title, *lines]) for title, lines in self.sections if lines)

    __repr__ = __str__


def derivation(f: Callable[..., Any], *args: Any, wrt: Any = None) -> Derivation:
    """How the gradient of f at `args` comes about, as text that is made from what ran.

    f returns one number. `wrt` says by what it is differentiated: the number or the name of an
    argument, a Variable, a tuple of these, or a dictionary of them under the names that they are to
    have; by default the first argument, or without arguments every trainable Variable that f reads.
    No values appear, but what runs depends on them where Python's `if` and `for` look at them.

    Steps have the names that the source of f gives them, others are v₁, v₂, ... A product of
    two numbers is a · b, of two arrays entry by entry a ⊙ b, of matrices A B; Σ sums all entries,
    Σ₋₁ those along the last axis; [c] is 1 where c holds and 0 elsewhere. Arrays that broadcast do
    so unseen. G ↦ ... says what an operation makes of a gradient G that comes back to it.

    >>> import numpy as np, bibun.draw
    >>> def loss(X, W):
    ...     return np.sum(np.sin(X @ W))
    >>> print(bibun.draw.derivation(loss, np.ones((3, 3)), np.ones((3, 2)), wrt="W").formulas)
    {'dloss/dW': 'Xᵀ cos(v₁)'}
    """
    return _Derivation(f, args, wrt).text()


class _Derivation:
    """A function that ran, with the names of its arrays."""

    def __init__(self, f: Callable[..., Any], args: tuple, wrt: Any):
        self.f, self.args = f, args
        traced = [k for k, a in enumerate(args) if _floating(a)]
        given = Arguments(args, traced, "derivation")
        self.recorded = record(self._watching, given.leaves, given.place, "derivation", {})
        check_scalar(self.recorded, "derivation")
        counts = [count for count, _ in given.parts]
        self.arguments = dict(zip(traced, _groups(self.recorded.inputs, counts), strict=True))
        self.names = self._input_names()
        self.targets = self._targets(wrt)

    def _watching(self, *args: Any) -> Any:
        threads.open[-1].watching += 1
        return self.f(*args)

    # ------------------------------------------------------------ names

    def _input_names(self) -> dict[int, str]:
        """The names of entries that the function starts from."""
        trace = self.recorded.trace
        names: dict[int, str] = {}
        for k, name in enumerate(parameters(self.f, len(self.args))):
            entries = self.arguments.get(k, [])
            names |= zip(entries, leaves(name, self.args[k], len(entries)), strict=True)
        for variable, versions in trace.variables.values():
            names |= {i: variable.name.rpartition("/")[2] for i in versions.values()}
        names = captured(self.f, trace) | names
        used: set[str] = set()
        return {i: _fresh(name, used, False) for i, name in names.items()}

    def _targets(self, wrt: Any) -> list[int]:
        """The entries by which is differentiated."""
        if wrt is None:
            wrt = 0 if self.args else tuple(v for v, _ in self.recorded.trace.variables.values())
        named = wrt if isinstance(wrt, dict) else {}
        for name, w in named.items():
            self.names |= {i: name for i in self._entries(w)}
        several = tuple(named.values()) or (wrt if isinstance(wrt, tuple) else (wrt,))
        found = [i for w in several for i in self._entries(w)]
        if not found:
            raise NotDifferentiableError(
                f"derivation: wrt={wrt!r} is no argument or Variable of {result(self.f)}"
            )
        return found

    def _entries(self, wrt: Any) -> Iterable[int]:
        if isinstance(wrt, Variable):
            return self.recorded.trace.variables.get(id(wrt), (None, {}))[1].values()
        names = parameters(self.f, len(self.args))
        k = names.index(wrt) if wrt in names else wrt
        return self.arguments.get(k % len(self.args) if isinstance(k, int) and self.args else k, [])

    def _step_names(
        self, graph: Graph, entries: Sequence[int | None], known: dict[int, str]
    ) -> dict[int, str]:
        """A name for every step of a graph whose nodes stand for these entries of the trace."""
        own, names = assigned(self.recorded.trace), {}
        used = set(known.values())
        for i in steps(graph):
            e = entries[i]
            name = known.get(e) if e is not None else None
            if name is None:
                usual = own.get(e) if e is not None else None
                if i == graph.outputs[0]:
                    usual = usual or result(self.f)
                name = _fresh(usual or ("c" if i < graph.arity else "v"), used, usual is None)
                if e is not None:
                    known[e] = name
            names[i] = name
        return names

    # ------------------------------------------------------------ sections

    def text(self) -> Derivation:
        """All sections."""
        recorded = self.recorded
        graph, order = recorded.trace.close(recorded.inputs, recorded.outputs)
        if len(steps(graph)) > MOST_STEPS:
            raise UnsupportedError(
                f"derivation: {len(steps(graph))} steps are more than can be read ({MOST_STEPS}): "
                "derive a smaller part, or fewer rounds of a loop"
            )
        known = dict(self.names)
        names = self._step_names(graph, order, known)
        stable, origin = rewrite(graph, STABILISE)
        after = self._step_names(stable, [None if o is None else order[o] for o in origin], known)
        y = after[stable.outputs[0]] = names[graph.outputs[0]]
        flow = Flow(stable, after, [order.index(e) for e in self.targets])
        targets = [after[t] for t in flow.targets]
        formulas = self._formulas(flow)
        sections = [
            (f"{y} as elementary operations", _operations(graph, names)),
            (
                "the same, rewritten so that it is stable",
                _operations(stable, after) if stable != graph else [],
            ),
            (f"the chain rule, from {y} back to {' and '.join(targets)}", _chain(flow)),
            ("the partial derivatives", _partials(flow)),
            ("step by step", _gradients(flow, False)),
            ("together", _gradients(flow, True)),
        ]
        return Derivation(tuple((title, tuple(lines)) for title, lines in sections), formulas)

    @staticmethod
    def _formulas(flow: Flow) -> dict[str, str]:
        found = {i: text for i, text, _ in flow.gradients}
        return {flow.total(t): found.get(t, "0") for t in flow.targets}


def _floating(x: Any) -> bool:
    """Whether an argument is an array, or a container of arrays, that has a derivative."""
    if isinstance(x, str | bool) or x is None:
        return False
    arrays, _ = flatten(x)
    return bool(arrays) and all(
        isinstance(v, float)
        or (isinstance(v, Duck | np.ndarray | np.generic) and v.dtype.kind == "f")
        for v in arrays
    )


def _groups(items: Sequence[int], lengths: Sequence[int]) -> list[list[int]]:
    ends = np.cumsum([0, *lengths])
    return [list(items[a:b]) for a, b in pairwise(ends)]


def _fresh(name: str, used: set[str], numbered: bool) -> str:
    """A name that is not used yet: with a number where that is needed."""
    tries = [name, *(name + str(k).translate(SUBSCRIPTS) for k in range(1, len(used) + 2))]
    found = next(t for t in tries[numbered:] if t not in used)
    used.add(found)
    return found


def _operations(graph: Graph, names: dict[int, str]) -> list[str]:
    """One line for each step."""
    texts: list[Text] = []
    rows = []
    for i, n in graph:
        text = Text("", ATOM, n.type) if i < graph.arity else formula(n, [texts[a] for a in n.args])
        if i in names:
            rows.append((names[i], f"= {text.text}" if text.text else "", str(n.type)))
            text = Text(names[i], ATOM, n.type)
        texts.append(text)
    return table(rows)


def _chain(flow: Flow) -> list[str]:
    """The derivative as a sum of products over paths; if these are many, a line for each step."""
    users: dict[int, list[int]] = {}
    for e in flow.edges:
        users.setdefault(e.source, []).append(e.step)
    y = flow.graph.outputs[0]
    paths = {t: _paths(t, y, users) for t in flow.targets}
    if all(len(p) <= MOST_PATHS for p in paths.values()):
        sums = {
            t: [" · ".join(map(flow.partial, p, p[1:])) for p in ways] for t, ways in paths.items()
        }
    else:
        sums = {i: [_through(flow, u, i) for u in users[i]] for i in sorted(users, reverse=True)}
    return table((flow.total(i), "= " + (" + ".join(terms) or "0")) for i, terms in sums.items())


def _through(flow: Flow, i: int, k: int) -> str:
    """What step k gives to the derivative through step i."""
    own = flow.partial(i, k)
    return own if i == flow.graph.outputs[0] else f"{flow.total(i)} · {own}"


def _paths(target: int, y: int, users: dict[int, list[int]]) -> list[list[int]]:
    """The ways from y down to the target, at most one more than are written out."""
    found: list[list[int]] = []
    stack = [[target]]
    while stack and len(found) <= MOST_PATHS:
        path = stack.pop()
        if path[0] == y:
            found.append(path)
        stack += [[u, *path] for u in reversed(users.get(path[0], []))]
    return found


def _partials(flow: Flow) -> list[str]:
    rows = []
    for e in flow.edges:
        rows += [(n, f"= {text}") for n, text in e.names]
        rows.append(
            (flow.partial(e.step, e.source), f": G ↦ {e.text}" if e.is_map else f"= {e.text}")
        )
    return table(dict.fromkeys(rows))


def _gradients(flow: Flow, last: bool) -> list[str]:
    """The gradients at the steps in between, or at the targets; and the names that they use."""
    rows, reached = [], set()
    for i, text, names in flow.gradients:
        reached.add(i)
        if (i in flow.targets) == last:
            rows += [(n, f"= {t}") for n, t in names]
            rows.append((flow.total(i), f"= {text}"))
    rows += [(flow.total(t), "= 0") for t in flow.targets if last and t not in reached]
    return table(rows)
