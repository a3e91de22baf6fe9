"""The command: python -m benchmarks native [--rows ROW,...] [--peers NAME,...] [--quick]."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from .. import startup
from .conduct import environment, first_calls, measure, workers
from .page import page
from .report import text
from .rows import ROWS
from .run import Measured, Run, machine
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


def measured(given: argparse.Namespace) -> Run:
    """All rows with one thread, then those that use two."""
    systems = ["bibun", *(n for n in SYSTEMS if n != "bibun" and n in given.peers)]
    rounds, found, warm = 5 if given.quick else given.rounds, [], {}
    for threads in (1,) if given.quick else map(int, given.threads):
        rows = [r for r in given.rows if threads in ROWS[r].threads]
        sizes = {r: ROWS[r].quick if given.quick else ROWS[r].size for r in rows}
        if not rows:
            continue
        with environment(threads):
            with workers(systems, threads, given.limit) as processes:
                for row, size in sizes.items():
                    one = Measured(row, threads, size, measure(row, size, processes, rounds))
                    ratio = f"{one.ratio:.2f} times" if one.ratio else "no ratio to"
                    print(f"{one.title}: {ratio} the best peer", file=sys.stderr, flush=True)
                    found.append(one)
                    if given.save:  # so far, should the run be ended
                        save(given.save, Run(machine(), found, {}, {}))
            if threads == 1:
                warm = first_calls(sizes, given.limit)
    startups = startup.measure(["numpy", "bibun"], rounds)
    imports = {m: s.milliseconds for m, s in startups.items() if s.milliseconds is not None}
    return Run(machine(), found, warm, imports)


def save(path: Path, run: Run) -> None:
    path.write_text(json.dumps(run.plain(), indent=1))


def main(given: list[str]) -> None:
    options = arguments(given)
    load = options.load
    run = Run.restored(json.loads(load.read_text())) if load else measured(options)
    if options.save:
        save(options.save, run)
    print(page(run) if options.markdown else text(run))


if __name__ == "__main__":
    main(sys.argv[1:])
