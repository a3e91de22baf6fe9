"""compare: automatic, symbolic and numerical differentiation of one function, side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from ..array import lift
from ..derivative.conventions import check_scalar
from ..derivative.differences import WIDE, derivatives, parts, wide
from ..derivative.gradient import Arguments, grad, value_and_grad
from ..graph import Graph
from ..tracing.functional import record
from ..walk import numbers
from ..wide import objects

Function = Callable[[Any], Any]

# Differences with this step are right to 60 digits, and 90 are left for cancellation.
DIGITS, STEP = 120, 1e-30
MOST = 1_000_000  # operations on numbers of many digits: about ten seconds
MOST_SHOWN = 40  # characters of a formula
SECONDS = 0.01  # how long each method is timed


@dataclass(frozen=True)
class Row:
    """One method: its gradient (None: see `note`), the relative error, calls of f, seconds."""

    name: str
    gradient: Any
    error: float
    evaluations: int
    seconds: float
    note: str = ""


@dataclass(frozen=True)
class Comparison:
    """What `compare` returns: the rows, and the gradient (and its source) that they are held to."""

    value: Any
    rows: tuple[Row, ...]
    truth: np.ndarray
    source: str

    def __getitem__(self, name: str) -> Row:
        return next(r for r in self.rows if r.name == name)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __str__(self) -> str:
        head = ("method", "gradient", "error", "calls of f", "µs", "")
        truth = ("truth", _shown(self.truth), "", "", "", self.source)
        lines = [head, *map(_cells, self.rows), truth]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        cells = [map(format, r, map("{}{}".format, "<<>>><", widths)) for r in lines]
        texts = ["  ".join(row).rstrip() for row in cells]
        return "\n".join([f"f(x) = {_shown(self.value)}", *texts])

    __repr__ = __str__


def _cells(r: Row) -> tuple[str, ...]:
    if r.gradient is None:
        return r.name, "-", "-", "-", "-", r.note
    gradient, time = _shown(r.gradient), f"{1e6 * r.seconds:.1f}"
    return r.name, gradient, f"{r.error:.1e}", str(r.evaluations), time, r.note


def _shown(x: Any) -> str:
    """Up to four numbers, in the digits of their dtype."""
    flat = np.ravel(x)
    digits = min(np.finfo(flat.dtype).precision, 17)
    numbers = [_digits(v, digits) for v in flat[:4]]
    if np.ndim(x) == 0:
        return numbers[0]
    return f"[{', '.join(numbers)}{', ...' if flat.size > 4 else ''}]"


def _digits(x: Any, digits: int) -> str:
    """A number, or both parts of a complex one."""
    first, *second = map(float, parts(x).flat)
    return f"{first:.{digits}g}" + "".join(f"{v:+.{digits}g}j" for v in second)


def compare(f: Function, x: Any) -> Comparison:
    """The gradient of f at x by every kind of differentiation, with errors and costs.

    f maps a number or an array to one real number. By complex x the gradient is dL/dRe x +
    i dL/dIm x, as by `grad`, and differences go in both directions. The rows are

    - automatic: `bibun.grad`;
    - symbolic: f run on SymPy's symbols and differentiated there, then evaluated in NumPy;
    - forward difference, central difference: with the usual steps, sqrt(eps) and cbrt(eps) of x;
    - complex step: the imaginary part of f(x + ih) / h (Squire and Trapp, SIAM Review 40, 1998);
    - Richardson: central differences extrapolated to zero (Ridders 1982).

    A method that cannot do it says why. Errors are relative to the largest entry of a gradient that
    none of the methods made: differences of the traced program in 120 digits of mpmath. Where that
    is not possible it is Richardson's in the widest float, and `source` says so. Gradients have the
    shape and dtype of x. Raises NotDifferentiableError or DtypeError where `grad` does.

    >>> import numpy as np, bibun
    >>> table = bibun.compare(np.sin, 1.0)
    >>> [row.name for row in table if row.error < 1e-14]
    ['automatic', 'symbolic', 'complex step']
    """
    given = Arguments((x,), 0, "compare")
    recorded = record(f, given.leaves, given.place, "compare", {})
    check_scalar(recorded, "compare")
    graph, order = recorded.trace.close(recorded.inputs, recorded.outputs)
    captured = [recorded.trace.value(i) for i in order[1 : graph.arity]]
    program = Traced(graph, captured, given.leaves[0]._plain("compare(f, x)"))
    with np.errstate(all="ignore"):
        truth, source = _truth(f, program)
        rows = [_row(name, f, program.x, method, truth) for name, method in METHODS.items()]
        rows.insert(1, _symbolic(program, truth))
        value, _ = value_and_grad(f)(program.x)
    return Comparison(value, tuple(rows), truth, source)


class Traced(NamedTuple):
    """What ran: its graph, the arrays that it met on the way, and the argument."""

    graph: Graph
    captured: list[Any]
    x: Any

    def run(self, x: Any, library: objects.Library) -> Any:
        """The number that the program makes of an array of elements."""
        (y,) = objects.interpret(self.graph, [x, *map(library.elements, self.captured)], library)
        return library.number(y)


# ------------------------------------------------------------ the methods


def _places(x: Any) -> Iterator[tuple[tuple[int, ...], Any, Any]]:
    """The place of every entry, its size, which steps are relative to, and the direction of a step.

    A complex entry stands there twice: with the real and with the imaginary direction.
    """
    for i in np.ndindex(np.shape(x)):
        size = abs(np.asarray(x)[i]) or np.finfo(x.dtype).dtype.type(1)
        for unit in (1, 1j)[: 1 + (x.dtype.kind == "c")]:
            yield i, size, unit


def _gradient(slopes: list[Any], x: Any) -> Any:
    """The gradient, of the slopes in all directions."""
    if x.dtype.kind != "c":
        return np.reshape(slopes, np.shape(x))
    pairs = np.reshape(slopes, (*np.shape(x), 2))
    return pairs[..., 0] + 1j * pairs[..., 1]


def _moved(x: Any, i: tuple[int, ...], h: Any) -> Any:
    y = np.array(x, np.result_type(x.dtype, h))
    y[i] += h
    return y[()]


def _number(y: Any) -> Any:
    return lift(y)._plain("compare(f, x)")


def _automatic(f: Function, x: Any) -> Any:
    return grad(f)(x)


def _forward_difference(f: Function, x: Any) -> Any:
    y, h = _number(f(x)), np.finfo(x.dtype).eps ** 0.5

    def slope(i: tuple[int, ...], size: Any, unit: Any) -> Any:
        return (_number(f(_moved(x, i, h * size * unit))) - y) / (h * size)

    return _gradient([slope(*place) for place in _places(x)], x)


def _central_difference(f: Function, x: Any) -> Any:
    h = np.cbrt(np.finfo(x.dtype).eps)

    def slope(i: tuple[int, ...], size: Any, unit: Any) -> Any:
        up, down = (_number(f(_moved(x, i, s * h * size * unit))) for s in (1, -1))
        return (up - down) / (2 * h * size)

    return _gradient([slope(*place) for place in _places(x)], x)


def _complex_step(f: Function, x: Any) -> Any:
    if x.dtype.kind == "c":
        raise TypeError("x is complex already, and f is not differentiable by complex numbers")
    h, z = 1e-20, x.astype(np.result_type(x.dtype, np.complex64))
    values = [_number(f(_moved(z, i, z.dtype.type(1j * h)))) for i, *_ in _places(x)]
    if any(y.dtype.kind != "c" for y in values):
        raise TypeError("f drops the imaginary part")
    return _gradient([y.imag / h for y in values], x)


def _richardson(f: Function, x: Any) -> Any:
    def slope(i: tuple[int, ...], size: Any, unit: Any) -> Any:
        def moved(h: float) -> tuple:
            return (_number(f(_moved(x, i, size.dtype.type(h) * size * unit))),)

        (found,) = derivatives(moved, 1 / 64)
        return found.value / size

    return _gradient([slope(*place) for place in _places(x)], x)


METHODS: dict[str, Callable[[Function, Any], Any]] = {
    "automatic": _automatic,
    "forward difference": _forward_difference,
    "central difference": _central_difference,
    "complex step": _complex_step,
    "Richardson": _richardson,
}


# ------------------------------------------------------------ rows


class _Counted:
    """A function that counts its calls."""

    def __init__(self, f: Function):
        self.f, self.calls = f, 0

    def __call__(self, x: Any) -> Any:
        self.calls += 1
        return self.f(x)


def _row(name: str, f: Function, x: Any, method: Callable, truth: np.ndarray) -> Row:
    counted = _Counted(f)
    try:
        found = method(counted, x)
    except Exception as error:  # whatever f raises on such a number stands in the row
        return _impossible(name, f"{type(error).__name__}: {error}")
    return Row(name, *_measured(found, x, truth), counted.calls, _seconds(lambda: method(f, x)))


def _measured(found: Any, x: Any, truth: np.ndarray) -> tuple[Any, float]:
    """A gradient in the dtype of x, and its error."""
    g = np.reshape(np.asarray(found, x.dtype), np.shape(x))
    precise = wide(g)
    same = (precise == truth) | (np.isnan(precise) & np.isnan(truth))
    largest = np.max(abs(truth), initial=0)
    return g[()], float(np.max(np.where(same, 0, abs(precise - truth)), initial=0) / (largest or 1))


def _seconds(call: Callable[[], Any]) -> float:
    """The least time of several calls."""
    best, end = np.inf, perf_counter() + SECONDS
    while perf_counter() < end or best == np.inf:
        start = perf_counter()
        call()
        best = min(best, perf_counter() - start)
    return best


def _symbolic(program: Traced, truth: np.ndarray) -> Row:
    if find_spec("sympy") is None:
        return _impossible("symbolic", "SymPy is not installed: pip install sympy")
    if program.x.dtype.kind == "c":
        return _impossible("symbolic", "not expressible: complex numbers")
    library, start = objects.sympy(), perf_counter()
    try:
        formula, gradient = _derived(program, library)
    except objects.NotExpressibleError as error:
        return _impossible("symbolic", str(error))
    note = f"{formula}, " if len(formula) <= MOST_SHOWN else ""
    note += f"derived in {1e3 * (perf_counter() - start):.0f} ms"
    values = np.ravel(program.x)
    try:
        found = _measured(gradient(values), program.x, truth)
    except (NameError, TypeError, ValueError) as error:  # SymPy has functions that NumPy has not
        return _impossible("symbolic", f"{formula[:MOST_SHOWN]}: {error}")
    return Row("symbolic", *found, 0, _seconds(lambda: gradient(values)), note)


def _impossible(name: str, why: str) -> Row:
    return Row(name, None, np.nan, 0, np.nan, why)


def _derived(program: Traced, library: objects.Library) -> tuple[str, Callable]:
    """The derivatives as a text, and as a function of the entries of x."""
    sympy, shape = library.module, np.shape(program.x)
    symbols = [sympy.Symbol("x" + "_".join(map(str, i)), real=True) for i in np.ndindex(shape)]
    elements = np.array([objects.Element(library, s) for s in symbols], object).reshape(shape)[()]
    y = program.run(elements, library)
    if (length := y.count_ops()) * len(symbols) > 10 * objects.LONGEST:
        raise objects.NotExpressibleError(f"too long: {length} operations, {len(symbols)} symbols")
    # sign' is twice Dirac's delta, which as a function is 0.
    found = [sympy.diff(y, s).replace(sympy.DiracDelta, lambda *_: 0) for s in symbols]
    text = ", ".join(map(str, found))
    return text, sympy.lambdify([symbols], found, ["scipy", "numpy"], cse=True)


# ------------------------------------------------------------ the truth


def _truth(f: Function, program: Traced) -> tuple[np.ndarray, str]:
    """The gradient that none of the methods made, and where it is from."""
    work = numbers(program.graph.nodes)
    reason = "mpmath is not installed"
    if find_spec("mpmath") is not None:
        try:
            if program.x.dtype.kind == "c":
                raise objects.NotExpressibleError("complex numbers")
            if 2 * np.size(program.x) * work > MOST:
                raise objects.NotExpressibleError("too long for mpmath")
            return _by_digits(program), f"differences in {DIGITS} digits (mpmath)"
        except objects.NotExpressibleError as error:
            reason = str(error)
    x = wide(program.x)[()]
    try:
        found = _richardson(f, x)
    except (TypeError, ValueError, KeyError):  # SciPy and LAPACK stop at double precision
        x = program.x.astype(np.promote_types(np.float64, program.x.dtype))
        found = _richardson(f, x)
    return wide(found), f"Richardson in {x.dtype} ({reason})"


def _by_digits(program: Traced) -> np.ndarray:
    """Central differences with a tiny step in numbers of many digits."""
    library = objects.mpmath()
    with library.module.workdps(DIGITS):
        x = library.elements(program.x)
        gradient = np.empty(np.shape(x), WIDE)
        for i, size, _ in _places(program.x):
            h = library.number(STEP * float(size))
            up, down = (program.run(_with(x, i, s * h), library) for s in (1, -1))
            gradient[i] = WIDE(library.module.nstr((up - down) / (2 * h), 30))
    return gradient


def _with(x: Any, i: tuple[int, ...], h: Any) -> Any:
    y = np.array(x, object)
    y[i] = y[i] + h
    return y[()]
