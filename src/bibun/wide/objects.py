"""A traced program run on other numbers: SymPy's expressions, or mpmath's numbers of many digits.

NumPy computes with arrays of objects by itself: `+` is theirs, and np.exp(x) calls x.exp(). So most
operations run as they are written. Those that a library lacks, and those for which NumPy would ask
an expression to decide, say themselves what to do instead: Elementwise.exact, Op.exactly.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np

from ..graph import Constant, Graph, Item, Node, Op
from ..ops.elementwise import TABLE, Elementwise
from ..ops.gauge import ArbitraryError
from ..ops.select import Where
from ..ops.structure import Cast

LARGEST = 100_000  # bits: exp(exp(10)) has 31778
LONGEST = 20_000  # operations in the formula of an array: SymPy needs minutes for longer ones


class NotExpressibleError(ValueError):
    """A traced operation cannot be computed with the objects of another library."""


class UndecidedError(Exception):
    """A question that numbers of this precision do not decide."""


class Library:
    """The functions and numbers of SymPy or mpmath, under NumPy's names."""

    def __init__(
        self, module: Any, whole: Callable, infinity: Any, symbolic: bool, check: Callable
    ):
        self.module, self.whole, self.infinity = module, whole, infinity
        self.symbolic, self.check = symbolic, check  # whether its objects are expressions
        self.known: dict[str, Callable | None] = {}

    def number(self, x: Any) -> Any:
        """A number of Python or NumPy, exactly; an element as what it holds."""
        if isinstance(x, Element):
            return x.value
        if not isinstance(x, bool | int | float | np.generic):
            return x
        if not np.isfinite(x):
            return self.module.nan if x != x else self.infinity if x > 0 else -self.infinity
        p, q = (int(x), 1) if isinstance(x, np.bool_ | np.integer) else x.as_integer_ratio()
        return self.whole(p) / self.whole(q)

    def equal(self, a: Any, b: Any) -> Any:
        """Whether two numbers are equal; SymPy's own == compares formulas instead."""
        return (self.function("equal") or operator.eq)(self.number(a), self.number(b))

    def function(self, name: str) -> Callable | None:
        """The library's function that NumPy calls by this name."""
        exact = TABLE[name].exact if name in TABLE else None
        if callable(exact):
            return partial(exact, self.module)
        own = exact if exact and self.symbolic else name.replace("arc", "a", 1)
        return getattr(self.module, own, None)

    def direct(self, op: Elementwise) -> Callable | None:
        """The library's function for an operation, if it has the same value at an example."""
        if op.name not in self.known:
            given = self.symbolic and isinstance(op.exact, str)
            self.known[op.name] = self.function(op.name) if given else self._tried(op)
        return self.known[op.name]

    def _tried(self, op: Elementwise) -> Callable | None:
        function, domain = self.function(op.name), np.broadcast_to(op.domain, (op.ufunc.nin, 2))
        bounds = zip(domain.tolist(), (0.7, 0.6, 0.55, 0.5), strict=False)
        args = [low + part * (high - low) for (low, high), part in bounds]
        for k in range(len(args)):
            if k in op.whole or not any(loop[k] in "fd" for loop in op.ufunc.types):
                args[k] = 3  # such as the exponent of ldexp
        try:
            expected, found = op.ufunc(*args), float(function(*map(self.number, args)))  # type: ignore[misc]
            same = abs(found - expected) <= 1e-9 * abs(expected)
        except (TypeError, ValueError, AttributeError):
            return None
        return function if same else None

    def elements(self, x: Any) -> np.ndarray:
        """An array of numbers as an array of elements; integers and bools stay what they are."""
        x = np.asarray(x)
        return self.call(self.number)(x) if x.dtype.kind in "fO" else x

    def __getattr__(self, name: str) -> Any:
        return getattr(self.module, name)

    def map(self, function: Callable, *arrays: Any) -> Any:
        """A function of the library's objects, applied to all elements of arrays."""
        return self.call(function, len(arrays))(*arrays)

    def floats(self, x: Any) -> np.ndarray:
        """The floats next to the elements of an array."""
        return np.vectorize(lambda e: float(self.number(e)), otypes=[float])(x)

    def matrix(self, name: str, *arrays: Any, **options: Any) -> Any:
        """A function of the library's for matrices, given by rows, on stacks of matrices."""
        function = getattr(self.module, name)
        leading = arrays[0].shape[:-2]
        made = []
        for k in np.ndindex(leading):
            rows = [[[self.number(e) for e in row] for row in a[k]] for a in arrays]
            made.append(self.elements(np.array(function(*rows, **options), object)))
        shape = np.shape(made[0]) if made else ()
        return np.array(made, object).reshape((*leading, *shape))[()]

    def matrices(self, name: str, shapes: Sequence[tuple[int, ...]], a: Any, likes: Any) -> tuple:
        """A function of one matrix that has several results, of these shapes, on a stack of it.

        It is given its results in floats, too, for what is a matter of choice.
        """
        function, leading = getattr(self.module, name), a.shape[:-2]
        made = [np.empty(shape, object) for shape in shapes]
        for k in np.ndindex(leading if a.size else (0,)):
            rows = [[self.number(e) for e in row] for row in a[k]]
            for y, found in zip(made, function(rows, tuple(x[k] for x in likes)), strict=True):
                y[k] = self.elements(np.array(found, object))
        return tuple(made)

    def program(self, graph: Graph) -> Callable:
        """A graph as a function of arrays of elements."""
        return lambda *args: interpret(graph, args, self)

    def call(self, function: Callable, count: int = 1) -> Callable:
        """A function of the library's objects as a function of arrays of elements."""

        def applied(*args: Any) -> Element:
            return Element(self, function(*map(self.number, args)))

        return np.frompyfunc(applied, count, 1)


class Element:
    """A number of another library as NumPy wants an object to be: with operators, x.exp(), ..."""

    __slots__ = ("library", "value")
    shape, ndim, dtype = (), 0, np.dtype(object)

    def __init__(self, library: Library, value: Any):
        self.library, self.value = library, value

    @property
    def real(self) -> Element:
        """Itself: elements are real. Since NumPy 2.5 an array of objects asks each of them."""
        return self

    @property
    def imag(self) -> Element:
        return Element(self.library, self.library.whole(0))

    def __getattr__(self, name: str) -> Callable:
        if name.startswith("_"):
            raise AttributeError(name)
        if not isinstance(getattr(np, name, None), np.ufunc):
            return getattr(np.array(self, object), name)  # reshape and the like, as NumPy's numbers
        library, function = self.library, self.library.function(name)
        if function is None:
            raise AttributeError(name)
        return lambda *others: Element(library, function(self.value, *map(library.number, others)))

    # fmt: off
    def __neg__(self) -> Element: return Element(self.library, -self.value)
    def __pos__(self) -> Element: return self
    def __abs__(self) -> Element: return Element(self.library, abs(self.value))
    def __hash__(self) -> int: return hash(self.value)
    def __bool__(self) -> bool: return bool(self.value)
    def __eq__(self, other: Any) -> Any: return self.library.equal(self, other)
    def __ne__(self, other: Any) -> Any: return ~np.bool_(self == other)
    def __lt__(self, other: Any) -> Any: return self.value < self.library.number(other)
    def __le__(self, other: Any) -> Any: return self.value <= self.library.number(other)
    def __gt__(self, other: Any) -> Any: return self.value > self.library.number(other)
    def __ge__(self, other: Any) -> Any: return self.value >= self.library.number(other)
    # fmt: on


def _operator(f: Callable) -> tuple[Callable, Callable]:
    def straight(self: Element, other: Any) -> Any:
        return Element(self.library, f(self.value, self.library.number(other)))

    def reflected(self: Element, other: Any) -> Any:
        return Element(self.library, f(self.library.number(other), self.value))

    return straight, reflected


for _name in ("add", "sub", "mul", "truediv", "pow"):
    _straight, _reflected = _operator(getattr(operator, _name))
    setattr(Element, f"__{_name}__", _straight)
    setattr(Element, f"__r{_name}__", _reflected)


def interpret(graph: Graph, args: Sequence[Any], library: Library) -> list[Any]:
    """The results of a graph on arrays of elements, or NotExpressibleError with the operation."""
    env: list[Any] = list(args)
    for _, n in graph.body():
        y = apply(n, [env[a] for a in n.args], library)
        library.check(_values(y))
        env.append(y)
    return [env[o] for o in graph.outputs]


def _values(y: Any) -> list[Any]:
    """What the elements of a result hold."""
    found = y.flat if isinstance(y, np.ndarray) and y.dtype == object else [y]
    return [e.value for e in found if isinstance(e, Element)]


def apply(n: Node, args: list[Any], library: Library) -> Any:
    """What a node is on arrays of elements."""
    y = _applied(n.op, args, library)
    dtypes = getattr(n.type, "dtype", None), getattr(y, "dtype", None)
    if dtypes == (bool, object) and not library.symbolic:
        y = np.asarray(y).astype(bool)
    if type(y) is int:  # the zero of a select, among elements
        return Element(library, library.whole(y))
    if isinstance(y, bool | np.ndarray) and np.ndim(y) == 0:
        return np.asarray(y)[()]  # a number among arrays is an element, not an array without axes
    return y


def _applied(op: Op, args: list[Any], library: Library) -> Any:
    if isinstance(op, Item):
        return args[0][op.index]
    if isinstance(op, Constant):
        return library.elements(op.value())
    if all(a.dtype != object for a in args):
        y = op.value(*args)
        return tuple(map(library.elements, y)) if type(y) is tuple else library.elements(y)
    try:
        return _objects(op, args, library)
    except (TypeError, ValueError, AttributeError, ArithmeticError, KeyError) as error:
        raise NotExpressibleError(f"not expressible: {lacking(op, error)}") from error


def lacking(op: Op, error: BaseException) -> str:
    """What has no exact numbers: an operation, or what it says of itself."""
    cause = error.__cause__ if isinstance(error, NotExpressibleError) else error
    return str(cause) if isinstance(cause, ArbitraryError) else op.name


def _objects(op: Op, args: list[Any], library: Library) -> Any:
    """An operation on arrays of which some hold elements."""
    if isinstance(op, Cast) and op.dtype.kind == "f":  # numbers of any precision stay as they are
        return library.call(_as_number)(args[0]) if library.symbolic else args[0]
    if isinstance(op, Cast) and op.dtype.kind in "iu" and not library.symbolic:
        return library.floats(args[0]).astype(op.dtype)
    if isinstance(op, Where) and args[0].dtype == object:
        return library.call(_piecewise, 3)(*args)
    if isinstance(op, Elementwise):
        function = library.direct(op)
        if function is not None:
            return library.call(function, len(args))(*args)
    return op.exactly(library, *args)


def _as_number(x: Any) -> Any:
    return _piecewise(x, 1, 0) if x.is_Boolean or x.is_Relational else x


def _piecewise(condition: Any, a: Any, b: Any) -> Any:
    return import_module("sympy").Piecewise((a, condition), (b, True))


class _Lengths:
    """Refuses formulas that are too long, written out."""

    def __init__(self) -> None:
        self.known: dict[Any, int] = {}

    def __call__(self, values: list[Any]) -> None:
        if sum(map(self._length, values)) > LONGEST:
            raise NotExpressibleError(f"the formula has more than {LONGEST} operations")

    def _length(self, e: Any) -> int:
        if e not in self.known:
            self.known[e] = 1 + sum(self._length(a) for a in e.args)
        return self.known[e]


def _real_and_moderate(values: list[Any]) -> None:
    """Refuses complex numbers, which are nan in NumPy, and numbers whose sine takes minutes."""
    mag = import_module("mpmath").mag
    for v in values:
        if not hasattr(v, "_mpf_"):
            raise NotExpressibleError("a value is not real")
        if abs(v) not in (0, np.inf) and mag(v) > LARGEST:
            raise NotExpressibleError(f"a value is larger than 2^{LARGEST}")


def sympy() -> Library:
    """SymPy, imported now."""
    module = import_module("sympy")
    return Library(module, module.Integer, module.oo, True, _Lengths())


def mpmath() -> Library:
    """mpmath, imported now; its precision is that of its context."""
    module = import_module("mpmath")
    return Library(module, module.mpf, module.inf, False, _real_and_moderate)
