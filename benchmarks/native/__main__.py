"""The command: python -m benchmarks native [--rows ROW,...] [--peers NAME,...] [--quick]."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from .conduct import measure, workers
from .page import page
from .report import Measured, plain, restored, text
from .rows import ROWS
from .table import SYSTEMS


def arguments(given: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks native", description="Compiled programs, side by side."
    )
    add, listed = parser.add_argument, lambda text: text.split(",")
    # fmt: off
    add("--rows",    type=listed, default=list(ROWS),    help=" ".join(ROWS))
    add("--peers",   type=listed, default=list(SYSTEMS), help=", ".join(SYSTEMS))
    add("--threads", type=listed, default=["1", "2"],    help="1, 2 or 1,2")
    add("--rounds",  type=int,    default=15, help="rounds in which the systems take turns (15)")
    add("--limit",   type=float,  default=60, help="seconds for a first call (60)")
    add("--quick",   action="store_true",     help="five rounds, smaller sizes, one thread")
    add("--save",    type=Path,               help="write the figures to this file, as JSON")
    add("--load",    type=Path,               help="take the figures from this file")
    add("--markdown", action="store_true",    help="print docs/performance.md")
    # fmt: on
    return parser.parse_args(given)


def measured(given: argparse.Namespace) -> list[Measured]:
    """All rows with one thread, then those that use two."""
    systems = ["bibun", *(n for n in SYSTEMS if n != "bibun" and n in given.peers)]
    rounds, found = 5 if given.quick else given.rounds, []
    for threads in (1,) if given.quick else map(int, given.threads):
        rows = [r for r in given.rows if threads in ROWS[r].threads]
        if not rows:
            continue
        with workers(systems, threads, given.limit) as processes:
            for row in rows:
                size = ROWS[row].quick if given.quick else ROWS[row].size
                one = Measured(row, threads, size, measure(row, size, processes, rounds))
                ratio = f"{one.ratio:.2f} times" if one.ratio else "no ratio"
                print(f"{one.title}: {ratio} the best peer", file=sys.stderr, flush=True)
                found.append(one)
    return found


def main(given: list[str]) -> None:
    options = arguments(given)
    load = options.load
    found = restored(json.loads(load.read_text())) if load else measured(options)
    if options.save:
        options.save.write_text(json.dumps(plain(found), indent=1))
    print(page(found) if options.markdown else text(found))


if __name__ == "__main__":
    main(sys.argv[1:])
