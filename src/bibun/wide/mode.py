"""Whether results that are not finite are computed again in wider numbers, and at which cost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Literal, NamedTuple
from weakref import WeakSet

from .rescue import Budget


class Mode(NamedTuple):
    """True: computed again; "warn": only warned of; False: left alone, without a word."""

    rescue: bool | Literal["warn"]
    budget: Budget = Budget()
    strict: bool = False  # no conventions: nan where there is no derivative
    always: bool = False  # finite derivatives are looked at at every call


USUAL = Mode(True)
_MODE = ContextVar("bibun's mode of rescue", default=USUAL)


patient: WeakSet = WeakSet()
"""Compiled ways that let results pass for a while, until another mode holds."""


mode = _MODE.get
"""What holds here, in this thread (or task): a function without arguments."""


@contextmanager
def rescue(
    how: bool | Literal["warn"], *, seconds: float = 0.1, operations: int = 1_000_000
) -> Iterator[None]:
    """Inside of the `with`, what happens to derivatives and values that are not finite.

    With True, which holds by default, entries that are inf or nan although no argument is nan are
    computed again: in balls of more and more digits and any range (which proves the result), and
    where the formula is 0/0 or inf - inf there, as a limit. At kinks that is the symmetric
    element. What has no finite limit stays, with a `NotFiniteWarning` that names the operation and
    the line. Finite derivatives of small programs are looked at, too, at their 1st, 2nd, 4th, ...
    call, whether digits were lost. An attempt ends after `seconds`, or `operations` on numbers;
    after one in vain, the same program is tried again only after 2, 4, 8, ... further calls. "warn"
    only warns; False leaves everything as the floats have it.

    Where digits were lost, and the function has arguments that it is not differentiated by, it runs
    once more with these recorded, too: what it computed of them, NumPy has rounded.

    Under `jit` results are only warned of, if nothing else is said: inside of a `with rescue(True)`
    the function runs once more as if it were not jitted, where native code gives inf or nan, and
    where it is seen that digits are lost (at the 1st, 2nd, 4th, 8th, ... call that is looked for).

    Raises ValueError for another mode, and for a budget that is no number or negative.

    >>> import numpy as np, bibun
    >>> bibun.grad(lambda x: np.tanh(x) / x)(0.0)  # 0/0 in floats
    np.float64(0.0)
    >>> with bibun.numerics.rescue(False):
    ...     bibun.grad(lambda x: np.tanh(x) / x)(0.0)
    np.float64(nan)
    """
    if how not in (True, False, "warn"):
        raise ValueError(f'rescue: True, False or "warn" is needed, not {how!r}')
    while patient:
        patient.pop().let_pass(0)
    with within(Mode(how, budget("rescue", seconds, operations))):
        yield


def budget(name: str, seconds: Any, operations: Any) -> Budget:
    """A budget that somebody has given, if it is one."""
    for what, given in (("seconds", seconds), ("operations", operations)):
        if not isinstance(given, int | float) or not given >= 0:
            raise ValueError(f"{name}: {what} is a number that is not negative, not {given!r}")
    return Budget(seconds, operations)


@contextmanager
def within(mode: Mode) -> Iterator[None]:
    """Inside of the `with` this mode holds."""
    token = _MODE.set(mode)
    try:
        yield
    finally:
        _MODE.reset(token)


@contextmanager
def strict(*, seconds: float = 1.0, operations: int = 10_000_000) -> Iterator[None]:
    """Inside of the `with`, derivatives that are conventions are nan, with a NotFiniteWarning.

    Each derivative is looked at next to the point, in balls of thousands of bits: where it has one
    limit from all directions inside of the domain, it exists; infinite ones stay infinite. Kinks,
    ties, jumps, and what a `where` picked out have none (docs/conventions.md lists them). Calls of
    compiled functions are not looked at: take `jit` away.

    Raises NotDifferentiableError where that cannot be told: beyond `seconds` or `operations`, for
    complex numbers, and for operations without balls; ValueError as `rescue`.

    >>> import numpy as np, bibun, warnings
    >>> warnings.simplefilter("ignore")
    >>> with bibun.numerics.strict():
    ...     bibun.grad(np.abs)(0.0), bibun.grad(np.abs)(2.0)
    (np.float64(nan), np.float64(1.0))
    """
    while patient:
        patient.pop().let_pass(0)
    with within(Mode(True, budget("strict", seconds, operations), True)):
        yield
