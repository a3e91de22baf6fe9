"""Many random programs: python -m tests.programs --count 10000

Prints what failed (as Python that can be pasted), how much of the vocabulary was used, and how
often the peers that are installed agree.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from multiprocessing import Pool

from . import peers
from .checks import UNKNOWN, failures
from .coverage import Coverage
from .generate import generate, text
from .vocabulary import refused


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.programs", description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="how many programs")
    parser.add_argument("--first", type=int, default=0, help="the seed of the first")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--show", type=int, default=5, help="how many programs to print in full")
    parser.add_argument("--no-peers", action="store_true", help="compare with no other system")
    return parser.parse_args()


def one(seed: int) -> tuple[int, list[str]]:
    """A seed and what does not hold for its program."""
    return seed, list(failures(generate(seed)))


def results(seeds: range, jobs: int) -> Iterator[tuple[int, list[str]]]:
    """What came of each seed, in order."""
    if jobs == 1:
        yield from map(one, seeds)
        return
    with Pool(jobs) as pool:
        yield from pool.imap(one, seeds, chunksize=20)


def check(seeds: range, jobs: int, show: int) -> list[int]:
    """The seeds of the programs that fail, which are printed."""
    failed, unknown = [], 0
    for seed, found in results(seeds, jobs):
        unknown += found.count(UNKNOWN)
        broken = [f for f in found if f != UNKNOWN]
        if broken:
            failed.append(seed)
            print(f"seed {seed}: " + "\n    ".join(broken), flush=True)
            if len(failed) <= show:
                print(text(generate(seed)), flush=True)
        if (seed + 1 - seeds.start) % 1000 == 0:
            print(f"{seed + 1 - seeds.start} programs, {len(failed)} failed", flush=True)
    print(f"\n{len(seeds)} programs: {len(failed)} failed {failed}")
    print(f"{unknown} checks had no truth to compare with: a kink or a jump is too near")
    return failed


def against(peer: peers.Peer, seeds: range, show: int) -> None:
    """How often a peer has the same gradient."""
    words, different = peer.vocabulary()
    print(f"\n{peer.name} can run {len(words)} entries of the vocabulary as bibun does")
    print(f"    and has other derivatives of: {', '.join(different) or 'nothing'}")
    outcome = {seed: peers.compare(generate(seed, words), peer) for seed in seeds}
    print(f"    programs made of these: {dict(Counter(outcome.values()))}")
    for seed in [s for s, o in outcome.items() if o == "differs"][:show]:
        print(f"{peer.name} differs:\n{text(generate(seed, words))}")


def main() -> int:
    given = options()
    seeds = range(given.first, given.first + given.count)
    start = time.perf_counter()
    failed = check(seeds, given.jobs, given.show)
    print(f"{time.perf_counter() - start:.0f} seconds")
    for reason, calls in refused().items():
        print(f"declined by bibun, and left out: {', '.join(calls)}: {reason}")
    print(Coverage.of(map(generate, seeds)))
    for peer in () if given.no_peers else peers.installed():
        against(peer, seeds, given.show)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
