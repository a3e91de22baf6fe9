"""Special functions of exported headers have mpmath's digits, also far from any example."""

from __future__ import annotations

import subprocess
import zlib
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import mpmath
import numpy as np
import scipy.special as sc

import bibun
from bibun.export.routines import needed, scalars
from bibun.native.elements import MATHEMATICS
from bibun.ops.elementwise import TABLE, Elementwise
from bibun.ops.transcendental import SPECIAL
from bibun.wide.objects import mpmath as library

from .driver import OPTIONS

HEADERS = ("algorithm", "cmath", "cstdint", "cstdio", "limits")
COUNT = 8
BOUND = 4e-14
"""Of a number and of how far it moves with its arguments: some 180 roundings of series."""
EDGES: dict[str, list[tuple[float, ...]]] = {
    "stdtr": [(2.0, -1e8), (1e15, -3.0)],     "fdtr": [(22.5, 649.0, 2e-5)],
    "betainc": [(8.2, 69925.0, 1e-12)],       "betaincc": [(2.9e-7, 63.0, 4.4e-7)],
    "binom": [(1e-300, 1e15)],                "boxcox1p": [(1e-9, 1e10)],
    "inv_boxcox": [(709.0, 1e-5)],            "chdtr": [(30000.0, 29000.0)],
    "kv": [(0.0, 5e-324), (155.6, 15.3)],     "yv": [(0.0, 5e-324), (22.0, 279.2)],
    "ive": [(18.6, 41.4), (0.0, 1e300)],      "jv": [(23.0, 45.1), (1.5, 1e10)],
    "wrightomega": [(-740.0,)],               "sinh_integral": [(40.1,)],
}  # fmt: skip
"""Where one way or another to compute them loses its digits, or ends in no number."""
STEP = mpmath.mpf(10) ** -15


class Sample(NamedTuple):
    """A function, what it is in exact numbers, and where it is looked at."""

    op: Elementwise
    exact: Any
    args: list[tuple[float, ...]]


def argument(op: Elementwise, k: int, rng: np.random.Generator) -> np.ndarray:
    """Numbers of all sizes: whole ones, between 0 and 1, positive, or of both signs."""
    low, high = np.broadcast_to(op.domain, (op.ufunc.nin, 2))[k]
    size = np.exp(rng.uniform(np.log(1e-6), np.log(60), COUNT))
    if k in op.whole:
        return rng.integers(0, 30, COUNT).astype(float)
    if 0 < low < high < 1:
        return size / (1 + size)
    return size * rng.choice([-1, 1], COUNT) if low < 0 else size


HALF = """
#include "legendre.hpp"
#include <cstdio>
int main() {
  const double x[2] = {0.3, 0.4}, whole[2] = {2, 3}, half[2] = {2, 2.5};
  double y[2];
  bibun_exported::legendre(whole, x, y);
  try {
    bibun_exported::legendre(half, x, y);
  } catch (const std::domain_error& error) {
    std::puts(error.what());
  }
}
"""


def test_degrees_are_whole_numbers(tmp_path: Path) -> None:
    """Of others SciPy has functions that are no polynomials: a call has no result."""
    args = np.array([1.0, 2.0]), np.array([0.1, 0.2])
    to = dict(to=tmp_path, functions=("value",), name="legendre", namespace="bibun_exported")
    bibun.export.cpp(lambda n, x: sc.eval_legendre(n, x), args, **to)
    (tmp_path / "main.cpp").write_text(HALF)
    subprocess.run(["g++", *OPTIONS, tmp_path / "main.cpp", "-o", tmp_path / "main"], check=True)
    said = subprocess.run([tmp_path / "main"], check=True, capture_output=True, text=True).stdout
    assert said == "legendre: eval_legendre: argument 1 is no whole number\n"


def samples() -> list[Sample]:
    """The functions that headers have, and of which there are exact numbers."""
    for name in SPECIAL:
        import_module(f"bibun.ops.{name}")
    found, lib = [], library()
    for op in TABLE.values():
        exact = lib.direct(op) if op.label in scalars() - set(MATHEMATICS) else None
        if exact is not None:
            rng = np.random.default_rng(zlib.crc32(op.label.encode()))
            args = [argument(op, k, rng).tolist() for k in range(op.ufunc.nin)]
            further = EDGES.get(op.label, [])
            found.append(Sample(op, exact, [*zip(*args, strict=True), *further]))
    return found


def computed(found: list[Sample], folder: Path) -> list[list[float]]:
    """What C++ makes of them."""
    body = " ".join(f"routines::{s.op.label}" for s in found)
    head = "".join(
        f"#include <{h}>\n" for h in ("algorithm", "cmath", "cstdint", "cstdio", "limits")
    )
    inside = "\n".join(text for _, text in needed(body))
    lines = [
        f'  std::printf("%a\\n", routines::{s.op.label}({", ".join(map(float.hex, args))}));\n'
        for s in found
        for args in s.args
    ]
    (folder / "special.cpp").write_text(
        f"{head}namespace routines {{\n{inside}\n}}\nint main() {{\n{''.join(lines)}}}\n"
    )
    command = ["g++", *OPTIONS, folder / "special.cpp", "-o", folder / "special"]
    subprocess.run(command, check=True)
    done = subprocess.run([folder / "special"], check=True, capture_output=True, text=True)
    numbers = iter(map(float.fromhex, done.stdout.split()))
    return [[next(numbers) for _ in s.args] for s in found]


def value(s: Sample, x: list[Any]) -> Any:
    """The exact number, or nan outside of its domain and at poles."""
    try:
        y = s.exact(*x)
    except (ValueError, ZeroDivisionError):
        return mpmath.nan
    return mpmath.nan if isinstance(y, mpmath.mpc) else y


def problem(s: Sample, args: tuple[float, ...], y: float) -> str:
    """What is wrong with a number; "" if nothing is. SciPy draws the lines of domains."""
    with mpmath.workdps(60):
        x = [mpmath.mpf(a) for a in args]
        exact = value(s, x)
        if y != y or not mpmath.isfinite(exact):
            given = s.op.ufunc(*args)
            return "" if np.array_equal(y, given, equal_nan=True) else f"{args}: {y} is not {given}"
        moved = [value(s, [*x[:k], a * (1 + STEP), *x[k + 1 :]]) for k, a in enumerate(x)]
        far = sum(abs(m - exact) for k, m in enumerate(moved) if k not in s.op.whole) / STEP
        off = abs(y - exact) if np.isfinite(y) else mpmath.inf
        within = off <= BOUND * (abs(exact) + far) + 1e-300 or abs(exact) > 1e308
        return "" if within else f"{args}: {y} is not {mpmath.nstr(exact, 17)}"


def test_special_functions(tmp_path: Path) -> None:
    found = samples()
    results = computed(found, tmp_path)
    problems = [
        f"{s.op.label}{p}"
        for s, numbers in zip(found, results, strict=True)
        for args, y in zip(s.args, numbers, strict=True)
        if (p := problem(s, args, y))
    ]
    assert len(found) > 40
    assert not problems, "\n".join(problems)
