"""Wrong operations: a sign flipped, a factor, arguments mixed up. The laws must reject them.

`python -m tests.laws.mutants` counts them, and says which are not wrong and why.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from bibun.graph import Op
from bibun.ops.elementwise import Elementwise

from . import cases, laws, rules
from .cases import Case

Change = Callable[[Any], Any]
FACTOR = 1.01


class Mutated(Op):
    """An operation one of whose methods gives (or with "tangents" takes) something else."""

    def __init__(self, inner: Op, method: str, change: Change):
        self.inner, self.method, self.change = inner, method, change
        self.kind, self.keeps_zeros = inner.kind, inner.keeps_zeros  # type: ignore[misc]
        self.refused = inner.refused  # type: ignore[misc]

    def _after(self, method: str, found: Any) -> Any:
        return self.change(found) if method == self.method else found

    def type(self, *args):
        return self._after("type", self.inner.type(*args))

    def value(self, *args):
        return self.inner.value(*args)

    def kernel(self, *args):
        f = self.inner.kernel(*args)
        return lambda *args: self._after("kernel", f(*args))

    def push(self, y, args, tangents):
        tangents = self._after("tangents", tangents)
        return self._after("push", self.inner.push(y, args, tangents))

    def pull(self, y, args, g, wanted):
        return self._after("pull", self.inner.pull(y, args, g, wanted))

    def batched(self, n):
        return Mutated(self._after("batched", self.inner.batched(n)), self.method, self.change)

    @property
    def name(self) -> str:
        return self.inner.name


class Mutant(NamedTuple):
    """A wrong operation on the arguments of a case, and the laws of which one must reject it.

    `excuse` says why it is not wrong after all: its derivatives are those of the right one.
    """

    label: str
    case: Case
    laws: tuple[Callable[[Case], None], ...]
    excuse: str = ""


DERIVATIVES = (laws.push_is_the_derivative, laws.pull_is_the_transpose)
NOTHING = "there is nothing to change: no derivative, or another shape than that to swap with"
ZERO = "the derivative is zero"
SAME = "both partials are the same"


def mutants(case: Case) -> Iterator[Mutant]:
    """Every mutant of a case."""
    if rules.differentiable(case):
        yield from _partials(case) if isinstance(case.op, Elementwise) else _rules(case)
    yield from _types(case)


def killed(mutant: Mutant) -> bool:
    """Whether a law rejects the mutant."""
    for law in mutant.laws:
        try:
            law(mutant.case)
        except Exception:
            return True
    return False


# ------------------------------------------------------------ rows of the table


def _partials(case: Case) -> Iterator[Mutant]:
    op = case.op
    assert isinstance(op, Elementwise)
    for k, p in enumerate(op.partials):
        other = op.partials[(k + 1) % len(op.partials)]
        changes = {"sign": _times(p, -1), "factor": _times(p, FACTOR), "none": None, "other": other}
        if isinstance(p, str):  # the reason why there is no derivative
            continue
        for label, new in changes.items() if p is not None else [("one", 1)]:
            if label == "other" and (len(op.partials) == 1 or isinstance(other, str)):
                continue
            wrong = case._replace(op=_row(op, (*op.partials[:k], new, *op.partials[k + 1 :])))
            why = (SAME if label == "other" else ZERO) if equal(case, wrong) else ""
            yield Mutant(f"partial {k}: {label}", wrong, DERIVATIVES, why)


def _row(op: Elementwise, partials: tuple) -> Elementwise:
    """The row with other partials."""
    row = object.__new__(type(op))  # a copy would be the row itself, which stands for itself
    row.__dict__.update(op.__dict__)
    row.partials = partials
    return row


def _times(p: Any, factor: float) -> Any:
    """A partial times a factor, however it is written: number, expression, mask, or both."""

    def changed(y: Any, *args: Any) -> Any:
        found = p(y, *args) if callable(p) else p
        if found is None:
            return None
        if isinstance(found, tuple):
            return found[0], factor * found[1]
        masked = getattr(found, "dtype", None) == np.dtype(bool)
        return (found, factor) if masked else factor * found

    return changed


def equal(a: Case, b: Case) -> bool:
    """Whether the derivatives are the same numbers: such a mutant is not wrong."""
    try:
        pairs = list(zip(derivatives(a), derivatives(b), strict=True))
    except Exception:  # a mutant may not even run
        return False
    return all(_same(x, y) for x, y in pairs)


def derivatives(case: Case) -> tuple:
    """The tangents of the results and the cotangents of the arguments."""
    _, t, g = rules.both(case)
    pulled = rules.pulled(case, case.args, g, case.wanted)
    return (*rules.pushed(case, case.args, t), *pulled)


def _same(x: Any, y: Any) -> bool:
    x, y = (0 if z is None else z for z in (x, y))
    return bool(np.allclose(x, y, rtol=1e-12, atol=0))  # rounding in two ways to write the same


# ------------------------------------------------------------ other operations


def _rules(case: Case) -> Iterator[Mutant]:
    results, args = len(rules.result_types(case)), len(case.args)
    for method, count in (("push", results), ("pull", args)):
        for k in range(count):
            for label, f in (
                ("sign", lambda x: -x),
                ("factor", lambda x: FACTOR * x),
                ("none", lambda x: None),
            ):
                yield _mutant(case, method, f"{method} {k}: {label}", _at(k, f))
            if count > 1:
                yield _mutant(case, method, f"{method} {k}: other", _mixed(k, (k + 1) % count))
    for k in range(args if args > 1 else 0):
        mixed = _mixed(k, (k + 1) % args)
        yield _mutant(case, "tangents", f"push: argument {k} ignored", _at(k, lambda t: None))
        yield _mutant(case, "tangents", f"push: argument {k} mixed up", mixed)


def _mutant(case: Case, method: str, label: str, change: Change) -> Mutant:
    wrong = case._replace(op=Mutated(case.op, method, change))
    why = excuse(case, method, change) if equal(case, wrong) else ""
    return Mutant(label, wrong, DERIVATIVES, why)


def excuse(case: Case, method: str, change: Change) -> str:
    """Why a change of what a rule gives or takes makes no difference."""
    _, t, g = rules.both(case)
    found = {
        "tangents": lambda: t,
        "push": lambda: rules.pushed(case, case.args, t),
        "pull": lambda: rules.pulled(case, case.args, g, case.wanted),
    }[method]()
    changed = any(x is not y for x, y in zip(found, change(found), strict=True))
    return ZERO if changed else NOTHING


def _at(k: int, f: Callable[[Any], Any]) -> Change:
    """Change one of the results of a rule."""

    def change(found: Any) -> Any:
        if type(found) is not tuple:
            return found if found is None else f(found)
        return tuple(x if i != k or x is None else f(x) for i, x in enumerate(found))

    return change


def _mixed(k: int, other: int) -> Change:
    """One result of a rule replaced by another, where the shapes allow it."""

    def change(found: Any) -> Any:
        x, y = found[k], found[other]
        if x is None or y is None or x.shape != y.shape:
            return found
        return tuple(y if i == k else z for i, z in enumerate(found))

    return change


# ------------------------------------------------------------ types, kernels, batching


def _types(case: Case) -> Iterator[Mutant]:
    longer = _last(lambda t: t._replace(shape=(*t.shape, 1)))
    other = _last(lambda t: t._replace(dtype=np.dtype("f2")))
    off = _last(lambda y: np.logical_not(y) if y.dtype == bool else y + y.dtype.type(1))

    def shuffled(y: Any) -> Any:
        return tuple(map(shuffled, y)) if type(y) is tuple else y[::-1]

    rule = (laws.type_rule,)
    yield Mutant("type: shape", case._replace(op=Mutated(case.op, "type", longer)), rule)
    yield Mutant("type: dtype", case._replace(op=Mutated(case.op, "type", other)), rule)
    if all(np.size(y) for y in rules.value(case)):
        yield Mutant("kernel: off by one", case._replace(op=Mutated(case.op, "kernel", off)), rule)
    if varies(case):
        reversed_op = Mutated(case.op, "batched", lambda op: Reversed(op, shuffled))
        yield Mutant("batched: reversed", case._replace(op=reversed_op), (laws.batch_is_a_loop,))


def _last(f: Callable[[Any], Any]) -> Change:
    """Change the last of the results, or the only one."""

    def change(found: Any) -> Any:
        return (*found[:-1], f(found[-1])) if type(found) is tuple else f(found)

    return change


def varies(case: Case) -> bool:
    """Whether the arguments that the law of batching stacks give results that differ."""
    wide = [laws.spread(a, 3) for a in case.args]
    first, last = (rules.value(case, [a[k] for a in wide]) for k in (0, -1))
    return bool(wide) and any(
        not np.array_equal(a, b, equal_nan=True) for a, b in zip(first, last, strict=True)
    )


class Reversed(Mutated):
    """A batched operation whose results are in the wrong order."""

    def __init__(self, inner: Op, change: Change):
        super().__init__(inner, "value", change)

    def value(self, *args):
        return self.change(self.inner.value(*args))


# ------------------------------------------------------------ the count


def summary() -> str:
    """How many mutants there are, and which of them live for which reason."""
    made, lives = 0, defaultdict(list)
    for named in cases.examples():
        for m in mutants(cases.base(named)):
            made += 1
            if m.excuse or not killed(m):
                lives[m.excuse or "SURVIVES"].append(f"{named.label} {m.label}")
    alive = sum(map(len, lives.values()))
    lines = [f"{made} mutants, {made - alive} killed"]
    lines += [f"\n{len(who)}: {why}\n    {'; '.join(who)}" for why, who in lives.items()]
    return "\n".join(lines)


if __name__ == "__main__":
    print(summary())
