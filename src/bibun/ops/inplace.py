"""NumPy's ways to write into an array: x[i] = v, x += v, out=, copyto, put, place, fill, sort."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..array import FUNCTIONS, UFUNCS, Array, Duck, implements, lift
from ..errors import AbstractValueError, TracingError, UnsupportedError
from ..graph import Example
from ..memory import Steps, entangled
from ..recording import is_abstract
from ..writing import Change, put_back, write
from .gather import Gather, Slice
from .indexing import reading
from .joining import array_like
from .putting import EXAMPLES, AddAt, put
from .structure import bind, cast, expand_to, reshape_to
from .taking import known

ONE_AXIS = Gather((-1,), 1)
EACH_ONCE = Gather((-1,), 1, unique=True)


# ------------------------------------------------------------ x[i] = v


@implements(operator.setitem)
def setitem(x: Array, index: Any, value: Any) -> None:
    """x[index] = value, with NumPy's casts, broadcasting and errors."""
    v, plain = _given(value, x.dtype)
    if _is_mask(index) and v.ndim <= x.ndim - np.ndim(index):
        mask = lift(np.asarray(index) if isinstance(index, list) else index)
        _check_mask(x, mask)
        write(x, Change(
            "x[mask] = v", (mask, v), lambda u: operator.setitem(u, mask.raw, plain()),
            lambda c: _masked(c, mask, v),
        ))  # fmt: skip
        return
    steps, shape, key, arrays = reading(x, index)
    if not arrays:
        _check_order(x, key, v, "x[i] = v")
    write(x, Change(
        "x[i] = v", (v, *arrays), lambda u: operator.setitem(u, key, plain()),
        lambda c: put_back(c, steps, _fitted(v, shape, c.dtype)),
    ))  # fmt: skip


def _check_order(x: Array, key: Any, v: Array, name: str) -> None:
    if entangled(x, key, v):
        raise TracingError(
            f"{name}: v lies in the memory of x, and NumPy reads there what it has just written: "
            "write v.copy()"
        )


def _given(value: Any, dtype: np.dtype) -> tuple[Array, Callable[[], Any]]:
    """What is written, as an array, and as NumPy is to get it."""
    if isinstance(value, bool | int | float | complex):
        np.zeros(1, dtype)[0] = value  # NumPy's own errors
        number = np.asarray(value).astype(dtype)[()]
        return Array(None, -1, number), lambda: value
    v = array_like(value)
    return v, lambda: v.raw


def _is_mask(index: Any) -> bool:
    if isinstance(index, Duck | np.ndarray):
        return index.dtype == bool and index.ndim > 0
    return isinstance(index, list) and bool(index) and np.asarray(index).dtype == bool


def _check_mask(x: Array, mask: Array) -> None:
    if mask.shape != x.shape[: mask.ndim]:
        np.broadcast_to(np.False_, x.shape)[np.zeros(mask.shape, bool)]  # NumPy's own error


def _masked(x: Array, mask: Array, v: Array) -> Array:
    mask = expand_to(reshape_to(mask, mask.shape + (1,) * (x.ndim - mask.ndim)), x.shape)
    return np.where(mask, cast(v, x.dtype), x)


def _fitted(v: Array, shape: tuple[int, ...], dtype: np.dtype) -> Array:
    """v as it is written into a place of this shape."""
    if v.ndim > len(shape) and v.shape[: v.ndim - len(shape)] == (1,) * (v.ndim - len(shape)):
        v = reshape_to(v, v.shape[v.ndim - len(shape) :])
    return expand_to(cast(v, dtype), shape)


# ------------------------------------------------------------ the whole array


def replace(x: Array, v: Array, name: str) -> None:
    """x[...] = v."""
    write(x, Change(
        name, (v,), lambda u: np.copyto(u, v.raw, casting="unsafe"),
        lambda c: _fitted(v, c.shape, c.dtype),
    ))  # fmt: skip


def into(x: Any, result: Any, name: str, casting: str = "same_kind") -> Any:
    """Write a result into the array that NumPy was told to put it into."""
    result = lift(result)
    if type(x) is not Array:
        return _into_plain(x, result, name, casting)
    if result.shape != x.shape:
        try:
            fits = np.broadcast_shapes(result.shape, x.shape) == x.shape
        except ValueError:
            fits = False
        if not fits:
            raise ValueError(
                f"non-broadcastable output operand with shape {x.shape} doesn't match the "
                f"broadcast shape {result.shape}"
            )
    if not np.can_cast(result.dtype, x.dtype, casting):
        raise TypeError(
            f"Cannot cast {name} output from {result.dtype!r} to {x.dtype!r} "
            f"with casting rule '{casting}'"
        )
    if _is_number(x):
        return result
    replace(x, result, name)
    return x


def _is_number(x: Array) -> bool:
    """Whether x stands for a number or a constant, of which x += 1 makes another one."""
    fixed = type(x.raw) is np.ndarray and not x.raw.flags.writeable
    return fixed and not hasattr(x, "parent") and (x.scope is None or x.raw.ndim == 0)


def _into_plain(x: Any, result: Array, name: str, casting: str) -> Any:
    if isinstance(x, Duck):
        raise TracingError(f"{name} in place on a Variable: use assign_add, assign_sub or assign")
    if result.scope is not None and result.scope.active:
        raise TracingError(
            f"{name} of a traced array into a plain array would lose its derivative: "
            "make the array inside the function, build it with np.stack or np.where, or write "
            "x = x + y instead of x += y"
        )
    np.copyto(x, result.raw, casting=casting)
    return x


def _out_of_function(function: Any, args: tuple, options: dict) -> Any:
    """A function with out=."""
    options = dict(options)
    x = options.pop("out")
    x = x[0] if isinstance(x, tuple) else x
    name = getattr(function, "__name__", "out")
    result = lift(function(*args, **options))
    _check_out(x, result, name)
    if result.shape != x.shape:
        raise ValueError(f"out has shape {x.shape}, but the result has shape {result.shape}")
    return into(x, result, name)


def _check_out(x: Any, result: Any, name: str) -> None:
    recorded = isinstance(result, Array) and result.scope is not None and result.scope.active
    if recorded and not isinstance(x, Duck):
        raise UnsupportedError(
            f"np.{name}: out= is a plain array, which cannot hold a traced result: give the result "
            "a new name (x = x + y instead of x += y), or make the array inside the function"
        )


def _out_of_ufunc(ufunc: np.ufunc, method: str, args: tuple, options: dict) -> Any:
    """A ufunc, or one of its methods, with out= and perhaps where=."""
    options = dict(options)
    out, casting = options.pop("out"), options.pop("casting", "same_kind")
    out = out if isinstance(out, tuple) else (out,)
    where = options.pop("where", True) if method == "__call__" else True
    if method == "__call__":
        results = UFUNCS[ufunc](*args, **options)
    elif (ufunc, method) in FUNCTIONS:
        results = FUNCTIONS[ufunc, method](*args, **options)
    else:
        results = FUNCTIONS[method](ufunc, *args, **options)
    several = isinstance(results, tuple)
    found = []
    for x, y in zip(out, results if several else (results,), strict=True):
        if x is not None:
            _check_out(x, y, ufunc.__name__)
        if x is not None and where is not True:
            y = np.where(where, cast(y, x.dtype), x)
        found.append(y if x is None else into(x, y, f"ufunc {ufunc.__name__!r}", casting))
    return tuple(found) if several else found[0]


@implements(np.copyto)
def copyto(dst: Any, src: Any, casting: str = "same_kind", where: Any = True) -> None:
    v, _ = _given(src, dst.dtype)
    if where is True and type(dst) is Array:
        _check_order(dst, ..., v, "np.copyto")
    v = v if where is True else np.where(where, cast(v, dst.dtype), dst)
    _written(dst, v, "np.copyto", casting)


def _written(x: Any, v: Any, name: str, casting: str = "same_kind") -> None:
    """x[...] = v for functions that return nothing."""
    if into(x, _fitted(lift(v), x.shape, lift(v).dtype), name, casting) is not x:
        raise ValueError("assignment destination is read-only")


def fill(x: Any, value: Any) -> None:
    setitem(x, Ellipsis, value)


def sort(x: Any, axis: int = -1, kind: Any = None, order: Any = None, **options: Any) -> None:
    _written(x, np.sort(x, axis, kind, order, **options), "x.sort()")


def partition(x: Any, kth: Any, axis: int = -1, kind: str = "introselect") -> None:
    _written(x, np.partition(x, kth, axis, kind), "x.partition()")


# ------------------------------------------------------------ by places in the flattened array


def write_flat(x: Any, places: np.ndarray, v: Any, name: str) -> None:
    """x.flat[places] = v, where v is repeated as often as needed."""
    places = np.asarray(places, np.intp)
    v = lift(v)
    if type(x) is not Array:
        _into_plain(x, v, name, "unsafe") if v.scope is not None else np.put(x, places, v.raw)
        return
    v = reshape_to(v, (v.size,))
    v = v if v.size == places.size else np.take(v, np.arange(places.size) % v.size)

    def record(c: Array) -> Array:
        flat = put(reshape_to(c, (c.size,)), ONE_AXIS, (lift(places),), cast(v, c.dtype))
        return reshape_to(flat, c.shape)

    write(x, Change(name, (v,), lambda u: np.put(u, places, v.raw), record))


@implements(np.put)
def put_at(a: Any, ind: Any, v: Any, mode: str = "raise") -> None:
    places = np.asarray(known(ind, "np.put"), np.intp).ravel()
    if mode == "raise":
        np.broadcast_to(np.False_, (a.size,))[places]  # NumPy's own error
    places = np.clip(places, 0, a.size - 1) if mode == "clip" else places % max(a.size, 1)
    v = array_like(v)
    if v.size:
        write_flat(a, places, v, "np.put")


@implements(np.place)
def place(arr: Any, mask: Any, vals: Any) -> None:
    places, v = np.flatnonzero(known(mask, "np.place")), array_like(vals)
    if places.size and not v.size:
        raise ValueError("Cannot insert from an empty array!")
    if v.size:
        write_flat(arr, places, v, "np.place")


@implements(np.putmask)
def putmask(a: Any, mask: Any, values: Any) -> None:
    m, v = array_like(mask), array_like(values)
    if v.size == 1 or v.shape == a.shape:
        v = reshape_to(v, ()) if v.size == 1 else v
        _written(a, np.where(cast(m, np.dtype(bool)), cast(v, a.dtype), a), "np.putmask", "unsafe")
        return
    places = np.flatnonzero(known(m, "np.putmask"))
    if v.size:
        write_flat(a, places, np.take(v, places % v.size), "np.putmask")


@implements(np.fill_diagonal)
def fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    model = np.zeros(a.shape, bool)
    np.fill_diagonal(model, True, wrap)  # and NumPy's own errors
    write_flat(a, np.flatnonzero(model), array_like(val), "np.fill_diagonal")


@implements(np.put_along_axis)
def put_along_axis(arr: Any, indices: Any, values: Any, axis: int | None = -1) -> None:
    i = array_like(indices)
    if axis is None:
        setitem(np.ravel(arr), (i,), values)
        return
    if i.dtype.kind not in "iu":
        raise IndexError("`indices` must be an integer array")
    if i.ndim != arr.ndim:
        raise ValueError("`indices` and `arr` must have the same number of dimensions")
    grids: list[Any] = list(np.ix_(*map(np.arange, arr.shape)))
    grids[axis] = i
    operator.setitem(arr, tuple(grids), values)


# ------------------------------------------------------------ ufunc.at


def at(ufunc: np.ufunc, x: Any, index: Any, *operands: Any) -> None:
    """x[i] = f(x[i], v) for each index in turn, so that a repeated one counts repeatedly."""
    if type(x) is not Array:
        raise TracingError(
            f"np.{ufunc.__name__}.at of a traced array into a plain array would lose its "
            "derivative: make the array inside the function, x = x.copy()"
        )
    given = [_given(b, x.dtype) if type(b) in (int, float) else (lift(b), None) for b in operands]
    v = tuple(a for a, _ in given)
    if _is_mask(index) and not is_abstract(lift(index).raw):
        index = np.nonzero(lift(index).raw)
    steps, shape, key, arrays = reading(x, index)

    def assign(u: np.ndarray) -> None:
        ufunc.at(u, key, *(a.raw for a in v))

    adds = ufunc in (np.add, np.subtract) and v[0].dtype == x.dtype
    if adds and len(steps) == 1 and isinstance(steps[0][0], Gather):
        write(x, Change("ufunc.at", (*v, *arrays), assign, lambda c: _added(
            c, steps, expand_to(v[0] if ufunc is np.add else -v[0], shape)
        )))  # fmt: skip
        return
    if any(is_abstract(a.raw) for a in arrays):
        raise AbstractValueError(
            f"np.{ufunc.__name__}.at needs the values of the indices, which are not known here"
        )
    places = np.arange(x.size).reshape(x.shape)[key]
    write(x, Change(
        "ufunc.at", v, assign, lambda c: _in_turn(ufunc, c, np.asarray(places), v)
    ))  # fmt: skip


def _added(x: Array, steps: Steps, v: Array) -> Array:
    ((read, indices),) = steps
    return bind(AddAt(read), x, *indices, v)


def _in_turn(ufunc: np.ufunc, x: Array, places: np.ndarray, operands: Sequence[Array]) -> Array:
    """First what comes first at each place, then what comes second, and so on."""
    shape, places = places.shape, places.ravel()
    order = np.argsort(places, kind="stable")
    first = np.searchsorted(places[order], places[order], side="left")
    turn = np.empty(places.size, np.intp)
    turn[order] = np.arange(places.size) - first
    flat = reshape_to(x, (x.size,))
    others = [reshape_to(expand_to(b, shape), (places.size,)) for b in operands]
    for k in range(turn.max(initial=-1) + 1):
        now = np.flatnonzero(turn == k)
        here = lift(places[now])
        y = ufunc(bind(EACH_ONCE, flat, here), *(b[now] for b in others))
        flat = put(flat, EACH_ONCE, (here,), cast(y, x.dtype))
    return reshape_to(flat, x.shape)


def _refuse_iteration(*args: Any, **options: Any) -> None:
    raise UnsupportedError(
        "np.nditer reads memory that a traced array does not have: iterate over x, or x.flat"
    )


FUNCTIONS.update({
    "into": into, "out": _out_of_function, "ufunc out": _out_of_ufunc, "at": at,
    "fill": fill, "put": put_at, "sort": sort, "partition": partition, np.nditer: _refuse_iteration,
})  # fmt: skip


def _some(*shape: int) -> Callable[[np.random.Generator], np.ndarray]:
    return lambda rng: rng.integers(-3, 3, shape)


EXAMPLES += (
    Example(Slice((1, None)), ((2, 3), (3,))),
    Example(Slice(((2, -1, -2),)), ((2, 3), (2, 2))),
    Example(Gather((-1,), 1), ((2, 3), _some(4), (2, 4))),
    Example(Gather((-3, -1), 2), ((3, 2, 3), _some(2, 1), _some(1, 2), (2, 2, 2))),
    Example(Gather((-2,), 1, unique=True), ((3, 2), lambda rng: np.array([2, 0]), (2, 2))),
)
