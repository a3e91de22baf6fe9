"""How much of the vocabulary a set of programs uses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from tests.laws import cases, laws

from .generate import Program
from .vocabulary import entries


def differentiable() -> set[str]:
    """The names of all operations that have a derivative."""
    found = set()
    for named in cases.examples():
        case = cases.base(named)
        if not getattr(case.op, "decreed", False) and laws.differentiable(case):
            found.add(case.op.name)
    return found


class Coverage(NamedTuple):
    """How often what was called, and whose results went into whom."""

    calls: Counter[str]
    pairs: set[tuple[str, str]]

    @classmethod
    def of(cls, programs: Iterable[Program]) -> Coverage:
        calls: Counter[str] = Counter()
        pairs: set[tuple[str, str]] = set()
        for program in programs:
            calls.update(program.labels())
            pairs |= program.pairs()
        return cls(calls, pairs)

    @property
    def missing(self) -> set[str]:
        """The operations with a derivative that no program uses."""
        return differentiable() - set(self.calls)

    @property
    def share(self) -> float:
        """How much of the operations with a derivative is used."""
        return 1 - len(self.missing) / len(differentiable())

    def __str__(self) -> str:
        words = {e.label for e in entries()}
        possible = len(words) ** 2
        return (
            f"operations with a derivative: {self.share:.1%} used; not used: {', '.join(sorted(self.missing)) or 'none'}\n"
            f"operations and functions: {len(words & set(self.calls))} of {len(words)} used\n"
            f"pairs (a result of one goes into the other): {len(self.pairs)} of {possible}, {len(self.pairs) / possible:.1%}"
        )
