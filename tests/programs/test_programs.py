"""Random programs: their derivatives agree with differences, with each other, and under vmap."""

from __future__ import annotations

import numpy as np
import pytest

from .checks import CHECKS, UNKNOWN, failures
from .coverage import Coverage
from .generate import generate, text
from .vocabulary import Call

COUNT, CHUNK = 300, 15
NEAR_A_KINK = 0.1  # of the checks may have no truth: a kink is nearer than the smallest step


@pytest.mark.parametrize("first", range(0, COUNT, CHUNK))
def test_programs(first: int) -> None:
    unknown = 0
    for seed in range(first, first + CHUNK):
        found = list(failures(generate(seed)))
        unknown += found.count(UNKNOWN)
        broken = [f for f in found if f != UNKNOWN]
        assert not broken, f"seed {seed}: {'; '.join(broken)}\n{text(generate(seed))}"
    assert unknown <= NEAR_A_KINK * len(CHECKS) * CHUNK, f"{unknown} checks without a truth"


def test_programs_use_what_there_is() -> None:
    coverage = Coverage.of(map(generate, range(COUNT)))
    print(coverage)
    assert coverage.share >= 0.9, str(coverage)


def test_a_seed_is_a_program() -> None:
    assert text(generate(7)) == text(generate(7))


def test_the_text_of_a_program_runs() -> None:
    """What is printed for a failing program can be pasted.

    Not graphs as fields, nor functions that NumPy does not hand to other arrays: these are reached
    by name re-binding, which needs the source of a file.
    """
    ran = 0
    for seed in range(50):
        program = generate(seed)
        calls = [i.call.function for i in program.body if isinstance(i.call, Call)]
        handed = all(isinstance(f, np.ufunc) or hasattr(f, "_implementation") for f in calls)
        if "Graph(" in text(program) or not handed:
            continue
        names: dict = {}
        exec(text(program), names)
        found = names["program"](*program.inputs)
        for y, expected in zip(found, program.value(*program.inputs), strict=True):
            # Not bit for bit: some of NumPy's functions are sums in another order in bibun.
            np.testing.assert_allclose(getattr(y, "value", y), expected, rtol=1e-12, atol=1e-12)
        ran += 1
    assert ran > 20
