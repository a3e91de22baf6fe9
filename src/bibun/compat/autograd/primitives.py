"""Primitives: functions that run on plain numbers, with derivatives by the user's rules.

`primitive(f)` is recorded as one operation. The rules, too, run on plain numbers, as in autograd:
they may look at values, iterate, and call C. They are differentiated again for higher orders.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from ...array import Duck, enter, innermost, lift, put
from ...derivative.boundaries import leaves_of
from ...graph import type_of
from ...ops.opaque import Opaque
from ...snapshots import snapshot
from .calls import Arguments, Primitive, Raw, key_of
from .rules import notrace
from .wrap_util import get_name, wraps

Function = Callable[..., Any]
_calls: WeakValueDictionary[tuple, Primitive] = WeakValueDictionary()


def primitive(f_raw: Function) -> Function:
    """Wrap a function so that it is called with plain numbers.

    Its derivative can then be given with `defvjp` and `defjvp`.
    """

    @wraps(f_raw)
    def f_wrapped(*args: Any, **kwargs: Any) -> Any:
        call = Arguments(args)
        if f_wrapped in notrace or not any(isinstance(x, Duck) for x in call.arrays):
            return f_raw(*map(_plain_container, args), **kwargs)
        result = f_raw(*call.place(list(map(getval, call.arrays))), **kwargs)
        if innermost(x._read() for x in call.arrays if isinstance(x, Duck)) is None:
            return result
        return _record(f_wrapped, call, kwargs, result)

    f_wrapped.fun, f_wrapped._is_autograd_primitive = f_raw, True
    return f_wrapped


def notrace_primitive(f_raw: Function) -> Function:
    """Wraps a function so that it is called with plain numbers, and derivatives end there."""

    @wraps(f_raw)
    def f_wrapped(*args: Any, **kwargs: Any) -> Any:
        return f_raw(*map(_plain_container, args), **kwargs)

    f_wrapped._is_primitive = True
    return f_wrapped


def getval(x: Any) -> Any:
    """The plain number or array behind a traced one; everything else as it is."""
    return x._read()._known("getval(x)") if isinstance(x, Duck) else x


def isbox(x: Any) -> bool:
    """Whether x is an array that is being traced."""
    return isinstance(x, Duck) and innermost([x._read()]) is not None


def _plain_container(x: Any) -> Any:
    if isinstance(x, Duck):
        return getval(x)
    if type(x) not in (list, tuple, dict):
        return x
    leaves, rebuild = leaves_of(x)
    return rebuild(list(map(getval, leaves))) if any(isinstance(y, Duck) for y in leaves) else x


def _interned(f: Function, args: Arguments, kwargs: dict[str, Any], result: Any) -> Primitive:
    """The same object for equal calls, so that their derivatives are made only once."""
    leaves, rebuild = leaves_of(result)
    options = tuple((k, key_of(v)) for k, v in kwargs.items())
    key = (id(f), args.key, options, str(rebuild([0] * len(leaves))))
    found = _calls.get(key)
    if found is None:
        found = _calls[key] = Primitive(f, args, kwargs, result)
    return found


def _record(f: Function, args: Arguments, kwargs: dict[str, Any], result: Any) -> Any:
    """The result of a call, recorded as one operation."""
    arrays = [lift(x) for x in args.arrays]
    leaves, rebuild = leaves_of(result)
    values = [_kept(lift(y)._plain(f"what {get_name(f)} returned")) for y in leaves]
    types = tuple(map(type_of, arrays)), tuple(map(type_of, values))
    op = Opaque(Raw(_interned(f, args, kwargs, result)), *types)
    trace = innermost(arrays)
    assert trace is not None
    key = (op, *(enter(trace, a) for a in arrays))
    y = put(trace, key, values[0] if len(values) == 1 else tuple(values))
    return rebuild(list(y) if type(y) is tuple else [y])


def _kept(value: Any) -> Any:
    """A copy, since the function may go on to write into what it returned."""
    return snapshot(value) if type(value) is np.ndarray else value
