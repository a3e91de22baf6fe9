"""Whether results that are not finite are computed again in wider numbers, and at which cost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal, NamedTuple

from .rescue import Budget


class Mode(NamedTuple):
    """True: computed again; "warn": only warned of; False: left alone, without a word."""

    rescue: bool | Literal["warn"]
    budget: Budget = Budget()


USUAL = Mode(True)
_MODE = ContextVar("bibun's mode of rescue", default=USUAL)


def mode() -> Mode:
    """What holds here, in this thread (or task)."""
    return _MODE.get()


@contextmanager
def rescue(
    how: bool | Literal["warn"], *, seconds: float = 0.1, operations: int = 1_000_000
) -> Iterator[None]:
    """Inside of the `with`, what happens to derivatives and values that are not finite.

    With True, which holds by default, entries that are inf or nan although no argument is nan are
    computed again: in balls of more and more digits and any range (which proves the result), and
    where the formula is 0/0 or inf - inf there, as a limit. At kinks that is the symmetric
    element. What has no finite limit stays, with a `NotFiniteWarning` that names the operation and
    the line. An attempt ends after `seconds`, or `operations` on numbers; after one in vain, the
    same program is tried again only after 2, 4, 8, ... further calls. "warn" only warns; False
    leaves everything as the floats have it.

    Raises ValueError for another mode.

    >>> import numpy as np, bibun
    >>> bibun.grad(lambda x: np.tanh(x) / x)(0.0)  # 0/0 in floats
    np.float64(0.0)
    >>> with bibun.numerics.rescue(False):
    ...     bibun.grad(lambda x: np.tanh(x) / x)(0.0)
    np.float64(nan)
    """
    if how not in (True, False, "warn"):
        raise ValueError(f'rescue: True, False or "warn" is needed, not {how!r}')
    token = _MODE.set(Mode(how, Budget(seconds, operations)))
    try:
        yield
    finally:
        _MODE.reset(token)
