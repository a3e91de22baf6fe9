"""Many random programs with their gradients in C++: python -m tests.export.random --count 500

The programs are those of tests/programs, made of all operations that C++ knows. 50 at a time are
compiled in one file. What C++ computes may differ from what the interpreter does by 1e-13 of the
number itself and of its condition: how far it moves if each number on the way is moved, relatively.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np

from bibun.errors import BibunError
from bibun.export.files import Case
from bibun.export.functions import Exported, exported
from bibun.export.header import Header, Style
from bibun.export.lowered import lowered
from bibun.graph import Graph
from bibun.native.arguments import Arguments, chosen
from bibun.native.capture import Captured
from bibun.ops.decomposition import Eigh
from bibun.ops.eigenvalues import Eig
from bibun.ops.fourier import Fourier, HalfFourier, HalfInverse
from bibun.ops.hermitian import HermitianEigh
from bibun.ops.svd import SVD
from bibun.tracing.containers import flatten

from ..programs.checks import Check
from ..programs.generate import Program, generate, text
from ..programs.vocabulary import Entry, entries
from .driver import OPTIONS, SANITIZED, results

BOUND = 1e-13
MOVED, SAMPLES = 1e-10, 4
TINY = 1e-300  # below it floats have fewer digits
TOGETHER = 50


WHOLE = (Fourier, HalfFourier, HalfInverse)
ARBITRARY = (Eigh, SVD, Eig, HermitianEigh, np.linalg.eigh, np.linalg.svd, np.linalg.eig)


class Outcome(NamedTuple):
    """What came of a program: how far it moves, relatively, and what is wrong with its C++."""

    seed: int
    condition: float
    problem: str


def case(name: str, program: Program, math: str = "libm") -> Case:
    """The loss of a program and its gradient, as a header."""
    check = Check(program)
    given = exported(check.loss, check.x, check.argnums, "value_and_grad")
    return Header(name, lowered(name, given, math), Style("programs", False, False, [])), given


# ---------------------------------------------------------------- what programs are made of


@cache
def vocabulary(step: int = 1) -> tuple[Entry, ...]:
    """The operations and functions that C++ knows, with their gradients; of each `step` one."""
    pairs = zip(entries()[::step], refusals(step), strict=True)
    return tuple(e for e, reason in pairs if not reason)


@cache
def refusals(step: int = 1) -> tuple[str, ...]:
    """For each entry, why it has no C++."""
    return tuple(map(refusal, entries()[::step]))


def refusal(entry: Entry) -> str:
    """Why there is no C++ for a program of this entry alone; "" if there is."""
    if getattr(entry.call, "function", type(entry.call)) in ARBITRARY:
        return "vectors, whose sign is anybody's choice"
    try:
        case("alone", generate(0, [entry]))
    except BibunError as error:
        return str(error).split(": ", 1)[-1].split("  (")[0]
    return ""


# ---------------------------------------------------------------- how far results move


class Truth:
    """What the interpreter makes of an exported function, for any arguments of its types."""

    def __init__(self, given: Exported):
        f = given.function
        self.arguments = Arguments("export", chosen(f, (), "static_argnums"))
        call = self.arguments.read(given.args, {})
        self.captured = Captured(f, call.values, call.place, "export")

    def __call__(self, args: tuple, rng: np.random.Generator | None = None) -> list[np.ndarray]:
        """The results, with every number moved on the way if there are random numbers."""
        values = [*self.arguments.read(args, {}).values, *self.captured.met()]
        with np.errstate(all="ignore"):
            return list(map(np.asarray, evaluated(self.captured.graph, values, rng)))

    def conditions(self, args: tuple) -> list[np.ndarray]:
        """How far each result moves if every number on the way is moved by so much, relatively."""
        expected, rng = self(args), np.random.default_rng(0)
        found = [np.zeros(y.shape) for y in expected]
        for _ in range(SAMPLES):
            for k, (y, z) in enumerate(zip(expected, self(args, rng), strict=True)):
                if y.dtype.kind in "fc":
                    with np.errstate(all="ignore"):
                        found[k] = np.fmax(found[k], abs(z - y) / MOVED)
        return found


def evaluated(graph: Graph, args: Sequence[Any], rng: np.random.Generator | None) -> list[Any]:
    """The results of a graph; with random numbers everything is moved on the way."""
    env: list[Any] = [nudged(x, (), rng) for x in args]
    for _, n in graph.body():
        given = [env[a] for a in n.args]
        y = n.op.value(*given)
        several = isinstance(y, tuple)
        made = [nudged(z, given, rng, n.op) for z in (y if several else [y])]
        env.append(tuple(made) if several else made[0])
    return [env[o] for o in graph.outputs]


def nudged(y: Any, given: Sequence[Any], rng: Any, op: Any = None) -> Any:
    """Numbers, moved; what was only picked from those that were given stays, as ties are."""
    y = np.asarray(y)
    if y.dtype.kind not in "fc" or rng is None:
        return y
    flat = [np.ravel(x) for x in given if not isinstance(x, tuple)]
    moved = y * (1 + MOVED * rng.uniform(-1, 1, y.shape))
    if isinstance(op, WHOLE):  # whose errors are those of their largest number
        far = np.max(np.abs(y), initial=0, where=np.isfinite(y))
        return moved + MOVED * far * rng.uniform(-1, 1, y.shape)
    return np.where(np.isin(y, np.concatenate(flat)), y, moved) if flat else moved


# ---------------------------------------------------------------- the comparison


def compared(case: Case, found: Sequence[np.ndarray]) -> tuple[float, str]:
    """The largest relative condition of a program, and what is not what the interpreter gets."""
    far = Truth(case[1]).conditions(case[1].args)
    return differing(case, case[0].code.expected, found, far)


def compared_with_python(case: Case, found: Sequence[np.ndarray]) -> tuple[float, str]:
    """The same, and beside the graph that is exported the function itself."""
    far = Truth(case[1]).conditions(case[1].args)
    itself = [np.asarray(y) for y in flatten(case[1].function(*case[1].args))[0]]
    worst, problem = differing(case, case[0].code.expected, found, far)
    _, other = differing(case, itself, found, far)
    return worst, problem or (other and f"in Python: {other}")


def differing(case: Case, expected: Any, found: Any, far: Any) -> tuple[float, str]:
    """The largest relative condition, and which numbers differ by more than that."""
    worst, problems = 0.0, []
    for v, y, z, c in zip(case[0].code.outputs, expected, found, far, strict=True):
        if y.dtype.kind not in "fc":
            problems += [f"{v.name} differs"] if np.any(y != z) else []
            continue
        size = abs(y) + TINY
        worst = max(worst, float(np.max(np.nan_to_num(c / size, nan=np.inf), initial=0)))
        with np.errstate(invalid="ignore"):  # infinities
            near = abs(z - y) <= BOUND * (size + c)
        good = near | (y == z) | (np.isnan(y) & np.isnan(z))
        for place in np.argwhere(~good)[:3]:
            at = tuple(place)
            problems.append(f"{v.name}{list(map(int, at))}: {z[at]} is not {y[at]} ({c[at]:.1e})")
    return worst, "; ".join(problems)


def outcomes(
    seeds: Sequence[int],
    words: Sequence[Entry],
    math: str = "libm",
    compiler: str = "g++",
    options: Sequence[str] = OPTIONS,
) -> Iterator[Outcome]:
    """What comes of the programs of some seeds, in one file."""
    cases = [case(f"program_{seed}", generate(seed, words), math) for seed in seeds]
    with TemporaryDirectory(prefix="bibun_export_") as folder:
        found = results(cases, Path(folder), options, compiler)
    for seed, one, arrays in zip(seeds, cases, found, strict=True):
        yield Outcome(seed, *compared_with_python(one, arrays))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.export.random", description=__doc__)
    parser.add_argument("--count", type=int, default=500, help="how many programs")
    parser.add_argument("--first", type=int, default=0, help="the seed of the first")
    parser.add_argument("--math", default="libm", choices=["libm", "vector"])
    parser.add_argument("--compiler", default="g++")
    parser.add_argument("--sanitized", action="store_true", help="stop at undefined behaviour")
    parser.add_argument("--show", type=int, default=5, help="how many programs to print in full")
    given = parser.parse_args()
    options = SANITIZED if given.sanitized else OPTIONS
    start, failed, well = time.perf_counter(), [], 0
    for first in range(given.first, given.first + given.count, TOGETHER):
        stop = min(first + TOGETHER, given.first + given.count)
        for seed, condition, problem in outcomes(
            range(first, stop), vocabulary(), given.math, given.compiler, options
        ):
            well += condition < 1e3
            if problem:
                failed.append(seed)
                print(f"seed {seed}: {problem}", flush=True)
                if len(failed) <= given.show:
                    print(text(generate(seed, vocabulary())), flush=True)
        print(f"{stop - given.first} programs, {len(failed)} failed", flush=True)
    print(f"{well} of them are well-conditioned (below 1000); failed: {failed}")
    print(f"{len(vocabulary())} of {len(entries())} operations and functions are in C++; not:")
    for reason, count in Counter(refusals()).most_common():
        print(f"    {count}: {reason}" if reason else "", end="\n" if reason else "")
    print(f"{time.perf_counter() - start:.0f} seconds")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
