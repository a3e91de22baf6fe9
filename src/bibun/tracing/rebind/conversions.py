"""Python's own functions that take a number out of an array, or ask what it is.

float, isinstance, round, max, sorted, ...: on traced arrays they give traced arrays, on everything
else what they do.
"""

from __future__ import annotations

import builtins
import dataclasses
import functools
from collections.abc import Callable
from types import FunctionType
from typing import Any

import numpy as np

from ...array import FUNCTIONS, NUMBERS, Array, Duck, lift
from ...recording import is_abstract
from .attributes import load
from .callee import CALL, CONVERSIONS, means, of_users_class, stands_for
from .numbers import as_python, form_of, plain
from .operators import OPERATE

Function = Callable[..., Any]
FLOAT = np.dtype(float)


def is_traced(x: Any) -> bool:
    """Whether x is an array that is being recorded (or of which only the type is known)."""
    if type(x) is not Array:
        return isinstance(x, Duck) and is_traced(x._read())
    return x.scope is not None and x.scope.active


def number(x: Any, dtype: Any, name: str) -> Any:
    """A traced array of one element as a traced number of Python's, as float(x) is."""
    x = x._read()
    if x.ndim:
        raise TypeError(f"{name}: only 0-dimensional arrays can be converted to Python scalars")
    if x.dtype.kind == "c" and dtype.kind != "c":
        raise TypeError(f"{name}: must be a real number, not complex")
    return as_python(x if x.dtype == dtype else np.astype(x, dtype))


def whole(x: Any) -> Any:
    """A number without digits, of which only the type is known: not if 64 bits are too few."""
    if x.dtype.kind != "f":
        return x
    inside = np.abs(x) < 2.0**63
    fits = asked(inside)
    if fits is False:
        if asked(np.isnan(x)):
            raise ValueError("cannot convert float NaN to integer")
        raise OverflowError(
            "int(x), round(x), math.floor(x): under jit whole numbers have 64 bits, and this one "
            "is too large: keep it a float, by np.trunc, np.round or np.floor"
        )
    # Where a later call finds that it does not fit, there is nothing to warn of meanwhile.
    return x if fits is None else np.where(inside, x, 0.0)


def asked(answer: Any) -> bool | None:
    """What jit finds, which then depends on it; None where nobody knows, as in a batch."""
    found = FUNCTIONS["ask"](answer._read()) if is_abstract(answer._read().raw) else answer
    return None if found is None else bool(found)


def converted(x: Any, name: str) -> Any:
    """What the method of a class of the user's gives, with hooks; x itself of everything else."""
    f = getattr(type(x), name, None)
    return (CALL @ f)(x) if type(f) is FunctionType and of_users_class(type(x)) else x


# ------------------------------------------------------------ numbers


@means(float)
def as_float(x: Any = 0.0, /) -> Any:
    x = converted(x, "__float__")
    if isinstance(x, Duck) and is_traced(x):
        return number(x, FLOAT, "float(x)")
    return float(x)


@means(int)
def as_int(x: Any = 0, /, *base: Any, **options: Any) -> Any:
    """The whole number: a plain one, unless only the type of x is known."""
    x = converted(x, "__int__")
    if isinstance(x, Duck) and is_abstract(x._read().raw):
        return number(whole(np.trunc(x)), np.dtype(int), "int(x)")
    return int(x, *base, **options)


@means(complex)
def as_complex(x: Any = 0, /, *imag: Any, **options: Any) -> Any:
    x = converted(x, "__complex__")
    if is_traced(x) or any(map(is_traced, imag)):
        y = x if not imag else x + 1j * imag[0]
        return number(y, np.dtype(complex), "complex(x)")
    return complex(x, *imag, **options)


def _of_dtype(kind: Any) -> None:
    @means(kind)
    def converted(x: Any = 0, /, *rest: Any) -> Any:
        return np.astype(lift(x), np.dtype(kind))[()] if is_traced(x) else kind(x, *rest)


for _kind in (np.float16, np.float32, np.float64):
    _of_dtype(_kind)


@means(round)
def rounded(x: Any, digits: Any = None, /, **options: Any) -> Any:
    """As with Python's numbers, without digits a whole number."""
    digits = options.get("ndigits", digits)
    x = converted(x, "__round__") if digits is None else x
    if digits is None and isinstance(x, Duck) and not x.ndim and not is_abstract(x._read().raw):
        return round(plain(x._read()))
    if not is_traced(x):
        return round(x) if digits is None else round(x, digits)
    y = np.round(x, 0 if digits is None else digits)
    if digits is None and not x.ndim:
        return as_python(np.astype(whole(y), np.dtype(int)))
    return as_python(y) if form_of(x) else y


@means(str)
def as_text(*x: Any, **options: Any) -> str:
    return str(*map(_valued, x), **options)


@means(repr)
def as_code(x: Any, /) -> str:
    return repr(_valued(x))


def _valued(x: Any) -> Any:
    """The plain number or array: x itself has the text of a traced one, or of its type."""
    if type(x) is not Array:
        return x
    value = np.asarray(x._known("the text of x"))
    return value.item() if x.form in NUMBERS else value[()]


CONVERSIONS[Duck.item] = lambda x: functools.partial(_item, x)
CONVERSIONS[Duck.tolist] = lambda x: functools.partial(_listed, x)


def _item(x: Any, *index: Any) -> Any:
    if not is_traced(x):
        return x.item(*index)
    if not index:
        return as_python(np.reshape(x, ()))
    if len(index) == 1 and not isinstance(index[0], tuple):
        return as_python(np.ravel(x)[index[0]])
    return as_python(x[index[0] if len(index) == 1 else index])


def _listed(x: Any) -> Any:
    if not is_traced(x):
        return x.tolist()
    return [_listed(row) for row in x] if x.ndim else as_python(x)


# ------------------------------------------------------------ questions


@means(isinstance)
def is_instance(x: Any, of: Any, /) -> bool:
    if isinstance(x, of):
        return True
    return isinstance(x, Duck) and issubclass(stands_for(x), of)


@means(type)
def type_of(x: Any, /, *rest: Any, **options: Any) -> Any:
    if rest or options or type(x) is not Array:
        return type(x, *rest, **options)
    return stands_for(x)


@means(np.isscalar)
def is_scalar(x: Any) -> bool:
    return stands_for(x) is not np.ndarray if isinstance(x, Duck) else np.isscalar(x)


@means(dataclasses.replace)
def replaced(x: Any, /, **changes: Any) -> Any:
    """A dataclass made anew, its constructor traced."""
    fields = getattr(type(x), "__dataclass_fields__", {}).values()
    missing = [f for f in fields if f.init and f.name not in changes and _is_of_init(f)]
    wrong = any(f.default is dataclasses.MISSING for f in missing)
    if not fields or wrong or any(not f.init and f.name in changes for f in fields):
        return dataclasses.replace(x, **changes)  # which raises
    names = [f.name for f in fields if f.init and not _is_of_class(f)]
    return (CALL @ type(x))(**({n: load(x, n) for n in names if n not in changes} | changes))


def _is_of_init(f: Any) -> bool:
    return f._field_type is dataclasses._FIELD_INITVAR  # type: ignore[attr-defined]


def _is_of_class(f: Any) -> bool:
    return f._field_type is dataclasses._FIELD_CLASSVAR  # type: ignore[attr-defined]


# ------------------------------------------------------------ the largest, the order


NUMERIC = (Duck, np.ndarray, np.generic, *NUMBERS)
PLAIN = {float, int, bool, str, np.float64, tuple, Array}


def _compared(a: Any, b: Any) -> int:
    return -1 if OPERATE @ ("__lt__", a, b) else int(bool(OPERATE @ ("__lt__", b, a)))


def _numbers(items: Any) -> bool:
    """Whether these are two numbers or more, and none is nan."""
    if len(items) < 2:
        return False
    if any(np.ndim(x) or not isinstance(x, NUMERIC) for x in items):
        return False
    values = [x._read().raw if isinstance(x, Duck) else x for x in items]
    # Python's answer depends on the order if there are nans: then let Python find it.
    return all(is_abstract(v) or v == v for v in values)


def _extreme(plain: Any, most: Any, name: str) -> None:
    @means(plain)
    def extreme(*args: Any, **options: Any) -> Any:
        if options:
            options["key"] = CALL @ options["key"] if options.get("key") else None
            return plain(*args, **options)
        items = args
        if len(args) == 1:
            items = tuple(args[0])
            args = (items,)
        for x in items:
            if isinstance(x, Duck):
                return _most_of(items, plain, most) if _numbers(items) else plain(*args)
        return _most(items, name) if _of_user(items) else plain(*args)


def _most_of(items: Any, plain: Any, most: Any) -> Any:
    """One operation. Python's answer is one of the items: a number of Python's if that is one."""
    row, forms = np.stack(items), [form_of(x) for x in items]
    values = [x._read().raw if isinstance(x, Duck) else x for x in items]
    abstract = any(map(is_abstract, values))
    y = _most_known(row, most) if abstract and row.dtype.kind == "f" else most(row)
    if None in forms and not abstract:
        forms = [forms[plain(range(len(items)), key=values.__getitem__)]]
    return as_python(y) if all(forms) else y


def _most_known(row: Any, most: Any) -> Any:
    """No comparison with nan holds: as first number it stays, and later it is passed over."""
    first, unknown = row[0], np.isnan(row)
    known = np.where(unknown, np.where(unknown[0], 0.0, first), row)
    return np.where(unknown[0], first, most(known))[()]


def _of_user(items: Any) -> bool:
    return not set(map(type, items)) <= PLAIN and any(of_users_class(type(x)) for x in items)


def _most(items: Any, name: str) -> Any:
    """The largest object of the user's, by its own comparison."""
    best = items[0]
    for x in items[1:]:
        if OPERATE @ (name, x, best):
            best = x
    return best


_extreme(builtins.max, np.max, "__gt__")
_extreme(builtins.min, np.min, "__lt__")


@means(builtins.sorted)
def in_order(items: Any, /, *, key: Any = None, reverse: bool = False) -> list:
    """Numbers are sorted by one operation, everything else by comparisons of their values."""
    items = list(items)
    if key is None and any(isinstance(x, Duck) for x in items) and _numbers(items):
        y = np.sort(np.stack(items))
        # Where only jit knows whether there are nans, they stand at the end now.
        if y.dtype.kind != "f" or not asked(np.isnan(y[-1])):
            row = list(map(as_python, y)) if all(map(form_of, items)) else list(y)
            return row[::-1] if reverse else row
    if key is None and _of_user(items):
        key = functools.cmp_to_key(_compared)
    return sorted(items, key=CALL @ key if key is not None else None, reverse=reverse)
