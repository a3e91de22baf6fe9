"""What random programs are made of: examples of operations, and NumPy functions with a rule.

Nothing is listed by name: operations come from their own examples, functions from the table of what
bibun implements, tried with a few patterns of arguments.
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from bibun import jvp, vmap
from bibun.array import FUNCTIONS, Array, bind
from bibun.errors import BibunError
from bibun.graph import Op
from bibun.ops.elementwise import Elementwise
from tests.laws import cases, rules

# The shape of an argument, or what makes one from a generator of random numbers.
Slot = tuple | Callable


class Call(NamedTuple):
    """A NumPy function with some of its arguments left open: `~` in the pattern."""

    function: Any
    pattern: tuple
    options: tuple[tuple[str, Any], ...] = ()

    def __call__(self, *args: Any) -> Any:
        given = iter(args)
        filled = [
            [next(given) for _ in p] if isinstance(p, list) else next(given) if p is OPEN else p
            for p in self.pattern
        ]
        return self.function(*filled, **dict(self.options))

    def __repr__(self) -> str:
        return self.text(["~"] * 9)

    def text(self, names: list[str]) -> str:
        """The call, with names for its open arguments."""
        given = iter(names)
        filled = [
            f"[{', '.join(next(given) for _ in p)}]"
            if isinstance(p, list)
            else next(given)
            if p is OPEN
            else repr(p)
            for p in self.pattern
        ]
        options = [f"{k}={v!r}" for k, v in self.options]
        return f"{path(self.function)}({', '.join([*filled, *options])})"


OPEN = "~"
A, M, V = (2, 3), (3, 3), (3,)
# fmt: off
PATTERNS: tuple[tuple[tuple, dict, tuple], ...] = (
    # arguments        options                           shapes of the open ones
    ((OPEN,),          {},                               (A,)),
    ((OPEN,),          {"axis": -1},                     (A,)),
    ((OPEN,),          {"axis": 0, "keepdims": True},    (A,)),
    ((OPEN, 1),        {},                               (A,)),
    ((OPEN, (3, 2)),   {},                               (A,)),
    ((OPEN, OPEN),     {},                               (A, A)),
    (([OPEN, OPEN],),  {},                               (A, A)),
    ((OPEN,),          {},                               (M,)),
    ((OPEN, OPEN),     {},                               (M, V)),
    ((OPEN, OPEN),     {},                               (V, V)),
)
# fmt: on


class Entry(NamedTuple):
    """Something to call, what its arguments look like, and the name of what is called."""

    label: str
    call: Op | Call
    slots: tuple[Slot, ...]
    domain: tuple[float, float]


def path(function: Any) -> str:
    """How a NumPy or SciPy function is written."""
    name = function.__name__
    if getattr(np, name, None) is function:
        return f"np.{name}"
    return f"{function.__module__.replace('numpy', 'np')}.{name}"


def plain(call: Any, *args: Any) -> Any:
    """The value of an operation or a NumPy function on plain arrays."""
    return call.value(*args) if isinstance(call, Op) else call(*args)


def record(call: Any, *args: Any) -> Any:
    """The same as a user's code calls it: ufuncs by themselves, other operations through bind."""
    if isinstance(call, Elementwise):
        return call.ufunc(*args) if isinstance(call.ufunc, np.ufunc) else call(*args)
    return bind(call, *args) if isinstance(call, Op) else call(*args)


def several(y: Any) -> tuple:
    """Results as a tuple."""
    return tuple(y) if isinstance(y, tuple | list) else (y,)


@cache
def entries() -> tuple[Entry, ...]:
    """The whole vocabulary, in an order that does not depend on the process."""
    return (*_operations(), *_functions())


def _operations() -> Iterator[Entry]:
    for named in cases.examples():
        op, args, domain = named.example
        case = cases.base(named)
        if op.decreed or op.refused or not args or not _precision_is_kept(op, case.args):
            continue
        floats = any(t.differentiable for t in rules.result_types(case))
        if not floats or rules.differentiable(case):
            yield Entry(op.name, op, args, domain)


def _functions() -> Iterator[Entry]:
    for entry in _candidates():
        if not _refusal(entry):
            yield entry


def refused() -> dict[str, list[str]]:
    """What bibun declines with these arguments, and why: this is not what programs test."""
    found: dict[str, list[str]] = defaultdict(list)
    for e in _candidates():
        reason = _refusal(e)
        if reason:
            found[reason].append(repr(e.call))
    return found


@cache
def _candidates() -> tuple[Entry, ...]:
    """NumPy's functions with patterns of arguments that NumPy itself accepts."""
    cases.operations()  # loads what is loaded late, with the functions in it
    functions = [
        f for f in FUNCTIONS if callable(f) and getattr(f, "__module__", "").startswith("numpy")
    ]
    found = []
    for f in sorted(functions, key=path):
        for pattern, options, shapes in PATTERNS:
            call = Call(f, pattern, tuple(options.items()))
            args = _arguments(shapes)
            if _precision_is_kept(call, args) and _depends(call, args):
                found.append(Entry(path(f), call, shapes, (-2.0, 2.0)))
    return tuple(found)


def _arguments(shapes: tuple) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(0)
    return tuple(rng.uniform(-2, 2, s) for s in shapes)


def _refusal(entry: Entry) -> str:
    """What bibun says against a function with these options. Errors of others are failures."""
    args = _arguments(entry.slots)

    def f(*xs: Any) -> tuple:
        return tuple(y for y in several(entry.call(*xs)) if isinstance(y, Array))

    for transform in (
        lambda: jvp(f, args, tuple(map(np.ones_like, args))),
        lambda: vmap(f)(*(np.stack([a, a]) for a in args)),
    ):
        try:
            transform()
        except BibunError as error:
            return str(error).split("  (")[0]
        except Exception:
            return ""
    return ""


def _precision_is_kept(call: Any, args: tuple) -> bool:
    """Whether float results have the precision of the arguments: finite differences need it."""
    for dtype in (np.dtype("f4"), np.dtype("f8")):
        found = _try(call, tuple(a.astype(dtype) if a.dtype.kind == "f" else a for a in args))
        if found is None or any(
            y.dtype.kind not in "biuf" or (y.dtype.kind == "f" and y.dtype != dtype) for y in found
        ):
            return False
    return True


def _depends(call: Any, args: tuple) -> bool:
    """Whether there are float results that the arguments decide (unlike those of np.empty_like)."""
    found = []
    for x in (args, tuple(0.75 * a for a in args), args):
        # The memory that an empty array would take next holds another number every time.
        dirt = [np.full(s, float(len(found))) for s in (A, M, V, A)]
        del dirt
        found.append(_try(call, x))
    if any(f is None for f in found):
        return False
    a, b, c = found
    same = all(np.array_equal(x, y, equal_nan=True) for x, y in zip(a, c, strict=True))
    return same and any(
        x.dtype.kind == "f" and x.shape == y.shape and not np.array_equal(x, y)
        for x, y in zip(a, b, strict=True)
    )


def _try(call: Any, args: tuple) -> tuple | None:
    """The results on plain arrays, or None where NumPy itself refuses."""
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = several(plain(call, *args))
    except Exception:
        return None
    return found if all(isinstance(y, np.ndarray | np.generic) for y in found) else None
