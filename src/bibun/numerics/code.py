"""Code: a graph as lines of NumPy that people read, for arrays of any length."""

from __future__ import annotations

import builtins
import keyword
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from textwrap import wrap
from typing import Any

import numpy as np

from ..graph import Constant, Graph, Node, Type
from ..notation import ATOM, FACTOR, LOOSE, POWER, PRODUCT, SUM, Text
from ..ops.calls import StopGradient
from ..ops.cumulative import Prod
from ..ops.elementwise import Elementwise
from ..ops.extremum import Max, Min
from ..ops.gather import Scatter, Slice
from ..ops.norms import Norm
from ..ops.reduction import Count, Sum
from ..ops.select import Where
from ..ops.softmax import LogSoftmax, LogSumExp, Softmax
from ..ops.structure import Cast, Expand, Reshape, Transpose
from ..zeros import Select

LINE = 96  # characters
WIDTH = 56  # characters from which on a part of an expression gets a name of its own
# fmt: off
WRITTEN = {  # by the names of operations; others are functions of np or scipy.special
    "add":      ("{:sum} + {:product}", SUM),         "subtract": ("{:sum} - {:product}", SUM),
    "multiply": ("{:product} * {:factor}", PRODUCT),
    "divide":   ("{:product} / {:factor}", PRODUCT),
    "power":    ("{:atom}**{:factor}", POWER),        "negative": ("-{:factor}", FACTOR),
    "absolute": ("np.abs({})", ATOM),                 "bitwise_and": ("{:atom} & {:atom}", LOOSE),
    "bitwise_or": ("{:atom} | {:atom}", LOOSE),      "invert":   ("~{:atom}", FACTOR),
    "greater":  ("{:sum} > {:sum}", LOOSE),          "less":     ("{:sum} < {:sum}", LOOSE),
    "greater_equal": ("{:sum} >= {:sum}", LOOSE),    "less_equal": ("{:sum} <= {:sum}", LOOSE),
    "equal":    ("{:sum} == {:sum}", LOOSE),         "not_equal": ("{:sum} != {:sum}", LOOSE),
    "sigmoid":  ("scipy.special.expit({})", ATOM),    "sech":     ("1 / np.cosh({})", PRODUCT),
    "log_ndtr": ("scipy.special.log_ndtr({})", ATOM),
    "eval_legendre": ("scipy.special.eval_legendre({}, {})", ATOM),
    "eval_gegenbauer": ("scipy.special.eval_gegenbauer({}, {}, {})", ATOM),
    "mills":    ("math.sqrt(2 / math.pi) / scipy.special.erfcx(-{:factor} / math.sqrt(2))",
                 PRODUCT),
    "besseli0e<order=1>": ("scipy.special.i1e({0}) - scipy.special.i0e({0})", SUM),
}
ALONG = {
    Sum: "np.sum", Max: "np.max", Min: "np.min", Prod: "np.prod", Norm: "np.linalg.norm",
    Count: "np.sum", LogSumExp: "scipy.special.logsumexp",
    Softmax: "scipy.special.softmax", LogSoftmax: "scipy.special.log_softmax",
}
NAMED = {
    "math.pi": np.pi, "math.sqrt(2)": np.sqrt(2),
    **{f"math.log({base})": np.log(base) for base in (2, 3, 5, 10)},
}
# fmt: on


class UnwrittenError(Exception):
    """A graph that has no short text."""


class Writer:
    """The lines of a graph whose inputs have names.

    `later` is the number of the first input that is known later only, such as a cotangent; lines
    that need it stand apart.
    """

    def __init__(self, graph: Graph, names: Sequence[str], later: int | None = None):
        self.graph, self.used = graph, {*names, "np", "bibun", "math", "scipy"}
        self.lines: list[str] = []
        self.late_lines: list[str] = []
        self.late = self._late(graph.arity if later is None else later)
        self.uses = Counter(a for _, n in graph for a in n.args) + Counter(graph.outputs)
        # What is as small as a number stays so, and broadcasts when it is read.
        self.texts: list[Text] = []
        for i, n in graph:
            text = Text(names[i], ATOM, n.type) if i < graph.arity else self._node(n)
            self.texts.append(self._named(i, text) if i >= graph.arity else text)

    def output(self, k: int, like: str = "") -> str:
        """The text of a result, in its full shape: that of the array with the name `like`."""
        i = self.graph.outputs[k]
        return self._full(i, like).text

    def _late(self, first: int) -> list[bool]:
        found: list[bool] = []
        for i, n in self.graph:
            found.append(first <= i < self.graph.arity or any(found[a] for a in n.args))
        return found

    def _named(self, i: int, text: Text) -> Text:
        """The text itself, or a new name for it: where it is used twice, or long."""
        n = self.graph.nodes[i]
        number = isinstance(n.op, Constant) and text.type.shape == ()
        plain = number or (text.strength == ATOM and "(" not in text.text)
        again = self.uses[i] > 1 or (
            not self.late[i] and any(self.late[u] for u in self._users(i)) and len(text.text) > 24
        )
        if plain or isinstance(n.op, Expand) or not (again or len(text.text) > WIDTH):
            return text
        name = fresh("c" if n.type.dtype == bool else "v", self.used)
        (self.late_lines if self.late[i] else self.lines).append(f"{name} = {text.text}")
        return Text(name, ATOM, text.type)

    def _users(self, i: int) -> list[int]:
        return [k for k, n in self.graph if i in n.args]

    def _full(self, i: int, like: str = "") -> Text:
        """The text of a node, with as many entries as it has."""
        text, of = self.texts[i], self.graph.nodes[i].type
        if text.type.shape == of.shape:
            return text
        shape = f"np.shape({like})" if like else repr(of.shape)
        return Text(f"np.broadcast_to({text.text}, {shape})", ATOM, of)

    # ------------------------------------------------------------ nodes

    def _node(self, n: Node) -> Text:
        op, args = n.op, [self.texts[a] for a in n.args]
        if isinstance(op, Constant):
            return constant(op, n.type)
        if isinstance(op, Elementwise):
            text = self._element(op, args)
        elif isinstance(op, Where) and self._never(n.args[0]):
            text = args[2]
        elif isinstance(op, Where):
            text = Text(f"np.where({', '.join(a.text for a in args)})", ATOM)
        elif isinstance(op, Select):
            text = Text(f"np.where({args[0].text}, {args[1].text}, 0)", ATOM)
        elif isinstance(op, StopGradient):
            text = args[0]
        elif isinstance(op, Cast):
            text = args[0] if n.type.dtype.kind == "f" else None  # type: ignore[assignment]
        elif isinstance(op, Expand):
            return self._expanded(op, args[0], n.type)
        elif type(op) in ALONG:
            return self._along(op, n)
        elif str(op) in WRITTEN:
            form, strength = WRITTEN[str(op)]
            text = Text(form.format(*args), strength)
        else:
            return self._moved(op, n)
        if text is None:
            raise UnwrittenError
        shape = np.broadcast_shapes(*(a.type.shape for a in args))
        return text._replace(type=Type(n.type.dtype, shape))

    def _never(self, i: int) -> bool:
        """Whether a condition asks for infinite numbers, which the rules of derivatives look for.

        Code is for finite ones.
        """
        op, args, _ = self.graph.nodes[i]
        name = getattr(op, "name", "")
        both = name == "bitwise_and" and any(map(self._never, args))
        return both or name == "isinf" or (isinstance(op, Expand) and self._never(args[0]))

    def _element(self, op: Elementwise, args: list[Text]) -> Text:
        if op.name.startswith("bitwise") and args[0].text == args[1].text:
            return args[0]
        if op.name in WRITTEN:
            form, strength = WRITTEN[op.name]
            return Text(form.format(*args), strength)
        if not isinstance(op.ufunc, np.ufunc):
            raise UnwrittenError
        home = "scipy.special" if op.home else "np"
        return Text(f"{home}.{op.name}({', '.join(a.text for a in args)})", ATOM)

    def _expanded(self, op: Expand, x: Text, of: Type) -> Text:
        """New axes in front come unseen, others have length 1 until something is broadcast."""
        kept = [k for k in range(-len(op.shape), 0) if k not in op.axes]
        if not x.type.shape or not kept or all(k < kept[0] for k in op.axes):
            return x
        if len(x.type.shape) != len(kept):
            raise UnwrittenError
        axes = [k for k in op.axes if k > kept[0]]
        shape = list(x.type.shape)
        for k in axes:
            shape.insert(len(shape) + 1 + k, 1)
        where = axes[0] if len(axes) == 1 else tuple(axes)
        return Text(f"np.expand_dims({x.text}, {where})", ATOM, Type(of.dtype, tuple(shape)))

    def _along(self, op: Any, n: Node) -> Text:
        (a,) = n.args
        x, of = self._full(a), self.graph.nodes[a].type
        axes = tuple(sorted(op.axes))
        everything = len(axes) == len(of.shape)
        if isinstance(op, Norm) and (op.order != 2 or (everything and len(axes) > 1)):
            raise UnwrittenError
        axis = "" if everything else f", axis={axes[0] if len(axes) == 1 else axes}"
        return Text(f"{ALONG[type(op)]}({x.text}{axis})", ATOM, n.type)

    def _moved(self, op: Any, n: Node) -> Text:
        if isinstance(op, Scatter):
            return self._scattered(op, n)
        x = self._full(n.args[0])
        if isinstance(op, Slice):
            lead = "..., " if len(op.places) < len(self.graph.nodes[n.args[0]].type.shape) else ""
            return Text(f"{x:atom}[{lead}{op.brackets()}]", ATOM, n.type)
        if isinstance(op, Reshape) and n.type.shape == ():
            return Text(f"{x:atom}.reshape(())", ATOM, n.type)
        if isinstance(op, Reshape):
            return Text(f"np.reshape({x.text}, {n.type.shape})", ATOM, n.type)
        if isinstance(op, Transpose):
            return Text(f"np.transpose({x.text}, {op.axes})", ATOM, n.type)
        raise UnwrittenError

    def _scattered(self, op: Scatter, n: Node) -> Text:
        """Zeros, to which entries are added."""
        late = any(self.late[a] for a in n.args)
        lines, name = self.late_lines if late else self.lines, fresh("v", self.used)
        like = [t.text for t in self.texts[: self.graph.arity] if t.type == n.type]
        dtype = "" if n.type.dtype == np.float64 else f", np.{n.type.dtype}"
        zeros = f"np.zeros_like({like[0]})" if like else f"np.zeros({op.shape}{dtype})"
        lines.append(f"{name} = {zeros}")
        for read, a in zip(op.reads, n.args, strict=False):
            if not isinstance(read, Slice):
                raise UnwrittenError
            lead = "..., " if len(read.places) < len(op.shape) else ""
            lines.append(f"{name}[{lead}{read.brackets()}] += {self.texts[a].text}")
        return Text(name, ATOM, n.type)


def laid_out(definition: str) -> str:
    """The definition with long lines broken where brackets are open."""
    lines: list[str] = []
    for line in definition.split("\n"):
        indent = " " * (len(line) - len(line.lstrip()) + 4)
        pieces = wrap(
            line, LINE, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
        )
        lines += [line] if len(pieces) < 2 or _open(pieces[:-1]) else pieces
    return "\n".join(lines)


def _open(pieces: Sequence[str]) -> bool:
    """Whether some piece ends outside of all brackets."""
    depth = 0
    for piece in pieces:
        depth += sum((c in "([{") - (c in ")]}") for c in piece)
        if depth <= 0:
            return True
    return False


def constant(op: Constant, of: Type) -> Text:
    """The numbers that stand in a program."""
    value = op.value()
    if of.shape == () or (value.size and len(set(value.ravel().tolist())) == 1):
        return number(value.ravel()[0], Type(of.dtype, ()))
    if value.size > 8:
        raise UnwrittenError
    dtype = "" if of.dtype in (np.float64, bool, np.int64) else f", np.{of.dtype}"
    return Text(f"np.array({value.tolist()}{dtype})", ATOM, of)


def number(x: Any, of: Type) -> Text:
    """A number: whole ones without a point, thirds as 1/3, pi by its name."""
    if of.dtype == bool:
        return Text(str(bool(x)), ATOM, of)
    if not np.isfinite(x):
        name = "np.nan" if x != x else "np.inf"
        return Text(name if not x < 0 else f"-{name}", ATOM if not x < 0 else FACTOR, of)
    if x == int(x) and abs(x) < 1e9:
        return Text(str(int(x)), ATOM if x >= 0 else FACTOR, of)
    for name, value in NAMED.items():
        if abs(x) == of.dtype.type(value):
            return Text(name, ATOM, of) if x > 0 else Text(f"-{name}", FACTOR, of)
    text = ratio(x, of.dtype)
    return Text(text, ATOM if x >= 0 and "/" not in text else SUM, of)


def ratio(x: Any, dtype: np.dtype) -> str:
    """A float as a short fraction, if it is the float next to one; else its digits."""
    for most in (1000, 10**7):
        near = Fraction(float(x)).limit_denominator(most)
        short = len(str(near)) < len(repr(float(x))) and near.denominator > 1
        if short and dtype.type(near.numerator) / dtype.type(near.denominator) == x:
            return f"{near.numerator} / {near.denominator}"
    return repr(float(str(x)))


def fresh(name: str, used: set[str]) -> str:
    """A name that is not used yet."""
    taken = {*used, *keyword.kwlist, *dir(builtins)}
    tries = (name, *(f"{name}{k}" for k in range(1, len(taken) + 2)))
    found = next(t for t in tries if t not in taken and t != "v")
    used.add(found)
    return found
