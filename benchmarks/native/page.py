"""docs/performance.md: how it is measured, and the tables of one run."""

from __future__ import annotations

from .report import text
from .run import Run

METHOD = """\
# Performance

`python -m benchmarks native --markdown` prints this page; `make bench` installs the peers and
prints the tables. What runs without `bibun.jit` is in
[performance_eager.md](performance_eager.md).

## How it is measured

Every system lives in a process of its own, pinned to as many cores as it has threads, and waits
on a pipe; only one works at any time. They take turns (A B C A B C), so that a disturbance of the
machine meets all of them. A turn is as many calls as fit into 20 ms, at least one; a figure is
the median over 15 rounds (three, where a call takes 0.3 s or more); a ratio is the median of the
ratios of each round. A call ends when the results are there. With two threads 30 ms pass between
turns: threads of libraries look for work for up to 25 ms after a call, on a core that the next
system needs. Before the rounds, all results of all systems are compared.

Each peer is used in the best way we found: `jax.jit` on arrays of its own, with `lax.scan` for
loops and donated state; torch eager with its own layers, losses and fused optimisers;
`torch.compile` of the whole loss, or of one step where rounds depend on each other; `tf.function`
around the tape, with and without XLA; CasADi through functions in C that it generates and gcc
compiles; Enzyme on C++ code. bibun is given NumPy arrays and gives NumPy arrays. *C++* is written
by hand, derivatives included, compiled by `g++ -O3 -march=native -ffast-math` with glibc's vector
functions; it is a reference, not a peer.

An update may overwrite its state, or leave the old arrays as they are: Adam is measured both ways,
and all systems go the way of the row: `jit(donate=..., in_place=True)` and `donate_argnums` beside
fused optimisers in the one, functions that return new arrays in the other.

A *ratio* is the time of the best peer for one of bibun's: more is better; *of least* is the ratio
of the quickest rounds, which other programs on the machine disturb less than the medians. *First
call* is the first one of its program in its process, with tracing and compiling; nothing is found
on disk but Python's bytecode, as installers leave it. *Memory* is what the process grew by at its
peak, from before the arguments were made through the first calls, the compiler's included; a
process that has run other rows before may use again what it has. *In NumPy* counts the operations
for which bibun has no native code yet.
"""


def page(run: Run) -> str:
    """The whole page."""
    return f"{METHOD}\n{text(run)}"
