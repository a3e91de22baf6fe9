"""Nests: loops that several roots share, and how one takes a further root.

A nest has outer extents, whose rounds are independent, and inner extents, over which sums run. In
each outer round, stage after stage runs over the inner extents: a stage may use sums of the ones
before. What the nest computes for an outer round alone comes after the stage that it needs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import NamedTuple

from .nodes import Reduction
from .places import Affine, Index, at, flat

WIDEST_COLUMNS = 4096
"""Sums over the first axes, one for each place in the others, that stay near while rows pass."""
LEAST_COLUMNS = 4096
"""Terms from which on rows pass: fewer stay in registers, sum by sum."""
FEW_COLUMNS, NEAR_TERMS = 512, 1 << 16
"""So few sums stay in registers, some vectors at a time, while all terms come from a near cache."""


class Root(NamedTuple):
    """A node that a nest stores, and what it takes: how it is a sum, and its reads."""

    node: int
    extents: tuple[int, ...]
    reduction: Reduction | None
    reads: tuple[tuple[int, Affine], ...]  # of memory: (node, place)
    computed: tuple[tuple[int, int], ...]  # nodes computed on the way, each with its index's number
    column: bool = False  # a sum over the outer extents: each round adds a row to it

    @property
    def total(self) -> bool:
        """Whether it is a sum over all extents."""
        return self.reduction is not None and not self.reduction.kept


class Fit(NamedTuple):
    """How a nest takes a root: its level, the split that this needs, and the stage."""

    level: str
    split: int | None
    stage: int


@dataclass
class Nest:
    """Roots that share loops. Without a split yet, all extents may be outer or inner ones."""

    extents: tuple[int, ...]
    split: int | None
    stages: dict[int, int] = field(default_factory=dict)  # of each root's node
    roots: list[Root] = field(default_factory=list)
    whole: Affine = field(init=False)  # the place of a round in an array of all extents
    work: int = 0  # of a round, in additions

    def __post_init__(self) -> None:
        self.whole = flat(counters(self.extents), self.extents)

    def level(self, root: Root) -> tuple[str, int | None] | None:
        """How a root runs in the nest, and at which extent that splits it.

        It is "inner", "outer", a "sum" over the inner extents, a "column" or a "total".
        """
        if root.reduction and root.column:
            summed = len(root.reduction.summed)
            fits = root.extents == self.extents and self.split in (None, summed)
            return ("column", summed) if fits else None
        if root.total:  # a number for all rounds, or one that all outer rounds add to
            return ("total", self.split) if root.extents == self.extents else None
        if root.reduction:
            kept = len(root.reduction.kept)
            fits = root.extents == self.extents and self.split in (None, kept)
            return ("sum", kept) if fits else None
        if root.extents == self.extents:
            return "inner", self.split
        if not root.extents and self.split is None and sum(n != 1 for n in self.extents) == 1:
            return "outer", 0
        if self.split is not None and root.extents == self.extents[: self.split]:
            return "outer", self.split
        return None

    def fits(self, root: Root, nodes: dict[int, str]) -> Fit | None:
        """How the nest takes the root, if its reads of this nest's roots are of the same round."""
        found = self.level(root)
        if found is None:
            return None
        level, split = found
        stage = 0
        for node, place in root.reads:
            if node in self.stages:
                if nodes[node] == "total":
                    if split:
                        return None
                    split = 0
                known = self.stage_after(node, place, level, split, nodes)
                if known is None:
                    return None
                stage = max(stage, known)
        return Fit(level, split, stage)

    def take(self, root: Root, fit: Fit, nodes: dict[int, str]) -> None:
        """Take a root in that fits."""
        nodes[root.node], self.split, self.stages[root.node] = fit
        self.roots.append(root)

    def stage_after(
        self, node: int, place: Affine, level: str, split: int | None, nodes: dict[int, str]
    ) -> int | None:
        """The first stage that can read another root at this place; None if no stage can."""
        stage, kind = self.stages[node], nodes[node]
        if kind == "column":
            return None
        if kind == "inner":
            same = level != "outer" and place == self.whole
            return stage if same else None
        if place != flat(counters(self.extents)[:split], self.extents[:split]):
            return None
        return stage if level == "outer" else stage + 1


def counters(extents: tuple[int, ...]) -> Index:
    """The index of the round itself; an extent of 1 has no counter."""
    found = at(range(len(extents)))
    return tuple(i if n != 1 else Affine() for i, n in zip(found, extents, strict=True))


def columns(root: Root, reduction: Reduction) -> bool:
    """Whether a sum, seen with what is summed inside, had better add up whole rows.

    So it is where neighbours in memory belong to different sums: one sum after the other would
    go through all rows for each.
    """
    kept, terms = prod(reduction.kept), prod(root.extents)
    if kept <= FEW_COLUMNS and terms <= NEAR_TERMS:
        return False
    if not 1 < kept <= WIDEST_COLUMNS or terms < max(LEAST_COLUMNS, 2 * kept):
        return False
    count = len(reduction.kept)
    last = max(k for k, n in enumerate(reduction.kept) if n != 1)
    whole = [
        dict(place.strides)
        for _, place in root.reads
        if any(c < count for c, _ in place.strides) and any(c >= count for c, _ in place.strides)
    ]
    return bool(whole) and all(strides.get(last) == 1 for strides in whole)
