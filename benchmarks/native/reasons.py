"""Why a row is not as quick as it shall be: what was seen in its native code."""

from __future__ import annotations

from collections.abc import Iterator

from .run import Measured

REASONS = {
    "tiny": "the native code takes about 0.03 µs, the call from Python the rest",
    "rosenbrock10": "the native code takes 0.01 µs, a call of any function from Python 0.03; "
    "CasADi is called without arguments, on memory that was settled before, as bibun is in the "
    "next row",
    "logistic": "the matrix of weighted rows is stored before it is multiplied",
    "kmeans": "all distances are stored, which C++ by hand does not do",
    "mlp": "the matrix products take nearly all of the time, near to the CPU's peak",
    "cross_entropy": "one exponential for each element, as in XLA, in three passes along each row",
    "layernorm": "memory: four arrays of 4 MB are read or written, in one pass",
    "tanh": "one exponential and one division for each element, which wait for each other",
    "gelu": "one exponential and one division for each element, which wait for each other",
    "logsumexp": "one exponential for each element, as in XLA, in three passes along each row",
    "logsumexp640": "one exponential for each element, as in XLA, in three passes along memory",
    "adam": "memory: 16 MB are read, and 12 MB of them written",
    "adam_kept": "memory: 16 MB are read and 12 MB written to other memory, about what the "
    "caches hold together",
    "rk4": "four slopes in each round take two thirds of the time, and each waits 56 cycles for "
    "the one before: 12 for the product with A and what is added to it, the rest for tanh, whose "
    "fifteen lookups share two units with its products; the way back waits for four products in a "
    "row",
    "lstm": "the products of matrices after all rounds, and the tanh of the state, which waits for "
    "the gates, take most of the time",
    "diagonal_lstm": "sigmoids and tanh of four layers, of which each waits for the one before",
    "mixture": "two products take most of the time, and what they make goes through memory",
    "bundle": "what each observation leaves for the second half of its Jacobian goes through "
    "memory, and entries are written one by one, 30 apart",
}


def reasons(rows: list[Measured]) -> Iterator[str]:
    """A line for each row that misses its goal."""
    for m in rows:
        if not m.met and m.ratio:
            why = REASONS.get(m.row, "not looked into")
            yield f"- {m.title}: {m.ratio:.2f} times the best peer. {why[0].upper()}{why[1:]}."
