"""Many random programs at hard points: python -m tests.hardpoints --count 100000

Prints what is silently wrong, how often each verdict was, and which functions were used, also when
it is interrupted; verdict.py says what the verdicts mean. With --controls the points are moderate:
plain floats, with rewrites or without, agree to four units.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from contextlib import nullcontext
from signal import SIGTERM, default_int_handler, signal

from bibun.derivative import derived
from bibun.numerics import rescue
from bibun.rewrite import Rules

from .programs import Program, coverage, generate
from .verdict import compiled, ours, verdicts

SILENT = {"wrong", "hidden"}
SHOWN = SILENT | {"underflow", "warned"}  # which are rare, and to be looked at
EVERY = 1000
CONTROLS = 4.0, 100.0  # units, and the condition up to which a program is well-conditioned


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.hardpoints", description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="how many programs")
    parser.add_argument("--first", type=int, default=0, help="the seed of the first")
    parser.add_argument("--show", type=int, default=50, help="how many programs to print")
    parser.add_argument("--controls", action="store_true", help="well-conditioned programs")
    parser.add_argument("--no-rewrites", action="store_true", help="as they are written")
    parser.add_argument("--jit", action="store_true", help="in native code, which only warns")
    given = parser.parse_args()
    if given.no_rewrites:
        derived.STABILISE = Rules()
    start, found, done = time.perf_counter(), Counter[str](), list[Program]()
    signal(SIGTERM, default_int_handler)
    try:
        judge(given, done, found)
    except KeyboardInterrupt:
        print("interrupted")
    print(f"{len(done)} programs in {time.perf_counter() - start:.0f} s: {dict(found)}")
    print(coverage(done))
    return 1 if any(found[v] for v in SILENT) else 0


def judge(given: argparse.Namespace, done: list[Program], found: Counter[str]) -> None:
    """Draw programs and count verdicts; what is silently wrong is printed."""
    shown = 0
    for seed in range(given.first, given.first + given.count):
        program = generate(seed, given.controls)
        with rescue(False) if given.controls else nullcontext():
            gradient = compiled if given.jit else ours
            said = list(verdicts(program, gradient, *(CONTROLS if given.controls else ())))
        for entry, v in enumerate(said):
            found[v] += 1
            if (v in SHOWN or v.startswith("error")) and shown < given.show:
                shown += 1
                print(f"{v} at entry {entry}: {program}", flush=True)
        done.append(program)
        if len(done) % EVERY == 0:
            print(f"... seed {seed}: {dict(found)}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
