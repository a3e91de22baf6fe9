"""Formulas: the nodes of a graph as readable mathematics, in Unicode text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..graph import Constant, Graph, Node, Op, Type
from ..ops.gather import Scatter
from ..zeros import Select

LOOSE, SUM, PRODUCT, FACTOR, POWER, ATOM = range(6)
"""How strongly a text holds together; an operand that holds less than is needed gets brackets."""
WIDTH = 72  # characters from which on a part of a formula gets a name of its own
NUMBER = re.compile(r"−?[0-9.]+(e[−+]?[0-9]+)?")
SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
SUBSCRIPTS = str.maketrans("0123456789-", "₀₁₂₃₄₅₆₇₈₉₋")


class Text(NamedTuple):
    """A formula, how strongly it holds together, and the type of its value before broadcasting."""

    text: str
    strength: int
    type: Any = None

    def held(self, strength: int) -> str:
        """The text, in brackets if it holds together less than this."""
        return self.text if self.strength >= strength else f"({self.text})"

    @property
    def number(self) -> float | None:
        """The number that stands here, if it is one."""
        found = NUMBER.fullmatch(self.text)
        return float(self.text.replace("−", "-")) if found else None


# ------------------------------------------------------------ notation
# An operation that is not here is written as a function with its parameters: max(x, axes=(-1,)).

# fmt: off
TEMPLATES: dict[str, tuple[str, int, tuple[int, ...]]] = {
    # operation       text          holds    operands need
    "add":           ("{} + {}",    SUM,     (SUM, PRODUCT)),
    "subtract":      ("{} − {}",    SUM,     (SUM, PRODUCT)),
    "negative":      ("−{}",        SUM,     (PRODUCT,)),
    "divide":        ("{} / {}",    PRODUCT, (PRODUCT, POWER)),
    "reciprocal":    ("1 / {}",     PRODUCT, (POWER,)),
    "square":        ("{}²",        POWER,   (ATOM,)),
    "sqrt":          ("√{}",        POWER,   (ATOM,)),
    "absolute":      ("|{}|",       ATOM,    (LOOSE,)),
    "positive":      ("{}",         POWER,   (POWER,)),
    "greater":       ("{} > {}",    LOOSE,   (SUM, SUM)),
    "greater_equal": ("{} ≥ {}",    LOOSE,   (SUM, SUM)),
    "less":          ("{} < {}",    LOOSE,   (SUM, SUM)),
    "less_equal":    ("{} ≤ {}",    LOOSE,   (SUM, SUM)),
    "equal":         ("{} = {}",    LOOSE,   (SUM, SUM)),
    "not_equal":     ("{} ≠ {}",    LOOSE,   (SUM, SUM)),
    "bitwise_and":   ("{} ∧ {}",    LOOSE,   (SUM, SUM)),
    "bitwise_or":    ("{} ∨ {}",    LOOSE,   (SUM, SUM)),
    "invert":        ("¬{}",        POWER,   (ATOM,)),
}
# fmt: on


def _multiply(op: Op, y: Type, a: Text, b: Text) -> Text:
    """2 x, s · x for a number s, and x ⊙ y for two arrays, entry by entry."""
    if b.number is not None and a.number is None:
        a, b = b, a
    if a.number is not None and b.number is None and not b.text[0].isdigit():
        if a.number == -1:
            return Text(f"−{b.held(PRODUCT)}", SUM)
        return Text(f"{a.text} {b.held(FACTOR)}", FACTOR if a.number >= 0 else SUM)
    both = a.type.shape and b.type.shape
    return Text(f"{a.held(PRODUCT)} {'⊙' if both else '·'} {b.held(FACTOR)}", PRODUCT)


def _power(op: Op, y: Type, a: Text, b: Text) -> Text:
    if b.number is not None and b.number.is_integer():
        return Text(a.held(ATOM) + b.text.replace("−", "-").translate(SUPERSCRIPTS), POWER)
    return Text(f"{a.held(ATOM)}^{b.held(ATOM)}", POWER)


def _matmul(op: Any, y: Type, a: Text, b: Text) -> Text:
    a, b = (x if x.number is None else _filled(x) for x in (a, b))
    if not (op.rows or op.columns):
        return Text(f"{a.held(FACTOR)} · {b.held(POWER)}", PRODUCT)
    return Text(f"{a.held(FACTOR)} {b.held(POWER)}", FACTOR)


def _filled(x: Text) -> Text:
    """An array of one number: 𝟙 is the array of ones."""
    return Text("𝟙", ATOM) if x.number == 1 else Text(f"{x.text} 𝟙", FACTOR)


def _transpose(op: Any, y: Type, x: Text) -> Text:
    if op.axes == (*range(-len(op.axes), -2), -1, -2):
        return Text(f"{x.held(ATOM)}ᵀ", POWER)
    return _function(op, [x])


def _sum(op: Any, y: Type, x: Text) -> Text:
    axes = "" if not y.shape else ",".join(str(a).translate(SUBSCRIPTS) for a in op.axes)
    return Text(f"Σ{axes} {x.held(POWER)}", LOOSE)


def _reshape(op: Any, y: Type, x: Text) -> Text:
    """Axes of length 1 come and go unseen, as in NumPy's broadcasting."""
    same = [n for n in op.shape if n != 1] == [n for n in x.type.shape if n != 1]
    return x if same else _function(op, [x])


def _expand(op: Any, y: Type, x: Text) -> Text:
    """New axes in front come unseen, others as in NumPy: x[:, None]."""
    if not x.type.shape:
        return x
    first = next(k for k in range(-len(op.shape), 0) if k not in op.axes)
    if all(k < first for k in op.axes):
        return x
    places = ("None" if k in op.axes else ":" for k in range(first, 0))
    return Text(f"{x.held(ATOM)}[{', '.join(places)}]", ATOM)


def _slice(op: Any, y: Type, x: Text) -> Text:
    return Text(x.held(ATOM) + _place(op, ()), ATOM)


def _gather(op: Any, y: Type, x: Text, *indices: Text) -> Text:
    return Text(x.held(ATOM) + _place(op, indices), ATOM)


def _scatter(op: Any, y: Type, *args: Text) -> Text:
    """Zeros, into which parts are added at their places."""
    groups = zip(op.reads, op.groups(args), strict=True)
    parts = (f"{g.text} → {_place(read, indices)}" for read, (*indices, g) in groups)
    return Text(f"scatter({', '.join(parts)})", ATOM)


def _place(read: Any, indices: Sequence[Text]) -> str:
    """What stands in brackets behind an array of which a part is read."""
    if indices:
        at = dict(zip(read.axes, indices, strict=True))
        places = [at[k].text if k in at else ":" for k in range(read.axes[0], 0)]
    else:
        places = [
            ":" if p is None else str(p) if isinstance(p, int) else _range(*p) for p in read.places
        ]
    return f"[{', '.join(places)}]"


def _range(start: int, stop: int, step: int) -> str:
    return f"{start}:{stop if stop >= 0 else ''}" + (f":{step}" if step != 1 else "")


def _select(op: Op, y: Type, mask: Text, x: Text) -> Text:
    """Iverson's bracket: 1 where the mask holds, and 0 elsewhere."""
    return (
        Text(f"[{mask.text}]", ATOM)
        if x.number == 1
        else Text(f"[{mask.text}] {x.held(POWER)}", FACTOR)
    )


def _item(op: Any, y: Type, x: Text) -> Text:
    return Text(f"{x.held(ATOM)}[{op.index}]", ATOM)


def _same(op: Op, y: Type, x: Text) -> Text:
    return x


SPECIAL: dict[str, Callable[..., Text]] = {
    "multiply": _multiply,
    "power": _power,
    "matmul": _matmul,
    "transpose": _transpose,
    "sum": _sum,
    "reshape": _reshape,
    "slice": _slice,
    "gather": _gather,
    "scatter": _scatter,
    "select": _select,
    "item": _item,
    "expand": _expand,
    "cast": _same,
    "copy": _same,
}


def _function(op: Op, args: Sequence[Text]) -> Text:
    fields = {k: getattr(op, k) for k in op.fields}
    named = [f"{k}={v}" for k, v in fields.items() if isinstance(v, int | str | tuple | np.dtype)]
    return Text(f"{op.name}({', '.join([*(a.text for a in args), *named])})", ATOM)


def formula(n: Node, args: Sequence[Text]) -> Text:
    """A node as a formula of the formulas of its arguments."""
    op = n.op
    if isinstance(op, Constant):
        text = _number(op.value()) if op.shape == () else f"constant{list(op.shape)}"
        return Text(text, SUM if text.startswith("−") else ATOM, n.type)
    if op.name in SPECIAL:
        found = SPECIAL[op.name](op, n.type, *args)
    elif op.name in TEMPLATES:
        text, strength, needed = TEMPLATES[op.name]
        found = Text(text.format(*(a.held(s) for a, s in zip(args, needed, strict=True))), strength)
    else:
        found = _function(op, args)
    broadcast = (
        op.kind == "view" and found.text == args[0].text
    )  # s stays a number when it is spread
    return found._replace(type=args[0].type if broadcast else n.type)


def _number(x: np.ndarray) -> str:
    """A number as it is written: 2 for 2.0, and 0.1 also in float32."""
    return str(x[()]).removesuffix(".0").replace("-", "−").replace("inf", "∞")


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
            if self._scattered(mask, x) or (known is not None and known <= self._union(mask)):
                return (x,)
        return args

    def _zero_outside(self, i: int) -> set[int] | None:
        """Masks outside of which a node is structurally zero; None if there are none."""
        op, args, _ = self.graph.nodes[i]
        if isinstance(op, Select):
            return self._union(args[0])
        if op.name == "add":
            a, b = (self._zero_outside(k) for k in args)
            return None if a is None or b is None else a | b
        return None

    def _union(self, i: int) -> set[int]:
        """The masks of which a mask is the union."""
        op, args, _ = self.graph.nodes[i]
        return set().union(*map(self._union, args)) if op.name == "bitwise_or" else {i}

    def _scattered(self, mask: int, x: int) -> bool:
        """Whether the mask is True just where something is scattered into x."""
        m, n = self.graph.nodes[mask], self.graph.nodes[x]
        return isinstance(m.op, Scatter) and m.op == n.op and self._true(m.args[-1])

    def _true(self, i: int) -> bool:
        op, args, _ = self.graph.nodes[i]
        return (
            bool(op.value().all())
            if isinstance(op, Constant)
            else op.kind == "view" and self._true(args[0])
        )


def table(rows: Iterable[tuple[str, ...]], indent: str = "    ") -> list[str]:
    """Rows with their columns aligned."""
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(f"{c:<{w}}" for c, w in zip(r, widths, strict=True)).rstrip() for r in rows)
    return [indent + line for line in lines]
