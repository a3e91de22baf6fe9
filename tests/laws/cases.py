"""Cases for the laws: every example of every operation, in other shapes, dtypes and layouts.

No operation is named here: what `Op.examples` yields is varied by rules that hold for all.
"""

from __future__ import annotations

import importlib
import pkgutil
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from math import prod
from typing import Any, NamedTuple

import numpy as np

from bibun.graph import Example, Op, Type
from bibun.ops.elementwise import Elementwise

STRUCTURE = ("bibun.constants", "bibun.graph", "bibun.native.pieces")  # what graphs are made of
FLOATS = (np.dtype("f2"), np.dtype("f4"), np.dtype("f8"))
LEADING = ((0,), (1,), (2,), (2, 1))
MOST_AXES = 5
MARGIN = 1 / 32  # of the width of the domain: finite differences must not leave it


class Case(NamedTuple):
    """An operation and arguments to try it on; `step` is how far differences may move them."""

    label: str
    op: Op
    args: tuple[Any, ...]
    step: float = 1 / 64

    @property
    def types(self) -> tuple[Type, ...]:
        return tuple(Type(a.dtype, a.shape) for a in self.args)

    @property
    def floats(self) -> tuple[bool, ...]:
        """Which arguments are floating-point numbers."""
        return tuple(t.differentiable for t in self.types)

    @property
    def wanted(self) -> tuple[bool, ...]:
        """By which arguments there is a derivative."""
        return tuple(f and k not in self.op.refused for k, f in enumerate(self.floats))


class Named(NamedTuple):
    """An example with a name that is the same in every process."""

    label: str
    example: Example

    @property
    def scalar(self) -> bool:
        """Whether the operation works element by element on any shape."""
        return self.example.op.kind == "element"


@cache
def operations() -> tuple[type[Op], ...]:
    """Every concrete class of operations that bibun defines."""
    package = importlib.import_module("bibun.ops")
    for module in pkgutil.walk_packages(package.__path__, "bibun.ops."):
        importlib.import_module(module.name)
    found = [op for op in dict.fromkeys(_leaves(Op)) if op.__module__ not in STRUCTURE]
    return tuple(sorted(found, key=lambda op: (op.__module__, op.__qualname__)))


def _leaves(base: type[Op]) -> Iterator[type[Op]]:
    """The final classes below `base` that bibun itself defines."""
    below = [c for c in base.__subclasses__() if c.__module__.startswith("bibun.")]
    if not below:
        yield base
    for c in below:
        yield from _leaves(c)


@cache
def examples() -> tuple[Named, ...]:
    """Every example of every operation; that a class has no examples, another test says."""
    found = []
    counts: dict[str, int] = {}
    for op in operations():
        try:
            own = list(op.examples())
        except Exception:
            continue
        for e in own:
            k = counts[e.op.name] = counts.get(e.op.name, 0) + 1
            found.append(Named(f"{e.op.name}-{k}", e))
    return tuple(found)


def generator(label: str) -> np.random.Generator:
    """The random numbers of a case: the same in every process."""
    return np.random.default_rng(zlib.crc32(label.encode()))


def frozen(x: Any) -> np.ndarray:
    """A read-only array: an operation that writes to its arguments fails."""
    x = np.array(x)
    x.flags.writeable = False
    return x


def draw(
    example: Example, rng: np.random.Generator, leading: tuple[int, ...] = ()
) -> tuple[np.ndarray, ...]:
    """Arguments for an example, with further axes before those of each."""
    low, high = example.domain
    margin = MARGIN * (high - low)

    def one(arg: tuple | Callable) -> np.ndarray:
        if callable(arg):
            pieces = [np.asarray(arg(rng)) for _ in range(max(prod(leading), 1))]
            return np.stack(pieces)[: prod(leading)].reshape(leading + pieces[0].shape)
        return rng.uniform(low + margin, high - margin, leading + arg)

    return tuple(frozen(one(arg)) for arg in example.args)


def base(named: Named) -> Case:
    """The example as it is."""
    label, example = named
    low, high = example.domain
    step = min((high - low) / 64, 1 / 16)
    return Case(label, example.op, draw(example, generator(label)), step)


def stacked(named: Named, leading: tuple[int, ...]) -> Case:
    """The example with further axes in front, through `batched`."""
    label, example = named
    op = example.op
    for n in reversed(leading):
        op = op.batched(n)
    case = base(named)
    return case._replace(
        label=f"{label}{list(leading)}", op=op, args=draw(example, generator(label), leading)
    )


def reshaped(case: Case, shape: tuple[int, ...]) -> Case:
    """An element-wise case in any shape."""
    return case._replace(
        label=f"{case.label}{list(shape)}",
        args=tuple(frozen(np.resize(a, shape)) for a in case.args),
    )


def shapes(named: Named) -> Iterator[Case]:
    """The example with other leading axes, up to five in all; scalar functions also without any."""
    case = base(named)
    for leading in LEADING:
        yield stacked(named, leading)
    most = max((a.ndim for a in case.args), default=0)
    if most < MOST_AXES - 2:
        yield stacked(named, (2, 1, 2, 1, 2)[: MOST_AXES - most])
    if named.scalar:
        yield reshaped(case, ())
        yield case._replace(
            label=f"{case.label} scalars", args=tuple(np.resize(a, ())[()] for a in case.args)
        )


def in_dtype(case: Case, dtype: np.dtype) -> Case | None:
    """The case with floats of this dtype; None where the operation is not defined for it."""
    if not any(case.floats):
        return None
    if np.dtype(dtype).kind != "f" and any(t.dtype.kind == "c" for t in case.types):
        return None
    args = tuple(
        frozen(a.astype(np.result_type(dtype, np.complex64) if a.dtype.kind == "c" else dtype))
        if w
        else a
        for a, w in zip(case.args, case.floats, strict=True)
    )
    return accepted(case._replace(label=f"{case.label} {dtype}", args=args))


def accepted(case: Case) -> Case | None:
    """The case, or None where the operation is not defined for these dtypes."""
    given = tuple(t.dtype for t in case.types)
    try:
        case.op.type(*case.types)
        loop = case.op.loop(given) if isinstance(case.op, Elementwise) else given
    except (TypeError, ValueError):
        return None
    # Where NumPy casts first, so does the graph: the operation never sees this dtype.
    return case if loop[: len(given)] == given else None


def dtypes(named: Named, wanted: tuple = FLOATS[:2]) -> Iterator[Case]:
    """The example in other dtypes."""
    for dtype in wanted:
        case = in_dtype(base(named), dtype)
        if case is not None:
            yield case


def layouts(named: Named) -> Iterator[Case]:
    """The same numbers in other orders of memory."""
    case = base(named)
    yield case._replace(
        label=f"{case.label} transposed", args=tuple(np.array(a, order="F") for a in case.args)
    )
    reverse = tuple(
        a[(slice(None, None, -1),) * a.ndim].copy()[(slice(None, None, -1),) * a.ndim]
        for a in case.args
    )
    yield case._replace(label=f"{case.label} reversed", args=reverse)
