"""The command: python -m tests.native.mathematics [--count N] [NAME ...]: a table of errors."""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np

from .run import in_rounds, native, numpy
from .truth import FUNCTIONS, error, points, suspects

FEW = 20_000
"""Points for functions of which NumPy has no wider float."""


def worst(name: str, run: Callable, dtype: np.dtype, count: int) -> float:
    """The largest error of a function in ulp."""
    f = FUNCTIONS[name]
    args = points(f, count, dtype, seed=1)
    y = run(name, args)
    places = suspects(name, args, y)
    if places is None:
        places = np.arange(min(count, FEW))
    return error(f, [a[places] for a in args], y[places])[0]


def main() -> None:
    """Print, for each function, the largest errors of bibun and of NumPy or SciPy, in ulp."""
    parser = argparse.ArgumentParser(prog="python -m tests.native.mathematics")
    parser.add_argument("names", nargs="*", default=list(FUNCTIONS))
    parser.add_argument("--count", type=int, default=10_000, help="points (10,000)")
    given = parser.parse_args()
    print(f"| function | float64 | NumPy or SciPy | float32 | NumPy or SciPy |\n|{' --- |' * 5}")
    for name in given.names:
        cells = []
        for dtype in (np.dtype("f8"), np.dtype("f4")):
            for run in (native, numpy):
                cells.append(f"{worst(name, run, dtype, given.count):.2f}")
        print(f"| `{name}` | {' | '.join(cells)} |", flush=True)
        if name == "tanh":
            cells[0] = f"{worst(name, in_rounds, np.dtype('f8'), given.count):.2f}"
            print(f"| `{name}` in loops | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
