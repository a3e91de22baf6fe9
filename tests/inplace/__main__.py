"""The long run: python -m tests.inplace --count 20000 [--start 0]."""

from __future__ import annotations

import argparse
import sys

from .fuzz import check, check_vmap, program

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--count", type=int, default=20000)
parser.add_argument("--start", type=int, default=0)
given = parser.parse_args()
wrong = 0
for seed in range(given.start, given.start + given.count):
    for test in (check, check_vmap) if seed % 5 == 0 else (check,):
        try:
            said = test(seed)
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
        if said:
            wrong += 1
            print(f"{test.__name__}({seed}): {said}\n{program(seed)}\n", flush=True)
print(f"{given.count} programs, {wrong} wrong")
sys.exit(bool(wrong))
