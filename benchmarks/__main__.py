"""The command: python -m benchmarks [--only ROW ...] [--peers NAME ...] [--quick] [--markdown].

`python -m benchmarks native ...` and `python -m benchmarks cpp ...` have options of their own.
"""

from __future__ import annotations

import argparse
import json
import sys

from . import growth, idioms, idioms_page, startup, tracing, workers
from .cpp.__main__ import main as cpp
from .native.__main__ import main as native
from .page import page
from .rows import ROWS
from .systems import SYSTEMS
from .tables import Report, plain, text
from .ways import WAYS

OTHERS = ("growth", "startup", "checkpoint", "tracing", "idioms")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="bibun and its peers, side by side."
    )
    add = parser.add_argument
    everything, peers = (*ROWS, *OTHERS), [name for name in SYSTEMS if name != "bibun"]
    # fmt: off
    add("--only",   nargs="+", metavar="ROW",  choices=everything, default=everything,
        help=" ".join(everything))
    add("--peers",  nargs="*", metavar="NAME", choices=peers, default=peers, help=" ".join(peers))
    add("--rounds", type=int,  default=41,     help="rounds in which the systems take turns (41)")
    add("--starts", type=int,  default=3,      help="sets of fresh processes (3)")
    add("--quick",  action="store_true",       help="one set, nine rounds, shorter chains")
    # fmt: on
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="print the figures as JSON")
    output.add_argument("--markdown", action="store_true", help="print docs/performance_eager.md")
    return parser.parse_args()


def measure(given: argparse.Namespace) -> Report:
    """What was asked for."""
    starts, rounds = (1, 9) if given.quick else (given.starts, given.rounds)
    chains = (1_000, 10_000) if given.quick else (1_000, 10_000, 100_000)
    layers = (4, 16) if given.quick else (25, 100, 400)
    rows = [row for row in ROWS if row in given.only]
    systems = ["bibun", *given.peers]
    return Report(
        rows=workers.measure(rows, systems, starts, rounds) if rows else {},
        lengths=growth.lengths(chains, min(rounds, 9)) if "growth" in given.only else [],
        startups=startup.measure(["numpy", *systems], min(rounds, 9))
        if "startup" in given.only
        else {},
        depths=growth.depths(layers) if "checkpoint" in given.only else [],
        costs=tracing.costs(min(rounds, 15)) if "tracing" in given.only else [],
    )


def main() -> None:
    given = arguments()
    report = measure(given)
    if given.markdown:  # the idioms have a page of their own: idioms_page.py
        print(page(report))
        return
    keys = [k for k, way in WAYS.items() if way.system in ("bibun", *given.peers)]
    found = idioms.measure(keys) if "idioms" in given.only else {}
    if given.json:
        print(json.dumps(plain(report) | {"idioms": found}, indent=2))
    else:
        print(text(report))
        if found:
            print(f"\n{idioms_page.totals(found)}")


if __name__ == "__main__":
    others = {"native": native, "cpp": cpp}
    if sys.argv[1:2] and sys.argv[1] in others:
        others[sys.argv[1]](sys.argv[2:])
    else:
        main()
