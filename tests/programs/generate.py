"""Random programs: a directed graph of operations on small arrays, the same for the same seed.

A program is data. It runs on plain arrays of any precision, on traced arrays, and on whatever else
`call` can interpret; its text is Python that can be pasted.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from bibun.graph import Op
from bibun.ops.elementwise import TABLE, Elementwise
from bibun.ops.reduction import Sum
from bibun.ops.structure import Reshape, expansion
from tests.laws.cases import MARGIN

from .vocabulary import Call, Entry, entries, path, plain, record, several

LARGEST, HOPELESS = 8.0, 1e6  # results beyond the first are scaled down, beyond the second dropped
FILLED = 0.6, 0.8  # how much of its domain an argument fills that had to be scaled
BESIDE = 0.02, 0.05  # how far it then lies beside the middle
NUDGE = 1e-9  # relative: far above rounding, and far below what should matter
STEEP = 1e4  # how much farther results may move than the arguments that are nudged
SPECTRAL = {np.linalg.svdvals, np.linalg.svd, np.linalg.cond, np.linalg.norm}
GAP = 1e-3  # between singular values, whose derivatives are those of a kink where they meet
SPREAD = 0.1  # how far a constant with a structure (positive definite, ...) is scaled


class Instruction(NamedTuple):
    """A call on earlier values (their numbers) and Python floats, which gives new values."""

    call: Op | Call
    args: tuple[int | float, ...]
    results: int
    packed: bool  # whether they come as a tuple or a list, be it of one

    @property
    def label(self) -> str:
        return self.call.name if isinstance(self.call, Op) else path(self.call.function)


@dataclass(frozen=True)
class Program:
    """Inputs, constants and instructions: values are numbered in this order."""

    seed: int
    inputs: tuple[np.ndarray, ...]
    constants: tuple[np.ndarray, ...]
    body: tuple[Instruction, ...]
    outputs: tuple[int, ...]

    def run(
        self,
        *inputs: Any,
        call: Callable[..., Any] = record,
        array: Callable[[Any], Any] = np.asarray,
    ) -> tuple:
        """The outputs. Constants take the precision of the first input, and are made by `array`."""
        dtype = np.dtype(inputs[0].dtype.name)
        values = [
            *inputs,
            *(array(c.astype(dtype) if c.dtype.kind == "f" else c) for c in self.constants),
        ]
        for instruction in self.body:
            args = [a if isinstance(a, float) else values[a] for a in instruction.args]
            values += several(call(instruction.call, *args))
        return tuple(values[o] for o in self.outputs)

    def value(self, *inputs: Any) -> tuple:
        """The outputs on plain arrays."""
        with np.errstate(all="ignore"):
            return self.run(*inputs, call=plain)

    def labels(self) -> list[str]:
        """What the program calls."""
        return [i.label for i in self.body]

    def pairs(self) -> set[tuple[str, str]]:
        """Which operation's result is the argument of which other."""
        maker: list[str | None] = [None] * (len(self.inputs) + len(self.constants))
        found = set()
        for i in self.body:
            found |= {
                (m, i.label)
                for a in i.args
                if not isinstance(a, float) and (m := maker[a]) is not None
            }
            maker += [i.label] * i.results
        return found

    def __str__(self) -> str:
        return text(self)


def text(program: Program) -> str:
    """The program as Python."""
    calls = [
        i.call
        for i in program.body
        if isinstance(i.call, Op) and not isinstance(i.call, Elementwise)
    ]
    kinds = {kind for c in calls for kind in classes(c)}
    imports = sorted(f"from {kind.__module__} import {kind.__name__}" for kind in kinds)
    names = [f"x{k}" for k in range(len(program.inputs))]
    lines = []
    for c in program.constants:
        names.append(f"c{len(names)}")
        lines.append(f"{names[-1]} = {array(c)}")
    for i in program.body:
        args = [repr(a) if isinstance(a, float) else names[a] for a in i.args]
        new = [f"v{len(names) + k}" for k in range(i.results)]
        names += new
        left = "".join(f"{v}, " for v in new) if i.packed else new[0] + " "
        lines.append(f"{left}= {written(i.call, args)}" if new else written(i.call, args))
    head = [
        "import numpy as np",
        "import bibun",
        "import scipy.special",
        "from numpy import dtype",
        "from bibun.array import bind",
        *imports,
    ]
    point = [f"x{k} = {array(x)}" for k, x in enumerate(program.inputs)]
    signature = f"def program({', '.join(names[: len(program.inputs)])}):  # seed {program.seed}"
    last = f"return ({', '.join(names[o] for o in program.outputs)},)"
    return "\n".join(
        [*head, "", *point, "", signature, *(f"    {line}" for line in [*lines, last]), ""]
    )


def classes(value: Any) -> set[type]:
    """The classes that the repr of an operation names: its own, and those of its fields."""
    if isinstance(value, tuple):
        return {kind for item in value for kind in classes(item)}
    if not isinstance(value, Op):
        return set()
    return {type(value)} | classes(tuple(getattr(value, f) for f in value.fields))


def array(x: np.ndarray) -> str:
    """An array as Python, digit for digit."""
    if not x.size:
        return f"np.zeros({x.shape}, {x.dtype.name!r})"
    return f"np.array({x.tolist()!r}, {x.dtype.name!r})"


def written(call: Any, args: list[str]) -> str:
    """One call as Python."""
    if isinstance(call, Call):
        return call.text(args)
    if not isinstance(call, Elementwise):
        return f"bind({call!r}, {', '.join(args)})"
    name = call.label
    if getattr(np, name, None) is call.ufunc:
        return f"np.{name}({', '.join(args)})"
    if isinstance(call.ufunc, np.ufunc):
        return f"scipy.special.{name}({', '.join(args)})"
    return f"bibun.ops.elementwise.TABLE[{name!r}]({', '.join(args)})"


class Rejected(Exception):
    """A draw that leads out of the range where differences can be trusted."""


def evaluate(call: Any, args: Sequence[int | float], values: dict[int, np.ndarray]) -> Any:
    """What a call gives on plain arrays, which are numbered; never what is on its way out."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)
        return plain(call, *(a if isinstance(a, float) else values[a] for a in args))


def nudged(values: dict[int, np.ndarray]) -> dict[int, np.ndarray]:
    """The same, with floats moved by little more than rounding; zeros stay, as structure is."""
    rng = np.random.default_rng(0)
    return {
        k: x * (1 + NUDGE * rng.uniform(-1, 1, x.shape)) if x.dtype.kind == "f" else x
        for k, x in values.items()
    }


def decomposes(call: Any) -> bool:
    """Whether this is one of NumPy's or SciPy's functions of matrices."""
    return getattr(getattr(call, "function", None), "__module__", "").endswith("linalg")


def regular(x: np.ndarray) -> bool:
    """Whether a matrix has full rank.

    Otherwise its factors have no derivative, and repeated eigenvalues none of second order.
    """
    if x.ndim < 2 or not x.size or x.dtype.kind not in "fc":
        return True
    return bool(np.all(np.linalg.matrix_rank(x, rtol=1e-6) == min(x.shape[-2:])))


def moderate(y: Any) -> bool:
    """Whether a result is finite, and small enough to go on with."""
    return y.dtype.kind != "f" or bool(np.all(abs(y) < HOPELESS))


def stays(y: Any, moved: Any) -> bool:
    """Whether a result hardly moves when the arguments hardly move.

    Elsewhere it is an accident of rounding, and has no derivative: the determinant of a singular
    matrix, the eigenvectors of equal eigenvalues, the winner among equals, floor of a whole number.
    """
    if y.dtype.kind != "f":
        return np.array_equal(y, moved)
    reach = STEEP * NUDGE * (1 + np.max(abs(y), initial=0))
    return y.shape == moved.shape and bool(np.all(abs(moved - y) <= reach))


class Builder:
    """A program while it grows, with the values that its instructions have at the inputs."""

    def __init__(self, seed: int):
        self.seed, self.rng = seed, np.random.default_rng(seed)
        shapes = [
            ((), (3,), (2, 3), (2, 3), (3, 3))[self.rng.integers(5)]
            for _ in range(self.rng.integers(1, 4))
        ]
        self.inputs = [self.rng.uniform(-1.5, 1.5, s) for s in shapes]
        self.values: list[np.ndarray] = list(self.inputs)
        self.body: list[Instruction] = []
        self.constants: list[int] = []  # the numbers of values that are no results
        self.made: list[int] = []  # those of the results
        self.used: set[int] = set()

    # ------------------------------------------------------------ values

    def constant(self, x: Any) -> int:
        self.constants.append(len(self.values))
        self.values.append(np.asarray(x))
        return self.constants[-1]

    def call(self, call: Any, *args: int | float) -> list[int]:
        """The numbers of the results of a new instruction."""
        values = {a: self.values[a] for a in args if not isinstance(a, float)}
        if decomposes(call) and not all(map(regular, values.values())):
            raise Rejected
        found = evaluate(call, args, values)
        results = several(found)
        if not all(map(moderate, results)):
            raise Rejected
        if not all(map(stays, results, several(evaluate(call, args, nudged(values))))):
            raise Rejected
        self.body.append(Instruction(call, args, len(results), isinstance(found, tuple | list)))
        self.used.update(values)
        new = [len(self.values) + k for k in range(len(results))]
        self.values += map(np.asarray, results)
        self.made += new
        return new

    def floats(self) -> list[int]:
        """The values that can be differentiated, the most recent last."""
        return [
            k
            for k, v in enumerate(self.values)
            if v.dtype.kind == "f" and v.size and k not in self.constants
        ]

    # ------------------------------------------------------------ arguments

    def pick(self, shape: tuple[int, ...] | None = None) -> int:
        """A value to go on with: recent ones more often, of this shape if there is one."""
        floats = self.floats()
        fitting = [k for k in floats if self.values[k].shape == shape]
        if fitting and self.rng.random() < 0.8:
            floats = fitting
        weights = np.arange(1.0, len(floats) + 1)
        return int(self.rng.choice(floats, p=weights / weights.sum()))

    def fit(self, k: int, shape: tuple[int, ...]) -> int:
        """Value k in another shape: reshaped if it fits, else summed, spread and weighted."""
        x = self.values[k]
        if x.shape == shape:
            return k
        if x.size == int(np.prod(shape)):
            return self.call(Reshape(shape), k)[0]
        if x.ndim:
            (k,) = self.call(Sum(tuple(range(-x.ndim, 0))), k)
        if not shape:
            return k
        # The weights keep copies apart: equal entries are ties, equal rows singular matrices.
        _, expand = expansion((), shape)
        (wide,) = self.call(expand, k)
        weights = self.constant(self.rng.uniform(0.2, 1.2, shape))
        return self.call(TABLE["multiply"], wide, weights)[0]

    def inside(self, k: int, low: float, high: float) -> int:
        """Value k, scaled (and moved) where it leaves the domain or comes too near to its ends."""
        x, margin = self.values[k], MARGIN * (high - low)
        if x.size == 0 or (low + margin <= x.min() and x.max() <= high - margin):
            return k
        filled = self.rng.uniform(*FILLED)  # not the same for all: their largest entries would tie
        if low == -high:
            return self.call(TABLE["multiply"], k, float(filled * high / np.max(abs(x))))[0]
        width = float(x.max() - x.min())
        factor = filled * (high - low) / width if width > filled * (high - low) else 1.0
        if factor != 1:
            (k,) = self.call(TABLE["multiply"], k, factor)
        middle = float(self.values[k].max() + self.values[k].min()) / 2
        beside = self.rng.uniform(*BESIDE) * (high - low)  # odd functions would cancel to nothing
        return self.call(TABLE["add"], k, (low + high) / 2 - middle + beside)[0]

    def structured(self, make: Callable, leading: tuple[int, ...]) -> int:
        """An argument that an example makes: flags may be computed, floats are scaled."""
        pieces = [np.asarray(make(self.rng)) for _ in range(int(np.prod(leading)))]
        x = np.stack(pieces).reshape(leading + pieces[0].shape)
        if x.dtype == bool:
            known = [k for k, v in enumerate(self.values) if v.dtype == bool and v.shape == x.shape]
            if known and self.rng.random() < 0.8:
                return int(self.rng.choice(known))
        if x.dtype.kind != "f":
            return self.constant(x)
        (s,) = self.call(TABLE["sin"], self.fit(self.pick(()), ()))
        (s,) = self.call(TABLE["multiply"], s, SPREAD)
        (s,) = self.call(TABLE["add"], s, 1.0)
        return self.call(TABLE["multiply"], self.constant(x), s)[0]

    # ------------------------------------------------------------ growth

    def grow(self, entry: Entry) -> None:
        """One more entry of the vocabulary, or nothing if it leads out of range."""
        values, calls, used = len(self.values), len(self.body), set(self.used)
        try:
            self.apply(entry)
        except (Rejected, ValueError, np.linalg.LinAlgError, DeprecationWarning):
            del self.values[values:], self.body[calls:]
            self.constants = [k for k in self.constants if k < values]
            self.made = [k for k in self.made if k < values]
            self.used = used

    def apply(self, entry: Entry) -> None:
        call, leading = entry.call, ()
        if isinstance(call, Op) and self.rng.random() < 0.2:
            call, leading = call.batched(2), (2,)
        args = [self.argument(slot, leading, entry) for slot in entry.slots]
        if isinstance(call, Call) and call.function in SPECTRAL:
            self.apart(args)
        for k in self.call(call, *args):
            x = self.values[k]
            if x.dtype.kind == "f" and np.max(abs(x), initial=0) > LARGEST:
                self.call(TABLE["multiply"], k, float(1 / np.max(abs(x))))

    def apart(self, args: list[int | float]) -> None:
        """Reject matrices with equal singular values, such as factors of others: a kink."""
        for k in args:
            x = self.values[k] if isinstance(k, int) else np.zeros(())
            if x.ndim >= 2 and x.size and np.min(-np.diff(np.linalg.svdvals(x)), initial=1) < GAP:
                raise Rejected

    def argument(self, slot: Any, leading: tuple[int, ...], entry: Entry) -> int | float:
        if callable(slot):
            return self.structured(slot, leading)
        shape = leading + tuple(slot)
        if isinstance(entry.call, Elementwise):
            # NumPy broadcasts: other shapes and Python's floats do as well.
            chance = self.rng.random()
            if chance < 0.15 and len(entry.slots) > 1 and slot is not entry.slots[0]:
                low, high = entry.domain
                return float(self.rng.uniform(low + 0.1 * (high - low), high - 0.1 * (high - low)))
            if chance < 0.5:
                shape = ((), (3,), (2, 3), (1, 3), (2, 1))[self.rng.integers(5)]
            elif len(entry.slots) == 1:
                shape = self.values[self.pick()].shape
        return self.inside(self.fit(self.pick(shape), shape), *entry.domain)

    def program(self) -> Program:
        """What has grown; its outputs are the floats that nobody used."""
        floats = self.floats()
        outputs = [k for k in floats if k not in self.used] or floats[-1:]
        order = [*range(len(self.inputs)), *self.constants, *self.made]
        number = {old: new for new, old in enumerate(order)}
        return Program(
            self.seed,
            tuple(self.inputs),
            tuple(self.values[k] for k in self.constants),
            tuple(
                i._replace(args=tuple(a if isinstance(a, float) else number[a] for a in i.args))
                for i in self.body
            ),
            tuple(number[o] for o in outputs),
        )


def generate(seed: int, vocabulary: Sequence[Entry] | None = None) -> Program:
    """The program of a seed. Seeds begin with one entry after the other: none is left out."""
    vocabulary = vocabulary or entries()
    builder = Builder(seed)
    builder.grow(vocabulary[seed % len(vocabulary)])
    for _ in range(builder.rng.integers(3, 9)):
        builder.grow(vocabulary[builder.rng.integers(len(vocabulary))])
    return builder.program()
