"""bibun's adapter for collections of difficult gradients that bring a runner of their own.

Such a runner takes a module with `make()`, which returns NumPy's namespace, that of scipy.special,
a function (f, xp, sp, args, wrt) -> (value, gradients), and a version:

    python run.py --cases public_cases.py --module benchmarks/zoo.py
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
import scipy.special

import bibun
import bibun.scipy.special


class Special:
    """scipy.special, with those of its functions that are no ufuncs as bibun has them."""

    def __getattr__(self, name: str) -> Any:
        ours = getattr(bibun.scipy.special, name, None)
        return getattr(scipy.special, name) if ours is None else ours


def value_and_grad(
    f: Callable[..., Any], xp: Any, sp: Any, args: Sequence[Any], wrt: Sequence[int]
) -> tuple[np.ndarray, list[np.ndarray]]:
    """The value of f(xp, sp, *args), and its gradients by the arguments listed."""
    both = bibun.value_and_grad(lambda *args: f(xp, sp, *args), argnums=tuple(wrt))
    value, gradients = both(*args)
    return np.asarray(value), [np.asarray(g) for g in gradients]


def make() -> tuple[Any, Any, Callable[..., Any], str]:
    """What the runner asks for."""
    return np, Special(), value_and_grad, f"bibun {version('bibun')}"
