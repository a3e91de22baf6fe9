"""Functions of one element of each argument: an operation is one row of a table of partials."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, ClassVar

import numpy as np

from ..array import UFUNCS, Array, Duck, bind, check_native, innermost, lift
from ..errors import DtypeError, NotDifferentiableError, ShapeError, UnsupportedError
from ..graph import Example, Linear, Op, Type, operation, symmetric
from ..notation import Text
from ..quick import recorder
from ..zeros import scale, select
from .alignment import Plan, broadcast, entered, filled, side, taken
from .formula import Formula, signature

TABLE: dict[str, Elementwise] = {}
ARRAYS = (Array, np.ndarray)
Partial = Callable[..., Any] | float | str | None
IGNORED = {"casting": "same_kind", "order": "K", "subok": True, "where": True, "out": None}


def default(value: Any, usual: Any) -> bool:
    """Whether an option has its usual value; it may be an array, which has no single truth."""
    return value is usual or (isinstance(value, str) and value == usual)


class Elementwise(Op):
    """y[i] = f(x[i], ...) for arguments of one shape; defined by one row of a table.

    A partial is one of
    - a NumPy expression of the result and the arguments: an array or a number; an array of bools is
      a mask, outside of which the derivative is a structural zero, and (mask, factor) is both;
    - a number;
    - a Linear, for a function that is not holomorphic;
    - None where the function is piecewise constant;
    - a text that says why there is no derivative.
    Rows stand for themselves: `np.sin` is the operation and the function that NumPy calls for a
    traced array.
    """

    def __init__(self, ufunc: Any, partials: tuple[Partial, ...], fast: Any = None, **facts: Any):
        self.ufunc, self.partials, self.label = ufunc, partials, ufunc.__name__
        self.f = fast or ufunc
        self.domain: Any = facts["domain"]
        self.commutative: bool = facts["commutative"]
        self.home: str = facts["home"]
        self.text: Callable[..., Text] | None = facts["text"]
        self.exact: Callable[..., Any] | str | None = facts["exact"]
        self.kink = facts["kink"]  # type: ignore[misc]  # each row has its own
        self.jump = facts["jump"]  # type: ignore[misc]
        refused = (k for k, p in enumerate(partials) if isinstance(p, str))
        self.refused = tuple(refused)  # type: ignore[misc]  # as with kinks
        self.whole: tuple[int, ...] = facts["whole"]
        self.waves: bool = facts["waves"]
        self.off: float = facts["off"]
        self.same: dict[Any, np.dtype] = {}  # dtype of all arguments -> dtype of the result
        self.loops: dict[tuple, tuple[np.dtype, ...]] = {}
        self.plans: dict[tuple, Plan] = {}

    def __reduce__(self) -> tuple:
        return _row, (self.label, self.home)

    def __repr__(self) -> str:
        return self.label

    __str__ = __repr__

    @property
    def name(self) -> str:
        return self.label

    # ------------------------------------------------------------ the laws of an Op

    def type(self, *args):
        if any(a.shape != args[0].shape for a in args):
            raise ShapeError(f"{self.label}: the shapes differ: {', '.join(map(str, args))}")
        given = tuple(a.dtype for a in args)
        *needed, dtype = self.loop(given)
        if tuple(needed) != given:
            raise DtypeError(
                f"{self.label}: {', '.join(map(str, args))} have to be cast to "
                f"{', '.join(map(str, needed))} before"
            )
        return Type(dtype, args[0].shape)

    def value(self, *args):
        return self.f(*args)

    def kernel(self, *args):
        if type(self.ufunc) is Formula:
            return self.ufunc.kernel(*args)
        return self.f if args[0].shape == () else self.ufunc

    def d(self, y, *args):
        return tuple(self.along(k, y, args) for k in range(len(args)))

    def push(self, y, args, tangents):
        maps = (self.along(k, y, args) if t is not None else None for k, t in enumerate(tangents))
        moved = [m.push(t) for m, t in zip(maps, tangents, strict=True) if m]
        return sum(moved[1:], moved[0]) if moved else None

    def pull(self, y, args, g, wanted):
        maps = (self.along(k, y, args) if w else None for k, w in enumerate(wanted))
        return tuple(m and m.pull(g) for m in maps)

    def along(self, k: int, y: Any, args: tuple) -> Linear | None:
        """dy/darg[k]: the Jacobian is diagonal, hence its own transpose."""
        partial = self.partials[k]
        if isinstance(partial, str):
            raise NotDifferentiableError(
                f"{self.label}: no derivative by argument {k + 1}: {partial}"
            )
        if self.home and args[k].dtype.kind == "c":
            raise NotDifferentiableError(
                f"{self.label}: no derivative by complex numbers: give it one with bibun.custom_jvp"
            )
        factor = partial(y, *args) if callable(partial) else partial
        if factor is None or (not isinstance(factor, Array | tuple) and factor == 0):
            return None
        if isinstance(factor, Linear):
            return factor
        if isinstance(factor, tuple):
            mask, factor = factor
            return symmetric(lambda g: select(mask, scale(g, factor)))
        if isinstance(factor, Array) and factor.dtype == bool:
            return symmetric(lambda g: select(factor, g))
        return symmetric(lambda g: scale(g, factor))

    def notation(self, y, *args):
        return self.text(*args) if self.text else super().notation(y, *args)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        for op in TABLE.values():
            shared = isinstance(op.domain[0], float)
            arguments = tuple(_argument(op, k) for k in range(op.ufunc.nin))
            yield Example(op, arguments, op.domain) if shared else Example(op, arguments)

    # ------------------------------------------------------------ NumPy's call

    def __call__(self, *args: Any, **options: Any) -> Any:
        for a in args:
            if not isinstance(a, Duck | np.ndarray | np.generic) and hasattr(a, "__array_ufunc__"):
                # A pattern of a rewrite rule: it knows what to do with ufuncs.
                return a.__array_ufunc__(self.ufunc, "__call__", *args)
        return UFUNCS[self.ufunc](*args, **options)

    def general(self, args: tuple, options: dict) -> Any:
        """The ufunc on arguments of any kind: as planned for their dtypes and shapes."""
        forced = self._forced(args, options) if options or len(args) != self.ufunc.nin else None
        arrays, values, kinds, shapes, abstract = taken(args)
        plan = self.plans.get((*kinds, *shapes, forced)) or self.plan(kinds, shapes, forced)
        if abstract:
            value: Any = Type(plan.dtype, plan.shape)
        elif forced is None:
            # bool_array ** 2 has another dtype than np.power(bool_array, 2), and 1j * np.float64(2)
            # is one of Python's numbers.
            value = self.f(*values) if plan.dtype.kind == "f" else self.ufunc(*values)
        else:
            value = self.ufunc(*values, dtype=forced)
        trace = innermost(arrays)
        if trace is None:
            return Array(None, -1, value)
        try:
            key = (self, *plan.numbers(trace, values, arrays))
        except OverflowError:
            if plan.dtype != bool:
                raise
            # NumPy compares with Python's integers of any size, so they get a dtype here.
            return self.general(tuple(np.asarray(x) if type(x) is int else x for x in args), {})
        return Array(trace, trace.add(key, value), value)

    def _forced(self, args: tuple, options: dict) -> np.dtype | None:
        """The dtype that the caller wants; an error for options that cannot be followed."""
        dtype = options.pop("dtype", None)
        wrong = [k for k, v in options.items() if k not in IGNORED or not default(v, IGNORED[k])]
        if wrong:
            raise UnsupportedError(
                f"np.{self.label} of a traced array does not take {', '.join(wrong)}: "
                "write the result to a new name, and use np.where for a condition"
            )
        if len(args) != self.ufunc.nin:
            raise TypeError(f"{self.label}() takes {self.ufunc.nin} arguments, not {len(args)}")
        return None if dtype is None else np.dtype(dtype)

    def plan(self, kinds: list, shapes: list, forced: np.dtype | None) -> Plan:
        """What happens to arguments of these kinds and shapes."""
        loop = self.loop(tuple(kinds), forced)
        shape = broadcast(self.label, tuple(shapes))
        sides = [side(k, s, t, shape) for k, s, t in zip(kinds, shapes, loop, strict=False)]
        plan = self.plans[(*kinds, *shapes, forced)] = Plan(loop[-1], shape, sides)
        return plan

    def loop(self, kinds: tuple, dtype: Any = None) -> tuple[np.dtype, ...]:
        """The dtypes of NumPy's loop for arguments of these dtypes (or Python's number types)."""
        key = (*kinds, dtype)
        if key not in self.loops:
            plain = [np.dtype(bool) if k is bool else k for k in kinds]
            try:
                loop = self.ufunc.resolve_dtypes((*plain, None), **signature(len(kinds), dtype))
            except TypeError as error:
                given = ", ".join(str(getattr(k, "name", None) or k.__name__) for k in kinds)
                raise TypeError(f"{self.label} is not defined for {given}: {error}") from None
            self.loops[key] = loop
            if dtype is None and len(set(loop[:-1])) == 1 and all(k is loop[0] for k in kinds):
                self.same[loop[0]] = loop[-1]
        return self.loops[key]


# ------------------------------------------------------------ what NumPy calls


def unary(op: Elementwise) -> Callable[..., Any]:
    """The ufunc on a traced array: the common case first, then everything else."""
    f, same = op.f, op.same

    def call(a: Any, *rest: Any, **options: Any) -> Any:
        if type(a) is Array and not options and not rest:
            trace, u = a.scope, a.raw
            if trace is not None and trace.active and u.dtype in same:
                value = f(u) if type(u) is not Type else Type(same[u.dtype], u.shape)
                return Array(trace, trace.new((op, a.index), value, 4), value)
        return op.general((a, *rest), options)

    return call


def binary(op: Elementwise) -> Callable[..., Any]:
    """The ufunc of two arguments: equal types first, then a Python number, then everything else."""
    f, same = op.f, op.same

    def call(a: Any, b: Any, *rest: Any, **options: Any) -> Any:
        if type(a) is Array and not options and not rest:
            trace, u = a.scope, a.raw
            if type(b) is Array:
                v = b.raw
                alike = trace is b.scope and u.dtype is v.dtype and u.shape == v.shape
                if alike and trace is not None and trace.active and u.dtype in same:
                    abstract = type(u) is Type or type(v) is Type
                    value = Type(same[u.dtype], u.shape) if abstract else f(u, v)
                    return Array(trace, trace.new((op, a.index, b.index), value, 4), value)
            elif (type(b) is float or type(b) is int) and trace is not None and trace.active:
                u_of = same.get(u.dtype) if u.dtype.kind == "f" else None
                if u_of is not None:
                    value = Type(u_of, u.shape) if type(u) is Type else f(u, b)
                    key = (op, a.index, filled(trace, b, u))
                    return Array(trace, trace.new(key, value, 4), value)
        elif (type(a) is float or type(a) is int) and type(b) is Array and not options and not rest:
            trace, v = b.scope, b.raw
            v_of = same.get(v.dtype) if v.dtype.kind == "f" else None
            if v_of is not None and trace is not None and trace.active:
                value = Type(v_of, v.shape) if type(v) is Type else f(a, v)
                key = (op, filled(trace, a, v), b.index)
                return Array(trace, trace.new(key, value, 4), value)
        y = None if options or rest else pair(op, a, b)
        return op.general((a, b, *rest), options) if y is None else y

    return call


def pair(op: Elementwise, a: Any, b: Any) -> Array | None:
    """Two float arrays of one dtype, whose shapes or origins differ; None for other cases."""
    for x in (a, b):
        if type(x) not in ARRAYS and not isinstance(x, Duck):
            check_native(a, b)
            return None
    a, b = lift(a), lift(b)
    u, v, trace = a.raw, b.raw, a.scope or b.scope
    if trace is None or not trace.active or (b.scope is not trace and b.scope is not None):
        return None
    dtype = u.dtype
    if dtype is not v.dtype or dtype.kind != "f" or dtype not in op.same:
        return None
    if type(u) is Type or type(v) is Type:
        return None
    try:
        value = op.f(u, v)
    except ValueError:
        return None  # the general case says more
    key = (op, entered(trace, a, value.shape), entered(trace, b, value.shape))
    return Array(trace, trace.add(key, value), value)


# ------------------------------------------------------------ rows and families


def counted(ufunc: Any) -> bool:
    """Whether a whole number of Python's means another loop than a float, as a degree does."""
    return any({"l", "d"} <= set(loop.partition("->")[0].replace("q", "l")) for loop in ufunc.types)


def row(
    ufunc: Any,
    *partials: Partial,
    domain: Any = (-2.0, 2.0),
    fast: Any = None,
    commutative: bool = False,
    home: str = "",
    text: Callable[..., Text] | None = None,
    exact: Callable[..., Any] | str | None = None,
    kink: Callable[..., Any] | None = None,
    jump: Callable[..., Any] | None = None,
    whole: tuple[int, ...] = (),
    waves: bool = False,
    off: float = 0.0,
) -> Elementwise:
    """One row of the table: a ufunc (or Formula) of one result and its partial derivatives.

    `domain` bounds the floats of its examples (one pair of bounds for all arguments, or for each),
    `fast` is the same function as a Python operator (quicker on scalars), and `home` is the module
    of the row if that is loaded late. `text` is its notation, name(x) if there is none. `exact`
    is for libraries of exact numbers: a formula in their functions if they lack this one, or
    SymPy's name of a function that NumPy computes by comparing values, which an expression does
    not have. `kink` and `jump` say where the function has one, and its partials are conventions.
    `whole` are the arguments that are whole numbers, though floats are taken, too. A function with
    `waves` goes on to oscillate where it hardly changes: values far apart say nothing of slopes.
    `off` says how far the slopes of SciPy's own values are off, where that is more than rounding.
    """
    facts = dict(domain=domain, commutative=commutative, home=home)
    facts |= dict(whole=whole, waves=waves, off=off)
    op = Elementwise(ufunc, partials, fast, text=text, exact=exact, kink=kink, jump=jump, **facts)
    TABLE[ufunc.__name__] = op
    for char in "fd":
        try:
            op.loop((np.dtype(char),) * ufunc.nin)
        except TypeError:
            break
    if ufunc.nin > 2 or counted(ufunc):
        UFUNCS[ufunc] = lambda *args, **options: op.general(args, options)
        return op
    call = {1: unary, 2: binary}[ufunc.nin](op)
    chars = [dtype.char for dtype in op.same if dtype.char in "fd"]
    UFUNCS[ufunc] = recorder(op, op.f, ufunc.nin, chars, call)
    return op


def _row(name: str, home: str) -> Elementwise:
    if home:
        import_module(home)
    return TABLE[name]


def _argument(op: Elementwise, k: int) -> Any:
    """An example argument: floats where the function takes them, else small integers."""
    if k in op.whole or not any(signature[k] in "fd" for signature in op.ufunc.types):
        return _integers
    if isinstance(op.domain[0], float):
        return (2, 3)
    low, high = op.domain[k]
    return lambda rng: rng.uniform(low, high, (2, 3))


def _integers(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(1, 6, (2, 3))


@operation
class Family(Op):
    """The derivative of some order of one function of a real number; its own is the next order."""

    order: int
    domain: ClassVar[tuple[float, float]] = (-2.0, 2.0)

    def type(self, x):
        if x.dtype.kind != "f":
            raise DtypeError(f"{self.name}: a real floating-point array is needed, not {x}")
        return x

    def d(self, y, x):
        factor = bind(type(self)(self.order + 1), x)
        return (symmetric(lambda g: scale(g, factor)),)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        for order in range(3):
            yield Example(cls(order), ((2, 3),), cls.domain)
