"""bibun's adapter for collections of difficult gradients that bring a runner of their own.

Such a runner takes a module with `make()`, which returns NumPy's namespace, that of scipy.special,
a function (f, xp, sp, args, wrt) -> (value, gradients), and a version:

    python run.py --cases public_cases.py --module benchmarks/zoo.py

zoo_tape.py, zoo_jit.py and zoo_jit_rescue.py are the same by a tape, and by native code.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
import scipy.special

import bibun
import bibun.scipy.special
from bibun.numerics import rescue

Found = tuple[np.ndarray, list[np.ndarray]]


class Special:
    """scipy.special, with those of its functions that are no ufuncs as bibun has them."""

    def __getattr__(self, name: str) -> Any:
        ours = getattr(bibun.scipy.special, name, None)
        return getattr(scipy.special, name) if ours is None else ours


def functional(
    f: Callable[..., Any], xp: Any, sp: Any, args: Sequence[Any], wrt: Sequence[int]
) -> Found:
    """The value of f(xp, sp, *args), and its gradients by the arguments listed."""
    both = bibun.value_and_grad(lambda *args: f(xp, sp, *args), argnums=tuple(wrt))
    return _plain(*both(*args))


def tape(f: Callable[..., Any], xp: Any, sp: Any, args: Sequence[Any], wrt: Sequence[int]) -> Found:
    """The same by a tape.

    It watches all numbers that are not whole, as its warning advises where the digits of what is
    computed from the others decide.
    """
    args = [bibun.constant(a) if a.dtype.kind == "f" else a for a in map(np.asarray, args)]
    with bibun.GradientTape() as recording:
        recording.watch([a for a in args if not isinstance(a, np.ndarray)])
        value = f(xp, sp, *args)
    return _plain(value, recording.gradient(value, [args[k] for k in wrt]))


def jit(f: Callable[..., Any], xp: Any, sp: Any, args: Sequence[Any], wrt: Sequence[int]) -> Found:
    """The same in native code, as it is by default."""
    both = bibun.value_and_grad(lambda *args: f(xp, sp, *args), argnums=tuple(wrt))
    return _plain(*bibun.jit(both)(*args))


def jit_rescue(
    f: Callable[..., Any], xp: Any, sp: Any, args: Sequence[Any], wrt: Sequence[int]
) -> Found:
    """The same in native code that is rescued."""
    with rescue(True):
        return jit(f, xp, sp, args, wrt)


def _plain(value: Any, gradients: Sequence[Any]) -> Found:
    return np.asarray(value), [np.asarray(g) for g in gradients]


def made(how: Callable[..., Found]) -> tuple[Any, Any, Callable[..., Any], str]:
    """What the runner asks for, with one of these ways to differentiate."""
    return np, Special(), how, f"bibun {version('bibun')}, {how.__name__}"


def make() -> tuple[Any, Any, Callable[..., Any], str]:
    """What the runner asks for."""
    return made(functional)
