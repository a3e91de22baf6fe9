"""Many random programs at hard points: python -m tests.hardpoints --count 100000

Prints what is silently wrong, how often each verdict was, and which functions were used.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from .programs import coverage, generate
from .verdict import verdicts

SILENT = {"wrong", "hidden"}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.hardpoints", description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="how many programs")
    parser.add_argument("--first", type=int, default=0, help="the seed of the first")
    parser.add_argument("--show", type=int, default=50, help="how many programs to print")
    given = parser.parse_args()
    start, found, shown = time.perf_counter(), Counter[str](), 0
    seeds = range(given.first, given.first + given.count)
    for seed in seeds:
        program = generate(seed)
        for entry, v in enumerate(verdicts(program)):
            found[v] += 1
            if (v in SILENT or v.startswith("error")) and shown < given.show:
                shown += 1
                print(f"{v} at entry {entry}: {program}", flush=True)
    print(f"{given.count} programs in {time.perf_counter() - start:.0f} s: {dict(found)}")
    print(coverage(list(map(generate, seeds))))
    return 1 if any(found[v] for v in SILENT) else 0


if __name__ == "__main__":
    sys.exit(main())
