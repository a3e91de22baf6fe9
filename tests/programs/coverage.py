"""How much of the vocabulary a set of programs uses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from tests.laws import cases, rules

from .generate import Program
from .vocabulary import entries


def differentiable() -> set[str]:
    """The names of all operations that have a derivative by all arguments."""
    every = (cases.base(named) for named in cases.examples())
    known = (c for c in every if not rules.decreed(c) and not c.op.refused)
    return {c.op.name for c in known if rules.differentiable(c)}


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
        used, pairs, most = len(words & set(self.calls)), len(self.pairs), len(words) ** 2
        lines = [
            f"operations with a derivative: {self.share:.1%} used",
            f"    not used: {', '.join(sorted(self.missing)) or 'none'}",
            f"operations and functions: {used} of {len(words)} used",
            f"pairs, a result of one into the other: {pairs} of {most}, {pairs / most:.1%}",
        ]
        return "\n".join(lines)
