"""Every operation that C++ knows, by itself: one truth for its value and its derivatives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from bibun.array import bind
from bibun.errors import NotDifferentiableError
from bibun.ops.decomposition import Eigh
from bibun.ops.eigenvalues import Eig
from bibun.ops.elementwise import Elementwise
from bibun.ops.hermitian import HermitianEigh
from bibun.ops.linalg import Factors
from bibun.ops.opaque import Opaque
from bibun.ops.svd import SVD

from ..laws import cases
from .driver import OPTIONS
from .random import Truth
from .vectors import Vector, every, problems, value, vector

VECTORS = (Eigh, HermitianEigh, Eig, SVD)
FAST = [o for o in OPTIONS if o != "-O1"]
HARD = (0.0, -0.0, 1.0, -1.0, 1e-300, 1e300, -1e300, np.inf, -np.inf, np.nan)
NEAR = (0.0, -0.0, 1.0, -1.0, 1e-300, np.nan)
"""Where SciPy is a truth: far away, and at infinity, it has lost digits, or is nan."""
WITHOUT = (Factors, Opaque)
"""Bits that only Solve reads, and what is not bibun's to print."""

BEYOND = {
    "cotdg": (1e-300,), "pseudo_huber": (1e-300,), "fdtri": (1e-300,), "stdtrit": (1e-300, 0.0),
    "betaincinv": (1e-300,), "betainccinv": (1e-300,), "yve": (0.0,),
}  # fmt: skip
"""Where C++ has the number, and SciPy has not, but nan, infinity, or some other one."""


def called(op: Any, *args: Any) -> Any:
    """The result; of vectors whose sign is anybody's choice, their squares and their product."""
    y = bind(op, *args)
    if isinstance(op, VECTORS):
        u, v = (y[0], y[2].T) if isinstance(op, SVD) else (y[1], y[1])
        return *map(np.square, (*y[:2], v)), u[:, :1] * v[:, 0]
    return y


def points(op: Any, args: tuple) -> tuple:
    """The arguments of a function of numbers, and where it begins, ends, or has a kink."""
    if not isinstance(op, Elementwise) or {x.dtype for x in args} != {np.dtype(float)}:
        return args
    flat = [np.ravel(x) for x in args]
    hard = np.array(HARD if op.ufunc is getattr(np, op.label, None) else NEAR)
    hard = hard[~np.isin(hard, BEYOND.get(op.label, ()))]
    rows = [
        [hard if i == k else np.full_like(hard, x[0]) for i, x in enumerate(flat)]
        for k in range(len(flat))
    ]
    return tuple(np.concatenate([x, *further]) for x, *further in zip(flat, *rows, strict=True))


def made(number: int, named: cases.Named) -> Vector:
    """An example with its derivatives, if it has any."""
    _, op, args, _ = cases.base(named)
    floats = [k for k, x in enumerate(args) if x.dtype.kind in "fc"]
    name, args = f"operation_{number}", points(op, args)

    def f(*xs: Any) -> Any:
        return called(op, *xs)

    if floats:
        try:
            return vector(named.label, name, every(f, args, floats))
        except NotDifferentiableError:
            pass
    return vector(named.label, name, value(f, args))


def test_all_operations(tmp_path: Path) -> None:
    examples = [e for e in cases.examples() if not isinstance(e.example.op, WITHOUT)]
    found = [made(k, named) for k, named in enumerate(examples)]
    assert not problems(found, tmp_path, FAST)


class Off(Truth):
    """An interpreter that errs."""

    def __call__(self, *given: Any) -> list[np.ndarray]:
        return [y * (1 + 1e-9) for y in super().__call__(*given)]


def test_small_errors_are_found(tmp_path: Path) -> None:
    """By C++, of Python's numbers, and by Python, of those of C++."""
    one = next(made(k, e) for k, e in enumerate(cases.examples()) if e.label == "multiply-1")
    for y in one.header.code.expected:
        y *= 1 + 1e-9
    found = problems([one], tmp_path, FAST)
    count = sum(np.count_nonzero(y[np.isfinite(y)]) for y in one.header.code.expected)
    assert len(found) == count > 50
    assert len(problems([one._replace(truth=Off(one.given))], tmp_path, FAST)) == len(found) + 1
