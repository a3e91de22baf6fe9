"""Many random programs: python -m tests.programs --count 10000

Prints how much of the vocabulary was used, what failed (as Python that can be pasted), and how
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
from .checks import failures
from .coverage import Coverage
from .generate import generate, text
from .vocabulary import refused


def one(seed: int) -> tuple[int, list[str]]:
    """A seed and what does not hold for its program."""
    return seed, list(failures(generate(seed)))


def results(seeds: range, jobs: int) -> Iterator[tuple[int, list[str]]]:
    if jobs == 1:
        yield from map(one, seeds)
        return
    with Pool(jobs) as pool:
        yield from pool.imap(one, seeds, chunksize=20)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.programs", description="Test random programs.")
    parser.add_argument("--count", type=int, default=1000, help="how many programs")
    parser.add_argument("--first", type=int, default=0, help="the seed of the first")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--show", type=int, default=5, help="how many failing programs are printed in full")
    parser.add_argument("--no-peers", action="store_true", help="do not compare with other systems")
    options = parser.parse_args()
    seeds = range(options.first, options.first + options.count)

    start, failed, unknown = time.perf_counter(), {}, Counter[str]()
    for seed, found in results(seeds, options.jobs):
        unknown.update(f for f in found if f == "unknown")
        broken = [f for f in found if f != "unknown"]
        if broken:
            failed[seed] = broken
            print(f"seed {seed}: " + "\n    ".join(broken), flush=True)
            if len(failed) <= options.show:
                print(text(generate(seed)))
    print(f"\n{len(seeds)} programs in {time.perf_counter() - start:.0f} s: {len(failed)} failed {sorted(failed)}")
    print(f"{unknown.total()} checks had no truth to compare with (a kink or a jump is too near)")
    for call, reason in refused().items():
        print(f"declined by bibun, and left out: {call}: {reason}")
    print(Coverage.of(generate(seed) for seed in seeds))
    for peer in () if options.no_peers else peers.installed():
        words, different = peer.vocabulary()
        print(f"{peer.name} has other derivatives, by convention or by mistake, of: {', '.join(different) or 'nothing'}")
        outcome = {seed: peers.compare(generate(seed, words), peer) for seed in seeds}
        print(f"{peer.name} on programs of the {len(words)} entries that it can run: {dict(Counter(outcome.values()))}")
        for seed in [s for s, o in outcome.items() if o == "differs"][: options.show]:
            print(f"{peer.name} differs from bibun, seed {seed}:\n{text(generate(seed, words))}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
