"""The command: python -m benchmarks cpp [--rounds N] [--quick] [--markdown]."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from . import calls
from .build import LEVELS, Build, Missing, machine, run
from .report import Run, read, text

METHOD = """\
# Performance of C++

`python -m benchmarks cpp --markdown` prints this page; `make bench` prints the tables.

## How it is measured

All ways to compute the value and gradient of a row live in one process, one thread, and take turns
(A B C A B C); a turn is as many calls as fit into a millisecond, and a figure is the median over
31 rounds (of calls longer than 50 ms: of three). Times are those of the thread, so that what other
programs take is not in them. Before, all values and gradients are compared. *of by hand* is the
median as a part of that of loops written by hand, *of least* the same of the quickest turns, which
other programs on the machine disturb less: less is better. Calls take eight sets of numbers in
turn (but for the smallest row, whose numbers are the article's). With one set, processors learn by
heart which branches libm takes for its 4,096 sines, in most processes: the library's 64 x 64 then
took 52 µs in nine of ten processes and 85 to 93 in the others, as it does with numbers that are
new.

*By hand* are loops as one writes them, with libm: the matrix product row by row, `sin` of all
elements, then back `cos` of all elements, and the product with the transpose; with *sincos* both
functions are one call, which is the least that libm can do. *Export* are headers
that `bibun.export.cpp` made of NumPy functions, with `math="libm"` and `math="vector"`. *Header* is
`#include <bibun/ad.hpp>` with matrices of variable sizes, or of sizes that the compiler knows.
*Scalar tape* is the shortest tape of numbers that does it. Peers: Eigen's AutoDiffScalar (only
where it takes less than seconds), CasADi's C where its Python package is installed, and those whose
headers environment variables name, as in

    BENCH_CPPAD=/path/to/include python -m benchmarks cpp

with BENCH_FASTAD, BENCH_AUTODIFF, BENCH_CPPAD, BENCH_ADEPT, BENCH_CODIPACK and BENCH_STAN; several
folders have `:` between them, and BENCH_STAN_LINK holds what the linker needs. Those of Stan are
in the wheel of httpstan, with libtbb. The goals are for
`-O3 -march=native`; `-O2` for any processor is shown beside it, where `std::fma` is a call.

sin and cos of libm take more than half of the smallest row's time by hand, so that its goal for
libm cannot be met with libm: six calls that give both take 0.55 to 0.57 of it, six of tan, from
which both follow, 0.48, and all else 0.06. The vector header takes its six elements as one vector
of 512 bits, in which the sixth stands three times; four and two would take 0.185. The headers of
the other libraries are the newest of their repositories.
"""


def main(given: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks cpp", description=METHOD)
    add = parser.add_argument
    add("--rounds", type=int, default=31, help="turns of each contestant (31)")
    add("--quick", action="store_true", help="five turns, -O3 -march=native alone")
    add("--markdown", action="store_true", help="print docs/performance_cpp.md")
    options = parser.parse_args(given)
    try:
        found = measured(5 if options.quick else options.rounds, options.quick)
    except Missing as missing:
        print(f"C++ is not measured: {missing}")
        return
    shown = f"Measured on: {machine()}\n\n{text(found)}"
    print(f"{METHOD}\n{shown}" if options.markdown else shown)


def measured(rounds: int, quick: bool) -> Run:
    """All figures."""
    rows, seconds = {}, {}
    with tempfile.TemporaryDirectory(prefix="bibun_bench_") as folder:
        build = Build(Path(folder))
        for name, level in list(LEVELS.items())[: 1 if quick else None]:
            rows[name] = read(run([str(build.program(level)), str(rounds)]))
            seconds[name] = build.compile_times(level)
    return Run(rows, seconds, calls.microseconds())


if __name__ == "__main__":
    main(sys.argv[1:])
