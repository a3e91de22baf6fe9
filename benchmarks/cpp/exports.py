"""The rows as Python functions, and what is made of them: exported headers, and CasADi's C."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np

import bibun

LAYERS = {"small": (3, 3, 2), "wide": (3, 64, 64), "large": (64, 64, 64)}
"""Of each layer: rows, and the two sides of the matrix of weights."""
TERMS = 1000


def loss(x, w):
    return np.sum(np.sin(x @ w) ** 2)


def logsumexp(w):
    most = np.max(w)
    return np.log(np.sum(np.exp(w - most))) + most


def headers(folder: Path) -> None:
    """The exported headers of all rows, with libm and with vector mathematics."""
    for math in ("libm", "vector"):
        for row, (rows, inner, columns) in LAYERS.items():
            args = np.ones((rows, inner)), np.ones((inner, columns))
            write(folder, f"{row}_{math}", loss, args, "w", math)
        write(folder, f"logsumexp_{math}", logsumexp, (np.ones(TERMS),), "w", math)


def write(folder: Path, name: str, f, args: tuple, wrt: str, math: str) -> None:
    """The header of one row."""
    kinds = ("value_and_grad",)
    bibun.export.cpp(f, args, wrt=wrt, to=folder, name=name, functions=kinds, math=math)


def casadi(folder: Path) -> Path | None:
    """The rows as CasADi writes them in C; None where it is not installed."""
    if find_spec("casadi") is None:
        return None
    c = import_module("casadi")
    generator = c.CodeGenerator("casadi_rows.c", {"with_header": False})
    for row, (rows, inner, columns) in LAYERS.items():
        make = c.SX if row == "small" else c.MX  # scalars, or matrices that stay such
        x, w = make.sym("x", rows, inner), make.sym("w", inner, columns)
        y = c.sumsqr(c.sin(x @ w))
        generator.add(c.Function(f"row_{row}", [x, w], [y, c.densify(c.gradient(y, w))]))
    x, w = c.MX.sym("x", 0, 1), c.MX.sym("w", 1, TERMS)
    y = c.logsumexp(w.T)
    generator.add(c.Function("row_logsumexp", [x, w], [y, c.densify(c.gradient(y, w))]))
    generator.generate(f"{folder}/")
    return folder / "casadi_rows.c"
