"""Random programs with their gradients: C++ gets what the interpreter gets (see random.py)."""

from __future__ import annotations

import pytest

from ..cpp.compilers import COMPILERS
from ..programs.generate import generate
from .random import case, compared, outcomes, vocabulary

COUNT, STEP = 20, 20


@pytest.mark.parametrize("compiler", COMPILERS)
def test_random_programs(compiler: str) -> None:
    found = list(outcomes(range(COUNT), vocabulary(STEP), compiler=compiler))
    assert not [o for o in found if o.problem]
    assert sum(o.condition < 1e3 for o in found) > 0.8 * COUNT


def test_small_errors_are_found() -> None:
    words = vocabulary(STEP)
    for seed in range(5):
        one = case("program", generate(seed, words))
        good = one[0].code.expected
        assert not compared(one, good)[1]
        assert compared(one, [y * (1 + 1e-9) for y in good])[1], seed
