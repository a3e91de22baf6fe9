"""The truth of the formulas in the other files zoo_*.py: python -m benchmarks.make_zoo_truth

One-sided slopes by mpmath at two tiny steps, in 1000 digits; neither needs the value at the point
itself. The formulas are traced, and their primal program runs on mpmath's numbers; no derivative is
bibun's. Where a branch that is not taken has no real value, which mpmath ends by an exception,
numbers of python-flint go on. Formulas of matrices are not traced: mpmath decomposes them itself.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mpmath as mp
import numpy as np

from bibun.tracing.functional import record, source
from bibun.wide.balls import Ball, UndecidedError, balls, precision, raw
from bibun.wide.objects import Library, NotExpressibleError, interpret, mpmath

sys.path.insert(0, str(Path(__file__).parent))

import zoo_arrays
import zoo_densities
import zoo_formulas
import zoo_geometry
import zoo_losses
import zoo_models
import zoo_practice
import zoo_sciences
import zoo_statistics
from zoo import Special
from zoo_formulas import Formula, point

DIGITS = 1000
STEPS = mp.mpf(10) ** -150, mp.mpf(10) ** -160
OF_MATRICES = mp.mpf(10) ** -40, mp.mpf(10) ** -50  # mpmath's vectors have fewer digits
SAME = mp.mpf(10) ** -18
ASIDE = mp.mpf(10) ** -390
NOISE = mp.mpf(10) ** -350  # of rounding, by a step; what underflows anyway
MODULES = (
    zoo_formulas, zoo_models, zoo_densities, zoo_arrays,
    zoo_geometry, zoo_losses, zoo_statistics, zoo_sciences, zoo_practice,
)  # fmt: skip
TRUTH = Path(__file__).with_name("zoo_truth.json")


Program = Callable[[Sequence[Any]], Any]


def traced(row: Formula, library: Library) -> Program:
    """A formula on arrays of a library's numbers."""
    leaves = [source(np.asarray(a), "zoo") for a in point(row)]
    with np.errstate(all="ignore"):
        recorded = record(lambda *x: row.f(np, Special(), *x), leaves, lambda x: x, "zoo", {})
    graph, order = recorded.trace.close(recorded.inputs, recorded.outputs)
    captured = [recorded.trace.values[i] for i in order[len(leaves) : graph.arity]]
    more = [library.elements(np.asarray(a)) for a in captured]

    def program(args: Sequence[Any]) -> Any:
        (y,) = interpret(graph, [*args, *more], library)
        y = library.number(np.asarray(y, object).ravel()[0])
        return mp.mpf(raw(y).mid().str(DIGITS, radius=False)) if isinstance(y, Ball) else y

    return program


def each(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A function of mpmath's on arrays."""
    return np.frompyfunc(f, 1, 1)


def eigh(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues from the smallest on, and the vectors of each."""
    w, q = mp.eigsy(mp.matrix(a.tolist()))
    order = sorted(range(len(a)), key=lambda i: w[i])
    return np.array([w[i] for i in order]), np.array(q.tolist())[:, order]


def svd(a: np.ndarray) -> tuple[np.ndarray, ...]:
    """Singular values, and the vectors of each."""
    u, s, v = mp.svd_r(mp.matrix(a.tolist()))
    return np.array(u.tolist()), np.array(list(s)), np.array(v.tolist())


def det(a: np.ndarray) -> Any:
    """The determinant, by its first row."""
    if not len(a):
        return mp.mpf(1)
    minors = [np.delete(a[1:], j, axis=1) for j in range(len(a))]
    return sum((-1) ** j * a[0, j] * det(m) for j, m in enumerate(minors))


MATRICES = SimpleNamespace(
    exp=each(mp.exp),
    log=each(mp.log),
    sqrt=each(mp.sqrt),
    sum=np.sum,
    matmul=np.dot,
    linalg=SimpleNamespace(eigh=eigh, svd=svd, det=det),
)


def decomposed(row: Formula, library: Library) -> Program:
    """A formula of matrices on arrays of mpmath's numbers."""

    def program(args: Sequence[Any]) -> Any:
        return row.f(MATRICES, None, *map(each(library.number), args))

    return program


def value(program: Program, args: Sequence[Any]) -> Any:
    """The formula at numbers of mpmath's, or None where it has no value."""
    with np.errstate(all="ignore"):
        try:
            y = program(args)
        except NotExpressibleError as error:
            if isinstance(error.__cause__, OverflowError):
                raise error.__cause__ from None  # of mpmath's: nothing is said about the formula
            return None
        except (UndecidedError, ArithmeticError, ValueError):
            return None
    return y if isinstance(y, mp.mpf) and mp.isfinite(y) else None


def sides(
    program: Program, row: Formula, k: int, i: tuple[int, ...], library: Library, aside: Any = 0
) -> list[Any]:
    """The slope to each side: a number, inf or -inf, "none", or None outside of the domain.

    All other numbers are moved `aside`, so that 0 log(0) at one is not in the way of another.
    """
    given = point(row)
    sizes = [abs(float(v)) for a in given for v in np.ravel(a) if v]
    # An infinite number stays where it is.
    scale = abs(mp.mpf(float(given[k][i]))) or mp.mpf(min(sizes, default=1.0))
    scale = scale if mp.isfinite(scale) else mp.mpf(1)
    found: list[Any] = []
    near: list[Any] = []
    for sign in (1, -1):
        slopes, firsts = [], []
        for step in OF_MATRICES if row.category == "matrices" else STEPS:
            ys = []
            for times in (1, 2):
                args = [np.array(library.elements(a) + aside, object) for a in given]
                here = np.array(library.elements(given[k]), object)[i]
                args[k][i] = here + library.elements(sign * times * step * scale)
                ys.append(value(program, [a[()] for a in args]))
            firsts.append(ys[0])
            slopes.append(None if None in ys else (ys[1] - ys[0]) / (sign * step * scale))
        found.append(None if None in slopes else settled(*slopes))
        near += [] if None in slopes else [firsts]
    # What does not shrink with the step is a jump.
    jumps = len(near) == 2 and abs(near[0][1] - near[1][1]) > abs(near[0][0] - near[1][0]) / 2 > 0
    return ["none"] if jumps and not any(s in (mp.inf, -mp.inf) for s in found) else found


def settled(first: Any, second: Any) -> Any:
    """The limit of slopes at both steps."""
    if abs(second) <= max(1e-3 * abs(first), NOISE):
        return mp.mpf(0)
    if abs(first - second) <= SAME * abs(second):
        return second
    if abs(second) > 1.01 * abs(first) > 10:
        return mp.inf if second > 0 else -mp.inf
    return "none"


def entry(found: list[Any]) -> tuple[str, Any, Any, Any]:
    """The rule of a derivative, and its value and bounds, from its sides."""
    there = [s for s in found if s is not None]
    if not there or "none" in there:
        return "undefined", mp.nan, mp.nan, mp.nan
    if any(mp.isinf(s) for s in there):
        same = len(set(there)) == 1
        return ("inf" if same else "undefined"), there[0], there[0], there[0]
    low, high = min(there), max(there)
    size, mean = max(abs(high), abs(low)), (low + high) / 2
    if high - low <= SAME * size:
        return "exact", there[0], there[0], there[0]
    return "subgrad", mean if abs(mean) > SAME * size else mp.mpf(0), low, high


def best(row: Formula, k: int, i: tuple[int, ...]) -> tuple[str, Any, Any, Any]:
    """The derivative by mpmath; by python-flint where that has none."""
    way, library = decomposed if row.category == "matrices" else traced, mpmath()
    try:
        found = entry(tried(way(row, library), row, k, i, library))
    except OverflowError:
        found = entry([])
    if found[0] != "undefined" or way is decomposed:
        return found
    with precision(4 * DIGITS):
        library = balls(lambda values: None)
        return entry(tried(traced(row, library), row, k, i, library))


def tried(
    program: Program, row: Formula, k: int, i: tuple[int, ...], library: Library
) -> list[Any]:
    """The slopes with all other numbers where they are, or else a little aside."""
    slopes: list[Any] = [None, None]
    for aside in (0, ASIDE, -ASIDE) if sum(a.size for a in point(row)) > 1 else (0,):
        if slopes == [None, None]:
            slopes = sides(program, row, k, i, library, aside)
    return slopes


def truth(row: Formula) -> dict[str, Any]:
    """What zoo_cases.py needs of a formula."""
    arrays, rules = [], set()
    for k, a in enumerate(point(row)):
        found = {i: best(row, k, i) for i in np.ndindex(a.shape)}
        rules |= {f[0] for f in found.values()}
        arrays.append([np.empty(a.shape) for _ in range(3)])
        for i, f in found.items():
            for array, number in zip(arrays[-1], f[1:], strict=True):
                array[i] = float(number)
    order = ("undefined", "inf", "subgrad", "exact")
    rule = next(r for r in order if r in rules)
    return {
        "rule": rule,
        **{
            name: [array[k].tolist() for array in arrays]
            for k, name in enumerate(("expected", "lo", "hi"))
        },
    }


def main() -> None:
    """Write all of it."""
    with mp.workdps(DIGITS):
        found = {row.name: truth(row) for m in MODULES for row in m.ROWS}
    TRUTH.write_text(json.dumps(found, indent=0) + "\n")


if __name__ == "__main__":
    main()
