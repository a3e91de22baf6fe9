"""Formulas: the nodes of a graph as readable mathematics, in Unicode text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from ..graph import Graph, Node
from ..notation import ATOM, SUBSCRIPTS, Text
from ..ops.arithmetic import add, bitwise_or
from ..zeros import Select

WIDTH = 72  # characters from which on a part of a formula gets a name of its own


def formula(n: Node, args: Sequence[Text]) -> Text:
    """A node as a formula of the formulas of its arguments."""
    text = n.op.notation(n.type, *args)
    # A number stays a number when it is spread.
    unseen = n.op.kind == "view" and text.text == args[0].text
    return text._replace(type=args[0].type if unseen else n.type)


class Writer:
    """The formulas of a graph whose inputs have names; parts that occur twice get names as well."""

    def __init__(self, graph: Graph, names: Sequence[str], letter: str = "g"):
        self.graph, self.letter, self.count = graph, letter, 0
        self.named = {i: Text(name, ATOM, graph.nodes[i].type) for i, name in enumerate(names)}
        self.labels: dict[int, str] = {}

    def write(self, output: int, label: str = "") -> tuple[str, list[tuple[str, str]]]:
        """The formula of a node, and the names that it uses first, with what they mean.

        Later formulas that use it twice call it `label`.
        """
        uses, texts, new = self._uses(output), dict(self.named), []
        for i in sorted(uses.keys() - texts.keys()):
            n, args = self.graph.nodes[i], self._read(i)
            text = formula(n, [texts[a] for a in args]) if args == n.args else texts[args[0]]
            shared = uses[i] > 1 and text.strength < ATOM
            if i != output and (shared or len(text.text) > WIDTH):
                if i not in self.labels:
                    self.count += 1
                    self.labels[i] = self.letter + str(self.count).translate(SUBSCRIPTS)
                    new.append((self.labels[i], text.text))
                text = self.named[i] = Text(self.labels[i], ATOM, n.type)
            texts[i] = text
        if label:
            self.labels.setdefault(output, label)
        return texts[output].text, new

    def _uses(self, output: int) -> Counter:
        """How often each node is read on the way to the output."""
        uses, stack = Counter({output: 1}), [output]
        while stack:
            for a in self._read(stack.pop()):
                uses[a] += 1
                if uses[a] == 1:
                    stack.append(a)
        return uses

    # ------------------------------------------------------------ brackets that say nothing

    def _read(self, i: int) -> tuple[int, ...]:
        """What the formula of a node shows: of [mask] x only x, if x is zero elsewhere anyway."""
        op, args, _ = self.graph.nodes[i]
        if isinstance(op, Select):
            mask, x = args
            known = self._zero_outside(x)
            if op.already or (known is not None and known <= self._union(mask)):
                return (x,)
        return args

    def _zero_outside(self, i: int) -> set[int] | None:
        """Masks outside of which a node is structurally zero; None if there are none."""
        op, args, _ = self.graph.nodes[i]
        if isinstance(op, Select):
            return self._union(args[0])
        if op is add:
            a, b = (self._zero_outside(k) for k in args)
            return None if a is None or b is None else a | b
        return None

    def _union(self, i: int) -> set[int]:
        """The masks of which a mask is the union."""
        op, args, _ = self.graph.nodes[i]
        return set().union(*map(self._union, args)) if op is bitwise_or else {i}


def table(rows: Iterable[tuple[str, ...]], indent: str = "    ") -> list[str]:
    """Rows with their columns aligned."""
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(f"{c:<{w}}" for c, w in zip(r, widths, strict=True)).rstrip() for r in rows)
    return [indent + line for line in lines]
